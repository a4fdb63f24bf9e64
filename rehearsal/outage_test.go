package main

import (
	"flag"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var everyOutage = flag.Bool("every-outage", false, "every kind of outage of both APIs, and more wrong clocks, instead of a few")

// The APIs slow down, break and stop answering. Where asking again helps, that
// goes unnoticed; where it does not, the run says why, and a later one ends it.
func TestOutagesOfTheAPIsAreWeatheredOrTold(t *testing.T) {
	t.Parallel()
	r := start(t, "test-outages", "start", "--furnished")
	r.pulumi(t, 0, "up", "--yes", "--skip-preview")
	want := r.everything(t)
	faults := []string{"hetzner-429 cloudflare-503"}
	lasting := []string{"hetzner-503"}
	if *everyOutage {
		faults, lasting = nil, nil // each alone
		for _, kind := range []string{"429", "500", "503", "reset", "lost", "timeout"} {
			faults = append(faults, "hetzner-"+kind, "cloudflare-"+kind)
		}
		for _, kind := range []string{"500", "503", "reset"} {
			lasting = append(lasting, "hetzner-"+kind, "cloudflare-"+kind)
		}
	}
	for _, fault := range faults {
		t.Run(fault+"-once-at-every-call", func(t *testing.T) {
			r.reset(t)
			for _, one := range strings.Fields(fault) {
				r.run(t, 0, "fault", one, "1", "--each")
			}
			failed, told := 0, ""
			for {
				text, _ := r.upRemovingOrphans(t)
				if !strings.Contains(text, "error: ") {
					break
				}
				if failed, told = failed+1, reason(text); failed > 40 {
					t.Fatalf("it never ends:\n%s", text)
				}
			}
			for _, one := range strings.Fields(fault) {
				r.run(t, 0, "fault", one, "0")
			}
			r.same(t, want)
			t.Logf("| %s, once at every call | %d runs failed | %s |", fault, failed, told)
			if asksAgain := strings.HasPrefix(fault, "hetzner-429") || strings.HasPrefix(fault, "cloudflare-") && fault != "cloudflare-lost" && fault != "cloudflare-reset" && fault != "cloudflare-timeout"; asksAgain && failed > 0 {
				t.Errorf("it was noticed: %s", told)
			}
		})
	}
	for _, fault := range lasting {
		t.Run(fault+"-lasting-from-every-fourth-call", func(t *testing.T) {
			r.reset(t)
			failed, told := 0, ""
			for after := 0; ; after += 4 {
				r.run(t, 0, "fault", fault, "always", "--after", strconv.Itoa(after))
				text, _ := r.upRemovingOrphans(t)
				r.run(t, 0, "fault", fault, "0")
				if !strings.Contains(text, "error: ") {
					break
				}
				if failed, told = failed+1, reason(text); failed > 40 {
					t.Fatalf("it never ends:\n%s", text)
				}
				if told == "" {
					t.Errorf("no reason is told:\n%s", text)
				}
			}
			r.same(t, want)
			t.Logf("| %s, lasting | %d runs failed, each later one went on | %s |", fault, failed, told)
		})
	}
}

// same compares what there is with what an undisturbed run leaves behind.
func (r *running) same(t *testing.T, want string) {
	t.Helper()
	r.pulumi(t, 0, "refresh", "--yes", "--skip-preview", "--clear-pending-creates")
	if got := r.everything(t); got != want {
		t.Errorf("the end is another than usual:\n%s\nwanted\n%s", got, want)
	}
	r.pulumi(t, 0, "up", "--yes", "--skip-preview", "--expect-no-changes")
}

// reason is the first thing that a failed run says of why.
func reason(text string) string {
	if failed := regexp.MustCompile(`(?m)^\s*failed: (.*)$`).FindStringSubmatch(text); failed != nil {
		return failed[1] // a script of ours said why
	}
	for _, line := range regexp.MustCompile(`(?m)^\s*(?:error: |\* )(.*)$`).FindAllStringSubmatch(text, -1) {
		if !strings.Contains(line[1], "program failed") && !strings.Contains(line[1], "update failed") && !strings.Contains(line[1], "occurred:") && strings.TrimSpace(line[1]) != "" {
			return strings.TrimSpace(line[1])
		}
	}
	return ""
}
