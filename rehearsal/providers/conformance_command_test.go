package providers

import (
	"path/filepath"
	"strings"
	"testing"
)

const commandToken = "command:remote:Command"

// What the program's connections look like, and what can be different about them.
var (
	reach = map[string]any{"host": "HOST", "port": 2222.0, "user": "root", "privateKey": map[string]any{"secret": "PRIVATE"}, "hostKey": "HOSTKEY", "dialErrorLimit": 2.0, "perDialTimeout": 10.0}
	run   = map[string]any{"connection": reach, "create": "A='1' bash -s", "stdin": "say hello\n", "triggers": []any{"42", "after"}}
	quiet = changed(run, map[string]any{"addPreviousOutputInEnv": false})
)

func runWith(connection map[string]any) map[string]any {
	return changed(quiet, map[string]any{"connection": changed(reach, connection)})
}

var commandScenarios = []scenario{
	{"a command", commandToken, []step{
		{does: "create", inputs: run}, {does: "update", inputs: run}, {does: "refresh", inputs: run}, {does: "delete"},
	}},
	{"each input changes", commandToken, []step{
		{does: "create", inputs: quiet},
		{does: "update", inputs: changed(quiet, map[string]any{"create": "A='2' bash -s"})},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "say goodbye\n"})},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": map[string]any{"secret": "say goodbye\n"}})},
		{does: "update", inputs: changed(quiet, map[string]any{"triggers": []any{"43", "after"}})},
		{does: "update", inputs: changed(quiet, map[string]any{"triggers": []any{"42"}})},
		{does: "update", inputs: changed(quiet, map[string]any{"update": "bash -x -s"})},
		{does: "update", inputs: changed(quiet, map[string]any{"delete": "bash -c 'say gone'"})},
		{does: "update", inputs: changed(quiet, map[string]any{"logging": "none"})},
		{does: "update", inputs: runWith(map[string]any{"perDialTimeout": 11.0})},
		{does: "update", inputs: runWith(map[string]any{"host": "localhost"})},
		{does: "update", inputs: runWith(map[string]any{"user": "admin"})},
		{does: "update", inputs: runWith(map[string]any{"hostKey": nil})},
		{does: "delete"},
	}},
	{"the previous output goes into the environment", commandToken, []step{
		{does: "create", inputs: changed(run, map[string]any{"stdin": "say a\nsay b\nwarn c\n"})},
		{does: "update", inputs: changed(run, map[string]any{"stdin": "say d\n"})},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "say e\n"})},
	}},
	{"a command for updates and one for the end", commandToken, []step{
		{does: "create", inputs: changed(quiet, map[string]any{"update": "update", "delete": "delete"})},
		{does: "update", inputs: changed(quiet, map[string]any{"update": "update", "delete": "delete", "stdin": "say more\n"})},
		{does: "delete"},
	}},
	{"nothing to run", commandToken, []step{
		{does: "create", inputs: changed(quiet, map[string]any{"create": nil})}, {does: "update", inputs: changed(quiet, map[string]any{"create": nil, "stdin": "say x\n"})}, {does: "delete"},
	}},
	{"a command that fails", commandToken, []step{
		{does: "create", inputs: changed(quiet, map[string]any{"stdin": "say one\nwarn two\nfail 3\n"})},
		{does: "create", inputs: quiet},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "say one\nfail 1\n"})},
		{does: "update", inputs: quiet},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "cut\n"})},
	}},
	{"what is logged", commandToken, []step{
		{does: "create", inputs: changed(quiet, map[string]any{"stdin": "say one\nwarn two\n", "logging": "none"})},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "say one\nwarn two\n", "logging": "stderr"})},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "say one\nwarn two\n", "logging": "stdout"})},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "say one\nwarn two\n", "logging": "stdoutAndStderr"})},
		{does: "update", inputs: changed(quiet, map[string]any{"stdin": "say nothing\n", "logging": "nonsense"})},
	}},
	{"an environment", commandToken, []step{
		{does: "create", inputs: changed(quiet, map[string]any{"environment": map[string]any{"LANG": "C"}})},
		{does: "create", inputs: changed(quiet, map[string]any{"environment": map[string]any{"OTHER": "x"}})},
	}},
	{"another host key", commandToken, []step{{does: "create", inputs: runWith(map[string]any{"hostKey": "OTHERKEY"})}}},
	{"a host key of another type", commandToken, []step{{does: "create", inputs: runWith(map[string]any{"hostKey": "ECDSAKEY"})}}},
	{"a host key that is none", commandToken, []step{{does: "create", inputs: runWith(map[string]any{"hostKey": "nonsense"})}}},
	{"a private key that is none", commandToken, []step{{does: "create", inputs: runWith(map[string]any{"privateKey": "nonsense"})}}},
	{"a private key that the server does not know", commandToken, []step{{does: "create", inputs: runWith(map[string]any{"privateKey": map[string]any{"secret": "OTHERPRIVATE"}})}}},
	{"a server that answers late", commandToken, []step{{does: "create", inputs: quiet, first: late(2)}, {does: "create", inputs: quiet, first: late(3)}}},
	{"no limit of tries and none at all", commandToken, []step{
		{does: "create", inputs: runWith(map[string]any{"dialErrorLimit": -1.0}), first: late(4)},
		{does: "create", inputs: runWith(map[string]any{"dialErrorLimit": 0.0}), first: late(1)},
	}},
	{"a connection with nothing that is optional", commandToken, []step{
		{does: "create", inputs: changed(quiet, map[string]any{"connection": map[string]any{"host": "HOST"}, "create": nil})},
		{does: "create", inputs: changed(quiet, map[string]any{"connection": map[string]any{}})},
		{does: "create", inputs: changed(quiet, map[string]any{"connection": nil})},
		{does: "create", inputs: runWith(map[string]any{"nonsense": "x"})},
	}},
	{"an agent's socket that nobody listens on", commandToken, []step{
		{does: "create", inputs: runWith(map[string]any{"agentSocketPath": "STALE"})},
		{does: "create", inputs: runWith(map[string]any{"agentSocketPath": ""})},
	}},
	{"an agent beside a private key", commandToken, []step{
		{does: "create", inputs: runWith(map[string]any{"agentSocketPath": "AGENT"})},
		{does: "create", inputs: runWith(map[string]any{"agentSocketPath": "AGENT", "privateKey": nil})},
		{does: "create", inputs: runWith(map[string]any{"agentSocketPath": "AGENT", "privateKey": map[string]any{"secret": "OTHERPRIVATE"}, "dialErrorLimit": 0.0})},
	}},
	{"a preview before the host is known", commandToken, []step{
		{does: "preview", inputs: runWith(map[string]any{"host": "<unknown>", "hostKey": "<unknown>", "privateKey": "<unknown>"})},
		{does: "preview", inputs: quiet},
	}},
	{"a command is imported", commandToken, []step{{does: "import", id: "any", inputs: quiet}}},
}

func TestCommand_DoesWhatThePublishedProviderDoes(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", "")
	conforms(t, "command", "pulumi-command v1.2.1 on pulumi-go-provider v1.3.0", map[string]any{}, commandScenarios, func(t *testing.T, _ scenario) stage { return newHost(t) })
}

// An agent that is gone leaves its socket's name in the environment.
func TestCommand_StaleAgentInTheEnvironmentFailsAtOnce(t *testing.T) {
	t.Setenv("SSH_AUTH_SOCK", filepath.Join(t.TempDir(), "stale"))
	h := newHost(t)
	e := attach(t, "command")
	e.configure(t, map[string]any{})
	answers := e.play(t, scenario{"stale", commandToken, []step{{does: "create", inputs: quiet}}}, h)
	if a := answers[0]; !strings.Contains(a.Error, "no such file or directory") || len(a.Calls) > 0 || len(a.Logs) > 0 {
		t.Errorf("%s", indented(a))
	}
}
