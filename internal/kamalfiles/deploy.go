package kamalfiles

import (
	"bytes"
	"fmt"
	"slices"
)

// Deploy is what config/deploy.yml is to say. Each value has one key in the
// file; every other byte of it belongs to the developer.
type Deploy struct {
	Service     string     // as in the file; containers and the database's host are named after it
	GitHubUser  string     // owner of the image on ghcr.io, lower-case
	ServerIP    string     // the only host of the role web and of the accessory db
	Hosts       []string   // names the app answers on, the first is the main one
	AppSecrets  []string   // env.secret entries that the app needs, NAME or NAME:SECRET
	Database    string     // image of the accessory db, e.g. "postgres:16"
	OriginCert  *CertNames // custom certificate; nil: kamal-proxy obtains one
	KeepHeaders bool       // proxy.forward_headers: visitors' addresses come from a proxy in front
}

// CertNames are the secrets that hold a custom certificate (Kamal 2.7).
type CertNames struct{ CertificatePEM, PrivateKeyPEM string }

// Apply returns the file with the wanted values in it. The error is a reason
// to leave it alone, with its line and what to write by hand.
func (w Deploy) Apply(text []byte) ([]byte, error) {
	changed, err := w.edit(text)
	if err == nil {
		// Whatever was misread would be misread again: a second time must change nothing.
		if again, twice := w.edit(changed); twice != nil || !bytes.Equal(again, changed) {
			err = refusal{0, "it is laid out in a way that this program does not understand"}
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w; it is left as it is; put this in by hand, and if it still is refused: pulumi config set editApp false\n%s", err, w.ByHand())
	}
	return changed, nil
}

func (w Deploy) edit(text []byte) ([]byte, error) {
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	for _, part := range []func(*document) error{w.service, w.servers, w.name, w.proxy, w.registry, w.env, w.database} {
		if err := part(d); err != nil {
			return nil, d.inFile(err)
		}
	}
	if err := w.verify(text, d.text); err != nil {
		return nil, err
	}
	return d.text, nil
}

// ByHand is what the file must say, for those who put it in themselves.
func (w Deploy) ByHand() string {
	ssl := block{"ssl: true"}
	if w.OriginCert != nil {
		ssl = block{"certificate_pem: " + w.OriginCert.CertificatePEM, "private_key_pem: " + w.OriginCert.PrivateKeyPEM}.below("ssl")
	}
	if w.KeepHeaders {
		ssl = append(ssl, "forward_headers: true")
	}
	host := block{"host: " + w.Hosts[0]}
	if len(w.Hosts) > 1 {
		host = items(w.Hosts).below("hosts")
	}
	env := append(block{"DB_HOST: " + w.databaseHost()}.below("clear"), items(w.AppSecrets).below("secret")...)
	registry := append(block{"server: ghcr.io", "username: " + w.GitHubUser}, items(registryPassword).below("password")...)
	if len(w.AppSecrets) == 0 {
		env = append(block{"DB_HOST: " + w.databaseHost()}.below("clear"), items([]string{"RAILS_MASTER_KEY", "POSTGRES_PASSWORD"}).below("secret")...)
	}
	all := slices.Concat(
		block{"image: " + w.image()},
		items([]string{w.ServerIP}).below("web").below("servers"),
		append(ssl, host...).below("proxy"),
		registry.below("registry"),
		env.below("env"),
		w.accessory().below("db").below("accessories"),
	)
	return all.at(0, 2, "\n")
}
