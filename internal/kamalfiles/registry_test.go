package kamalfiles

import "testing"

func TestRegistry_IsTheOneThatIsSet(t *testing.T) {
	local := func(w *Deploy) { w.Registry = Registry{Server: LocalRegistry} }
	const hangs = "the image goes to the server through an SSH connection from this machine, which was reported to hang on large layers (https://github.com/basecamp/kamal/issues/1886); if it does: pulumi config set registry ghcr.io"
	checkShapes(t, []shape{
		{
			name: "the server comes first",
			file: "service: running_calendar\nregistry:\n  username: me\n  password:\n    - TOKEN\n",
			has:  []string{"registry:\n  server: ghcr.io\n  username: octocat\n  password:\n    - KAMAL_REGISTRY_PASSWORD\n"},
		},
		{
			name:  "Rails 8.1's own",
			file:  "service: running_calendar\nimage: running_calendar\nregistry:\n  server: localhost:5555\n  # username: my-user\n",
			with:  local,
			has:   []string{"image: running_calendar\n", "registry:\n  server: localhost:5555\n  # username: my-user\n"},
			lacks: []string{"KAMAL_REGISTRY_PASSWORD"},
			notes: []string{"line 4: " + hangs},
		},
		{
			name:  "back to the local one",
			file:  "service: running_calendar\nimage: octocat/running_calendar\nregistry:\n  server: ghcr.io\n  username: octocat\n",
			with:  local,
			has:   []string{"image: octocat/running_calendar\n", "  server: localhost:5555\n  username: octocat\n"},
			notes: []string{"line 4: " + hangs},
		},
		{
			name: "another host, whose name of the image stays",
			file: "service: running_calendar\nimage: team/shop\nregistry:\n  server: registry.example.com/team\n  username: a\n  password: b\n",
			with: func(w *Deploy) { w.Registry = Registry{"registry.example.com", "AWS"} },
			has:  []string{"image: team/shop\n", "  server: registry.example.com/team\n  username: AWS\n  password:\n    - KAMAL_REGISTRY_PASSWORD\n"},
		},
		{
			name: "another host, doubled in the image",
			file: "service: running_calendar\nimage: docker.io/me/shop\n",
			with: func(w *Deploy) { w.Registry = Registry{"docker.io", "me"} },
			has:  []string{"image: me/shop\n", "registry:\n  server: docker.io\n  username: me\n"},
		},
	})
}
