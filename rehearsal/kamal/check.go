package kamal

import (
	"fmt"
	"regexp"
	"strings"
)

var serviceName = regexp.MustCompile(`(?i)^[a-z0-9_-]+$`)

// check is what Kamal makes sure of once all is read.
func (c *config) check() error {
	for _, key := range []string{"service", "registry"} {
		if c.root.get(key).isBlank() {
			return failed("Kamal::ConfigurationError", "Missing required configuration for %s", key)
		}
	}
	if c.image() == "" {
		return failed("Kamal::ConfigurationError", "Missing required configuration for image")
	}
	if version := c.root.get("minimum_version").text(); older(Version, version) {
		return failed("Kamal::ConfigurationError", "Current version is %s, minimum required is %s", Version, version)
	}
	if c.retainContainers() < 1 {
		return failed("Kamal::ConfigurationError", "Must retain at least 1 container")
	}
	if !c.root.has("servers") {
		return failed("Kamal::ConfigurationError", "No servers or accessories specified")
	}
	primary := c.role(c.primaryRoleName())
	switch {
	case primary == nil:
		return failed("Kamal::ConfigurationError", "The primary_role %s isn't defined", c.primaryRoleName())
	case len(primary.hosts()) == 0:
		return failed("Kamal::ConfigurationError", "No servers specified for the %s primary_role", primary.name)
	}
	for _, r := range c.roles {
		if len(r.hosts()) == 0 && !c.root.get("allow_empty_roles").isTrue() {
			return failed("Kamal::ConfigurationError", "No servers specified for the %s role. You can ignore this with allow_empty_roles: true", r.name)
		}
		if p := r.proxy(); p != nil && p.ssl() && len(r.hosts()) > 1 && !p.customCertificate() {
			return failed("Kamal::ConfigurationError", "SSL is only supported on a single server unless you provide custom certificates, found %d servers for role %s", len(r.hosts()), r.name)
		}
	}
	if !serviceName.MatchString(c.service()) {
		return failed("Kamal::ConfigurationError", "Service name can only include alphanumeric characters, hyphens, and underscores")
	}
	if c.root.get("require_destination").isTrue() && c.destination == "" {
		return failed("ArgumentError", "You must specify a destination")
	}
	return nil
}

// checkKnown refuses what Kamal would do and nothing here does.
func (c *config) checkKnown() error {
	for _, path := range [][]string{{"ssh", "proxy"}, {"ssh", "proxy_command"}, {"ssh", "key_data"}, {"ssh", "config"}, {"output"}} {
		if !c.root.get(path...).isBlank() {
			return fmt.Errorf("config/deploy.yml: %s: the rehearsal's stand-in for Kamal %s does not do that", strings.Join(path, "/"), Version)
		}
	}
	return nil
}
