package pebblekv

import (
	"math/rand/v2"
	"sync"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// FS is a file system a store can live on.
type FS = vfs.FS

// MemFS returns an empty file system in memory.
func MemFS() FS { return vfs.NewMem() }

// CrashFS is a file system in memory that knows what has been synced.
type CrashFS struct {
	*vfs.MemFS
	mu     sync.Mutex
	random *rand.Rand // guarded by mu
}

// NewCrashFS returns an empty CrashFS. Its random choices are the same in every
// run.
func NewCrashFS() *CrashFS { return newCrashFS(vfs.NewCrashableMem()) }

func newCrashFS(fs *vfs.MemFS) *CrashFS {
	return &CrashFS{MemFS: fs, random: rand.New(rand.NewPCG(1, 2))}
}

// Clone returns the file system as it could be after a crash at this moment:
// all that was synced, and each block and directory entry that was not with a
// probability of unsyncedPercent. The original goes on. It may be called while
// a store is open on it.
func (fs *CrashFS) Clone(unsyncedPercent int) *CrashFS {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return newCrashFS(fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: unsyncedPercent, RNG: fs.random}))
}

// FaultFS is a file system on which one operation fails.
type FaultFS struct {
	FS
	index *errorfs.InjectIndex
}

// InjectErrors returns fs with the operation number index, from 0, failing.
func InjectErrors(fs FS, index int) *FaultFS {
	i := errorfs.OnIndex(int32(index))
	return &FaultFS{FS: errorfs.Wrap(fs, i), index: i}
}

// Fired reports whether the operation was reached.
func (fs *FaultFS) Fired() bool { return fs.index.Int32.Load() < 0 }
