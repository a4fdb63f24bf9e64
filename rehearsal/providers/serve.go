// Package providers stands in for the published Pulumi provider plugins where
// those cannot be had. They are thin: hcloud and cloudflare call the APIs
// through the vendors' own Go clients, tls and command do the work themselves.
package providers

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	p "github.com/pulumi/pulumi-go-provider"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// standIns claim the versions of the published providers they stand in for:
// the engine warns about others.
var standIns = map[string]struct {
	version string
	make    func() standIn
}{
	"cloudflare": {"5.49.1", newCloudflare},
	"command":    {"1.2.1", newCommand},
	"hcloud":     {"1.32.0", newHcloud},
	"tls":        {"5.3.0", newTLS},
}

// Serve starts the named stand-ins on free ports of 127.0.0.1, to be attached
// with PULUMI_DEBUG_PROVIDERS.
func Serve(ctx context.Context, names []string) (ports map[string]int, stop func(), err error) {
	ctx, stop = context.WithCancel(ctx)
	ports = map[string]int{}
	for _, name := range names {
		chosen, known := standIns[name]
		if !known {
			stop()
			return nil, nil, fmt.Errorf("there is no stand-in for the provider %q, only for %s", name, strings.Join(slices.Sorted(maps.Keys(standIns)), ", "))
		}
		port, err := serve(ctx, name, chosen.version, chosen.make())
		if err != nil {
			stop()
			return nil, nil, fmt.Errorf("serving the stand-in for %s: %w", name, err)
		}
		ports[name] = port
	}
	return ports, stop, nil
}

func serve(ctx context.Context, name, version string, s standIn) (int, error) {
	provider, err := p.RawServer(name, version, s.provider())(nil)
	if err != nil {
		return 0, err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20)) // states are larger than gRPC expects
	rpc.RegisterResourceProviderServer(server, provider)
	context.AfterFunc(ctx, server.Stop)
	go server.Serve(listener) // ends with Stop
	return listener.Addr().(*net.TCPAddr).Port, nil
}
