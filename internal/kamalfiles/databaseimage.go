package kamalfiles

import (
	"cmp"
	"regexp"
	"strconv"
	"strings"
)

// defaultImage is what the database runs where neither file nor settings say.
const defaultImage = "postgres:16"

// databaseImage is the image for a new accessory.
func (w Deploy) databaseImage() string { return cmp.Or(w.Database, defaultImage) }

var (
	postgresImage = regexp.MustCompile(`(^|/)([a-z0-9.-]+-)?(postgres|postgresql|postgis|pgvector|pgvecto-rs|timescaledb|paradedb)(-[a-z0-9.-]+)?(:|@|$)`)
	plainPostgres = regexp.MustCompile(`^(docker\.io/)?(library/)?postgres(:|@|$)`)
	mysqlImage    = regexp.MustCompile(`(^|/)(mysql|mariadb|percona|mysql-server|percona-server)(:|@|$)`)
	majorInTag    = []*regexp.Regexp{regexp.MustCompile(`pg([0-9]+)`), regexp.MustCompile(`^v?([0-9]+)`)}
)

// databaseSoftware sees to the accessory's image. The developer's stays while it
// is of the major version that is wanted, or newer, or more than plain
// PostgreSQL: another could not read its data.
func (w Deploy) databaseSoftware(d *document) error {
	path := w.db("image")
	found, err := d.find(path...)
	if err != nil {
		return err
	}
	if found == nil || isNull(found.value) || d.tag(resolved(found.value)) != "" || strings.Contains(resolved(found.value).Value, " ") {
		return d.require(word(w.databaseImage()), path...)
	}
	image, wanted := resolved(found.value).Value, w.databaseImage()
	have, want := majorOf(image), majorOf(wanted)
	plain := plainPostgres.MatchString(image)
	switch {
	case image == wanted:
		return nil
	case !postgresImage.MatchString(image):
		return refuse(found.key, "the accessory %s runs %s, which is not PostgreSQL; to keep it: pulumi config set database none (it is then yours, and not backed up)", w.db()[1], d.said(resolved(found.value)))
	case have == want:
		return nil
	case have == 0 && plain:
		d.note(found.key, "%s names no version, so that another might be pulled one day, which could not read the data; it is %s now; if its data is of another version: pulumi config set postgresImage postgres:VERSION", image, wanted)
	case have == 0:
		d.note(found.key, "%s names no version of PostgreSQL, so that another might be pulled one day, which could not read the data; write one that does, such as %s-pg%d", image, strings.TrimSuffix(image, ":latest")+":latest", want)
		return nil
	case have > want && w.Database != "" || have < want && w.Database != "" && !plain:
		d.note(found.key, "the accessory %s runs %s and stays so, whose data %s could not read; make them equal: pulumi config set postgresImage %s", w.db()[1], image, wanted, image)
		return nil
	case w.Database == "":
		return nil
	default:
		d.note(found.key, "the accessory %s ran %s and is %s now, which cannot read data of the older (docs/operations.md says how to upgrade); to keep it: pulumi config set postgresImage %s", w.db()[1], image, wanted, image)
	}
	return d.require(word(wanted), path...)
}

// majorOf is the version of PostgreSQL that an image's tag tells, 0 for none.
func majorOf(image string) int {
	image, _, _ = strings.Cut(image, "@")
	_, tag, _ := strings.Cut(image[strings.LastIndexByte(image, '/')+1:], ":")
	for _, form := range majorInTag {
		if parts := form.FindStringSubmatch(tag); parts != nil {
			major, _ := strconv.Atoi(parts[1])
			return major
		}
	}
	return 0
}
