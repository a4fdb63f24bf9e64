package cloud

import (
	"net/http"
	"strconv"
)

// redirect is a rule of the zone's Single Redirects, pageRule one of the older
// Page Rules: both can turn an HTTP-01 challenge away from the origin.
type redirect struct{ expression, target string }

type pageRule struct {
	pattern, action string
	value           any
}

func (c *Cloud) ruleRoutes() map[string]endpoint {
	return map[string]endpoint{
		"GET /client/v4/zones/{zone}/rulesets/phases/{phase}/entrypoint": {SingleRedirectRead, errAuthorization, c.inZone(getEntrypoint)},
		"GET /client/v4/zones/{zone}/pagerules":                          {PageRulesRead, errUnauthorized, c.inZone(listPageRules)},
	}
}

func getEntrypoint(z *zone, r *http.Request) (any, error) {
	phase := r.PathValue("phase")
	if phase != "http_request_dynamic_redirect" || len(z.redirects) == 0 {
		return nil, &denial{http.StatusNotFound, 10003, "could not find entrypoint ruleset in the " + phase + " phase"}
	}
	rules := []map[string]any{}
	for i, rule := range z.redirects {
		rules = append(rules, map[string]any{
			"id": identifier(z.id + "redirect" + strconv.Itoa(i)), "version": "1", "action": "redirect", "enabled": true, "expression": rule.expression,
			"action_parameters": map[string]any{"from_value": map[string]any{
				"status_code": 301, "preserve_query_string": true, "target_url": map[string]any{"expression": rule.target},
			}},
		})
	}
	return map[string]any{"id": identifier(z.id + phase), "name": "default", "kind": "zone", "version": "1", "phase": phase, "rules": rules}, nil
}

func listPageRules(z *zone, _ *http.Request) (any, error) {
	all := []map[string]any{}
	for i, rule := range z.pageRules {
		action := map[string]any{"id": rule.action}
		if rule.value != nil {
			action["value"] = rule.value
		}
		all = append(all, map[string]any{
			"id": identifier(z.id + "page rule" + strconv.Itoa(i)), "priority": i + 1, "status": "active", "actions": []any{action},
			"targets": []any{map[string]any{"target": "url", "constraint": map[string]any{"operator": "matches", "value": rule.pattern}}},
		})
	}
	return all, nil
}

// AddRedirect adds a Single Redirect: requests that match the expression are
// sent to what the target expression makes.
func (c *Cloud) AddRedirect(zoneName, expression, target string) error {
	return c.change(zoneName, func(z *zone) error {
		z.redirects = append(z.redirects, redirect{expression, target})
		return nil
	})
}

// AddPageRule adds a Page Rule such as "always_use_https", which has no value.
func (c *Cloud) AddPageRule(zoneName, pattern, action string, value any) error {
	return c.change(zoneName, func(z *zone) error {
		z.pageRules = append(z.pageRules, pageRule{pattern, action, value})
		return nil
	})
}
