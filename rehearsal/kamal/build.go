package kamal

// buildAndPush is where Kamal builds the image and pushes it
// (lib/kamal/cli/build.rb): the caller's Push does it, between the same hooks.
// What Kamal does with a local Docker (its version, a login, a builder, a clone
// of the repository) is not done.
func (r *run) buildAndPush() error {
	if err := r.preConnect(); err != nil {
		return err
	}
	if r.io.Push == nil {
		return failed("Kamal::Cli::DependencyError", "Docker is not installed locally: this stand-in builds no image; push it by other means and give --skip-push")
	}
	if err := r.hook("pre-build", false, nil); err != nil {
		return err
	}
	if err := r.io.Push(r.ctx, r.config.absoluteImage()); err != nil {
		return failed("Kamal::Cli::Build::BuildError", "%v", err)
	}
	return nil
}

// pullImage has the servers pull the version's image, whatever they have of it.
func (r *run) pullImage() error {
	registry := r.config.registry()
	if !registry.local() {
		if err := r.on(r.appHosts, func(h *remote) error { return h.login(registry) }); err != nil {
			return err
		}
	}
	return r.on(r.appHosts, func(h *remote) error {
		if err := h.audit("", "Pulled image with version %s", r.config.version()); err != nil {
			return err
		}
		if _, err := h.try(r.config.removeImage()); err != nil {
			return err
		}
		return h.steps(r.config.pullImage(), r.config.validateImage())
	})
}
