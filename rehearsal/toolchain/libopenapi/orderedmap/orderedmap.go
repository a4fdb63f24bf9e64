// Package orderedmap has only empty maps.
package orderedmap

import "iter"

// Map holds nothing.
type Map[K comparable, V any] struct{}

func New[K comparable, V any]() *Map[K, V]       { return &Map[K, V]{} }
func Len[K comparable, V any](*Map[K, V]) int    { return 0 }
func (*Map[K, V]) Len() int                      { return 0 }
func (*Map[K, V]) Get(K) (v V, ok bool)          { return v, false }
func (*Map[K, V]) GetOrZero(K) (v V)             { return v }
func (*Map[K, V]) Set(K, V) (v V, replaced bool) { return v, false }
func (*Map[K, V]) Delete(K) (v V, found bool)    { return v, false }
func (*Map[K, V]) FromOldest() iter.Seq2[K, V]   { return func(func(K, V) bool) {} }
func (*Map[K, V]) KeysFromOldest() iter.Seq[K]   { return func(func(K) bool) {} }
