package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"

	"rails-on-hetzner/internal/edge"
	"rails-on-hetzner/internal/hetzner"
)

// These tests look at the wiring only: what is declared, with which options.
// Whether it works is for the rehearsals to show.

func TestDeploy_ProtectsServerAndAddress(t *testing.T) {
	for _, dryRun := range []bool{true, false} {
		declared := deployWithMocks(t, dryRun)
		for _, name := range []string{"server", "server-ipv4"} {
			if !declared.find(t, name, "hcloud:").rpc.GetProtect() {
				t.Errorf("%s is not protected", name)
			}
			if !declared.find(t, name, "hcloud:").inputs["deleteProtection"].BoolValue() {
				t.Errorf("%s is not protected at Hetzner", name)
			}
		}
	}
}

func TestDeploy_LiftsTheProtectionAtPulumiAndAtHetznerTogether(t *testing.T) {
	declared := runStack(t, "prod", sampleApp(t), map[string]string{"protect": "false"}, false)
	for _, name := range []string{"server", "server-ipv4"} {
		resource := declared.find(t, name, "hcloud:")
		if resource.rpc.GetProtect() || resource.inputs["deleteProtection"].BoolValue() {
			t.Errorf("%s is still protected", name)
		}
	}
}

func TestDeploy_LabelsEverythingAtHetzner(t *testing.T) {
	for _, r := range runStack(t, "prod", sampleApp(t), withBox, false).resources {
		if !strings.HasPrefix(r.kind, "hcloud:") {
			continue
		}
		labels := r.inputs["labels"]
		for key, want := range map[string]string{"app": "running_calendar", "stack": "prod", "managed-by": "pulumi"} {
			if !labels.IsObject() || labels.ObjectValue()[resource.PropertyKey(key)].StringValue() != want {
				t.Errorf("%s %s has the labels %v", r.kind, r.name, labels)
				break
			}
		}
	}
}

// The stack's page shows outputs that there are.
func TestReadme_NamesOutputsThatThereAre(t *testing.T) {
	program := text(t, "main.go") + text(t, "backups.go")
	named := regexp.MustCompile(`\$\{outputs\.(\w+)\}`).FindAllStringSubmatch(readme, -1)
	if len(named) < 5 {
		t.Errorf("it names %d outputs", len(named))
	}
	for _, name := range named {
		if !strings.Contains(program, `ctx.Export("`+name[1]+`", `) {
			t.Errorf("there is no output %s", name[1])
		}
	}
}

func TestDeploy_NeverReplacesTheServerForWhatMattersAtFirstBootOnly(t *testing.T) {
	ignored := deployWithMocks(t, true).find(t, "server", "hcloud:").rpc.GetIgnoreChanges()
	for _, want := range []string{"userData", "sshKeys", "publicNets", "serverType"} {
		if !slices.Contains(ignored, want) {
			t.Errorf("%s is not ignored: %v", want, ignored)
		}
	}
}

func TestDeploy_LetsOnlySSHAndWebAndPingThroughTheCloudFirewall(t *testing.T) {
	rules := deployWithMocks(t, false).find(t, "server-firewall", "hcloud:").inputs["rules"].ArrayValue()
	var open []string
	for _, rule := range rules {
		fields := rule.ObjectValue()
		port := ""
		if fields["port"].IsString() {
			port = "/" + fields["port"].StringValue()
		}
		open = append(open, fields["direction"].StringValue()+" "+fields["protocol"].StringValue()+port)
	}
	if got := strings.Join(open, ", "); got != "in icmp, in tcp/22, in tcp/80, in tcp/443" {
		t.Errorf("open are %s", got)
	}
}

