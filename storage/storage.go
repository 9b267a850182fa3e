// Package storage is the typed store: DOM objects with their indexes, counters
// and earlier versions, the change feed, and tables of the daemon's own records,
// kept in an ordered transactional key-value engine. One transaction carries
// everything that must not come apart: an object, its index entries, its old
// version, the counters and the feed row.
package storage

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

//go:generate go -C ../tools run ./msgpgen -package ../storage -files named_table.go,feed_row.go,history_row.go,attachment_row.go,index_state.go,cursor.go,audit_row.go "replace dom.ObjectKind with:string" "replace BlobHash with:[32]byte" "tuple FeedRow Change FeedEvent HistoryRow AttachmentRow IndexState Mark AuditRow AuditOwn AuditSubject" "ignore fieldSet indexes NamedTable"

// ErrNotFound reports that an object or record does not exist.
var ErrNotFound = errors.New("not found")

// ErrExists reports that an object exists already.
var ErrExists = errors.New("exists already")

// Errors of the engine that callers act on: a store without space takes writes
// again by itself, and what is too large for a transaction never fits.
var (
	ErrReadOnly = kv.ErrReadOnly
	ErrConflict = kv.ErrConflict
	ErrTooLarge = kv.ErrTooLarge
)

// Store is an open store. All methods may be called from any goroutine.
type Store struct {
	kv       kv.Store
	now      func() time.Time
	clock    changeClock
	kept     keptRecords
	outlived outlived
	blobs    *blobs       // nil without OpenBlobs
	checked  atomic.Int64 // see Checked
	fills    fills
	// maxFill is the most instances a module may have for its indexes to be filled;
	// 0 is no bound. A fork keeps what it writes in memory.
	maxFill int64
}

// Open opens the store kept in engine, and sets an empty engine up. The engine
// belongs to the Store from then on, also when Open fails. now is the clock;
// nil means time.Now.
func Open(ctx context.Context, engine kv.Store, now func() time.Time) (*Store, error) {
	if now == nil {
		now = time.Now
	}
	s := &Store{kv: engine, now: now}
	s.fills.start()
	err := s.checkFormat(ctx)
	if err == nil {
		err = s.loadOutlived(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, engine.Close())
	}
	return s, nil
}

func (s *Store) checkFormat(ctx context.Context) error {
	_, err := s.kv.Update(ctx, func(tx kv.Tx) error {
		b, err := tx.Get(metaFormatKey)
		switch {
		case errors.Is(err, kv.ErrNotFound):
			return tx.Set(metaFormatKey, binary.BigEndian.AppendUint32(nil, FormatVersion))
		case err != nil:
			return err
		case len(b) != 4:
			return fmt.Errorf("the store's format version is damaged: %x", b)
		}
		version := binary.BigEndian.Uint32(b)
		if version > FormatVersion {
			return fmt.Errorf("the store has format version %d, this program knows versions up to %d; use a newer program: %w",
				version, FormatVersion, kv.ErrNewerFormat)
		}
		return upgrade(&Tx{Reader: Reader{kv: tx}, kv: tx}, version)
	})
	return err
}

// Close stops what runs in the background and closes the store and its engine.
func (s *Store) Close() error {
	s.fills.stop()
	return s.kv.Close()
}

// Version is the version of the newest durable commit.
func (s *Store) Version() slnet.Cursor { return slnet.Cursor(s.kv.Version()) }

// Origin says who makes a change.
type Origin struct {
	// User is the name of the user the change is made as.
	User string
	// RunID is the run that makes it, zero outside of runs.
	RunID uuid.UUID
	// Message is the message that asked for it, and Address where its sender is,
	// for the audit. What nobody asked for has no message and is not audited.
	Message, Address string
}

// View runs fn on one consistent snapshot of durable data.
func (s *Store) View(ctx context.Context, fn func(r *Reader) error) error {
	return s.kv.View(ctx, func(r kv.Reader) error { return fn(&Reader{kv: r, store: s}) })
}

// Update runs fn in a serializable transaction and commits it durably. fn may
// run several times and must have no effects outside tx. An error of fn is
// returned and nothing is written.
func (s *Store) Update(ctx context.Context, origin Origin, fn func(tx *Tx) error) (slnet.Cursor, error) {
	var tx *Tx
	touched := make(map[string]bool)
	version, err := s.kv.Update(ctx, func(k kv.Tx) error {
		tx = &Tx{Reader: Reader{kv: k, store: s, touched: touched}, kv: k, origin: origin, row: FeedRow{Time: s.now().UTC(), User: origin.User, RunID: origin.RunID}}
		if err := fn(tx); err != nil {
			return err
		}
		return tx.finish()
	})
	if err != nil {
		version = 0
	}
	for key := range touched {
		s.clock.end(key, slnet.Cursor(version))
	}
	if err == nil {
		if s.blobs != nil {
			s.blobs.discard(tx.dropped)
		}
		for _, fn := range tx.committed {
			fn()
		}
	}
	return slnet.Cursor(version), err
}

