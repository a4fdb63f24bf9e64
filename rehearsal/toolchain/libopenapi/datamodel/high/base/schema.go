// Package base has the names that `pulumi api` compiles with.
package base

import (
	"errors"

	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Schema would describe a value.
type Schema struct {
	Type                                     []string
	Format, Description                      string
	Pattern                                  string
	ReadOnly, WriteOnly                      *bool
	MinLength, MaxLength, MinItems, MaxItems *int64
	Minimum, Maximum, MultipleOf             *float64
	Default                                  *yaml.Node
	Enum                                     []*yaml.Node
	Required                                 []string
	Nullable                                 *bool
	Properties                               *orderedmap.Map[string, *SchemaProxy]
	AllOf, OneOf, AnyOf                      []*SchemaProxy
	Items                                    *DynamicValue[*SchemaProxy, bool]
	AdditionalProperties                     *DynamicValue[*SchemaProxy, bool]
	Discriminator                            *Discriminator
	Extensions                               *orderedmap.Map[string, *yaml.Node]
}

// Discriminator would choose one of several schemas.
type Discriminator struct {
	PropertyName string
	Mapping      *orderedmap.Map[string, string]
}

// DynamicValue would be one of two things.
type DynamicValue[A, B any] struct {
	A A
	B B
}

// Info would say what a document is about.
type Info struct{ Version string }

// SchemaProxy would lead to a schema.
type SchemaProxy struct{}

// Low would be what a schema was read from.
type Low struct{}

func (*DynamicValue[A, B]) IsA() bool { return false }
func (*SchemaProxy) Schema() *Schema  { return nil }
func (*Schema) GoLow() *Low           { return nil }
func (*Low) Hash() uint64             { return 0 }

// MarshalJSONInline always fails.
func (*Schema) MarshalJSONInline() ([]byte, error) { return nil, errors.New("there is no schema") }
