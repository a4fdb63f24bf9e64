package kamalfiles

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// setHosts makes a list hold these hosts, in this order. What is listed stays with
// its tags and comments, or is replaced at its place, and what stood on a replaced
// host moves along. mismatch says why more or fewer hosts than wanted are refused,
// none of which is known; nil: they are not.
func (w Deploy) setHosts(d *document, wanted []string, mismatch func(listed int) string, path ...string) error {
	found, err := d.find(path...)
	if err != nil {
		return err
	}
	if found == nil || resolved(found.value).Kind != yaml.SequenceNode || len(resolved(found.value).Content) == 0 {
		return d.requireList(wanted, path...)
	}
	items := resolved(found.value).Content
	have := listed(items)
	if mismatch != nil && len(have) > 1 && len(have) != len(wanted) && !slices.ContainsFunc(have, w.knows) {
		return refuse(found.key, "%d hosts are listed, and %s", len(have), mismatch(len(have)))
	}
	taken := takeOver(have, wanted)
	for from, item := range items {
		if !slices.Contains(taken, from) && !w.knows(have[from]) {
			d.note(item, "%s is no server of this stack, and was taken out of `%s`", strings.Trim(d.said(resolved(hostOf(item))), `"`), dotted(path))
		}
	}
	for i, from := range taken {
		if from < 0 {
			continue
		}
		if err := w.replaceHost(d, wanted[i], from, path...); err != nil {
			return err
		}
	}
	for from := len(have) - 1; from >= 0; from-- {
		if slices.Contains(taken, from) {
			continue
		}
		if err := d.removeItem(d.at(path...), from); err != nil {
			return err
		}
	}
	return d.orderHosts(wanted, path...)
}

// listed are the hosts of a list's items.
func listed(items []*yaml.Node) []string {
	var hosts []string
	for _, item := range items {
		hosts = append(hosts, resolved(hostOf(resolved(item))).Value)
	}
	return hosts
}

// takeOver tells for each wanted host which of those listed becomes it: itself, or
// the one at its place that is not wanted; -1 where it is new.
func takeOver(have, wanted []string) []int {
	var taken []int
	for i, host := range wanted {
		from := slices.Index(have, host)
		if from < 0 && i < len(have) && !slices.Contains(wanted, have[i]) {
			from = i
		}
		taken = append(taken, from)
	}
	return taken
}

// replaceHost puts a host in the place of another.
func (w Deploy) replaceHost(d *document, wanted string, at int, path ...string) error {
	host := hostOf(d.at(path...).Content[at])
	if !hostName.MatchString(resolved(host).Value) {
		return refuse(host, "this is not a host")
	}
	before, own := d.said(resolved(host)), w.isOwn(resolved(host).Value)
	if err := d.setScalar(host, word(wanted)); err != nil || own {
		return err
	}
	return w.moveAlong(d, before, wanted)
}

// orderHosts adds what a list lacks, and moves what stands too far below.
func (d *document) orderHosts(wanted []string, path ...string) error {
	for i, host := range wanted {
		list := d.at(path...)
		have := listed(list.Content)
		var err error
		switch from := slices.Index(have, host); {
		case from < 0:
			err = d.insertItem(list, i, host)
		case from != i:
			err = d.moveItem(list, from, i, path...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
