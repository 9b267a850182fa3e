package pebblekv

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"runtime"

	"github.com/cockroachdb/pebble/v2/vfs"
)

const (
	ballastName    = "ballast"
	defaultBallast = 64 << 20
)

// ballast is a file that holds nothing but space, to be had when there is no
// other. It is not part of the store: its errors do not make the store fail.
type ballast struct {
	fs      vfs.FS
	dir     string
	size    uint64 // 0 when there is to be none
	present bool
}

// ballast is Options.Ballast with its default, a quarter of what is kept free
// at most.
func (o Options) ballast(minFree uint64) uint64 {
	switch {
	case o.Ballast < 0:
		return 0
	case o.Ballast > 0:
		return uint64(o.Ballast)
	}
	return min(defaultBallast, minFree/4)
}

func (b *ballast) path() string { return b.fs.PathJoin(b.dir, ballastName) }

// find settles the size and looks for a file of that size. One of another is
// removed.
func (b *ballast) find(size uint64) {
	b.size = size
	info, err := b.fs.Stat(b.path())
	b.present = err == nil && size > 0 && uint64(info.Size()) == size
	if err == nil && !b.present {
		_ = b.fs.Remove(b.path()) // make puts another in its place
	}
}

func (b *ballast) missing() bool { return b.size > 0 && !b.present }

// drop removes the file, and reports whether there was one.
func (b *ballast) drop() (bool, error) {
	if !b.present {
		return false, nil
	}
	if err := b.fs.Remove(b.path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	b.present = false
	return true, nil
}

// make writes the file. After an error there is none.
func (b *ballast) make() error {
	f, err := b.fs.Create(b.path(), vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("make ballast: %w", err)
	}
	err = fill(f, int64(b.size))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("make ballast: %w", errors.Join(err, b.fs.Remove(b.path())))
	}
	b.present = true
	return nil
}

// fill makes a new file occupy size bytes of the disk. The file has its length
// only when it does.
func fill(f vfs.File, size int64) error {
	// Elsewhere Preallocate does nothing and says nothing.
	if runtime.GOOS == "linux" && f.Preallocate(0, size) == nil {
		_, err := f.WriteAt([]byte{1}, size-1)
		return err
	}
	// File systems that compress would make little of zeros.
	noise := rand.NewChaCha8([32]byte{1})
	block := make([]byte, 1<<20)
	for size > 0 {
		block = block[:min(size, int64(len(block)))]
		_, _ = noise.Read(block) // never fails
		n, err := f.Write(block)
		if err != nil {
			return err
		}
		size -= int64(n)
	}
	return nil
}
