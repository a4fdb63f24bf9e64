package kamal

import (
	"context"
	"sync"

	"golang.org/x/crypto/ssh"
)

// pool keeps the connections of a run: what needs one takes a free one or opens
// another, and gives it back (SSHKit's ConnectionPool). So one host has as many
// connections as roles work on it at once.
type pool struct {
	connect func(ctx context.Context, host string) (*ssh.Client, error)

	mu   sync.Mutex
	free map[string][]*ssh.Client
	open []*ssh.Client
}

// with runs do with a connection to the host.
func (p *pool) with(ctx context.Context, host string, do func(*ssh.Client) error) error {
	client, err := p.take(ctx, host)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { client.Close() })
	defer stop()
	err = do(client)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free[host] = append(p.free[host], client)
	return err
}

func (p *pool) take(ctx context.Context, host string) (*ssh.Client, error) {
	p.mu.Lock()
	if free := p.free[host]; len(free) > 0 {
		client := free[len(free)-1]
		p.free[host] = free[:len(free)-1]
		p.mu.Unlock()
		return client, nil
	}
	p.mu.Unlock()
	client, err := p.connect(ctx, host)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open = append(p.open, client)
	return client, nil
}

// close ends all connections.
func (p *pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, client := range p.open {
		client.Close()
	}
	p.open, p.free = nil, map[string][]*ssh.Client{}
}