// Reader reads one snapshot. It ends with the function it was passed to.
type Reader struct {
	kv    kv.Reader
	store *Store
	// touched are the keys of the clock that a run of the transaction changed; nil
	// outside of transactions.
	touched map[string]bool
}

// isTx reports whether a concurrent change of what is read makes a transaction
// run again.
func (r *Reader) isTx() bool { return r.touched != nil }

// Tx is a transaction. It reads what it has written.
type Tx struct {
	Reader
	kv     kv.Tx
	origin Origin
	row    FeedRow
	about  []AuditSubject
	// aboutModule is the module of about, where it has one.
	aboutModule string
	informed    uint32     // number of information events
	dropped     []BlobHash // contents a reference was removed of
	committed   []func()
	encoded     []byte // memory for encode
}

// encode returns a record as it is stored, until it is called again. What is
// stored is copied, and new memory is made for the most a record could take.
func (tx *Tx) encode(record msgp.Marshaler) ([]byte, error) {
	b, err := record.MarshalMsg(tx.encoded[:0])
	if err == nil {
		tx.encoded = b
	}
	return b, err
}

// AfterCommit has fn called once the transaction is durable, before Update
// returns. fn must not wait. When the function of the transaction is run again,
// what earlier attempts asked for is forgotten.
func (tx *Tx) AfterCommit(fn func()) { tx.committed = append(tx.committed, fn) }

// Now is the time of the transaction.
func (tx *Tx) Now() time.Time { return tx.row.Time }

// Version is the version of the snapshot.
func (r *Reader) Version() slnet.Cursor { return slnet.Cursor(r.kv.Version()) }

// Raw returns an object in its canonical form, or ErrNotFound.
func (r *Reader) Raw(kind dom.ObjectKind, moduleID, id string) (slnet.Raw, error) {
	key, ok := objectKey(kind, moduleID, id)
	if !ok {
		return nil, ErrNotFound
	}
	b, err := r.kv.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, ErrNotFound
	}
	return b, err
}

// Object returns an object, or ErrNotFound.
func (r *Reader) Object(kind dom.ObjectKind, moduleID, id string) (dom.Object, error) {
	raw, err := r.Raw(kind, moduleID, id)
	if err != nil {
		return nil, err
	}
	return dom.DecodeObject(kind, raw)
}

// ModelVersion changes whenever an object of a module changes that its instances
// are validated against. A transaction that read it fails to commit when the model changes
// meanwhile, and runs again.
func (r *Reader) ModelVersion(moduleID string) (uint64, error) {
	b, err := r.kv.Get(modelKey(moduleID))
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, fmt.Errorf("the model version of module %q is damaged", moduleID)
	}
	return binary.BigEndian.Uint64(b), nil
}

// Insert stores a new object with its first revision, which is 1 unless the
// history of an earlier one of the same id was kept, and returns its canonical
// form, or ErrExists.
func (tx *Tx) Insert(moduleID string, o dom.Object) (slnet.Raw, error) {
	key, ok := objectKey(o.Kind(), moduleID, o.Key())
	if !ok {
		return nil, fmt.Errorf("%q is no id of a %s", o.Key(), o.Kind())
	}
	switch _, err := tx.kv.Get(key); {
	case err == nil:
		return nil, ErrExists
	case !errors.Is(err, kv.ErrNotFound):
		return nil, err
	}
	first, err := tx.firstRevision(moduleID, o)
	if err != nil {
		return nil, err
	}
	o.GetTracking().Revision = first
	raw, err := tx.put(key, moduleID, nil, o)
	if err != nil {
		return nil, err
	}
	tx.addChange(Created, moduleID, o, nil)
	return raw, tx.count(moduleID, o, +1)
}

// Replace stores a new version of an object, keeps the old one and returns the
// new one's canonical form. old must be what the transaction read.
func (tx *Tx) Replace(moduleID string, old, updated dom.Object) (slnet.Raw, error) {
	key, ok := objectKey(updated.Kind(), moduleID, updated.Key())
	if !ok || old.Key() != updated.Key() {
		return nil, fmt.Errorf("%s %s cannot be replaced by %s", old.Kind(), old.Key(), updated.Key())
	}
	if err := tx.keepVersion(moduleID, old, key); err != nil {
		return nil, err
	}
	updated.GetTracking().Revision = old.GetTracking().Revision + 1
	raw, err := tx.put(key, moduleID, old, updated)
	if err != nil {
		return nil, err
	}
	tx.addChange(Updated, moduleID, updated, nil)
	return raw, tx.moveDefinition(moduleID, old, updated)
}

