package main

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v4"
)

// `pulumi new` asks what scripts/setup asks, in the same words.
func TestTemplate_AsksTheSame(t *testing.T) {
	text, err := os.ReadFile("../../Pulumi.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var project struct {
		Template struct {
			Config map[string]struct {
				Description string
				Default     string
				Secret      bool
			}
		}
	}
	if err := yaml.Unmarshal(text, &project); err != nil {
		t.Fatal(err)
	}
	asked := project.Template.Config
	for _, q := range questions {
		got, ok := asked[q.key]
		if !ok || got.Description != q.why || got.Secret != q.secret {
			t.Errorf("%s: Pulumi.yaml has %+v, scripts/setup asks for %q, secret: %t", q.key, got, q.why, q.secret)
		}
		if fixed := map[string]string{"location": "hil", "serverType": "auto"}[q.key]; fixed != "" && got.Default != fixed {
			t.Errorf("%s: Pulumi.yaml proposes %q, scripts/setup %q", q.key, got.Default, fixed)
		}
	}
	if len(asked) != len(questions) {
		t.Errorf("Pulumi.yaml asks %d questions, scripts/setup %d", len(asked), len(questions))
	}
}
