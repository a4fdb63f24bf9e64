package kamalfiles

import (
	"regexp"
	"strconv"
)

var (
	postgresImage = regexp.MustCompile(`(^|/)(postgres|postgresql|postgis|pgvector|timescaledb)(-ha)?(:|@|$)`)
	plainPostgres = regexp.MustCompile(`^(docker\.io/)?(library/)?postgres:([0-9]+)\b`)
)

// databaseSoftware sets the image of the accessory. One that is newer, or more
// than plain PostgreSQL, holds data that the wanted image could not read.
func (w Deploy) databaseSoftware(d *document) error {
	found, err := d.find("accessories", "db", "image")
	if err != nil {
		return err
	}
	if found != nil && !isNull(found.value) {
		image := resolved(found.value).Value
		switch {
		case image == w.Database:
			return nil
		case !postgresImage.MatchString(image):
			return refuse(found.key, "the accessory db runs %q, which is not PostgreSQL", image)
		case majorOf(image) == 0 || majorOf(image) > majorOf(w.Database):
			return refuse(found.key, "the accessory db runs %q, whose data %s may not read; to keep it: pulumi config set postgresImage %s", image, w.Database, image)
		}
	}
	return d.require(word(w.Database), "accessories", "db", "image")
}

// majorOf is the version of a plain PostgreSQL image; 0 when it is not told.
func majorOf(image string) int {
	parts := plainPostgres.FindStringSubmatch(image)
	if parts == nil {
		return 0
	}
	major, _ := strconv.Atoi(parts[3])
	return major
}