// Remove deletes an object with its attachments, its earlier versions and its
// history. With keepHistory the latter two stay. old must be what the
// transaction read.
func (tx *Tx) Remove(moduleID string, old dom.Object, keepHistory bool) error {
	key, ok := objectKey(old.Kind(), moduleID, old.Key())
	if !ok {
		return ErrNotFound
	}
	raw, err := tx.kv.Get(key)
	if err != nil {
		return err
	}
	if err := tx.kv.Delete(key); err != nil {
		return err
	}
	if err := tx.updateIndexes(moduleID, old, nil); err != nil {
		return err
	}
	if err := tx.removeVersions(moduleID, old, raw, keepHistory); err != nil {
		return err
	}
	if instance, ok := old.(*dom.Instance); ok {
		if err := tx.removeAttachments(moduleID, instance.ID); err != nil {
			return err
		}
	}
	if err := tx.touchModel(moduleID, old.Kind()); err != nil {
		return err
	}
	tx.addChange(Deleted, moduleID, old, raw)
	return tx.count(moduleID, old, -1)
}

// removeVersions removes what is kept of an object beside itself.
func (tx *Tx) removeVersions(moduleID string, old dom.Object, raw slnet.Raw, keepHistory bool) error {
	if instance, ok := old.(*dom.Instance); ok {
		if keepHistory {
			if kept, err := tx.keepHistory(moduleID, instance, raw); err != nil || kept {
				return err
			}
		}
		history := historyPrefix(moduleID, instance.ID)
		if err := tx.kv.DeleteRange(history, kv.PrefixEnd(history)); err != nil {
			return err
		}
	}
	if old.GetTracking().Revision == 1 {
		return nil
	}
	versions := versionPrefix(old.Kind(), moduleID, old.Key())
	return tx.kv.DeleteRange(versions, kv.PrefixEnd(versions))
}

// put writes the object and what follows from it.
func (tx *Tx) put(key []byte, moduleID string, old, o dom.Object) (slnet.Raw, error) {
	raw, err := dom.EncodeObject(o)
	if err != nil {
		return nil, err
	}
	if err := tx.kv.Set(key, raw); err != nil {
		return nil, err
	}
	if err := tx.updateIndexes(moduleID, old, o); err != nil {
		return nil, err
	}
	return raw, tx.touchModel(moduleID, o.Kind())
}

// keepVersion copies the stored version of an object to where earlier versions
// are. The feed and the history refer to it.
func (tx *Tx) keepVersion(moduleID string, old dom.Object, key []byte) error {
	raw, err := tx.kv.Get(key)
	if err != nil {
		return err
	}
	return tx.kv.Set(versionKey(old.Kind(), moduleID, old.Key(), old.GetTracking().Revision), raw)
}

// TouchModel changes the model version of a module, for what else transactions
// that change its instances are to conflict with.
func (tx *Tx) TouchModel(moduleID string) error { return tx.touchModel(moduleID, dom.KindDefinition) }

// touchModel changes the model version of a module when an object changes that
// instances are validated against.
func (tx *Tx) touchModel(moduleID string, kind dom.ObjectKind) error {
	if kind == dom.KindInstance || kind == dom.KindTemplate || kind == dom.KindModuleSettings {
		return nil
	}
	key := modelKey(moduleID)
	tx.touch(key)
	version, err := tx.ModelVersion(moduleID)
	if err != nil {
		return err
	}
	return tx.kv.Set(key, binary.BigEndian.AppendUint64(nil, version+1))
}

// count keeps the counters of objects and of the instances of a definition.
func (tx *Tx) count(moduleID string, o dom.Object, delta int64) error {
	if err := tx.kv.Add(counterKey(o.Kind(), moduleID), delta); err != nil {
		return err
	}
	if instance, ok := o.(*dom.Instance); ok {
		return tx.kv.Add(definitionCounterKey(moduleID, instance.DomDefinitionID), delta)
	}
	return nil
}

// moveDefinition corrects the counters when an instance changes its definition.
func (tx *Tx) moveDefinition(moduleID string, old, updated dom.Object) error {
	was, ok := old.(*dom.Instance)
	if !ok {
		return nil
	}
	is := updated.(*dom.Instance)
	if was.DomDefinitionID == is.DomDefinitionID {
		return nil
	}
	if err := tx.kv.Add(definitionCounterKey(moduleID, was.DomDefinitionID), -1); err != nil {
		return err
	}
	return tx.kv.Add(definitionCounterKey(moduleID, is.DomDefinitionID), +1)
}
