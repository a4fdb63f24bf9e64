package kamalfiles

import (
	"bytes"
	"flag"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/pmezard/go-difflib/difflib"
	"github.com/rogpeppe/go-internal/txtar"
)

var (
	update = flag.Bool("update", false, "write what comes out into testdata, for a look at the diff")
	seed   = flag.Uint64("seed", 1, "of the mutilated files")
	rounds = flag.Int("rounds", 60, "mutilated files made of each")
)

var wanted = Deploy{
	Service: "running_calendar", Registry: Registry{GitHubRegistry, "octocat"}, WebHosts: []string{"203.0.113.7"},
	Hosts: []string{"mxcorre.com", "www.mxcorre.com"}, AppSecrets: []string{"RAILS_MASTER_KEY", "POSTGRES_PASSWORD"}, Database: "postgres:16",
}

// Each case in testdata/deploy holds a deploy.yml and what becomes of it: a
// unified diff, and what is said of it, or the reason why it is refused. Lines in
// its comment such as `web: 203.0.113.7 203.0.113.8` say what servers there are.
func TestDeployFile_BecomesWhatItIsToBeOrIsRefused(t *testing.T) {
	for name, text := range deployFiles(t) {
		t.Run(name, func(t *testing.T) {
			wanted := wantedIn(t, name)
			var got []byte
			d, err := wanted.apply(text)
			outcome := "refused"
			said, notes := "", ""
			if err != nil {
				said = err.Error()
				if !strings.HasSuffix(said, wanted.ByHand()) {
					t.Errorf("it is not told what to put in by hand: %s", said)
				}
				said, _, _ = strings.Cut(said, "; it is left as it is")
				said += "\n"
			} else {
				got = d.text
				outcome, said = "diff", diff(text, got)
				for _, note := range d.notes {
					notes += note + "\n"
				}
			}
			checkCase(t, name, outcome, said, notes)
			if err == nil {
				checkPromises(t, wanted, text, got)
			}
		})
	}
}

// checkPromises holds for every file that is edited.
func checkPromises(t *testing.T, wanted Deploy, before, after []byte) {
	t.Helper()
	if again, err := wanted.Apply(after); err != nil || !bytes.Equal(again, after) {
		t.Errorf("a second time it changes again (%v):\n%s", err, diff(after, again))
	}
	other := wanted
	other.Registry.User, other.Hosts = "hubot", []string{"example.org", "www.example.org"}
	other.WebHosts, other.JobHosts = elsewhereAll(wanted.WebHosts), elsewhereAll(wanted.JobHosts)
	if wanted.DatabaseServer != "" {
		other.DatabaseServer = elsewhereAll([]string{wanted.DatabaseServer})[0]
	}
	if wanted.DatabaseAddress != "" {
		other.DatabaseAddress = "10.0.7.7"
	}
	there, err := other.Apply(after)
	if err != nil {
		t.Fatalf("other values: %v", err)
	}
	if back, err := wanted.Apply(there); err != nil || !bytes.Equal(back, after) {
		t.Errorf("there and back again is not where it was (%v):\n%s", err, diff(after, back))
	}
	crlf := bytes.ReplaceAll(before, []byte("\n"), []byte("\r\n"))
	if got, err := wanted.Apply(crlf); err != nil || !bytes.Equal(got, bytes.ReplaceAll(after, []byte("\n"), []byte("\r\n"))) {
		t.Errorf("with carriage returns it differs (%v):\n%q", err, got)
	}
	cut := bytes.TrimSuffix(before, []byte("\n"))
	if got, err := wanted.Apply(cut); err != nil || bytes.TrimSuffix(after, []byte("\n")) == nil || string(bytes.TrimSuffix(got, []byte("\n"))) != string(bytes.TrimSuffix(after, []byte("\n"))) {
		t.Errorf("without a line end at the end it differs (%v):\n%s", err, diff(after, got))
	}
}

// elsewhereAll are other servers, as many.
func elsewhereAll(hosts []string) []string {
	var others []string
	for _, host := range hosts {
		others = append(others, strings.Replace(host, "203.0.113.", "198.51.100.", 1))
	}
	return others
}

