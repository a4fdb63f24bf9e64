package cloud

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/hetznercloud/hcloud-go/v2/hcloud/schema"
)

// kind is one kind of thing that Hetzner's API lists and gets.
type kind[T any] struct {
	one, many string // its names in paths and answers
	all       func() []T
	id        func(T) int64
	filters   map[string]func(T) string // query parameter -> what it must equal
	labels    func(T) map[string]string // optional
}

func (k kind[T]) routes() map[string]handle {
	return map[string]handle{"GET /v1/" + k.many: k.list, "GET /v1/" + k.many + "/{id}": k.get}
}

func (k kind[T]) get(r *http.Request) (answer, error) {
	wanted, err := pathID(r)
	if err != nil {
		return answer{}, err
	}
	for _, thing := range k.all() {
		if k.id(thing) == wanted {
			return answer{body: map[string]any{k.one: thing}}, nil
		}
	}
	return answer{}, notFound(k.one)
}

// list answers with one page of the things that the query asks for.
func (k kind[T]) list(r *http.Request) (answer, error) {
	query := r.URL.Query()
	things := slices.Clone(k.all())
	for parameter, value := range k.filters {
		if query.Has(parameter) {
			things = slices.DeleteFunc(things, func(t T) bool { return !slices.Contains(query[parameter], value(t)) })
		}
	}
	if query.Has("label_selector") && k.labels != nil {
		matches, err := labelSelector(query.Get("label_selector"))
		if err != nil {
			return answer{}, err
		}
		things = slices.DeleteFunc(things, func(t T) bool { return !matches(k.labels(t)) })
	}
	slices.SortFunc(things, func(a, b T) int { return cmp.Compare(k.id(a), k.id(b)) })
	page, perPage := number(query, "page", 1), min(number(query, "per_page", 25), 50)
	part, last := paginate(things, page, perPage)
	meta := schema.MetaPagination{Page: page, PerPage: perPage, LastPage: last, TotalEntries: len(things), PreviousPage: page - 1}
	if page < last {
		meta.NextPage = page + 1
	}
	return answer{body: map[string]any{k.many: part, "meta": schema.Meta{Pagination: &meta}}}, nil
}

// paginate returns a page, counted from 1, and the number of the last one.
func paginate[T any](things []T, page, perPage int) (part []T, last int) {
	start := min((page-1)*perPage, len(things))
	end := min(start+perPage, len(things))
	return append([]T{}, things[start:end]...), max(1, (len(things)+perPage-1)/perPage)
}

func number(query url.Values, key string, fallback int) int {
	if value, err := strconv.Atoi(query.Get(key)); err == nil && value > 0 {
		return value
	}
	return fallback
}
