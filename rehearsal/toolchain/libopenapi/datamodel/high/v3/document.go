// Package v3 has the names that `pulumi api` compiles with.
package v3

import (
	"github.com/pb33f/libopenapi/datamodel/high/base"
	"github.com/pb33f/libopenapi/orderedmap"
	"go.yaml.in/yaml/v4"
)

// Document would be a whole description.
type Document struct {
	Info       *base.Info
	Components *Components
	Paths      *Paths
}

// Components would be the schemas by name.
type Components struct {
	Schemas *orderedmap.Map[string, *base.SchemaProxy]
}

// Paths would be the operations by path.
type Paths struct {
	PathItems *orderedmap.Map[string, *PathItem]
}

// PathItem would be the operations of a path.
type PathItem struct {
	Get, Post, Put, Delete, Patch, Head, Options *Operation
}

// Operation would be a call.
type Operation struct {
	OperationId, Summary, Description string
	Tags                              []string
	Deprecated                        *bool
	Parameters                        []*Parameter
	RequestBody                       *RequestBody
	Responses                         *Responses
	Extensions                        *orderedmap.Map[string, *yaml.Node]
}

// Parameter would be one of a call's.
type Parameter struct {
	Name, In, Description string
	Required              *bool
	Schema                *base.SchemaProxy
}

// RequestBody would be what is sent.
type RequestBody struct {
	Content *orderedmap.Map[string, *MediaType]
}

// MediaType would be the form of a body.
type MediaType struct{ Schema *base.SchemaProxy }

// Responses would be the answers by code.
type Responses struct {
	Codes   *orderedmap.Map[string, *Response]
	Default *Response
}

// Response would be an answer.
type Response struct {
	Description string
	Content     *orderedmap.Map[string, *MediaType]
}