// Every file is mutilated in many ways. Whatever comes of it is refused, or
// read by YAML as wanted with everything else as before: Apply checks that
// itself, so here it must not be fooled into a second change.
func TestDeployFile_MutilatedFilesAreRefusedOrRight(t *testing.T) {
	random := rand.New(rand.NewPCG(1, *seed))
	handled, refused := 0, 0
	files := deployFiles(t)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		wanted := wantedIn(t, name)
		lines := bytes.SplitAfter(files[name], []byte("\n"))
		for range *rounds {
			mutant := bytes.Join(mutilate(random, lines), nil)
			d, err := wanted.apply(mutant)
			if err != nil {
				refused++
				continue
			}
			handled++
			got := d.text
			if again, err := wanted.Apply(got); err != nil || !bytes.Equal(again, got) {
				t.Fatalf("not the same a second time (%v):\n%s\nfrom:\n%s", err, diff(got, again), mutant)
			}
			if !strings.Contains(strings.Join(d.notes, "\n"), "the role job is taken out") { // with all that it holds
				keepsUnownedLines(t, mutant, got)
			}
		}
	}
	t.Logf("%d handled, %d refused", handled, refused)
	if handled < 100 {
		t.Error("hardly any mutilated file is handled, so this proves little")
	}
}

// keepsUnownedLines checks the text itself: a line goes only if it speaks of
// an owned key, live or commented.
func keepsUnownedLines(t *testing.T, before, after []byte) {
	t.Helper()
	for line := range strings.Lines(string(before)) {
		if strings.Count("\n"+string(after), "\n"+line) < strings.Count("\n"+string(before), "\n"+line) && !ownedLine(line) {
			t.Fatalf("this line went: %s\nfrom:\n%s\nto:\n%s", line, before, after)
		}
	}
}

// ownedLine tells the lines that may change; which comments may go is told by
// the golden files.
func ownedLine(line string) bool {
	owned := regexp.MustCompile(`^\s*(#|$|- |"?'?(image|hosts?|server|servers|username|password|DB_HOST|secret|ssl|port|db|web|proxy|registry|env|accessories|volumes|directories|clear|roles?|tags?|POSTGRES_PASSWORD|RAILS_MASTER_KEY|job|cmd|SOLID_QUEUE_IN_PUMA)'?"?:)`)
	return owned.MatchString(line)
}

func mutilate(random *rand.Rand, lines [][]byte) [][]byte {
	mutant := append([][]byte(nil), lines...)
	for range 1 + random.IntN(3) {
		i, j := random.IntN(len(mutant)), random.IntN(len(mutant))
		switch random.IntN(6) {
		case 0:
			mutant = append(mutant[:i:i], mutant[i+1:]...)
		case 1:
			mutant[i], mutant[j] = mutant[j], mutant[i]
		case 2:
			mutant[i] = append([]byte("# "), mutant[i]...)
		case 3:
			mutant[i] = append([]byte("  "), mutant[i]...)
		case 4:
			mutant = append(mutant[:i:i], append([][]byte{[]byte("\n")}, mutant[i:]...)...)
		case 5:
			mutant = append(mutant[:i:i], append([][]byte{mutant[j]}, mutant[i:]...)...)
		}
		if len(mutant) == 0 {
			return lines
		}
	}
	return mutant
}

func FuzzDeployFile_IsRefusedOrTheSameASecondTime(f *testing.F) {
	var fleets []Deploy
	for name, text := range deployFiles(f) {
		f.Add(text, len(fleets))
		fleets = append(fleets, wantedIn(f, name))
	}
	f.Fuzz(func(t *testing.T, text []byte, fleet int) {
		wanted := fleets[max(fleet, 0)%len(fleets)]
		got, err := wanted.Apply(text)
		if err != nil {
			return
		}
		if again, err := wanted.Apply(got); err != nil || !bytes.Equal(again, got) {
			t.Errorf("a second time it changes again (%v):\n%s", err, diff(got, again))
		}
	})
}

