package hetzner

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// balancerSaying is Hetzner's answer about a load balancer of one server, whose state
// on port 443 is what it is told.
func balancerSaying(t *testing.T, status func() string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"load_balancer":{"id":7,"targets":[{"type":"server","server":{"id":1},"health_status":[{"listen_port":80,"status":"healthy"},{"listen_port":443,"status":"` + status() + `"}]}]}}`))
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestAwaitHealthy_ReturnsWhenOneServerIsWellOnThePort(t *testing.T) {
	var asked atomic.Int32
	endpoint := balancerSaying(t, func() string {
		if asked.Add(1) == 1 {
			return "unknown"
		}
		return "healthy"
	})
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := AwaitHealthy(ctx, "token", endpoint, 7, 443); err != nil || asked.Load() != 2 {
		t.Errorf("after %d questions: %v", asked.Load(), err)
	}
}

func TestAwaitHealthy_TellsWhenNobodyBecomesWell(t *testing.T) {
	endpoint := balancerSaying(t, func() string { return "unhealthy" })
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if err := AwaitHealthy(ctx, "token", endpoint, 7, 443); err == nil {
		t.Error("it found one well")
	}
}
