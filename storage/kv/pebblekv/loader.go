package pebblekv

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/objstorage/objstorageprovider"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"domovoi.dev/storage/kv"
)

// loadTableSize is about how many bytes of keys and values go into a table of a
// Loader.
const loadTableSize = 64 << 20

// writesLoad is the category of a Loader's files. They are tables, but the store
// is not open yet for others.
const writesLoad vfs.DiskWriteCategory = "domovoi-load"

// Loader fills a new store with pairs that come in their order, many times
// faster than transactions: it writes tables, which the store takes over as they
// are. Nothing is in the store before Finish.
type Loader struct {
	dir    string
	fs     FS // of the tables, which may fail without harm, and not the guard's
	guard  *guard
	pebble *pebble.Options
	db     *pebble.DB

	tables []string // the files written so far, and the one being written
	w      *sstable.Writer
	size   int
	key    []byte // the last one, as Pebble has it
	ended  bool
}

// NewLoader makes a store in dir, which must hold none, and opens it for
// loading. The caller ends it with Finish or Close.
func NewLoader(dir string, opts Options) (*Loader, error) {
	opts = opts.withDefaults()
	l := &Loader{dir: dir, fs: opts.FS, guard: newGuard(dir, opts, nil)}
	l.pebble = opts.pebbleOptions(l.guard)
	l.pebble.ErrorIfExists = true
	l.pebble.EnsureDefaults()
	err := l.guard.run(func() (err error) {
		if l.db, err = pebble.Open(dir, l.pebble); err != nil {
			return err
		}
		l.guard.opened.Store(true)
		return l.guard.failure()
	})
	if err != nil {
		return nil, fmt.Errorf("make store %s: %w", dir, errors.Join(l.cause(err), l.guard.unlock()))
	}
	return l, nil
}

// cause is the error of a store that nobody can open again, as it did not come
// to be.
func (l *Loader) cause(err error) error {
	if errors.Is(err, kv.ErrFailed) {
		return l.guard.cause
	}
	return err
}

// Add adds a pair. The keys ascend. A counter's value is what Scan shows of it.
func (l *Loader) Add(key, value []byte) error {
	switch {
	case len(key) > kv.MaxKeySize || len(value) > kv.MaxValueSize:
		return fmt.Errorf("load store %s: a key of %d bytes with %d bytes: %w", l.dir, len(key), len(value), kv.ErrTooLarge)
	case len(l.key) > 0 && bytes.Compare(l.key[1:], key) >= 0:
		return fmt.Errorf("load store %s: key %.100x comes behind %.100x", l.dir, key, l.key[1:])
	}
	l.key = appendUserKey(l.key[:0], key)
	if err := l.add(value); err != nil {
		return fmt.Errorf("load store %s: %w", l.dir, err)
	}
	return nil
}

func (l *Loader) add(value []byte) error {
	if l.w == nil {
		if err := l.begin(); err != nil {
			return err
		}
	}
	if err := l.w.Set(l.key, value); err != nil {
		return err
	}
	if l.size += len(l.key) + len(value); l.size >= loadTableSize {
		return l.end()
	}
	return nil
}

// begin begins a table.
func (l *Loader) begin() error {
	name := l.fs.PathJoin(l.dir, fmt.Sprintf("load-%06d", len(l.tables)))
	f, err := l.fs.Create(name, writesLoad)
	if err != nil {
		return err
	}
	l.tables = append(l.tables, name)
	const lowest = 6 // where the store puts tables that nothing lies below
	format := l.db.FormatMajorVersion().MaxTableFormat()
	l.w = sstable.NewWriter(objstorageprovider.NewFileWritable(f), l.pebble.MakeWriterOptions(lowest, format))
	return nil
}

// end completes and syncs the table.
func (l *Loader) end() error {
	w := l.w
	l.w, l.size = nil, 0
	return w.Close()
}

// Finish makes the pairs the state of the store at a version, durably, and
// closes it.
func (l *Loader) Finish(version kv.Version) error {
	err := l.guard.run(func() error { return l.finish(version) })
	if err == nil {
		return l.Close()
	}
	return errors.Join(fmt.Errorf("load store %s: %w", l.dir, l.cause(err)), l.Close())
}

func (l *Loader) finish(version kv.Version) error {
	if l.w != nil {
		if err := l.end(); err != nil {
			return err
		}
	}
	if len(l.tables) > 0 {
		if err := l.db.Ingest(context.Background(), l.tables); err != nil {
			return err
		}
		l.tables = nil // they are the store's now
	}
	batch := l.db.NewBatch()
	defer batch.Close()
	if err := errors.Join(setNumber(batch, formatKey, storeFormat), setVersion(batch, version)); err != nil {
		return err
	}
	return l.db.Apply(batch, pebble.Sync)
}

// Close closes the store. Without Finish it is empty, and the tables written for
// it are removed. A second call does nothing.
func (l *Loader) Close() error {
	if l.ended {
		return nil
	}
	l.ended = true
	err := l.guard.run(func() error {
		var errs []error
		if l.w != nil {
			errs = append(errs, l.end())
		}
		for _, name := range l.tables {
			errs = append(errs, l.fs.Remove(name))
		}
		return errors.Join(append(errs, l.db.Close())...)
	})
	if err != nil {
		return fmt.Errorf("close store %s: %w", l.dir, errors.Join(l.cause(err), l.guard.unlock()))
	}
	return nil
}