// Where a kamal command is installed, it has the last word.
func TestDeployFile_IsAcceptedByKamal(t *testing.T) {
	kamal, err := exec.LookPath("kamal")
	if err != nil {
		t.Skip("there is no kamal command here")
	}
	for name, text := range deployFiles(t) {
		got, err := wantedIn(t, name).Apply(text)
		if err != nil {
			continue
		}
		t.Run(name, func(t *testing.T) {
			app := t.TempDir()
			write := func(path, text string) {
				if err := os.MkdirAll(filepath.Join(app, filepath.Dir(path)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(app, path), []byte(text), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if !strings.Contains(string(got), "\nbuilder:") {
				got = append(got, "builder: {arch: amd64}\n"...) // Kamal insists on it
			}
			write("config/deploy.yml", string(got))
			write("config/init.sql", "")
			write(".ruby-version", "3.4.1\n")
			write(".kamal/secrets", "KAMAL_REGISTRY_PASSWORD=a\nRAILS_MASTER_KEY=b\nPOSTGRES_PASSWORD=c\nPOSTGRES_DB=d\nMAILGUN_KEY=e\nCERTIFICATE=f\nKEY=g\n")
			for _, args := range [][]string{{"config", "--version", "1"}, {"secrets", "print"}} {
				cmd := exec.Command(kamal, args...)
				cmd.Dir = app
				output, err := cmd.CombinedOutput()
				if err != nil {
					t.Errorf("kamal %s: %v\n%s\n%s", strings.Join(args, " "), err, output, got)
				}
				if args[0] == "config" && !strings.Contains(string(output), "ghcr.io/octocat/running_calendar") {
					t.Errorf("kamal reads another image:\n%s", output)
				}
			}
		})
	}
}

func deployFiles(t testing.TB) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("testdata/deploy/*.txtar")
	if err != nil || len(paths) < 20 {
		t.Fatalf("there are %d cases: %v", len(paths), err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[strings.TrimSuffix(filepath.Base(path), ".txtar")] = archive.Files[0].Data
	}
	return files
}

var serversLine = regexp.MustCompile(`(?m)^(web|job|former|database|address): (.+)$`)

// wantedIn is the usual wish with the servers that a case's comment tells of.
func wantedIn(t testing.TB, name string) Deploy {
	t.Helper()
	archive, err := txtar.ParseFile(filepath.Join("testdata", "deploy", name+".txtar"))
	if err != nil {
		t.Fatal(err)
	}
	w := wanted
	for _, line := range serversLine.FindAllStringSubmatch(string(archive.Comment), -1) {
		hosts := strings.Fields(line[2])
		switch line[1] {
		case "web":
			w.WebHosts = hosts
		case "job":
			w.JobHosts = hosts
		case "former":
			w.Former = hosts
		case "database":
			w.DatabaseServer = hosts[0]
		case "address":
			w.DatabaseAddress = hosts[0]
		}
	}
	if len(w.WebHosts) > 1 { // Kamal obtains a certificate for one server only
		w.OriginCert = &CertNames{CertificatePEM: "CERTIFICATE", PrivateKeyPEM: "KEY"}
	}
	return w
}

// checkCase compares with the other files of a case.
func checkCase(t *testing.T, name, outcome, said, notes string) {
	t.Helper()
	path := filepath.Join("testdata", "deploy", name+".txtar")
	archive, err := txtar.ParseFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := txtar.Archive{Comment: archive.Comment, Files: archive.Files[:1:1]}
	want.Files = append(want.Files, txtar.File{Name: outcome, Data: []byte(said)})
	if notes != "" {
		want.Files = append(want.Files, txtar.File{Name: "notes", Data: []byte(notes)})
	}
	if *update {
		if err := os.WriteFile(path, txtar.Format(&want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if string(txtar.Format(&want)) != string(txtar.Format(archive)) {
		t.Errorf("%s\n%s\nwanted:\n%s", txtar.Format(&want), notes, txtar.Format(archive))
	}
}

func diff(before, after []byte) string {
	text, _ := difflib.GetUnifiedDiffString(difflib.UnifiedDiff{A: difflib.SplitLines(string(before)), B: difflib.SplitLines(string(after)), Context: 1})
	return text
}
