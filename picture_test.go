package main

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the picture in README.md anew")

// The picture in README.md is drawn from what the program declares.
func TestPicture_ShowsWhatIsDeclared(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	block := regexp.MustCompile("(?s)```mermaid\n.*?```")
	drawn := "```mermaid\n" + picture(deployWithMocks(t, false)) + "```"
	if *update {
		if err := os.WriteFile("README.md", block.ReplaceAllLiteral(readme, []byte(drawn)), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(block.Find(readme)) != drawn {
		t.Errorf("the picture is not what is built; draw it anew with: go test -run Picture -update .\n%s", drawn)
	}
}

// picture has a box for each component, with its resources in it, and an arrow
// to each that waits for another. What declares no resource edits files.
func picture(d *declared) string {
	slices.SortFunc(d.resources, func(a, b declaredResource) int { return cmp.Compare(a.kind+a.name, b.kind+b.name) })
	var text strings.Builder
	text.WriteString("flowchart LR\n")
	for _, component := range d.resources {
		if !strings.HasPrefix(component.kind, "rails-on-hetzner:") {
			continue
		}
		var boxes string
		for _, r := range d.resources {
			if d.owner(r) == component.name {
				boxes += fmt.Sprintf("    %s[\"%s<br>%s\"]\n", regexp.MustCompile(`\W`).ReplaceAllString(r.kind+"_"+r.name, "_"), r.name, kindName(r.kind))
			}
		}
		if boxes == "" {
			fmt.Fprintf(&text, "  %s[\"%s<br>the app's files, last of all\"]\n", component.name, component.name)
			continue
		}
		fmt.Fprintf(&text, "  subgraph %s\n%s  end\n", component.name, boxes)
	}
	for _, arrow := range d.arrows() {
		text.WriteString("  " + arrow + "\n")
	}
	return text.String()
}

// kindName is "hcloud Server" for "hcloud:index/server:Server".
func kindName(kind string) string {
	parts := strings.Split(kind, ":")
	return parts[0] + " " + parts[len(parts)-1]
}

// owner is the component that a resource belongs to, or "".
func (d *declared) owner(r declaredResource) string {
	parent := r.rpc.GetParent()
	if !strings.Contains(parent, "rails-on-hetzner:index:") {
		return ""
	}
	return parent[strings.LastIndex(parent, "::")+2:]
}

// arrows lead from a component to those that need something of it.
func (d *declared) arrows() []string {
	var found []string
	for _, needing := range d.resources {
		for _, urn := range needing.rpc.GetDependencies() {
			for _, needed := range d.resources {
				from, to := d.owner(needed), d.owner(needing)
				if strings.HasSuffix(urn, needed.kind+"::"+needed.name) && from != "" && to != "" && from != to {
					found = append(found, from+" --> "+to)
				}
			}
		}
	}
	slices.Sort(found)
	return slices.Compact(found)
}
