package storage

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// Each calls fn with every object of a kind in a module, by id. Unlike the answer
// of a query they may be more than one message can carry.
func (r *Reader) Each(ctx context.Context, kind dom.ObjectKind, moduleID string, fn func(o dom.Object)) error {
	q, err := r.newSearch(ctx, kind, moduleID, dom.NewQuery(dom.True()))
	if err != nil {
		return err
	}
	return q.each(-1, "", func(f *found) (bool, error) {
		o, err := dom.DecodeObject(kind, slices.Clone(f.raw))
		if err == nil {
			fn(o)
		}
		return true, err
	})
}

// eachOf calls fn with the objects of a path that the filter selects, by id.
func (q *search) eachOf(p *path, after string, fn func(f *found) (bool, error)) (err error) {
	q.work.how = append(q.work.how, p.describe(!q.isPrivate))
	min, ok, err := idBehind(after)
	if !ok || err != nil {
		return err
	}
	stream, err := q.open(p)
	if err != nil {
		return err
	}
	objects := q.newObjects(p.estimate)
	defer func() { err = errors.Join(err, objects.close(), stream.close()) }()
	exact := p.isExact()
	for {
		id, ok, err := stream.seek(min)
		if !ok || err != nil {
			return err
		}
		f, err := objects.get(id)
		switch {
		case errors.Is(err, ErrNotFound) && p.isLoose:
		case errors.Is(err, ErrNotFound):
			return errors.New("an index entry without its object; run domovoi check")
		case err != nil:
			return err
		case q.selects(f.object, exact):
			if more, err := fn(f); err != nil || !more {
				return err
			}
		}
		if f != nil && f.object.Err() != nil {
			return f.object.Err()
		}
		if min, ok = id.next(); !ok {
			return nil
		}
	}
}

// idBehind is the id that follows the text of one, the first when it is empty.
func idBehind(after string) (id objectID, ok bool, err error) {
	if after == "" {
		return objectID{}, true, nil
	}
	parsed, err := uuid.Parse(after)
	if err != nil {
		return objectID{}, false, err
	}
	id, ok = objectID(parsed).next()
	return id, ok, nil
}

// fewObjects is up to how many objects are read one by one; more are walked to
// with an iterator, which costs as much as a few reads to open.
const fewObjects = 24

// objects reads objects by id.
type objects struct {
	q      *search
	prefix []byte
	key    []byte
	it     kv.Iterator // nil when they are few
	raw    dom.RawObject
	found  found
}

func (q *search) newObjects(estimate int64) *objects {
	o := &objects{q: q, prefix: kindPrefix(spaceObject, q.kind, q.moduleID)}
	if estimate > fewObjects {
		o.it = q.r.kv.Scan(kv.PrefixRange(o.prefix))
	}
	return o
}

func (o *objects) close() error {
	if o.it == nil {
		return nil
	}
	return o.it.Close()
}

// get reads an object, valid until the next call. ErrNotFound when there is none.
func (o *objects) get(id objectID) (*found, error) {
	if err := o.q.step(); err != nil {
		return nil, err
	}
	o.q.work.Objects++
	o.key = appendGuid(append(o.key[:0], o.prefix...), id)
	o.found = found{id: uuid.UUID(id).String(), object: &o.raw}
	if o.it == nil {
		raw, err := o.q.r.kv.Get(o.key)
		if errors.Is(err, kv.ErrNotFound) {
			return nil, ErrNotFound
		}
		if err != nil {
			return nil, err
		}
		o.found.raw, o.found.isOwned = raw, true
	} else {
		if !o.it.Seek(o.key) || string(o.it.Key()) != string(o.key) {
			if err := o.it.Err(); err != nil {
				return nil, err
			}
			return nil, ErrNotFound
		}
		o.found.raw = o.it.Value()
	}
	o.raw.Reset(o.q.kind, o.found.raw)
	return &o.found, nil
}
