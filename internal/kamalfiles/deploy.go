package kamalfiles

import (
	"bytes"
	"fmt"
	"slices"
)

// Deploy is what config/deploy.yml is to say. Each value has one key in the
// file; every other byte of it belongs to the developer.
type Deploy struct {
	Service      string     // as in the file; containers and the database's host are named after it
	Registry     Registry   // where the image is kept
	SSHUser      string     // who logs in there; "": root, Kamal's default
	Hosts        []string   // names the app answers on, the first is the main one
	AppSecrets   []string   // env.secret entries that the app needs, NAME or NAME:SECRET
	DatabaseKind string     // DatabaseAccessory, DatabaseExternal or DatabaseNone; "": as the app has it
	Database     string     // image of the database, e.g. "postgres:16"; "": as in the file, or the default
	MemoryMB     int        // of the server, which the database is told of; 0: it is not; UnknownMemory: as in the file
	OriginCert   *CertNames // custom certificate; nil: kamal-proxy obtains one
	KeepHeaders  bool       // proxy.forward_headers: visitors' addresses come from a proxy in front

	// The stack's servers. JobHosts empty: the jobs run beside the web, or wherever
	// the developer has them. Without DatabaseAddress the database answers on its own
	// server only, by its container's name.
	WebHosts        []string // of the primary role; the first is Kamal's primary host, and the database's unless DatabaseServer says otherwise
	JobHosts        []string // of the role job
	Former          []string // that the stack had and that are about to go; they are taken out wherever they stand
	DatabaseServer  string   // the host of the database's accessory; "": the first of WebHosts
	DatabaseAddress string   // private, which the database answers the other servers on; "": there are none

	accessoryName string // the accessory that is the app's database
	container     string // its container
	databaseWas   string // the host that it stands on in the file; "": on none, or it is not known
}

// CertNames are the secrets that hold a custom certificate (Kamal 2.7).
type CertNames struct{ CertificatePEM, PrivateKeyPEM string }

// Apply returns the file with the wanted values in it. The error is a reason
// to leave it alone, with its line and what to write by hand.
func (w Deploy) Apply(text []byte) ([]byte, error) {
	d, err := w.apply(text)
	if err != nil {
		return nil, err
	}
	return d.text, nil
}

func (w Deploy) apply(text []byte) (*document, error) {
	d, err := w.editedTwice(text)
	if err != nil && w.MemoryMB > 0 {
		d, err = w.withoutMemory(text, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; it is left as it is; put this in by hand, and if it still is refused: pulumi config set editApp false\n%s", err, w.ByHand())
	}
	return d, nil
}

// editedTwice is edited. Whatever was misread would be misread again: a second time
// must change nothing.
func (w Deploy) editedTwice(text []byte) (*document, error) {
	d, err := w.edited(text)
	if err != nil {
		return nil, err
	}
	if again, twice := w.edited(d.text); twice != nil || !bytes.Equal(again.text, d.text) {
		return nil, refusal{0, "it is laid out in a way that this program does not understand"}
	}
	return d, nil
}

// edited is the file with the wanted values in it and, in its notes, what the
// developer should know of that.
func (w Deploy) edited(text []byte) (*document, error) {
	d, err := parse(text)
	if err != nil {
		return nil, err
	}
	if err := w.kamal1(d); err != nil {
		return nil, d.inFile(err)
	}
	if w, err = w.settled(d); err != nil {
		return nil, d.inFile(err)
	}
	for _, part := range []func(*document) error{w.service, w.servers, w.name, w.proxy, w.registry, w.env, w.jobs, w.leaveFormer, w.sshUser, w.database} {
		if err := part(d); err != nil {
			return nil, d.inFile(err)
		}
	}
	if err := w.verify(text, d.text); err != nil {
		return nil, err
	}
	for _, notes := range []func(*document){w.otherHosts, w.builtElsewhere, w.sshNotes, w.proxyNotes, w.registryNotes, w.envNotes, w.jobNotes, w.databaseNotes} {
		notes(d)
	}
	return d, nil
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
	if len(w.AppSecrets) == 0 {
		w.AppSecrets = []string{masterKey, databasePassword}
	}
	if w.DatabaseKind == "" {
		w.DatabaseKind = DatabaseAccessory
	}
	env := items(w.secretsOfApp()).below("secret")
	var accessories block
	if w.hasAccessory() {
		env = append(block{"DB_HOST: " + w.databaseHost()}.below("clear"), env...)
		accessories = w.accessory().below(w.db()[1]).below("accessories")
	}
	servers := items(w.WebHosts).below("web")
	if len(w.JobHosts) > 0 {
		servers = append(servers, append(items(w.JobHosts).below("hosts"), "cmd: "+jobCommand).below("job")...)
	}
	var ssh block
	if w.user() != rootUser {
		ssh = block{"user: " + w.user()}.below("ssh")
	}
	all := slices.Concat(
		block{"image: " + w.image()},
		servers.below("servers"),
		append(ssl, host...).below("proxy"),
		w.Registry.byHand().below("registry"),
		env.below("env"),
		ssh,
		accessories,
	)
	return all.at(0, 2, "\n")
}
