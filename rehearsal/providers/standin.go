package providers

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"

	p "github.com/pulumi/pulumi-go-provider"
	presource "github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/property"
)

// values are a resource's properties as plain Go, named as the SDK names them.
type values map[string]any

// resource is how a stand-in serves one type.
type resource struct {
	replace []string // inputs whose change replaces the resource
	ignore  []string // inputs whose change is no difference
	secret  []string // outputs that are secret whatever went in
	inputs  []string // what an import takes over as inputs

	create func(ctx context.Context, in values) (id string, out values, err error)
	read   func(ctx context.Context, id string, state values) (out values, err error) // nil: gone
	update func(ctx context.Context, id string, old, in values) (out values, err error)
	delete func(ctx context.Context, id string, state values) error
}

// standIn is a provider made of such resources.
type standIn struct {
	configure func(config values) error
	resources map[string]resource // by type token
	functions map[string]func(ctx context.Context, in values) (values, error)
}

func (s standIn) provider() p.Provider {
	return p.Provider{
		GetSchema: func(context.Context, p.GetSchemaRequest) (p.GetSchemaResponse, error) {
			return p.GetSchemaResponse{Schema: "{}"}, nil
		},
		CheckConfig: func(_ context.Context, r p.CheckRequest) (p.CheckResponse, error) {
			return p.CheckResponse{Inputs: r.Inputs}, nil
		},
		DiffConfig: func(context.Context, p.DiffRequest) (p.DiffResponse, error) { return p.DiffResponse{}, nil },
		Configure: func(_ context.Context, r p.ConfigureRequest) error {
			if s.configure == nil {
				return nil
			}
			return s.configure(plain(r.Args))
		},
		Check: func(_ context.Context, r p.CheckRequest) (p.CheckResponse, error) {
			return p.CheckResponse{Inputs: r.Inputs}, nil
		},
		Diff:   s.diff,
		Create: s.create,
		Read:   s.read,
		Update: s.update,
		Delete: s.delete,
		Invoke: s.invoke,
	}
}

func (s standIn) find(urn presource.URN) (resource, error) {
	found, ok := s.resources[string(urn.Type())]
	if !ok {
		return found, fmt.Errorf("the stand-in has no resource %s", urn.Type())
	}
	return found, nil
}

func (s standIn) diff(_ context.Context, r p.DiffRequest) (p.DiffResponse, error) {
	served, err := s.find(r.Urn)
	if err != nil {
		return p.DiffResponse{}, err
	}
	before, after := plain(r.OldInputs), plain(r.Inputs)
	changes := map[string]p.PropertyDiff{}
	for _, key := range slices.Sorted(maps.Keys(union(before, after))) {
		if reflect.DeepEqual(before[key], after[key]) || slices.Contains(served.ignore, key) || slices.Contains(r.IgnoreChanges, key) {
			continue
		}
		kind := p.Update
		if slices.Contains(served.replace, key) || served.update == nil {
			kind = p.UpdateReplace
		}
		changes[key] = p.PropertyDiff{Kind: kind, InputDiff: true}
	}
	return p.DiffResponse{HasChanges: len(changes) > 0, DetailedDiff: changes}, nil
}

func (s standIn) create(ctx context.Context, r p.CreateRequest) (p.CreateResponse, error) {
	served, err := s.find(r.Urn)
	if err != nil {
		return p.CreateResponse{}, err
	}
	if r.DryRun { // what is not known yet stays unknown by being left out
		return p.CreateResponse{Properties: r.Properties}, nil
	}
	in := plain(r.Properties)
	id, out, err := served.create(ctx, in)
	if err != nil && id != "" {
		return p.CreateResponse{ID: id, Properties: served.outputs(r.Properties, out), PartialState: &p.InitializationFailed{Reasons: []string{err.Error()}}}, err
	}
	return p.CreateResponse{ID: id, Properties: served.outputs(r.Properties, out)}, err
}

