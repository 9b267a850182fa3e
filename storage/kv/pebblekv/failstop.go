package pebblekv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"domovoi.dev/storage/kv"
)

// guard makes the engine fail-stop. After a write or a sync has failed nobody
// knows what is on disk, so nothing may be written or acknowledged any more.
// Pebble ends the process in some of these cases, panics with locks held in
// others and tries again at once, without end, in the rest. So guard stands
// between Pebble and the file system: the first error makes the store failed,
// which wakes everyone who waits, and the goroutine that met the error never
// returns into Pebble, nor does any that wants to write later. The failed
// Pebble is left as it is, in memory, for good.
type guard struct {
	vfs.FS
	dir       string
	watch     *space // nil when nobody watches the free space
	onFailure func(error)
	log       *slog.Logger

	opened  atomic.Bool   // Open has succeeded, so failures go to onFailure
	failed  chan struct{} // closed on failure
	once    sync.Once
	cause   error // set before failed is closed
	writing sync.WaitGroup

	mu   sync.RWMutex // write-locked to close failed, so that writing does not grow after it
	lock *fileLock    // set by Lock; guarded by mu
}

func newGuard(dir string, o Options, watch *space) *guard {
	dir = o.FS.PathDir(o.FS.PathJoin(dir, "file")) // as the directories of Pebble's paths are written
	g := &guard{FS: o.FS, dir: dir, watch: watch, onFailure: o.OnFailure, log: o.Logger, failed: make(chan struct{})}
	if watch != nil {
		g.FS = vfs.OnDiskFull(o.FS, watch.full)
	}
	return g
}

// fail makes the store failed. Only the first call counts.
func (g *guard) fail(err error) {
	g.once.Do(func() {
		if vfs.IsNoSpaceError(err) {
			err = fmt.Errorf("the disk is full: %w", err)
		}
		g.mu.Lock()
		g.cause = err
		close(g.failed)
		g.mu.Unlock()
		g.log.Error("store has failed", "dir", g.dir, "err", err)
		if g.onFailure != nil && g.opened.Load() {
			go g.onFailure(g.failure())
		}
	})
}

// failure returns the error of a failed store, else nil.
func (g *guard) failure() error {
	select {
	case <-g.failed:
		return fmt.Errorf("%w: %w", kv.ErrFailed, g.cause)
	default:
		return nil
	}
}

// run calls f and returns its error, or that of the store when it fails
// meanwhile: f may then never return.
func (g *guard) run(f func() error) error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-g.failed:
		return g.failure()
	}
}

// write runs f, which changes the file at path. It does not return when the
// store has failed, or when f fails and that makes the store fail.
func (g *guard) write(path string, f func() error) error {
	return g.judge(path, g.attempt(f))
}

// judge passes on the outcome of a write.
func (g *guard) judge(path string, err error) error {
	// Files elsewhere are those of a checkpoint, which may fail by itself.
	if err != nil && g.FS.PathDir(path) == g.dir {
		g.fail(err)
		select {}
	}
	return err
}

// writeTable is write for a table that a flush or a compaction makes. Where the
// disk is full it fails, and the store does not: nothing refers to the table,
// and Pebble tries again. It is held up for that as long as it takes for a look
// at the space.
func (g *guard) writeTable(path string, f func() error) error {
	err := g.attempt(f)
	if g.watch.watches() && vfs.IsNoSpaceError(err) {
		select {
		case <-time.After(lookInterval):
		case <-g.watch.stop:
		}
		return err
	}
	return g.judge(path, err)
}

// read passes on the outcome of a read. It does not return when the store is
// being opened and the error is none that is expected then.
func (g *guard) read(err error) error {
	switch {
	case err == nil, g.opened.Load(), errors.Is(err, io.EOF), errors.Is(err, fs.ErrNotExist), errors.Is(err, vfs.ErrUnsupported):
		return err
	default:
		g.fail(err)
		select {}
	}
}

// attempt runs f, which changes files. It does not return when the store has
// failed.
func (g *guard) attempt(f func() error) error {
	g.mu.RLock()
	if g.failure() != nil {
		g.mu.RUnlock()
		select {}
	}
	g.writing.Add(1)
	g.mu.RUnlock()
	defer g.writing.Done()
	return f()
}

// pebbleLogger passes Pebble's messages on, and fails the store instead of
// ending the process.
type pebbleLogger struct {
	g   *guard
	log *slog.Logger
}

func (l pebbleLogger) Infof(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...), "op", "pebble")
	}
}

func (l pebbleLogger) Errorf(format string, args ...any) {
	l.log.Error(fmt.Sprintf(format, args...), "op", "pebble")
}

// Fatalf never returns: what Pebble would do next assumes a dead process.
func (l pebbleLogger) Fatalf(format string, args ...any) {
	l.g.fail(fmt.Errorf(format, args...))
	select {}
}

// events makes failed flushes and compactions fail the store, which Pebble
// would repeat at once and for ever. Corrupt data does not: what is not corrupt
// can still be read, and Pebble leaves the damaged part alone.
func (g *guard) events(log *slog.Logger) *pebble.EventListener {
	finished := func(op string, err error) {
		switch {
		case err == nil, errors.Is(err, pebble.ErrCancelledCompaction), pebble.IsCorruptionError(err):
		case g.watch.watches() && vfs.IsNoSpaceError(err): // see writeTable
		case err.Error() == "pebble: empty table": // a flush that had nothing to write
		default:
			g.fail(fmt.Errorf("%s: %w", op, err))
		}
	}
	return &pebble.EventListener{
		BackgroundError: func(err error) { log.Error("background work failed", "op", "pebble", "err", err) },
		DataCorruption: func(info pebble.DataCorruptionInfo) {
			log.Error("data is corrupt", "op", "pebble", "path", info.Path, "err", info.Details)
		},
		CompactionEnd: func(info pebble.CompactionInfo) { finished("compact", info.Err) },
		FlushEnd:      func(info pebble.FlushInfo) { finished("flush", info.Err) },
		WriteStallBegin: func(info pebble.WriteStallBeginInfo) {
			log.Warn("writes wait for compactions", "op", "pebble", "reason", info.Reason)
		},
	}
}
