package kamalfiles

func (w Deploy) image() string { return w.GitHubUser + "/" + w.Service }

func (w Deploy) name(d *document) error { return d.require(word(w.image()), "image") }
