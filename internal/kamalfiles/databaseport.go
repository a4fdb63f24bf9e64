package kamalfiles

import "strings"

const (
	loopback     = "127.0.0.1:"
	databasePort = loopback + "5432:5432"
)

// databasePublished has the port answer on the server itself only, whichever it is.
// Where other servers come to the database too, they do by way of that port
// (scripts/server/door.sh), so it is the usual one.
func (w Deploy) databasePublished(d *document) error {
	if port := d.at(w.db("port")...); port != nil && strings.HasPrefix(port.Value, loopback) && w.DatabaseAddress == "" {
		return nil
	}
	return d.require(word(databasePort), w.db("port")...)
}
