package toolchain

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// pluginVersions are the published providers that the program's SDKs belong to.
var pluginVersions = map[string]string{
	"cloudflare": "v5.49.1",
	"command":    "v1.2.1",
	"hcloud":     "v1.32.0",
	"tls":        "v5.3.0",
}

// Plugins makes the published providers available in pulumiHome, from the
// developer's own Pulumi home, from PATH, or by installing them. It returns
// their versions, and the names of those that cannot be had here.
func Plugins(ctx context.Context, t *Toolchain, cacheDir, pulumiHome string) (published map[string]string, missing []string, err error) {
	published = map[string]string{}
	dir := filepath.Join(pulumiHome, "plugins")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, err
	}
	reachable := true
	for _, name := range slices.Sorted(maps.Keys(pluginVersions)) {
		version := pluginVersions[name]
		entry := "resource-" + name + "-" + version
		if own := filepath.Join(userHome(), "plugins", entry); exists(own) {
			// A copy: Pulumi passes over what is no directory, a link to one too.
			if err := os.CopyFS(filepath.Join(dir, entry), os.DirFS(own)); err != nil {
				return nil, nil, fmt.Errorf("copying the plugin %s: %w", entry, err)
			}
			published[name] = version
			continue
		}
		if _, err := exec.LookPath("pulumi-resource-" + name); err == nil {
			published[name] = "on PATH"
			continue
		}
		if reachable = reachable && install(ctx, t, cacheDir, pulumiHome, name, version); reachable {
			published[name] = version
			continue
		}
		missing = append(missing, name)
	}
	return published, missing, nil
}

// install tries to download a plugin. A network that cannot is remembered for a
// day: asking again costs every rehearsal some seconds.
func install(ctx context.Context, t *Toolchain, cacheDir, pulumiHome, name, version string) bool {
	refused := filepath.Join(cacheDir, "plugins-unreachable")
	if info, err := os.Stat(refused); err == nil && time.Since(info.ModTime()) < 24*time.Hour {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, 90*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(t.Path, "pulumi"), "plugin", "install", "resource", name, version)
	cmd.Env = append(os.Environ(), "PULUMI_HOME="+pulumiHome, "PULUMI_SKIP_UPDATE_CHECK=true")
	cmd.WaitDelay = time.Second
	if cmd.Run() == nil {
		return true
	}
	_ = os.WriteFile(refused, nil, 0o600) // at worst it is asked again
	return false
}

func userHome() string {
	if home := os.Getenv("PULUMI_HOME"); home != "" {
		return home
	}
	home, _ := os.UserHomeDir()
	return filepath.Join(home, ".pulumi")
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
