package main

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

var withBox = map[string]string{"offsite": "hetzner", "offsiteRecipient": "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"}

func TestStorageBox_IsProtectedWithItsAccountAndItsKeys(t *testing.T) {
	declared := runStack(t, "prod", sampleApp(t), withBox, false)
	for name, kind := range map[string]string{"storage-box": "hcloud:", "storage-box-server": "hcloud:", "storage-box-password": "tls:", "storage-box-server-password": "tls:"} {
		if !declared.find(t, name, kind).rpc.GetProtect() {
			t.Errorf("%s is not protected", name)
		}
	}
	if !declared.find(t, "storage-box", "hcloud:").inputs["deleteProtection"].BoolValue() {
		t.Error("it is not protected at Hetzner")
	}
}

func TestStorageBox_KeepsWhatTheProgramChoseAndFollowsWhatIsSet(t *testing.T) {
	for _, c := range []struct {
		more map[string]string
		want []string
	}{
		{nil, []string{"location", "storageBoxType"}},
		{map[string]string{"offsiteType": "bx11"}, []string{"location"}},
		{map[string]string{"offsiteType": "bx11", "offsiteLocation": "fsn1"}, nil},
	} {
		settings := maps.Clone(withBox)
		maps.Copy(settings, c.more)
		ignored := runStack(t, "prod", sampleApp(t), settings, true).find(t, "storage-box", "hcloud:").rpc.GetIgnoreChanges()
		if slices.Sort(ignored); !slices.Equal(ignored, c.want) {
			t.Errorf("%v: %v is ignored, want %v", c.more, ignored, c.want)
		}
	}
}

func TestStorageBox_ItsPasswordsAreSecretAndInNoCommandLine(t *testing.T) {
	declared := runStack(t, "prod", sampleApp(t), withBox, false)
	for _, name := range []string{"storage-box", "storage-box-server"} {
		if password := declared.find(t, name, "hcloud:").inputs["password"]; !password.IsSecret() {
			t.Errorf("the password of %s is no secret", name)
		}
	}
	install := declared.find(t, "backup-install", "command:").inputs
	if !install["stdin"].IsSecret() || !strings.Contains(install["stdin"].SecretValue().Element.StringValue(), "BOX_PASSWORD='") || strings.Contains(install["create"].StringValue(), "BOX_") {
		t.Errorf("what installs the backup gets it by %v", install["create"])
	}
}

func TestStorageBox_IsMadeOnlyWhereItIsWanted(t *testing.T) {
	for _, r := range deployWithMocks(t, false).resources {
		if strings.Contains(strings.ToLower(r.kind), "storagebox") {
			t.Errorf("%s is declared", r.name)
		}
	}
}
