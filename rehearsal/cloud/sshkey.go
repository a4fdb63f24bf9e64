package cloud

import (
	"net/http"
	"time"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
	"golang.org/x/crypto/ssh"
)

func (c *Cloud) sshKeyRoutes() map[string]handle {
	routes := kind[*schema.SSHKey]{
		one: "ssh_key", many: "ssh_keys", all: values(c.hetzner.sshKeys),
		id:     func(k *schema.SSHKey) int64 { return k.ID },
		labels: func(k *schema.SSHKey) map[string]string { return k.Labels },
		filters: map[string]func(*schema.SSHKey) string{
			"name":        func(k *schema.SSHKey) string { return k.Name },
			"fingerprint": func(k *schema.SSHKey) string { return k.Fingerprint },
		},
	}.routes()
	routes["POST /v1/ssh_keys"] = c.createSSHKey
	routes["PUT /v1/ssh_keys/{id}"] = c.updateSSHKey
	routes["DELETE /v1/ssh_keys/{id}"] = c.deleteSSHKey
	return routes
}

func (c *Cloud) createSSHKey(r *http.Request) (answer, error) {
	var wanted schema.SSHKeyCreateRequest
	if err := read(r, &wanted); err != nil {
		return answer{}, err
	}
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(wanted.PublicKey))
	if err != nil {
		return answer{}, invalid("public_key", "must be a valid SSH public key")
	}
	made := &schema.SSHKey{Fingerprint: ssh.FingerprintLegacyMD5(key), PublicKey: wanted.PublicKey, Created: time.Now()}
	if made.Labels, err = checkLabels(wanted.Labels); err != nil {
		return answer{}, err
	}
	for _, other := range c.hetzner.sshKeys {
		if other.Fingerprint == made.Fingerprint {
			return answer{}, taken("SSH key with the same fingerprint already exists", "public_key")
		}
	}
	if err := c.nameSSHKey(made, wanted.Name); err != nil {
		return answer{}, err
	}
	made.ID = c.id()
	c.hetzner.sshKeys[made.ID] = made
	return answer{http.StatusCreated, map[string]any{"ssh_key": made}}, nil
}

func (c *Cloud) nameSSHKey(key *schema.SSHKey, name string) error {
	return setName(c.hetzner.sshKeys, key, func(k *schema.SSHKey) *string { return &k.Name }, name, "SSH key with the same name already exists")
}

func (c *Cloud) updateSSHKey(r *http.Request) (answer, error) {
	key, wanted, err := findAndRead[schema.SSHKey, schema.SSHKeyUpdateRequest](r, c.hetzner.sshKeys)
	if err != nil {
		return answer{}, err
	}
	if wanted.Labels != nil {
		if key.Labels, err = checkLabels(wanted.Labels); err != nil {
			return answer{}, err
		}
	}
	if wanted.Name != "" {
		err = c.nameSSHKey(key, wanted.Name)
	}
	return answer{body: map[string]any{"ssh_key": key}}, err
}

func (c *Cloud) deleteSSHKey(r *http.Request) (answer, error) {
	key, err := find(r, c.hetzner.sshKeys)
	if err != nil {
		return answer{}, err
	}
	delete(c.hetzner.sshKeys, key.ID)
	return answer{status: http.StatusNoContent}, nil
}
