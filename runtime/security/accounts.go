// Package security knows who may do what: users, groups with their permissions,
// tokens and passwords, and the identity of a caller. It answers questions and
// carries out changes; who may ask for a change is decided by the router, before
// it calls.
//
// All accounts are held in memory as one immutable directory, so that a
// permission check costs a few map lookups. A change is committed to the store
// first and then becomes the next directory: a right that was taken away is gone
// at the next check, and what was answered survives a crash.
package security

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"domovoi.dev/storage"
)

// Accounts is the users, groups and tokens of a store. All methods may be called
// from any goroutine. Names of users and groups are compared without regard to
// case and kept as they were given.
//
// Methods that answer a message return its response or a *slnet.Error; an error
// of another type is one of the store, or of a context that ended.
type Accounts struct {
	store     *storage.Store
	now       func() time.Time
	passwords passwords
	guesses   guesses

	directory atomic.Pointer[directory]
	// changing is held while a change is planned on the newest directory,
	// committed, and made the next one. The directory is all there is to know
	// about the tables, because only Accounts writes them.
	changing sync.Mutex

	stop   context.CancelFunc // ends what Start began
	upkeep sync.WaitGroup
}

// Start begins to store, once a minute, when tokens were used last. Stop ends
// it.
func (a *Accounts) Start(log *slog.Logger) {
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	a.upkeep.Go(func() {
		ticker := time.NewTicker(useEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			if err := a.StoreUses(ctx, false); err != nil && ctx.Err() == nil {
				log.Error("the last use of tokens could not be stored; it is tried again", "op", "security.StoreUses", "err", err)
			}
		}
	})
}

// Stop ends what Start began, and stores the last use of all tokens.
func (a *Accounts) Stop(ctx context.Context) error {
	if a.stop != nil {
		a.stop()
	}
	a.upkeep.Wait()
	return a.StoreUses(ctx, true)
}

// Open reads the accounts of a store. An empty store gets the user Administrator
// in the group Administrators. There must be one Accounts per store at a time.
// now is the clock; nil means time.Now.
func Open(ctx context.Context, store *storage.Store, now func() time.Time) (*Accounts, error) {
	if now == nil {
		now = time.Now
	}
	a := &Accounts{store: store, now: now, passwords: newPasswords()}
	d, err := load(ctx, store, a.linkedGroups)
	if err != nil {
		return nil, fmt.Errorf("read the accounts: %w", err)
	}
	a.directory.Store(d)
	if err := a.createBuiltIn(ctx); err != nil {
		return nil, err
	}
	return a, nil
}

func load(ctx context.Context, store *storage.Store, linked func() map[string]bool) (*directory, error) {
	var d *directory
	err := store.View(ctx, func(r *storage.Reader) error {
		d = newDirectory(linked)
		err := userTable.Scan(r, storage.Walk{}, func(u *userRecord) (bool, error) {
			d.setUser(u)
			return true, nil
		})
		if err != nil {
			return err
		}
		err = groupTable.Scan(r, storage.Walk{}, func(g *groupRecord) (bool, error) {
			d.groups[fold(g.Name)] = g
			return true, nil
		})
		if err != nil {
			return err
		}
		return tokenTable.Scan(r, storage.Walk{}, func(t *tokenRecord) (bool, error) {
			t.use = new(atomic.Int64)
			if !t.LastUsedAt.IsZero() {
				t.use.Store(t.LastUsedAt.UnixMilli())
			}
			d.setToken(t)
			return true, nil
		})
	})
	return d, err
}

// changeAs plans a change a caller asked for, as change does. The rights of the
// caller are those on the directory that is changed.
func (a *Accounts) changeAs(ctx context.Context, by Caller, plan func(e *edit) error) error {
	return a.change(ctx, by.Origin(), func(e *edit) (err error) {
		if e.by, err = e.callerRights(by, e.now); err != nil {
			return err
		}
		return plan(e)
	})
}

// change plans a change on the newest directory, commits it, and makes its
// result the directory. When plan or the commit fails nothing has changed.
func (a *Accounts) change(ctx context.Context, origin storage.Origin, plan func(e *edit) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	e := &edit{directory: a.directory.Load().clone(), now: a.time()}
	if err := plan(e); err != nil {
		return err
	}
	_, err := a.store.Update(ctx, origin, func(tx *storage.Tx) error {
		for _, write := range e.writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store the accounts: %w", err)
	}
	// What was found out about rights while the change was planned may be about
	// groups as they were in the middle of it.
	e.rights.Clear()
	a.directory.Store(e.directory)
	return nil
}

// time is the clock's time as it is stored.
func (a *Accounts) time() time.Time { return a.now().UTC().Truncate(time.Millisecond) }

// edit is a change in the making: the directory as it will be, and the writes
// that bring the store there.
type edit struct {
	*directory
	by     *Rights // of the caller that asked for it; nil when nobody did
	now    time.Time
	writes []func(tx *storage.Tx) error
}

// about says what the change is about, for the audit.
func (e *edit) about(kind, id string) {
	e.write(func(tx *storage.Tx) error {
		tx.About(kind, id)
		return nil
	})
}

func (e *edit) write(fn func(tx *storage.Tx) error) { e.writes = append(e.writes, fn) }

func (e *edit) putUser(u *userRecord) {
	key := fold(u.Name)
	e.setUser(u)
	e.write(func(tx *storage.Tx) error { return userTable.Put(tx, u, key) })
}

func (e *edit) deleteUser(u *userRecord) {
	key := fold(u.Name)
	delete(e.users, key)
	delete(e.userIDs, u.ID)
	e.write(func(tx *storage.Tx) error { return userTable.Delete(tx, key) })
}

func (e *edit) putGroup(g *groupRecord) {
	key := fold(g.Name)
	e.groups[key] = g
	e.write(func(tx *storage.Tx) error { return groupTable.Put(tx, g, key) })
}

func (e *edit) deleteGroup(key string) {
	delete(e.groups, key)
	e.write(func(tx *storage.Tx) error { return groupTable.Delete(tx, key) })
}

func (e *edit) putToken(t *tokenRecord) {
	e.setToken(t)
	e.write(func(tx *storage.Tx) error { return tokenTable.Put(tx, t, t.ID.String()) })
}

func (e *edit) deleteToken(t *tokenRecord) {
	delete(e.tokens, t.Hash)
	delete(e.tokenIDs, t.ID)
	e.write(func(tx *storage.Tx) error { return tokenTable.Delete(tx, t.ID.String()) })
}
