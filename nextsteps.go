package main

import (
	"fmt"

	"github.com/pulumi/pulumi/sdk/v3/go/pulumi"

	"rails-on-hetzner/internal/settings"
)

// nextSteps says what to type once the server stands, in the order it is needed.
func nextSteps(s *settings.Settings, ip pulumi.StringOutput) pulumi.StringOutput {
	return ip.ApplyT(func(ip string) string {
		return fmt.Sprintf(`The server is ready. In this order
1. pulumi stack output sshHostKey >> ~/.ssh/known_hosts   (from now on its key is known)
2. cd %[1]s && git diff   (what changed in the app; commit it)
3. export KAMAL_REGISTRY_PASSWORD=...   (a GitHub token with write:packages and read:packages)
4. kamal setup   (the first deploy)
5. open https://%[2]s   (the server itself is %[3]s)
Later on there are kamal deploy, kamal console and kamal logs.`, s.AppPath, s.Domain, ip)
	}).(pulumi.StringOutput)
}
