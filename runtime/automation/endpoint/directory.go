package endpoint

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// directory is all definitions and tokens at one moment. Once it is published
// neither it nor a record in it is changed.
type directory struct {
	definitions map[uuid.UUID]*slnet.ApiDefinition
	tokens      map[uuid.UUID]*tokenRecord
	secrets     map[[32]byte]*tokenRecord // the same, by hash of the secret
	routes      *routes                   // of the definitions
}

func load(ctx context.Context, store *storage.Store) (*directory, error) {
	d := &directory{
		definitions: make(map[uuid.UUID]*slnet.ApiDefinition),
		tokens:      make(map[uuid.UUID]*tokenRecord), secrets: make(map[[32]byte]*tokenRecord),
	}
	err := store.View(ctx, func(r *storage.Reader) error {
		err := definitionTable.Scan(r, storage.Walk{}, func(definition *slnet.ApiDefinition) (bool, error) {
			d.definitions[definition.ID] = definition
			return true, nil
		})
		if err != nil {
			return err
		}
		return tokenTable.Scan(r, storage.Walk{}, func(t *tokenRecord) (bool, error) {
			t.use = new(atomic.Int64)
			if !t.Token.LastUsedAt.IsZero() {
				t.use.Store(t.Token.LastUsedAt.UnixMilli())
			}
			d.tokens[t.Token.ID], d.secrets[t.Hash] = t, t
			return true, nil
		})
	})
	d.routes = routesOf(d.definitions)
	return d, err
}

// definition returns a definition by its id, or by its name where the id is zero.
func (d *directory) definition(id uuid.UUID, name string) (*slnet.ApiDefinition, error) {
	if id != uuid.Nil {
		if found := d.definitions[id]; found != nil {
			return found, nil
		}
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no API definition %s", id)
	}
	for _, found := range d.definitions {
		if strings.EqualFold(found.Name, name) {
			return found, nil
		}
	}
	return nil, slnet.Errorf(slnet.KindNotFound, "there is no API definition %.120q; domovoi api list shows those there are", name)
}

// token returns a token by its id, or by its name where the id is zero.
func (d *directory) token(id uuid.UUID, name string) (*tokenRecord, error) {
	if id != uuid.Nil {
		if found := d.tokens[id]; found != nil {
			return found, nil
		}
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no API token %s", id)
	}
	for _, found := range d.tokens {
		if strings.EqualFold(found.Token.Name, name) {
			return found, nil
		}
	}
	return nil, slnet.Errorf(slnet.KindNotFound, "there is no API token %.120q; domovoi api token list shows those there are", name)
}

// tokensOf are the tokens that are for a definition, by name.
func (d *directory) tokensOf(definition uuid.UUID) (tokens []*tokenRecord) {
	for _, t := range d.tokens {
		if definition == uuid.Nil || slices.Contains(t.Token.Definitions, definition) {
			tokens = append(tokens, t)
		}
	}
	slices.SortFunc(tokens, func(a, b *tokenRecord) int { return compareNames(a.Token.Name, b.Token.Name) })
	return tokens
}

// sorted are the definitions by name.
func (d *directory) sorted() []*slnet.ApiDefinition {
	return slices.SortedFunc(maps.Values(d.definitions), func(a, b *slnet.ApiDefinition) int { return compareNames(a.Name, b.Name) })
}

func compareNames(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) }

// edit is a change in the making: the directory as it will be, and the writes that
// bring the store there.
type edit struct {
	*directory
	by     string
	now    time.Time
	writes []func(tx *storage.Tx) error
}

// change plans a change on the newest directory, commits it, and makes its result
// the directory. When plan or the commit fails nothing has changed.
func (a *APIs) change(ctx context.Context, origin storage.Origin, plan func(e *edit) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	e := a.edit(origin.User)
	if err := plan(e); err != nil {
		return err
	}
	if len(e.writes) == 0 {
		return nil
	}
	_, err := a.Store.Update(ctx, origin, func(tx *storage.Tx) error {
		for _, write := range e.writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		a.directory.Store(e.directory)
	}
	return err
}

// edit begins a change of the newest directory. The caller holds changing.
func (a *APIs) edit(by string) *edit {
	old := a.directory.Load()
	return &edit{by: by, now: a.Now().UTC().Truncate(time.Millisecond), directory: &directory{
		definitions: maps.Clone(old.definitions), tokens: maps.Clone(old.tokens), secrets: maps.Clone(old.secrets), routes: old.routes,
	}}
}

// changeAs is change for a caller who asked for it.
func (a *APIs) changeAs(ctx context.Context, caller security.Caller, plan func(e *edit) error) error {
	return a.change(ctx, caller.Origin(), plan)
}

func (e *edit) write(fn func(tx *storage.Tx) error) { e.writes = append(e.writes, fn) }

// about says what the change is about, for the audit.
func (e *edit) about(kind string, id uuid.UUID) {
	e.write(func(tx *storage.Tx) error {
		tx.About(kind, id.String())
		return nil
	})
}

// putDefinition stores a definition in place of old, nil for a new one.
func (e *edit) putDefinition(old, definition *slnet.ApiDefinition) {
	if old == nil {
		definition.CreatedAt, definition.CreatedBy, definition.Revision = e.now, e.by, 1
	} else {
		definition.CreatedAt, definition.CreatedBy, definition.Revision = old.CreatedAt, old.CreatedBy, old.Revision+1
	}
	definition.ChangedAt, definition.ChangedBy = e.now, e.by
	e.definitions[definition.ID] = definition
	e.routes = routesOf(e.definitions)
	e.write(func(tx *storage.Tx) error { return definitionTable.Put(tx, definition, definition.ID.String()) })
	e.about("api", definition.ID)
}

func (e *edit) deleteDefinition(definition *slnet.ApiDefinition) {
	delete(e.definitions, definition.ID)
	e.routes = routesOf(e.definitions)
	e.write(func(tx *storage.Tx) error { return definitionTable.Delete(tx, definition.ID.String()) })
	e.about("api", definition.ID)
}

// changeToken stores what a person made of a token in place of old, nil for a new
// one.
func (e *edit) changeToken(old, t *tokenRecord) {
	if old == nil {
		t.Token.CreatedAt, t.Token.CreatedBy, t.Token.Revision = e.now, e.by, 1
	} else {
		t.Token.CreatedAt, t.Token.CreatedBy, t.Token.Revision = old.Token.CreatedAt, old.Token.CreatedBy, old.Token.Revision+1
	}
	t.Token.ChangedAt, t.Token.ChangedBy, t.Token.LastUsedAt = e.now, e.by, t.lastUsed()
	e.putToken(old, t)
	e.about("api token", t.Token.ID)
}

func (e *edit) putToken(old, t *tokenRecord) {
	if old != nil {
		delete(e.secrets, old.Hash)
	}
	e.tokens[t.Token.ID], e.secrets[t.Hash] = t, t
	e.write(func(tx *storage.Tx) error { return tokenTable.Put(tx, t, t.Token.ID.String()) })
}

func (e *edit) deleteToken(t *tokenRecord) {
	delete(e.tokens, t.Token.ID)
	delete(e.secrets, t.Hash)
	e.write(func(tx *storage.Tx) error { return tokenTable.Delete(tx, t.Token.ID.String()) })
	e.about("api token", t.Token.ID)
}
