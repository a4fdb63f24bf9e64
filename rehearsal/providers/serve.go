// Package providers serves what the published Pulumi plugins would, where those
// cannot be had: for hcloud the same code, and for the others stand-ins written
// from their sources, on the same foundations. The conformance tests hold each
// to what the published one was seen to do.
package providers

import (
	"context"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"

	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
)

// providers claim the versions of the published ones: the engine warns about
// others.
var providers = map[string]struct {
	version string
	make    func(ctx context.Context, version string) (rpc.ResourceProviderServer, error)
}{
	"cloudflare": {"5.49.1", newCloudflare},
	"command":    {"1.2.1", newCommand},
	"hcloud":     {"1.39.1", newHcloud},
	"tls":        {"5.3.0", newTLS},
}

// Serve starts the named providers on free ports of 127.0.0.1, to be attached
// with PULUMI_DEBUG_PROVIDERS.
func Serve(ctx context.Context, names []string) (ports map[string]int, stop func(), err error) {
	ctx, stop = context.WithCancel(ctx)
	ports = map[string]int{}
	for _, name := range names {
		chosen, known := providers[name]
		if !known {
			stop()
			return nil, nil, fmt.Errorf("the rehearsal has no provider %q, only %s", name, strings.Join(slices.Sorted(maps.Keys(providers)), ", "))
		}
		provider, err := chosen.make(ctx, chosen.version)
		if err == nil {
			ports[name], err = serveOn(ctx, func(server *grpc.Server) { rpc.RegisterResourceProviderServer(server, provider) })
		}
		if err != nil {
			stop()
			return nil, nil, fmt.Errorf("serving the provider %s: %w", name, err)
		}
	}
	return ports, stop, nil
}

// serveOn serves what is registered on a free port of loopback.
func serveOn(ctx context.Context, register func(*grpc.Server)) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(64 << 20)) // states are larger than gRPC expects
	register(server)
	context.AfterFunc(ctx, server.Stop)
	go server.Serve(listener) // ends with Stop
	return listener.Addr().(*net.TCPAddr).Port, nil
}
