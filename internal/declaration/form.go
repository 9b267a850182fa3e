package declaration

import (
	"context"
	"reflect"
	"slices"

	"domovoi.dev/sdk/dom/interchange"
)

// form says how the documents of a kind are compared with objects of a daemon.
type form struct {
	// members are those a person sets, in the order in which they are told.
	members []string
	// keep are those that stay as they are where a document does not have them: what
	// people switch while the thing runs, and what the daemon fills in.
	keep []string
	// sets are lists whose order does not count, names what is the same in any case.
	sets, names []string
	// defaults are what the daemon makes of a member that is not given.
	defaults map[string]string
}

// merge returns how a document changes a stored object, and the object as it is to
// be: want is the document's, stored that of the daemon. Both are structs; the
// result has all that the daemon fills in from stored.
func merge[T any](f form, d *document, want, stored T) (T, []interchange.Change) {
	f.fill(&want)
	result := stored
	desired, has := fieldsOf(reflect.ValueOf(&want).Elem()), fieldsOf(reflect.ValueOf(&result).Elem())
	var changes []interchange.Change
	for _, name := range f.members {
		if !d.given(name) && slices.Contains(f.keep, name) {
			continue
		}
		before, after := treeOf(has[name]), treeOf(desired[name])
		if slices.Contains(f.names, name) && sameName(before, after) {
			continue
		}
		if slices.Contains(f.sets, name) {
			if sameSet(before, after) {
				continue
			}
			before, after = inOrder(before), inOrder(after)
		}
		if difference := difference(name, before, after); len(difference) > 0 {
			changes = append(changes, difference...)
			has[name].Set(desired[name])
		}
	}
	return result, changes
}

// fill gives what is empty its default.
func (f form) fill(object any) {
	fields := fieldsOf(reflect.ValueOf(object).Elem())
	for name, value := range f.defaults {
		if fields[name].IsZero() {
			fields[name].SetString(value)
		}
	}
}

// created is an object of a document without what only a daemon fills in.
func created[T any](f form, want T) T {
	var object T
	from, to := fieldsOf(reflect.ValueOf(&want).Elem()), fieldsOf(reflect.ValueOf(&object).Elem())
	for _, name := range f.members {
		to[name].Set(from[name])
	}
	return object
}

// plan adds the step for an object that is compared by its form.
func plan[T any](p *planner, d *document, f form, want T, stored *T, create, update func(ctx context.Context, object T) error) {
	if stored == nil {
		object := created(f, want)
		p.step(d, interchange.Create, nil, func(ctx context.Context) error { return create(ctx, object) })
		return
	}
	object, changes := merge(f, d, want, *stored)
	action := interchange.Update
	if len(changes) == 0 {
		action = interchange.Unchanged
	}
	p.step(d, action, changes, func(ctx context.Context) error { return update(ctx, object) })
}
