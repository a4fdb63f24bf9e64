package kamal

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"
)

// The commands about a server: Docker, registry, image, lock, audit log, pruning
// (lib/kamal/commands/{docker,registry,builder/base,lock,auditor,prune,server}.rb).

func makeDirectory(path string) string   { return "mkdir -p " + path }
func removeDirectory(path string) string { return "rm -r " + path }

const (
	dockerInstalled = "docker -v"
	superuser       = `[ "${EUID:-$(id -u)}" -eq 0 ] || sudo -nl usermod >/dev/null`
	isRoot          = `[ "${EUID:-$(id -u)}" -eq 0 ]`
	inDockerGroup   = `id -nG "${USER:-$(id -un)}" | grep -qw docker`
	joinDockerGroup = `sudo -n usermod -aG docker "${USER:-$(id -un)}"`
	refreshSession  = "kill -HUP $PPID"
	createNetwork   = "docker network create kamal"
)

func installDocker() string {
	return pipe(inShell(`curl -fsSL https://get.docker.com || wget -O - https://get.docker.com || echo "exit 1"`), "sh")
}

// login has user and password in the command itself; shown is how it is printed.
func (r registry) login() (command, shown string, err error) {
	user, err := r.lookup("username")
	if err != nil {
		return "", "", err
	}
	password, err := r.lookup("password")
	if err != nil {
		return "", "", err
	}
	to := docker("login", r.server())
	// Not words(): an empty password leaves its place empty.
	return to + " -u " + quoted(user) + " -p " + quoted(password), to + " -u [REDACTED] -p [REDACTED]", nil
}

func (r registry) logout() string { return docker("logout", r.server()) }

func (c *config) removeImage() string { return docker("image rm --force", c.absoluteImage()) }
func (c *config) pullImage() string   { return docker("pull", c.absoluteImage()) }
func (c *config) validateImage() string {
	return pipe(docker("inspect -f '{{ .Config.Labels.service }}'", c.absoluteImage()),
		"grep -x "+c.service()+` || (echo "Image `+c.absoluteImage()+` is missing the 'service' label" && exit 1)`)
}

func (c *config) lockDirectory() string {
	return runDirectory + "/" + dashed("lock", c.service(), c.destination)
}

// acquireLock makes a directory, which only one can, and says in it who did.
func (c *config) acquireLock(message string, now time.Time) string {
	by := c.git.says("config", "user.name")
	details := fmt.Sprintf("Locked by: %s at %s\nVersion: %s\nMessage: %s", by, timestamp(now), c.version(), message)
	return all("mkdir "+c.lockDirectory(), `echo "`+base64Lines(details)+`" > `+c.lockDirectory()+"/details")
}

// base64Lines is base64 in lines of 60 characters, each with its end (Ruby's
// Base64.encode64).
func base64Lines(text string) string {
	var out strings.Builder
	encoded := base64.StdEncoding.EncodeToString([]byte(text))
	for len(encoded) > 60 {
		out.WriteString(encoded[:60] + "\n")
		encoded = encoded[60:]
	}
	return out.String() + encoded + "\n"
}

func (c *config) releaseLock() string {
	return all("rm "+c.lockDirectory()+"/details", "rm -r "+c.lockDirectory())
}

func (c *config) lockStatus() string {
	return all("stat "+c.lockDirectory()+" > /dev/null", pipe("cat "+c.lockDirectory()+"/details", "base64 -d"))
}

func (c *config) auditLog() string {
	return runDirectory + "/" + dashed(c.service(), c.destination, "audit.log")
}

// record notes in the server's audit log who did what; about is a role, or "".
func (c *config) record(line, about string, now time.Time) string {
	tags := []string{}
	for _, tag := range []string{timestamp(now), c.git.performer(), c.destination, about} {
		if tag != "" {
			tags = append(tags, "["+tag+"]")
		}
	}
	return all(makeDirectory(runDirectory), "echo "+quoted(strings.Join(tags, " ")+" "+line)+" >> "+c.auditLog())
}

func timestamp(now time.Time) string { return now.UTC().Format("2006-01-02T15:04:05Z") }

func (c *config) pruneContainers(retain int) string {
	return pipe(docker("ps -q -a", c.serviceFilter(), "--filter status=created --filter status=exited --filter status=dead"),
		fmt.Sprintf("tail -n +%d", retain+1), "while read container_id; do docker rm $container_id; done")
}

func (c *config) serviceFilter() string { return "--filter label=service=" + c.service() }

func (c *config) pruneDangling() string { return docker("image prune --force", c.serviceFilter()) }

// pruneTagged removes the images that no container is of, but for the latest.
func (c *config) pruneTagged() string {
	active := `$(docker container ls -a --format '{{.Image}}\|' ` + c.serviceFilter() + ` | tr -d '\n')` + c.latestImage() + `\|` + c.repository() + ":<none>"
	return pipe(docker("image ls", c.serviceFilter(), "--format '{{.ID}} {{.Repository}}:{{.Tag}}'"),
		`grep -v -w "`+active+`"`, "while read image tag; do docker rmi $tag; done")
}
