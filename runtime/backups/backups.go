// Package backups keeps the daemon's folder of backups: it makes them, on demand
// and by itself, reads each again to see that it is whole, and removes those of its
// own that there are enough newer ones of.
package backups

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/backup"
)

// Options say how backups are made.
type Options struct {
	// Dir is the folder. It is made for the first backup, and belongs to one daemon.
	Dir string
	// Every is how often the daemon makes a backup by itself, 0 for never, and Keep
	// how many of these it keeps, 0 for all.
	Every time.Duration
	Keep  int
	// Lock encrypts the backups; nil does not.
	Lock *backup.Lock
	// Write writes the state of a moment as a backup, and counts the rows.
	Write func(ctx context.Context, w io.Writer, at time.Time, rows *atomic.Int64) (backup.Header, backup.Totals, error)
	// Failed is told why the daemon could not make a backup by itself.
	Failed func(err error)
	Logger *slog.Logger
}

// Folder is the daemon's folder of backups.
type Folder struct {
	Options
	making sync.Mutex // held by who makes a backup
	// Of the backup that is being made: bytes written, rows written, bytes read again.
	written, rows, reread atomic.Int64

	mu      sync.Mutex
	failure error     // of the last backup, nil when it succeeded; guarded by mu
	failed  time.Time // guarded by mu
	next    time.Time // guarded by mu

	stop context.CancelFunc
	loop sync.WaitGroup
}

// New returns the folder.
func New(o Options) *Folder { return &Folder{Options: o, stop: func() {}} }

// The names of files: who made a backup, and when.
const (
	scheduled  = "scheduled-"
	manual     = "manual-"
	timeFormat = "20060102T150405.000Z"
	extension  = ".domovoi-backup"
	encrypted  = ".age"
	partial    = ".partial"
)

func nameOf(prefix string, at time.Time, lock *backup.Lock) string {
	name := prefix + at.UTC().Format(timeFormat) + extension
	if lock != nil {
		name += encrypted
	}
	return name
}

// parse reads a name; ok is false for other files.
func parse(name string) (b slnet.Backup, ok bool) {
	b.Name = name
	rest, found := strings.CutPrefix(name, scheduled)
	if b.Scheduled = found; !found {
		if rest, found = strings.CutPrefix(name, manual); !found {
			return b, false
		}
	}
	rest, b.Encrypted = strings.CutSuffix(rest, encrypted)
	if rest, found = strings.CutSuffix(rest, extension); !found {
		return b, false
	}
	at, err := time.Parse(timeFormat, rest)
	b.CreatedAt = at
	return b, err == nil
}

// List returns the backups, the newest first.
func (f *Folder) List() ([]slnet.Backup, error) {
	entries, err := os.ReadDir(f.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return []slnet.Backup{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list the backups: %w", err)
	}
	list := []slnet.Backup{}
	for _, e := range entries {
		b, ok := parse(e.Name())
		if !ok || !e.Type().IsRegular() {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // removed a moment ago
		}
		if err != nil {
			return nil, err
		}
		b.Size = info.Size()
		list = append(list, b)
	}
	slices.SortFunc(list, func(a, b slnet.Backup) int {
		return cmp.Or(b.CreatedAt.Compare(a.CreatedAt), strings.Compare(a.Name, b.Name))
	})
	return list, nil
}

// path is that of a backup.
func (f *Folder) path(name string) (string, error) {
	if _, ok := parse(name); !ok {
		return "", slnet.Errorf(slnet.KindNotFound, "there is no backup %.100q", name)
	}
	return filepath.Join(f.Dir, name), nil
}

// Read returns a piece of at most so many bytes of a backup, and the size of the file.
func (f *Folder) Read(name string, offset int64, most int64) (piece []byte, size int64, err error) {
	path, err := f.path(name)
	if err != nil {
		return nil, 0, err
	}
	if offset < 0 {
		return nil, 0, slnet.Errorf(slnet.KindInvalid, "the offset %d is negative", offset)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, 0, missing(name, err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, 0, err
	}
	piece = make([]byte, max(min(most, info.Size()-offset), 0))
	n, err := file.ReadAt(piece, offset)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return piece[:n], info.Size(), err
}

func missing(name string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return slnet.Errorf(slnet.KindNotFound, "there is no backup %.100q", name)
	}
	return err
}

// Delete deletes a backup.
func (f *Folder) Delete(name string) error {
	path, err := f.path(name)
	if err != nil {
		return err
	}
	return missing(name, os.Remove(path))
}

// Info says how the backups do.
func (f *Folder) Info() *slnet.BackupInfo {
	info := &slnet.BackupInfo{Writing: f.written.Load(), Rows: f.rows.Load(), Reread: f.reread.Load()}
	if list, err := f.List(); err == nil && len(list) > 0 {
		info.Newest = &list[0]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	info.NextAt = f.next
	if f.failure != nil {
		info.Failure, info.FailedAt = f.failure.Error(), f.failed
	}
	return info
}

// settle notes what became of a backup.
func (f *Folder) settle(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure, f.failed = err, time.Now().UTC().Truncate(time.Millisecond)
}
