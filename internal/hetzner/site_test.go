package hetzner

import "testing"

// Whose name is not one that this stack would give, is no server of its past,
// whatever its labels say: it would be taken out of the app's files.
func TestSite_KnowsItsServersByTheirNames(t *testing.T) {
	site := Site{Servers: []string{"running-calendar"}}
	for name, want := range map[string]bool{
		"running-calendar-web-2": true, "running-calendar-job-12": true, "running-calendar-database": true,
		"running-calendar": false, "running-calendar-2": false, "running-calendar-2-web-2": false, "other-web-2": false, "running-calendar-web-2b": false,
	} {
		if site.had(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}
