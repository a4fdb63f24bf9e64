package providers

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/util/rpcutil/rpcerror"
	rpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"
)

// engine does to one provider what Pulumi's does.
type engine struct {
	rpc.UnimplementedEngineServer
	provider rpc.ResourceProviderClient
	secrets  bool

	mutex sync.Mutex
	logs  []string
}

// attach serves the stand-in, or starts the plugin to be recorded.
func attach(t *testing.T, name string) *engine {
	t.Helper()
	e := &engine{}
	ctx, stop := context.WithCancel(context.Background())
	t.Cleanup(stop)
	listening, err := serveOn(ctx, func(s *grpc.Server) { rpc.RegisterEngineServer(s, e) })
	must(t, err)
	port := 0
	if *record != "" {
		port = startPlugin(t, fmt.Sprintf("127.0.0.1:%d", listening))
	} else {
		ports, stop, err := Serve(ctx, []string{name})
		must(t, err)
		t.Cleanup(stop)
		port = ports[name]
	}
	conn, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", port), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(64<<20)))
	must(t, err)
	t.Cleanup(func() { conn.Close() })
	e.provider = rpc.NewResourceProviderClient(conn)
	_, err = e.provider.Attach(ctx, &rpc.PluginAttach{Address: fmt.Sprintf("127.0.0.1:%d", listening)})
	must(t, err)
	return e
}

// startPlugin is how every plugin starts: it prints its port.
func startPlugin(t *testing.T, engine string) int {
	t.Helper()
	plugin := exec.Command(*record, engine)
	plugin.Stderr = os.Stderr
	out, err := plugin.StdoutPipe()
	must(t, err)
	must(t, plugin.Start())
	t.Cleanup(func() { plugin.Process.Kill(); plugin.Wait() })
	line, err := bufio.NewReader(out).ReadString('\n')
	must(t, err)
	port, err := strconv.Atoi(strings.TrimSpace(line))
	must(t, err)
	return port
}

func (e *engine) Log(_ context.Context, r *rpc.LogRequest) (*emptypb.Empty, error) {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	text := strings.ToLower(r.Severity.String()) + ": " + r.Message
	if r.Ephemeral {
		text = "for a moment, " + text
	}
	if r.Severity != rpc.LogSeverity_DEBUG {
		e.logs = append(e.logs, text)
	}
	return &emptypb.Empty{}, nil
}

func (e *engine) logged() []string {
	e.mutex.Lock()
	defer e.mutex.Unlock()
	logs := e.logs
	e.logs = nil
	return logs
}

func (e *engine) configure(t *testing.T, config map[string]any) {
	t.Helper()
	ctx := context.Background()
	properties := wire(config)
	checked, err := e.provider.CheckConfig(ctx, &rpc.CheckRequest{Urn: "urn:pulumi:s::p::pulumi:providers:x::default", News: properties})
	must(t, err)
	for _, failure := range checked.Failures {
		t.Fatal(failure.Reason)
	}
	answer, err := e.provider.Configure(ctx, &rpc.ConfigureRequest{Args: checked.Inputs, AcceptSecrets: true, AcceptResources: true, SendsOldInputs: true, SendsOldInputsToDelete: true})
	must(t, err)
	e.secrets = answer.AcceptSecrets
	e.logged()
}

// played is what the engine remembers of a resource.
type played struct {
	urn, id       string
	inputs, state *structpb.Struct
	partly        bool // made and not whole: updated whether or not there is a difference
}

func (e *engine) play(t *testing.T, s scenario, on stage) []answer {
	t.Helper()
	on.calls()
	r := &played{urn: "urn:pulumi:stack::project::" + s.token + "::name"}
	var answers []answer
	for _, step := range s.steps {
		if step.first != nil {
			step.first(on)
			on.calls()
		}
		var inputs map[string]any
		must(t, json.Unmarshal([]byte(on.actual(string(indented(step.inputs)))), &inputs))
		a := answer{Does: step.does}
		if err := e.do(&a, step, s.token, r, wire(inputs), on); err != nil {
			a.fail(err)
		}
		a.Calls, a.Logs = on.calls(), e.logged()
		answers = append(answers, a)
	}
	var usual []answer
	must(t, json.Unmarshal([]byte(kinds(on.usual(string(indented(answers))))), &usual))
	return usual
}

