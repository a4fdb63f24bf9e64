package kamalfiles

import "testing"

func TestServers_WhatStoodBesideThePrimaryRoleMovesAndTheRestIsToldOf(t *testing.T) {
	checkShapes(t, []shape{
		{
			name: "beside it",
			file: "service: running_calendar\nservers:\n  web:\n    - old.example.com # the box\n  job:\n    hosts:\n      - old.example.com\naccessories:\n  redis:\n    image: redis:7\n    host: old.example.com\n",
			has:  []string{"    - 203.0.113.7 # the box\n  job:\n    hosts:\n      - 203.0.113.7\n", "image: redis:7\n    host: 203.0.113.7\n"},
		},
		{
			name: "elsewhere, by address and by name",
			file: "service: running_calendar\nservers:\n  web:\n    - 192.0.2.1\n  job:\n    hosts:\n      - 192.0.2.2\naccessories:\n  redis:\n    image: redis:7\n    host: redis.example.com\nbuilder:\n  remote: ssh://root@192.0.2.1\n",
			notes: []string{
				"line 7: the role job is on 192.0.2.2, which is not this stack's server; if it is to be there too, write 203.0.113.7",
				"line 11: the accessory redis is on redis.example.com, which is not this stack's server; if it is to be there too, write 203.0.113.7",
				"line 13: the image is built on ssh://root@192.0.2.1, which is not this stack's server; if that is the old one, write ssh://root@203.0.113.7",
			},
		},
		{
			name: "a placeholder",
			file: "service: running_calendar\nservers:\n  web:\n    - <your-server-ip>\n",
			has:  []string{"    - 203.0.113.7\n"},
		},
		{
			name: "one that YAML takes for a number",
			file: "service: running_calendar\nservers:\n  - 192.168: tag\n",
			has:  []string{"  - 203.0.113.7: tag\n"},
		},
		{
			name: "several",
			file: "service: running_calendar\nservers:\n  web:\n    - 192.0.2.1\n    - 192.0.2.2\n",
			said: "line 3: 2 hosts are listed, and this stack has one server; for as many: pulumi config set webServers 2",
		},
	})
}
