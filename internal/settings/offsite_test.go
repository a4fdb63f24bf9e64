package settings

import (
	"slices"
	"testing"

	"golang.org/x/crypto/ssh"
)

// What Hetzner publishes of the keys of its boxes:
// https://docs.hetzner.com/storage/storage-box/general/#ssh-host-keys
var boxFingerprints = []string{
	"SHA256:XqONwb1S0zuj5A1CDxpOSuD2hnAArV1A3wKY7Z3sdgM", // ED25519
	"SHA256:oDHZqKXnoMtgvPBjjC57pcuFez28roaEuFcfwyg8O5c", // ECDSA
	"SHA256:EMlfI8GsRIfpVkoW1H2u0zYVpFGKkIMKHFZIRkf2ioI", // RSA
}

func TestOffsite_TrustsTheHostKeysThatHetznerPublishes(t *testing.T) {
	got, err := load(map[string]string{"offsite": "hetzner", "offsiteRecipient": "age1lggyhqrw2nlhcxprm67z43rta597azn8gknawjehu9d9dl0jq3yqqvfafg"})
	if err != nil {
		t.Fatal(err)
	}
	var fingerprints []string
	for _, key := range got.Offsite.Box.HostKeys {
		parsed, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		fingerprints = append(fingerprints, ssh.FingerprintSHA256(parsed))
	}
	if !slices.Equal(fingerprints, boxFingerprints) {
		t.Errorf("got %q, want %q", fingerprints, boxFingerprints)
	}
}

func TestOffsite_GoesToOnePlace(t *testing.T) {
	_, err := load(map[string]string{"offsite": "hetzner", "offsiteBucket": "backups"})
	if want := `offsite: got "hetzner", but offsiteBucket names a bucket, and the copies go to one place; keep one, and take the other out: pulumi config rm offsite, or pulumi config rm offsiteBucket`; err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
}
