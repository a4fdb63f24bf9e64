package kamalfiles

import "testing"

func TestProxy_EveryRolesOwnIsMergedAsKamalDoes(t *testing.T) {
	const admin = "service: running_calendar\nservers:\n  web:\n    - 192.0.2.1\n  admin:\n    hosts: [192.0.2.1]\n    proxy:\n      "
	checkShapes(t, []shape{
		{
			name: "another role has one host",
			file: admin + "host: admin.example.com\n",
			has:  []string{"proxy:\n  ssl: true\n  host: \"mxcorre.com,www.mxcorre.com\"\n", "      host: admin.example.com\n"},
		},
		{
			name: "and the root has several",
			file: admin + "host: admin.example.com\nproxy:\n  ssl: true\n  hosts: # all\n    - a.example.com\n    - b.example.com\n",
			has:  []string{"proxy:\n  ssl: true\n  host: \"mxcorre.com,www.mxcorre.com\" # all\n"},
		},
		{
			name: "another role has several",
			file: admin + "hosts: [admin.example.com]\nproxy:\n  host: a.example.com # main\n",
			with: func(w *Deploy) { w.Hosts = w.Hosts[:1] },
			has:  []string{"proxy:\n  hosts: # main\n    - mxcorre.com\n  ssl: true\n"},
		},
		{
			name: "the primary role's wins",
			file: "service: running_calendar\nservers:\n  web:\n    hosts: [192.0.2.1]\n    proxy:\n      ssl: false\n      host: a.example.com\n",
			has:  []string{"      ssl: true\n      hosts:\n        - mxcorre.com\n        - www.mxcorre.com\n"},
		},
		{
			name:  "the primary role has none",
			file:  "service: running_calendar\nservers:\n  web:\n    hosts: [192.0.2.1]\n    proxy: false\n",
			notes: []string{"line 5: `servers.web.proxy` is false, so the proxy does not lead to the app and nothing answers on ports 80 and 443; delete the line"},
		},
		{
			name:  "another role claims the site",
			file:  admin + "app_port: 4000\n",
			notes: []string{"line 8: the proxy leads to the role admin too, which has no host of its own, and Kamal rejects two roles with one host; give it `proxy: {host: ...}` or delete the line"},
		},
		{
			name: "a certificate of one's own",
			file: "service: running_calendar\nproxy:\n  ssl:\n    certificate_pem: CERT\n    private_key_pem: KEY\n",
			has:  []string{"  ssl:\n    certificate_pem: CERT\n    private_key_pem: KEY\n  hosts:\n"},
			notes: []string{
				"line 3: `proxy.ssl` names a certificate of your own, which stays; Cloudflare must find it valid for mxcorre.com and www.mxcorre.com; to have one obtained instead, write `ssl: true`",
			},
		},
		{
			name:  "a stub indented otherwise than the file",
			file:  "service: running_calendar\nproxy:\n    app_port: 3000\n  # ssl: true\n  # host: app.example.com\n",
			has:   []string{"proxy:\n    app_port: 3000\n    ssl: true\n    hosts:\n        - mxcorre.com\n        - www.mxcorre.com\n"},
			lacks: []string{"# ssl", "# host"},
		},
	})
}