// do leads one step as the engine does, and stops where the engine would.
func (e *engine) do(a *answer, s step, token string, r *played, wanted *structpb.Struct, on stage) error {
	ctx := context.Background()
	switch s.does {
	case "preview":
		checked, err := e.check(a, r, wanted)
		if err != nil || checked == nil {
			return err
		}
		planned, err := e.provider.Create(ctx, &rpc.CreateRequest{Urn: r.urn, Properties: checked, Preview: true, Name: "name", Type: token})
		if err != nil {
			return err
		}
		a.Inputs, a.State = shown(checked), shown(planned.Properties)
		return nil
	case "create":
		checked, err := e.check(a, r, wanted)
		if err != nil || checked == nil {
			return err
		}
		made, err := e.provider.Create(ctx, &rpc.CreateRequest{Urn: r.urn, Properties: checked, Timeout: s.within, Name: "name", Type: token})
		if err != nil {
			r.initFailed(a, err, checked)
			return err
		}
		r.id, r.inputs, r.state = made.Id, checked, made.Properties
	case "update":
		checked, err := e.check(a, r, wanted)
		if err != nil || checked == nil {
			return err
		}
		if err := e.diff(a, r, checked); err != nil || a.Diff.Changes != "DIFF_SOME" && !r.partly || len(a.Diff.Replaces) > 0 {
			return err
		}
		r.partly = false
		changed, err := e.provider.Update(ctx, &rpc.UpdateRequest{Id: r.id, Urn: r.urn, Olds: r.state, News: checked, OldInputs: r.inputs, Timeout: s.within, Name: "name", Type: token})
		if err != nil {
			r.initFailed(a, err, checked)
			return err
		}
		r.inputs, r.state = checked, changed.Properties
	case "refresh", "import":
		asked := &rpc.ReadRequest{Id: r.id, Urn: r.urn, Inputs: r.inputs, Properties: r.state, Name: "name", Type: token}
		if s.does == "import" {
			asked.Inputs, asked.Properties = nil, nil
		}
		if s.id != "" {
			asked.Id = on.actual(strings.ReplaceAll(s.id, "ID", r.id))
		}
		found, err := e.provider.Read(ctx, asked)
		if err != nil {
			return err
		}
		r.id, r.inputs, r.state = found.Id, found.Inputs, found.Properties
		if r.id == "" {
			r.inputs, r.state = nil, nil
			return nil
		}
		a.show(r)
		if s.inputs == nil {
			return nil
		}
		checked, err := e.check(a, r, wanted)
		if err != nil || checked == nil {
			return err
		}
		return e.diff(a, r, checked)
	case "delete":
		_, err := e.provider.Delete(ctx, &rpc.DeleteRequest{Id: r.id, Urn: r.urn, Properties: r.state, OldInputs: r.inputs, Name: "name", Type: token})
		return err
	case "invoke":
		found, err := e.provider.Invoke(ctx, &rpc.InvokeRequest{Tok: token, Args: wanted})
		if err != nil {
			return err
		}
		for _, failure := range found.Failures {
			a.Failures = append(a.Failures, failure.Property+": "+failure.Reason)
		}
		slices.Sort(a.Failures)
		a.State = shown(found.Return)
		return nil
	}
	a.show(r)
	return nil
}

func (e *engine) check(a *answer, r *played, wanted *structpb.Struct) (*structpb.Struct, error) {
	checked, err := e.provider.Check(context.Background(), &rpc.CheckRequest{Urn: r.urn, Olds: r.inputs, News: wanted, RandomSeed: make([]byte, 32), Name: "name"})
	if err != nil {
		return nil, err
	}
	for _, failure := range checked.Failures {
		a.Failures = append(a.Failures, strings.TrimPrefix(failure.Property+": "+failure.Reason, ": "))
	}
	slices.Sort(a.Failures) // they come in any order
	if len(checked.Failures) > 0 {
		return nil, nil
	}
	return checked.Inputs, nil
}

func (e *engine) diff(a *answer, r *played, wanted *structpb.Struct) error {
	found, err := e.provider.Diff(context.Background(), &rpc.DiffRequest{Id: r.id, Urn: r.urn, Olds: r.state, News: wanted, OldInputs: r.inputs, Name: "name"})
	if err != nil {
		return err
	}
	a.Diff = &diff{Changes: found.Changes.String(), DeleteFirst: found.DeleteBeforeReplace, Replaces: slices.Compact(slices.Sorted(slices.Values(found.Replaces)))}
	a.Diff.Details = map[string]string{}
	for path, detail := range found.DetailedDiff {
		a.Diff.Details[path] = detail.Kind.String()
	}
	return nil
}

// show notes how the resource is now remembered.
func (a *answer) show(r *played) {
	a.ID, a.Inputs, a.State = r.id, shown(r.inputs), shown(r.state)
}

func (a *answer) fail(err error) {
	a.Error = strings.TrimPrefix(err.Error(), "rpc error: code = Unknown desc = ")
}

// initFailed remembers a resource that was made and is not whole.
func (r *played) initFailed(a *answer, err error, inputs *structpb.Struct) {
	refused, ok := rpcerror.FromError(err)
	if !ok {
		return
	}
	for _, detail := range refused.Details() {
		if partly, ok := detail.(*rpc.ErrorResourceInitFailed); ok {
			r.id, r.inputs, r.state, r.partly, a.Partial = partly.Id, inputs, partly.Properties, true, partly.Reasons
			a.show(r)
		}
	}
}