func TestDeploy_KeepsUserDataAndKeysSecret(t *testing.T) {
	declared := deployWithMocks(t, false)
	if userData := declared.find(t, "server", "hcloud:").inputs["userData"]; !userData.IsSecret() {
		t.Errorf("the user data is not secret: %v", userData.TypeString())
	}
	for _, name := range []string{"hardening-apply", "hardening-confirm"} {
		connection := declared.find(t, name, "command:").inputs["connection"]
		if !connection.ContainsSecrets() {
			t.Errorf("%s's connection holds no secret", name)
		}
	}
}

func TestDeploy_ChecksTheHostKeyOnEveryConnection(t *testing.T) {
	declared := deployWithMocks(t, false)
	for _, name := range []string{"hardening-apply", "hardening-confirm"} {
		connection := declared.find(t, name, "command:").inputs["connection"]
		if connection.IsSecret() {
			connection = connection.SecretValue().Element
		}
		if key := connection.ObjectValue()["hostKey"]; !key.IsString() || !strings.HasPrefix(key.StringValue(), "ssh-ed25519 ") {
			t.Errorf("%s does not check the host key: %v", name, key)
		}
	}
}

func TestDeploy_RunsEveryScriptAgainOnAnotherServer(t *testing.T) {
	scripts := 0
	for _, r := range deployWithMocks(t, false).resources {
		if r.kind != "command:remote:Command" {
			continue
		}
		scripts++
		triggers := r.inputs["triggers"]
		if !triggers.IsArray() || !slices.ContainsFunc(triggers.ArrayValue(), func(v resource.PropertyValue) bool { return v.IsString() && v.StringValue() == serverID }) {
			t.Errorf("%s does not depend on which server it is: %v", r.name, triggers)
		}
	}
	if scripts < 3 {
		t.Errorf("only %d scripts are declared", scripts)
	}
}

func TestDeploy_PutsEveryResourceBelowItsComponent(t *testing.T) {
	for _, r := range deployWithMocks(t, false).resources {
		parent := r.rpc.GetParent()
		switch {
		case strings.HasPrefix(r.kind, "rails-on-hetzner:"), r.name == "postgres-password":
			if !strings.Contains(parent, "pulumi:pulumi:Stack") {
				t.Errorf("%s has the parent %s", r.name, parent)
			}
		case !strings.Contains(parent, "rails-on-hetzner:index:"):
			t.Errorf("%s has the parent %s", r.name, parent)
		}
	}
}

func TestDeploy_WritesNothingIntoTheAppInPreview(t *testing.T) {
	app := sampleApp(t)
	before, err := os.ReadFile(filepath.Join(app, "config", "deploy.yml"))
	if err != nil {
		t.Fatal(err)
	}
	run(t, app, true)
	if after, _ := os.ReadFile(filepath.Join(app, "config", "deploy.yml")); string(after) != string(before) {
		t.Errorf("the preview wrote:\n%s", after)
	}
	run(t, app, false)
	if after, _ := os.ReadFile(filepath.Join(app, "config", "deploy.yml")); !strings.Contains(string(after), "203.0.113.7") {
		t.Errorf("the update did not write:\n%s", after)
	}
}

const serverID = "4711"

// declared is what a run of the program asked the engine for.
type declared struct {
	mutex     sync.Mutex
	resources []declaredResource
}

type declaredResource struct {
	kind, name string
	inputs     resource.PropertyMap
	rpc        *rpc.RegisterResourceRequest
}

func (d *declared) find(t *testing.T, name, kindPrefix string) declaredResource {
	t.Helper()
	for _, r := range d.resources {
		if r.name == name && strings.HasPrefix(r.kind, kindPrefix) {
			return r
		}
	}
	t.Fatalf("nothing named %s was declared", name)
	return declaredResource{}
}

