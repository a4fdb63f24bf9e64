package kamalfiles

func (w Deploy) service(d *document) error {
	found, err := d.find("service")
	if err != nil {
		return err
	}
	if found == nil {
		return refusal{0, "there is no `service:`; is this a file of `kamal init`?"}
	}
	if name := resolved(found.value).Value; name != w.Service {
		return refuse(found.key, "the service is %q here and %q in the stack's settings; make them equal (pulumi config set service %s)", name, w.Service, name)
	}
	return nil
}
