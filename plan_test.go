package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
)

// What one server's plan says must not change by itself: whoever has one would be
// shown a change that is not his. Where it is meant, write the plan anew with
// `go test -run Plan -update .`, and read what becomes of it.
func TestPlan_OfOneServerStaysAsItWas(t *testing.T) {
	staysAsItWas(t, "testdata/one-server.plan", deployWithMocks(t, true))
}

// And of several, who reaches whom is seen at a glance.
func TestPlan_OfSeveralServersStaysAsItWas(t *testing.T) {
	staysAsItWas(t, "testdata/several-servers.plan", runStack(t, "prod", sampleApp(t), map[string]string{
		"webServers": "2", "certificate": "cloudflare-origin", "databaseServer": "true", "jobServers": "1", "rebootTime": "23:50",
	}, true))
}

func staysAsItWas(t *testing.T, path string, declared *declared) {
	t.Helper()
	plan := planOf(declared)
	if *update {
		if err := os.WriteFile(path, []byte(plan), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text(t, path) != plan {
		t.Errorf("it is now\n%s", plan)
	}
}

// planOf is what is declared, without the scripts, which have tests of their own.
func planOf(d *declared) string {
	var text strings.Builder
	slices.SortFunc(d.resources, func(a, b declaredResource) int { return cmp.Compare(a.kind+" "+a.name, b.kind+" "+b.name) })
	for _, r := range d.resources {
		fmt.Fprintf(&text, "%s %s\n  parent: %s\n", r.kind, r.name, lastOf(r.rpc.GetParent()))
		if r.rpc.GetProtect() {
			text.WriteString("  protected\n")
		}
		if ignored := r.rpc.GetIgnoreChanges(); len(ignored) > 0 {
			fmt.Fprintf(&text, "  ignored: %s\n", strings.Join(ignored, ", "))
		}
		var needed []string
		for _, urn := range r.rpc.GetDependencies() {
			needed = append(needed, lastOf(urn))
		}
		if slices.Sort(needed); len(needed) > 0 {
			fmt.Fprintf(&text, "  after: %s\n", strings.Join(needed, ", "))
		}
		for _, key := range r.inputs.StableKeys() {
			if key != "stdin" {
				fmt.Fprintf(&text, "  %s = %s\n", key, shown(r.inputs[key]))
			}
		}
	}
	return text.String()
}

func lastOf(urn string) string { return urn[strings.LastIndex(urn, "::")+len("::"):] }

// shown is a value as JSON, without secrets and what is not known yet.
func shown(value resource.PropertyValue) string {
	var plain func(resource.PropertyValue) any
	plain = func(value resource.PropertyValue) any {
		switch {
		case value.IsSecret():
			return "[secret]"
		case value.IsComputed(), value.IsOutput() && !value.OutputValue().Known:
			return "[unknown]"
		case value.IsOutput():
			return plain(value.OutputValue().Element)
		case value.IsArray():
			var all []any
			for _, item := range value.ArrayValue() {
				all = append(all, plain(item))
			}
			return all
		case value.IsObject():
			all := map[string]any{}
			for key, item := range value.ObjectValue() {
				all[string(key)] = plain(item)
			}
			return all
		}
		return value.V
	}
	text, err := json.Marshal(plain(value))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