func (d *declared) NewResource(args pulumi.MockResourceArgs) (string, resource.PropertyMap, error) {
	d.mutex.Lock()
	defer d.mutex.Unlock()
	d.resources = append(d.resources, declaredResource{args.TypeToken, args.Name, args.Inputs, args.RegisterRPC})
	outputs := args.Inputs.Copy()
	ip := map[string]string{"web-2": "203.0.113.8", "database": "203.0.113.9", "job-1": "203.0.113.10"}[strings.TrimSuffix(args.Name, "-ipv4")]
	if ip == "" {
		ip = "203.0.113.7"
	}
	for key, value := range map[string]string{
		"ipAddress": ip, "ipv4Address": ip, "ipv4": "203.0.113.200", "hostname": "example.com", "stdout": "done", "server": "u1.your-storagebox.de", "username": "u1",
		"publicKeyOpenssh": "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+h9hZ2NOGvq8GeOHRJ5dgZhUonc2oHkN8DARrt6Px9\n",
	} {
		outputs[resource.PropertyKey(key)] = resource.NewStringProperty(value)
	}
	for _, key := range []string{"privateKeyOpenssh", "privateKeyPem"} {
		outputs[resource.PropertyKey(key)] = resource.MakeSecret(resource.NewStringProperty("a private key"))
	}
	if args.TypeToken == "hcloud:index/server:Server" {
		return serverID, outputs, nil
	}
	return "42", outputs, nil
}

func (d *declared) Call(args pulumi.MockCallArgs) (resource.PropertyMap, error) {
	answers := map[string]map[string]any{
		"cloudflare:index/getZone:getZone": {"id": "z1", "zoneId": "z1", "name": "example.com"},
	}
	return resource.NewPropertyMapFromMap(answers[args.Token]), nil
}

func deployWithMocks(t *testing.T, dryRun bool) *declared {
	t.Helper()
	return run(t, sampleApp(t), dryRun)
}

func run(t *testing.T, app string, dryRun bool) *declared {
	t.Helper()
	return runStack(t, "prod", app, nil, dryRun)
}

// runStack runs the program for a stack, with more settings than the needed ones.
func runStack(t *testing.T, stack, app string, more map[string]string, dryRun bool) *declared {
	t.Helper()
	key := filepath.Join(t.TempDir(), "key.pub")
	if err := os.WriteFile(key, []byte("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+h9hZ2NOGvq8GeOHRJ5dgZhUonc2oHkN8DARrt6Px9 you\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HCLOUD_TOKEN", strings.Repeat("h", 64))
	t.Setenv("CLOUDFLARE_API_TOKEN", strings.Repeat("c", 40))
	given := map[string]string{
		"rails-on-hetzner:service": "running_calendar", "rails-on-hetzner:domain": "example.com",
		"rails-on-hetzner:githubUser": "octocat", "rails-on-hetzner:appPath": app, "rails-on-hetzner:publicKeys": key,
	}
	for name, value := range more {
		given["rails-on-hetzner:"+name] = value
	}
	config, err := json.Marshal(given)
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv(pulumi.EnvConfig, string(config))
	mocks := &declared{}
	program := func(ctx *pulumi.Context) error {
		s, err := loadSettings(ctx)
		if err != nil {
			return err
		}
		// Without a look at the clouds.
		found := &findings{networkZone: "us-west", balancerType: "lb11", price: func([]string) string { return "9.49 EUR" }, zone: &edge.View{SSL: "strict"}}
		for range s.Fleet() {
			found.serverTypes = append(found.serverTypes, "cpx21")
		}
		if s.Offsite != nil && s.Offsite.Box != nil {
			found.box = &hetzner.Box{Type: "bx11", Location: "fsn1", Snapshots: 10, Price: "3.2000"}
		}
		return deploy(ctx, s, found)
	}
	if err := pulumi.RunErr(program, pulumi.WithMocks("rails-on-hetzner", stack, mocks), func(info *pulumi.RunInfo) { info.DryRun = dryRun }); err != nil {
		t.Fatal(err)
	}
	return mocks
}

func sampleApp(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "config"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config", "deploy.yml"), []byte("service: running_calendar\nservers:\n  web:\n    - 192.168.0.1\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}
