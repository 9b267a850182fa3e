package pebblekv

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"domovoi.dev/storage/kv"
)

// drainTimeout is how long Close of a failed store waits for writes that the
// operating system has not finished.
const drainTimeout = 5 * time.Second

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
	onFailure func(error)
	log       *slog.Logger

	opened  atomic.Bool   // Open has succeeded, so failures go to onFailure
	failed  chan struct{} // closed on failure
	once    sync.Once
	cause   error // set before failed is closed
	writing sync.WaitGroup
	mu      sync.RWMutex // write-locked while failed is closed, so that writing is complete

	lock *fileLock // set by Lock
}

func newGuard(dir string, o Options) *guard {
	dir = o.FS.PathDir(o.FS.PathJoin(dir, "file")) // as the directories of Pebble's paths are written
	return &guard{FS: o.FS, dir: dir, onFailure: o.OnFailure, log: o.Logger, failed: make(chan struct{})}
}

// fail makes the store failed. Only the first call counts.
func (g *guard) fail(err error) {
	g.once.Do(func() {
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
	err := g.attempt(f)
	// Files elsewhere are those of a checkpoint, which may fail by itself.
	if err != nil && g.FS.PathDir(path) == g.dir {
		g.fail(err)
		select {}
	}
	return err
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

func (g *guard) Create(name string, category vfs.DiskWriteCategory) (f vfs.File, err error) {
	err = g.write(name, func() error { f, err = g.FS.Create(name, category); return err })
	return g.file(name, f, err)
}

func (g *guard) OpenReadWrite(name string, category vfs.DiskWriteCategory, opts ...vfs.OpenOption) (f vfs.File, err error) {
	err = g.write(name, func() error { f, err = g.FS.OpenReadWrite(name, category, opts...); return err })
	return g.file(name, f, err)
}

func (g *guard) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (f vfs.File, err error) {
	err = g.write(newname, func() error { f, err = g.FS.ReuseForWrite(oldname, newname, category); return err })
	return g.file(newname, f, err)
}

// OpenDir opens a directory, whose syncs count as writes of its files.
func (g *guard) OpenDir(name string) (vfs.File, error) {
	f, err := g.FS.OpenDir(name)
	return g.file(g.FS.PathJoin(name, "directory"), f, g.read(err))
}

func (g *guard) Open(name string, opts ...vfs.OpenOption) (vfs.File, error) {
	f, err := g.FS.Open(name, opts...)
	if err != nil || g.opened.Load() {
		return f, g.read(err)
	}
	return &guardedFile{File: f, g: g, path: name}, nil
}

func (g *guard) List(dir string) ([]string, error) {
	names, err := g.FS.List(dir)
	return names, g.read(err)
}

func (g *guard) Stat(name string) (vfs.FileInfo, error) {
	info, err := g.FS.Stat(name)
	return info, g.read(err)
}

func (g *guard) GetDiskUsage(path string) (vfs.DiskUsage, error) {
	usage, err := g.FS.GetDiskUsage(path)
	return usage, g.read(err)
}

func (g *guard) Rename(oldname, newname string) error {
	return g.write(newname, func() error { return g.FS.Rename(oldname, newname) })
}

func (g *guard) Link(oldname, newname string) error {
	return g.write(newname, func() error { return g.FS.Link(oldname, newname) })
}

// MkdirAll does not fail the store: once it is open only a checkpoint makes
// directories.
func (g *guard) MkdirAll(dir string, perm os.FileMode) error {
	return g.attempt(func() error { return g.FS.MkdirAll(dir, perm) })
}

// Remove does not fail the store: a file too many does no harm, and Pebble
// tries again when it is opened.
func (g *guard) Remove(name string) error {
	return g.attempt(func() error { return g.FS.Remove(name) })
}

// RemoveAll does not fail the store, as Remove.
func (g *guard) RemoveAll(name string) error {
	return g.attempt(func() error { return g.FS.RemoveAll(name) })
}

// Lock keeps the lock Pebble takes on the directory, for a failed Pebble is
// never closed and would keep it.
func (g *guard) Lock(name string) (io.Closer, error) {
	held, err := g.FS.Lock(name)
	if err != nil {
		// Within one process the file system says it in words only.
		if errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "lock held by current process") {
			err = fmt.Errorf("directory %s: %w: %w", g.dir, kv.ErrLocked, err)
		}
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lock = &fileLock{held: held}
	return g.lock, nil
}

// unlock gives the directory of a failed store free. Writes that were under way
// at the failure end first; where the disk hangs the directory stays locked.
func (g *guard) unlock() error {
	g.mu.Lock()
	lock := g.lock
	g.mu.Unlock()
	if lock == nil {
		return nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.writing.Wait()
	}()
	select {
	case <-ended:
		return lock.Close()
	case <-time.After(drainTimeout):
		return fmt.Errorf("directory %s stays locked: a write has not ended in %v", g.dir, drainTimeout)
	}
}

// fileLock is a lock that may be released twice.
type fileLock struct {
	held io.Closer
	once sync.Once
	err  error
}

func (l *fileLock) Close() error {
	l.once.Do(func() { l.err = l.held.Close() })
	return l.err
}

func (g *guard) Unwrap() vfs.FS { return g.FS }

func (g *guard) file(path string, f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &guardedFile{File: f, g: g, path: path}, nil
}

// guardedFile is a file opened for writing, a directory, or a file opened for
// reading while the store was being opened.
type guardedFile struct {
	vfs.File
	g    *guard
	path string
}

func (f *guardedFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	return n, f.g.read(err)
}

func (f *guardedFile) ReadAt(p []byte, offset int64) (int, error) {
	n, err := f.File.ReadAt(p, offset)
	return n, f.g.read(err)
}

func (f *guardedFile) Write(p []byte) (n int, err error) {
	err = f.g.write(f.path, func() error { n, err = f.File.Write(p); return err })
	return n, err
}

func (f *guardedFile) WriteAt(p []byte, offset int64) (n int, err error) {
	err = f.g.write(f.path, func() error { n, err = f.File.WriteAt(p, offset); return err })
	return n, err
}

func (f *guardedFile) Sync() error { return f.g.write(f.path, f.File.Sync) }

func (f *guardedFile) SyncData() error { return f.g.write(f.path, f.File.SyncData) }

func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.g.write(f.path, func() error { full, err = f.File.SyncTo(length); return err })
	return full, err
}

// Stat is guarded because Pebble panics when it cannot stat a new log file.
func (f *guardedFile) Stat() (info vfs.FileInfo, err error) {
	err = f.g.write(f.path, func() error { info, err = f.File.Stat(); return err })
	return info, err
}
