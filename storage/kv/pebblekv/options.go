// Package pebblekv is the engine of package kv on Pebble. It is the only
// package that imports Pebble, and nothing of Pebble shows in what it exports
// except the file system of FS.
//
// One goroutine commits. It takes all transactions that wait, checks them one
// after the other against the commits made since their snapshots, writes those
// that pass as one synced batch, and only then publishes a snapshot that holds
// them. All reads are made on the published snapshot, so nothing is ever read
// that a crash could take back.
//
// When a write or a sync fails the engine stops for good (see failstop.go).
package pebblekv

import (
	"log/slog"
	"runtime"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"

	"domovoi.dev/storage/kv/occ"
)

// Options are the settings of a store. The zero value is useful.
type Options struct {
	// FS is the file system, by default that of the operating system.
	FS FS
	// CacheSize is the size of the block cache in bytes, by default 64 MiB.
	CacheSize int64
	// MemTableSize is how many bytes of writes are gathered in memory before
	// they go to a table file, by default 32 MiB. The first tables of a new
	// process are smaller, so an idle store takes little. Up to two are charged
	// to the cache's budget on top of CacheSize, so CacheSize + 2*MemTableSize
	// bounds what a store holds in memory, save in bursts.
	MemTableSize int64
	// MaxConcurrentCompactions is how many compactions may run at a time, by
	// default half as many as there are processors.
	MaxConcurrentCompactions int
	// MinFree is how many bytes of the directory's file system the store leaves
	// free: with less it takes no writes until there is more again (see space.go).
	// By default it is 2 % of the file system, at most 256 MiB and at least four
	// times MemTableSize. A negative one turns the watch off. File systems that do not
	// know their space, such as MemFS, are not watched without FreeSpace.
	MinFree int64
	// Ballast is the size of a file that is given up when the engine needs space
	// and there is no other, by default 64 MiB and at most a quarter of MinFree. A
	// negative one means none.
	Ballast int64
	// FreeSpace says how many bytes are free; by default the file system is
	// asked. It is called from any goroutine.
	FreeSpace func() (uint64, error)
	// Logger gets what the engine has to say, by default slog.Default().
	Logger *slog.Logger
	// OnFailure is called once, on a goroutine of its own, when the store has
	// failed and refuses all further work.
	OnFailure func(error)
}

const (
	defaultCacheSize    = 64 << 20
	defaultMemTableSize = 32 << 20

	// minTableFile is the least target size of a table file.
	minTableFile = 64 << 10

	// pebbleFormat is the version of Pebble's files. Raising it is a migration
	// that cannot be undone.
	pebbleFormat = pebble.FormatTableFormatV6
)

func (o Options) withDefaults() Options {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	if o.CacheSize <= 0 {
		o.CacheSize = defaultCacheSize
	}
	if o.MemTableSize <= 0 {
		o.MemTableSize = defaultMemTableSize
	}
	if o.MaxConcurrentCompactions <= 0 {
		o.MaxConcurrentCompactions = max(1, runtime.GOMAXPROCS(0)/2)
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}

// pebbleOptions are Pebble's settings for o on the guarded file system g.
func (o Options) pebbleOptions(g *guard) *pebble.Options {
	p := &pebble.Options{
		FS:                 g,
		FormatMajorVersion: pebbleFormat,
		Merger:             counterMerger,
		Logger:             pebbleLogger{g: g, log: o.Logger},
		// Pebble takes the memtables out of the cache's budget; without the
		// addition a cache no larger than a memtable would hold nothing.
		CacheSize:    o.CacheSize + 2*o.MemTableSize,
		MemTableSize: uint64(o.MemTableSize),
		// By default the third memtable stalls writes, and one slow flush is
		// enough for that.
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                512,
		CompactionConcurrencyRange:  func() (int, int) { return 1, o.MaxConcurrentCompactions },
	}
	// By default these have fixed sizes. In proportion to the memtable, so has
	// the space a compaction takes while it runs, which MinFree provides for.
	p.LBaseMaxBytes = 2 * o.MemTableSize
	p.TargetFileSizes[0] = max(minTableFile, o.MemTableSize/16)
	if g.watch != nil {
		p.Experimental.CompactionScheduler = newScheduler(g.watch.compactions)
	}
	for i := range p.Levels {
		p.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	p.EventListener = g.events(o.Logger)
	return p
}

// counterMerger adds up the operands of kv.Tx.Add.
var counterMerger = &pebble.Merger{
	Name: "domovoi.counter",
	Merge: func(_, value []byte) (pebble.ValueMerger, error) {
		return &counterSum{sum: occ.LenientCounter(value)}, nil
	},
}
