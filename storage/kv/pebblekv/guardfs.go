package pebblekv

import (
	"os"

	"github.com/cockroachdb/pebble/v2/vfs"
)

func (g *guard) Create(name string, category vfs.DiskWriteCategory) (f vfs.File, err error) {
	write := g.write
	if category == writesFlush || category == writesCompaction {
		write = g.writeTable
	}
	err = write(name, func() error { f, err = g.FS.Create(name, category); return err })
	if err != nil {
		return nil, err
	}
	return &guardedFile{File: f, g: g, path: name, write: write}, nil
}

// The categories of tables, by Pebble's names.
const (
	writesFlush      vfs.DiskWriteCategory = "pebble-memtable-flush"
	writesCompaction vfs.DiskWriteCategory = "pebble-compaction"
)

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
	return &guardedFile{File: f, g: g, path: name, write: g.write}, nil
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

func (g *guard) Unwrap() vfs.FS { return g.FS }

func (g *guard) file(path string, f vfs.File, err error) (vfs.File, error) {
	if err != nil {
		return nil, err
	}
	return &guardedFile{File: f, g: g, path: path, write: g.write}, nil
}

// guardedFile is a file opened for writing, a directory, or a file opened for
// reading while the store was being opened.
type guardedFile struct {
	vfs.File
	g     *guard
	path  string
	write func(path string, f func() error) error // guard.write or guard.writeTable
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
	err = f.write(f.path, func() error { n, err = f.File.Write(p); return err })
	return n, err
}

func (f *guardedFile) WriteAt(p []byte, offset int64) (n int, err error) {
	err = f.write(f.path, func() error { n, err = f.File.WriteAt(p, offset); return err })
	return n, err
}

func (f *guardedFile) Sync() error { return f.write(f.path, f.File.Sync) }

func (f *guardedFile) SyncData() error { return f.write(f.path, f.File.SyncData) }

func (f *guardedFile) SyncTo(length int64) (full bool, err error) {
	err = f.write(f.path, func() error { full, err = f.File.SyncTo(length); return err })
	return full, err
}

// Preallocate reserves nothing where space is scarce: Pebble does it for whole
// logs, of which a young store has several that are almost empty.
func (f *guardedFile) Preallocate(offset, length int64) error {
	if f.g.watch.scarce() {
		return nil
	}
	return f.File.Preallocate(offset, length)
}

// Stat is guarded because Pebble panics when it cannot stat a new log file.
func (f *guardedFile) Stat() (info vfs.FileInfo, err error) {
	err = f.g.write(f.path, func() error { info, err = f.File.Stat(); return err })
	return info, err
}
