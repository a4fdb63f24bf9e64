package kamalfiles

import "slices"

// leaveFormer takes servers that are about to go out of the other roles and of the
// accessories. What stood on nothing else is put on the first web server.
func (w Deploy) leaveFormer(d *document) error {
	for {
		all := placed(d)
		there := slices.IndexFunc(all, func(p place) bool { return w.isFormer(p.host.Value) && !w.isDatabase(p) })
		if there < 0 {
			return nil
		}
		p := all[there]
		if list := d.at(p.path...); p.item >= 0 && len(list.Content) > 1 {
			if err := d.removeItem(list, p.item); err != nil {
				return err
			}
			continue
		}
		data := ""
		if p.path[0] == "accessories" {
			data = "; data that it keeps there does not move by itself"
		}
		d.note(p.host, "%s was on %s, a server that goes, and is on %s now%s", p.name, p.host.Value, w.firstWeb(), data)
		if err := d.setScalar(p.host, word(w.firstWeb())); err != nil {
			return err
		}
	}
}

// isDatabase tells the place of the accessory that is the app's database.
func (w Deploy) isDatabase(p place) bool {
	return w.hasAccessory() && slices.Equal(p.path[:2], w.db())
}
