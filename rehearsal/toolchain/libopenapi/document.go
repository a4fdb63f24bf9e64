// Package libopenapi says that it is not there: see go.mod.
package libopenapi

import (
	"errors"

	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Document would be a parsed one.
type Document struct{}

// DocumentModel would be what a document describes.
type DocumentModel struct{ Model v3.Document }

// NewDocument always fails.
func NewDocument([]byte) (*Document, error) {
	return nil, errors.New("`pulumi api` is left out of the CLI that a rehearsal builds")
}

// BuildV3Model is never reached.
func (*Document) BuildV3Model() (*DocumentModel, error) { return nil, nil }
