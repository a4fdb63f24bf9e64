package providers

import (
	"context"
	"fmt"
	"net"
	"os"
	"time"

	p "github.com/pulumi/pulumi-go-provider"
	"github.com/pulumi/pulumi-go-provider/infer"
	"github.com/pulumi/pulumi/sdk/v3/go/common/util/retry"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// connection is how a command reaches its host. The published provider also
// knows passwords and proxies.
type connection struct {
	User            *string  `pulumi:"user,optional"`
	Host            *string  `pulumi:"host"`
	Port            *float64 `pulumi:"port,optional"`
	PrivateKey      *string  `pulumi:"privateKey,optional" provider:"secret"`
	AgentSocketPath *string  `pulumi:"agentSocketPath,optional"`
	DialErrorLimit  *int     `pulumi:"dialErrorLimit,optional"` // -1: none
	PerDialTimeout  *int     `pulumi:"perDialTimeout,optional"` // seconds
	HostKey         *string  `pulumi:"hostKey,optional"`
}

func (c *connection) Annotate(a infer.Annotator) {
	a.SetToken("remote", "Connection")
	a.SetDefault(&c.User, "root")
	a.SetDefault(&c.Port, 22)
	a.SetDefault(&c.DialErrorLimit, 10)
	a.SetDefault(&c.PerDialTimeout, 15)
}

// dial tries once more than dialErrorLimit, whatever the error: another host key
// too is an error of dialling. A server that takes the connection and says
// nothing holds it up for ever.
func (c *connection) dial(ctx context.Context) (*ssh.Client, error) {
	config, err := c.config()
	if err != nil {
		return nil, err
	}
	address := net.JoinHostPort(*c.Host, fmt.Sprint(int(*c.Port)))
	limit, shown := *c.DialErrorLimit, fmt.Sprint(*c.DialErrorLimit)
	if limit == -1 {
		shown = "inf"
	}
	done, client, err := retry.Until(ctx, retry.Acceptor{Accept: func(failed int, _ time.Duration) (bool, any, error) {
		client, err := ssh.Dial("tcp", address, config)
		switch {
		case err == nil:
			return true, client, nil
		case limit > -1 && failed+1 > limit:
			return true, nil, fmt.Errorf("after %d failed attempts: %w", failed, err)
		}
		p.GetLogger(ctx).InfoStatusf("Dial %d/%s failed: retrying", failed+1, shown)
		return false, nil, nil
	}})
	if err != nil {
		return nil, err
	}
	if !done {
		return nil, ctx.Err()
	}
	return client.(*ssh.Client), nil
}

func (c *connection) config() (*ssh.ClientConfig, error) {
	config := &ssh.ClientConfig{User: *c.User, Timeout: time.Duration(*c.PerDialTimeout) * time.Second, HostKeyCallback: ssh.InsecureIgnoreHostKey()}
	if c.HostKey != nil {
		wanted, _, _, _, err := ssh.ParseAuthorizedKey([]byte(*c.HostKey))
		if err != nil {
			return nil, fmt.Errorf("failed to parse host key: %w", err)
		}
		config.HostKeyCallback, config.HostKeyAlgorithms = ssh.FixedHostKey(wanted), []string{wanted.Type()}
	}
	if c.PrivateKey != nil {
		signer, err := ssh.ParsePrivateKey([]byte(*c.PrivateKey))
		if err != nil {
			return nil, err
		}
		config.Auth = append(config.Auth, ssh.PublicKeys(signer))
	}
	return config, c.addAgent(config)
}

// addAgent adds the keys of the agent, if one is named. One that is named and
// does not answer is an error, even though the agent's keys are never tried
// after a private key: they are the same method.
func (c *connection) addAgent(config *ssh.ClientConfig) error {
	socket := os.Getenv("SSH_AUTH_SOCK")
	if c.AgentSocketPath != nil {
		socket = *c.AgentSocketPath
	} else if socket == "" {
		return nil
	}
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return err
	}
	config.Auth = append(config.Auth, ssh.PublicKeysCallback(agent.NewClient(conn).Signers))
	return nil
}
