package pebblekv_test

import (
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2/vfs"

	"domovoi.dev/storage/kv/pebblekv"
)

// disk is a file system in memory on which the files of the folder "store" take
// space, of which there is only so much.
type disk struct {
	pebblekv.FS
	capacity atomic.Int64
	others   atomic.Int64 // what others have on it
}

func newDisk(capacity int64) *disk {
	d := &disk{FS: pebblekv.MemFS()}
	d.capacity.Store(capacity)
	return d
}

func (d *disk) room() int64 {
	used := d.others.Load()
	names, _ := d.FS.List("store")
	for _, name := range names {
		used += d.size("store/" + name)
	}
	return d.capacity.Load() - used
}

// size is that of a file, 0 when there is none.
func (d *disk) size(path string) int64 {
	info, err := d.FS.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

func (d *disk) GetDiskUsage(string) (vfs.DiskUsage, error) {
	total, room := uint64(d.capacity.Load()), uint64(max(0, d.room()))
	return vfs.DiskUsage{AvailBytes: room, TotalBytes: total, UsedBytes: total - room}, nil
}

func (d *disk) Create(name string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.Create(name, category)
	return &diskFile{f, d}, err
}

func (d *disk) ReuseForWrite(oldname, newname string, category vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := d.FS.ReuseForWrite(oldname, newname, category)
	return &diskFile{f, d}, err
}

type diskFile struct {
	vfs.File
	disk *disk
}

func (f *diskFile) Write(p []byte) (int, error) {
	if int64(len(p)) > f.disk.room() {
		return 0, syscall.ENOSPC
	}
	return f.File.Write(p)
}

func (f *diskFile) WriteAt(p []byte, at int64) (int, error) {
	info, err := f.Stat()
	if err == nil && at+int64(len(p))-info.Size() > f.disk.room() {
		err = syscall.ENOSPC
	}
	if err != nil {
		return 0, err
	}
	return f.File.WriteAt(p, at)
}
