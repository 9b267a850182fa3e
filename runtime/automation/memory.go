package automation

import (
	"context"
	"errors"
	"unicode/utf8"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// memoryTable has what scripts remember, by the id of the script and key.
var memoryTable = storage.NewTable[slnet.MemoryEntry]("script_memory")

// maxMemoryPiece is about how many bytes of a memory one answer carries.
const maxMemoryPiece = 1 << 20

// running returns the execution of the run that a message comes from.
func (a *Automation) running(caller security.Caller) (*execution, error) {
	if e := a.executing(caller.RunID); e != nil {
		return e, nil
	}
	return nil, slnet.Errorf(slnet.KindConflict, "run %s has ended", caller.RunID)
}

func checkMemoryKey(key string) error {
	if n := utf8.RuneCountInString(key); n == 0 || n > slnet.MaxMemoryKey || !utf8.ValidString(key) {
		return slnet.Errorf(slnet.KindInvalid, "%.80q is no key of a memory: it has %d characters; a key has 1 to %d, of UTF-8", key, n, slnet.MaxMemoryKey)
	}
	return nil
}

// Memory returns a text that the script of a run remembers. The store is that of
// the daemon, or of the dry run the run belongs to, here and below.
func (a *Automation) Memory(ctx context.Context, store *storage.Store, caller security.Caller, m *slnet.GetMemoryMessage) (*slnet.MemoryResponse, error) {
	e, err := a.running(caller)
	if err != nil {
		return nil, err
	}
	if err := checkMemoryKey(m.Key); err != nil {
		return nil, err
	}
	response := new(slnet.MemoryResponse)
	err = store.View(ctx, func(r *storage.Reader) (err error) {
		response.Value, err = remembered(r, e.script.ID.String(), m.Key)
		return err
	})
	return response, err
}

// remembered is the text under a key, "" where there is none.
func remembered(r *storage.Reader, id, key string) (string, error) {
	entry, err := memoryTable.Get(r, id, key)
	if errors.Is(err, storage.ErrNotFound) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	return entry.Value, nil
}

// SetMemory lets the script of a run remember a text.
func (a *Automation) SetMemory(ctx context.Context, store *storage.Store, caller security.Caller, m *slnet.SetMemoryMessage) (*slnet.SetMemoryResponse, error) {
	e, err := a.running(caller)
	if err != nil {
		return nil, err
	}
	if err := checkMemoryKey(m.Key); err != nil {
		return nil, err
	}
	switch {
	case len(m.Value) > slnet.MaxMemoryValue:
		return nil, slnet.Errorf(slnet.KindTooLarge, "the text for the key %.80q has %d bytes; a script remembers at most %d", m.Key, len(m.Value), slnet.MaxMemoryValue)
	case !utf8.ValidString(m.Value):
		return nil, slnet.Errorf(slnet.KindInvalid, "the text for the key %.80q is not valid UTF-8", m.Key)
	}
	response := new(slnet.SetMemoryResponse)
	_, err = store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		response.Set = false
		if m.Old != nil {
			if value, err := remembered(&tx.Reader, e.script.ID.String(), m.Key); err != nil || value != *m.Old {
				return err
			}
		}
		if err := roomFor(&tx.Reader, e.script, m.Key); err != nil {
			return err
		}
		response.Set = true
		return memoryTable.Put(tx, &slnet.MemoryEntry{Key: m.Key, Value: m.Value, ChangedAt: tx.Now(), RunID: caller.RunID}, e.script.ID.String(), m.Key)
	})
	return response, err
}

// roomFor returns an error when a script remembers too much already for one more
// key.
func roomFor(r *storage.Reader, script *slnet.Script, key string) error {
	if _, err := memoryTable.Get(r, script.ID.String(), key); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	keys, err := memoryKeys(r, script.ID.String())
	if err == nil && len(keys) >= slnet.MaxMemoryKeys {
		err = slnet.Errorf(slnet.KindTooLarge, "script %q remembers %d keys, which is the most; delete some before %.80q is added", script.Name, len(keys), key)
	}
	return err
}

func memoryKeys(r *storage.Reader, id string) ([]string, error) {
	keys := []string{}
	err := memoryTable.Keys(r, storage.Walk{Prefix: []string{id}}, func(key []string) (bool, error) {
		keys = append(keys, key[1])
		return true, nil
	})
	return keys, err
}

// DeleteMemory lets the script of a run forget a text.
func (a *Automation) DeleteMemory(ctx context.Context, store *storage.Store, caller security.Caller, m *slnet.DeleteMemoryMessage) (*slnet.Empty, error) {
	e, err := a.running(caller)
	if err != nil {
		return nil, err
	}
	if err := checkMemoryKey(m.Key); err != nil {
		return nil, err
	}
	_, err = store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		return memoryTable.Delete(tx, e.script.ID.String(), m.Key)
	})
	return &slnet.Empty{}, err
}

// MemoryKeys returns the keys under which the script of a run remembers texts.
func (a *Automation) MemoryKeys(ctx context.Context, store *storage.Store, caller security.Caller) (*slnet.MemoryKeysResponse, error) {
	e, err := a.running(caller)
	if err != nil {
		return nil, err
	}
	response := new(slnet.MemoryKeysResponse)
	err = store.View(ctx, func(r *storage.Reader) (err error) {
		response.Keys, err = memoryKeys(r, e.script.ID.String())
		return err
	})
	return response, err
}

// ScriptMemory returns what a script remembers.
func (a *Automation) ScriptMemory(ctx context.Context, store *storage.Store, m *slnet.GetScriptMemoryMessage) (*slnet.ScriptMemoryResponse, error) {
	s, err := a.find(ctx, m.Name, 0)
	if err != nil {
		return nil, err
	}
	walk := storage.Walk{Prefix: []string{s.ID.String()}}
	if m.After != "" {
		walk.After = []string{s.ID.String(), m.After}
	}
	response := &slnet.ScriptMemoryResponse{Entries: []slnet.MemoryEntry{}}
	size, last := 0, ""
	err = store.View(ctx, func(r *storage.Reader) error {
		return memoryTable.Scan(r, walk, func(entry *slnet.MemoryEntry) (bool, error) {
			if size >= maxMemoryPiece {
				response.Next = last
				return false, nil
			}
			response.Entries = append(response.Entries, *entry)
			size, last = size+len(entry.Value), entry.Key
			return true, ctx.Err()
		})
	})
	return response, err
}

// ClearScriptMemory lets a script forget everything.
func (a *Automation) ClearScriptMemory(ctx context.Context, store *storage.Store, caller security.Caller, m *slnet.ClearScriptMemoryMessage) (*slnet.Empty, error) {
	s, err := a.find(ctx, m.Name, 0)
	if err != nil {
		return nil, err
	}
	_, err = store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		tx.About("script", s.Name)
		return forget(tx, s.ID.String())
	})
	return &slnet.Empty{}, err
}

// forget removes all that a script remembers.
func forget(tx *storage.Tx, id string) error {
	keys, err := memoryKeys(&tx.Reader, id)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if err := memoryTable.Delete(tx, id, key); err != nil {
			return err
		}
	}
	return nil
}
