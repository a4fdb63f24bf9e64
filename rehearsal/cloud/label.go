package cloud

import (
	"regexp"
	"strings"
)

var (
	labelKey   = regexp.MustCompile(`^([a-z0-9.-]+/)?[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)
	labelValue = regexp.MustCompile(`^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$`)
)

// checkLabels returns the labels, never nil, or what the API says of bad ones.
func checkLabels(labels *map[string]string) (map[string]string, error) {
	checked := map[string]string{}
	if labels == nil {
		return checked, nil
	}
	for key, value := range *labels {
		if !labelKey.MatchString(key) || !labelValue.MatchString(value) || strings.HasPrefix(key, "hetzner.cloud/") {
			return nil, invalid("labels", "label "+key+" is not correctly formatted")
		}
		checked[key] = value
	}
	return checked, nil
}

// labelSelector reads a selector made of k=v, k==v, k!=v, k and !k.
func labelSelector(text string) (func(map[string]string) bool, error) {
	if strings.ContainsAny(text, "() ") {
		return nil, invalid("label_selector", "this local cloud knows no sets in selectors")
	}
	return func(labels map[string]string) bool {
		for term := range strings.SplitSeq(text, ",") {
			if !matchesTerm(labels, term) {
				return false
			}
		}
		return true
	}, nil
}

func matchesTerm(labels map[string]string, term string) bool {
	if key, value, found := strings.Cut(term, "!="); found {
		return labels[key] != value
	}
	if key, value, found := strings.Cut(term, "="); found {
		return labels[key] == strings.TrimPrefix(value, "=")
	}
	_, has := labels[strings.TrimPrefix(term, "!")]
	return has != strings.HasPrefix(term, "!")
}
