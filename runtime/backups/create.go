package backups

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync/atomic"
	"time"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/internal/fsync"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/backup"
)

// Create makes a backup that stays until somebody deletes it.
func (f *Folder) Create(ctx context.Context) (*slnet.BackupResponse, error) {
	return f.create(ctx, manual)
}

// create makes a backup. One is made at a time.
func (f *Folder) create(ctx context.Context, prefix string) (*slnet.BackupResponse, error) {
	if !f.making.TryLock() {
		return nil, slnet.Errorf(slnet.KindConflict, "a backup is being made already; %s of it are written", bytesize.Rounded(f.written.Load()))
	}
	defer f.making.Unlock()
	defer func() {
		f.written.Store(0)
		f.rows.Store(0)
		f.reread.Store(0)
	}()
	at := time.Now().UTC().Truncate(time.Millisecond)
	response, err := f.write(ctx, nameOf(prefix, at, f.Lock), at)
	switch {
	case ctx.Err() != nil:
		return nil, ctx.Err() // nobody wants it any more
	case err != nil:
		err = slnet.Errorf(slnet.KindUnavailable, "the backup failed, and nothing of it is left: %v", err)
	}
	f.settle(err)
	return response, err
}

// write writes a backup into a file of another name, reads it again, and gives it
// its name.
func (f *Folder) write(ctx context.Context, name string, at time.Time) (_ *slnet.BackupResponse, err error) {
	if err := os.MkdirAll(f.Dir, 0o700); err != nil {
		return nil, err
	}
	if err := f.sweep(); err != nil {
		return nil, err
	}
	path := filepath.Join(f.Dir, name)
	file, err := os.OpenFile(path+partial, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, file.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(path+partial))
		}
	}()
	header, totals, size, err := f.fill(ctx, file, at)
	if err != nil {
		return nil, err
	}
	if err := os.Rename(path+partial, path); err != nil {
		return nil, err
	}
	b, _ := parse(name)
	b.Size = size
	return &slnet.BackupResponse{
		Backup: b, StoreVersion: int64(header.StoreVersion), Rows: totals.Rows, RowBytes: totals.RowBytes,
		Files: totals.Files, FileBytes: totals.FileBytes, Keys: header.Keys, Missing: totals.Missing,
	}, fsync.Dir(f.Dir)
}

// sweep removes what was left by a daemon that ended while it made a backup.
func (f *Folder) sweep() error {
	entries, err := os.ReadDir(f.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), partial); ok {
			if _, ok := parse(name); ok {
				err = errors.Join(err, os.Remove(filepath.Join(f.Dir, e.Name())))
			}
		}
	}
	return err
}

// fill writes a backup into a file, durably, and reads it again.
func (f *Folder) fill(ctx context.Context, file *os.File, at time.Time) (h backup.Header, t backup.Totals, size int64, err error) {
	counted := &counter{w: file, n: &f.written}
	w, key, err := f.Lock.Encrypt(counted)
	if err != nil {
		return h, t, 0, err
	}
	if h, t, err = f.Write(ctx, w, at, &f.rows); err != nil {
		return h, t, 0, err
	}
	if err := errors.Join(w.Close(), file.Sync()); err != nil {
		return h, t, 0, err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return h, t, 0, err
	}
	if err := compare(ctx, io.TeeReader(file, &counter{w: io.Discard, n: &f.reread}), key, h, t); err != nil {
		return h, t, 0, fmt.Errorf("it was written, but cannot be read as it should be: %w", err)
	}
	return h, t, counted.n.Load(), nil
}

// compare reads a backup to its end and compares it with what was to be written.
func compare(ctx context.Context, file io.Reader, key *backup.Key, h backup.Header, t backup.Totals) error {
	r, err := backup.Open(&cancelled{ctx, file}, key)
	if err != nil {
		return err
	}
	totals, err := r.Read(backup.Sink{})
	if err == nil && (r.Header() != h || !reflect.DeepEqual(totals, t)) {
		err = fmt.Errorf("it has %+v, %+v, want %+v, %+v", r.Header(), totals, h, t)
	}
	return err
}

// counter counts what is written.
type counter struct {
	w io.Writer
	n *atomic.Int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// cancelled is a reader that ends with a context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