func (s standIn) read(ctx context.Context, r p.ReadRequest) (p.ReadResponse, error) {
	served, err := s.find(r.Urn)
	if err != nil {
		return p.ReadResponse{}, err
	}
	if served.read == nil {
		return p.ReadResponse{ID: r.ID, Properties: r.Properties, Inputs: r.Inputs}, nil
	}
	out, err := served.read(ctx, r.ID, plain(r.Properties))
	if err != nil || out == nil {
		return p.ReadResponse{}, err
	}
	// What was asked for takes the value found, so that the next diff shows drift.
	found, inputs := from(out), r.Inputs
	wanted := served.inputs
	if inputs.Len() > 0 {
		wanted = slices.Collect(maps.Keys(inputs.AsMap()))
	}
	for _, key := range wanted {
		if value, ok := found.GetOk(key); ok {
			inputs = inputs.Set(key, value.WithSecret(inputs.Get(key).Secret()))
		}
	}
	id := r.ID
	if given, ok := out["id"].(string); ok {
		id = given
	}
	return p.ReadResponse{ID: id, Properties: served.outputs(inputs, out), Inputs: inputs}, nil
}

func (s standIn) update(ctx context.Context, r p.UpdateRequest) (p.UpdateResponse, error) {
	served, err := s.find(r.Urn)
	if err != nil {
		return p.UpdateResponse{}, err
	}
	if r.DryRun {
		return p.UpdateResponse{Properties: r.Inputs}, nil
	}
	out, err := served.update(ctx, r.ID, plain(r.State), plain(r.Inputs))
	return p.UpdateResponse{Properties: served.outputs(r.Inputs, out)}, err
}

func (s standIn) delete(ctx context.Context, r p.DeleteRequest) error {
	served, err := s.find(r.Urn)
	if err != nil || served.delete == nil {
		return err
	}
	return served.delete(ctx, r.ID, plain(r.Properties))
}

func (s standIn) invoke(ctx context.Context, r p.InvokeRequest) (p.InvokeResponse, error) {
	call, ok := s.functions[string(r.Token)]
	if !ok {
		return p.InvokeResponse{}, fmt.Errorf("the stand-in has no function %s", r.Token)
	}
	out, err := call(ctx, plain(r.Args))
	return p.InvokeResponse{Return: from(out)}, err
}

// outputs are the inputs and what was found, secret where an input of the same
// name is or holds a secret.
func (served resource) outputs(inputs property.Map, out values) property.Map {
	found := from(out)
	all := inputs
	for key, value := range found.All {
		if key == "id" {
			continue
		}
		hidden := slices.Contains(served.secret, key) || inputs.Get(key).HasSecrets()
		all = all.Set(key, value.WithSecret(hidden))
	}
	return all
}

// plain unwraps properties; unknown ones are left out.
func plain(m property.Map) values {
	unwrap := func(v presource.PropertyValue) (any, bool) {
		switch {
		case v.IsSecret():
			return v.SecretValue().Element.MapRepl(nil, nil), true
		case v.IsOutput():
			return v.OutputValue().Element.MapRepl(nil, nil), true
		case v.IsComputed():
			return nil, true
		}
		return nil, false
	}
	return presource.ToResourcePropertyMap(m).MapRepl(nil, unwrap)
}

func from(v values) property.Map {
	return presource.FromResourcePropertyMap(presource.NewPropertyMapFromMap(v))
}

func union(a, b values) values {
	all := maps.Clone(a)
	if all == nil {
		all = values{}
	}
	maps.Copy(all, b)
	return all
}

func (v values) text(key string) string {
	text, _ := v[key].(string)
	return text
}

func (v values) flag(key string) bool {
	flag, _ := v[key].(bool)
	return flag
}

func (v values) number(key string) int {
	number, _ := v[key].(float64)
	return int(number)
}

func (v values) list(key string) []any {
	list, _ := v[key].([]any)
	return list
}

func (v values) object(key string) values {
	object, _ := v[key].(map[string]any)
	return object
}

func (v values) labels(key string) map[string]string {
	labels := map[string]string{}
	for name, value := range v.object(key) {
		labels[name] = fmt.Sprint(value)
	}
	return labels
}
