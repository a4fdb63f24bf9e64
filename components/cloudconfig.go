package components

import (
	"strings"

	"github.com/pulumi/pulumi-tls/sdk/v5/go/tls"
	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"
	"go.yaml.in/yaml/v4"
)

// cloudConfig is what cloud-init does on the first boot: it installs the host
// key that the program already knows, so that the very first connection is a
// verified one, and the developers' keys. It holds a private key: a secret.
//
// Source: cloud-init's modules cc_ssh and cc_users_groups.
func cloudConfig(hostKey *tls.PrivateKey, publicKeys []string) pulumi.StringOutput {
	text := pulumi.All(hostKey.PrivateKeyOpenssh, hostKey.PublicKeyOpenssh).ApplyT(func(keys []any) (string, error) {
		return renderCloudConfig(keys[0].(string), keys[1].(string), publicKeys)
	}).(pulumi.StringOutput)
	return pulumi.ToSecret(text).(pulumi.StringOutput)
}

func renderCloudConfig(privateKey, publicKey string, publicKeys []string) (string, error) {
	config := map[string]any{
		"disable_root":   false,
		"ssh_pwauth":     false,
		"ssh_deletekeys": true,
		"ssh_keys": map[string]string{
			"ed25519_private": privateKey,
			"ed25519_public":  strings.TrimSpace(publicKey),
		},
		"users": []map[string]any{{"name": "root", "ssh_authorized_keys": publicKeys}},
	}
	body, err := yaml.Marshal(config)
	return "#cloud-config\n" + string(body), err
}
