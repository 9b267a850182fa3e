package pebblekv

import (
	"fmt"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// Metrics are figures of a store. Counts are since it was opened.
type Metrics struct {
	DiskBytes     uint64 // all files
	LiveBytes     uint64 // of them the tables and the log in use
	DiskFree      uint64 // of the file system, 0 when nobody watches it
	MinFree       uint64 // with less the store is read-only
	ReadOnly      string // why it is, empty when it is not
	WALBytes      uint64 // live data in the log
	MemTableBytes uint64 // memory of the tables that gather writes
	CacheBytes    int64  // blocks in memory
	CacheHits     int64
	CacheMisses   int64

	Flushes           int64
	Compactions       int64
	CompactionDebt    uint64 // estimate of the bytes that wait to be compacted
	ReadAmplification int    // how many tables a read may have to look at
	Snapshots         int    // held open
	Iterators         int64  // held open
	Levels            []Level

	CommitGroups int64 // synced writes
	Commits      int64 // transactions in them
	Conflicts    int64 // attempts that lost

	SyncTime time.Duration // what the synced writes took together
	Pending  time.Duration // since when the one under way waits, 0 for none
}

// Level is a level of tables. Each is as large as the ones above it together,
// several times over.
type Level struct {
	Tables int64
	Bytes  uint64
}

// Metrics returns the figures of now. Of a store that is closed or has failed
// only the counts of commits and iterators and the space are known.
func (s *Store) Metrics() Metrics {
	c := &s.committer
	m := Metrics{
		CommitGroups: c.groups.Load(),
		Commits:      c.commits.Load(),
		Conflicts:    c.conflicts.Load(),
		Iterators:    s.iterators.Load(),
		SyncTime:     time.Duration(c.took.Load()),
		Pending:      s.Pending(),
	}
	if s.space.watches() {
		m.DiskFree, m.MinFree = s.space.lastFree.Load(), s.space.minFree
	}
	if err := s.space.refusal(); err != nil {
		m.ReadOnly = err.Error()
	}
	if s.enter() != nil {
		return m
	}
	defer s.leave()
	var p *pebble.Metrics
	if s.guard.run(func() error { p = s.db.Metrics(); return nil }) != nil {
		return m
	}
	m.DiskBytes = p.DiskSpaceUsage()
	m.WALBytes = p.WAL.Size
	m.MemTableBytes = p.MemTable.Size
	m.CacheBytes = p.BlockCache.Size
	m.CacheHits = p.BlockCache.Hits
	m.CacheMisses = p.BlockCache.Misses
	m.Flushes = p.Flush.Count
	m.Compactions = p.Compact.Count
	m.CompactionDebt = p.Compact.EstimatedDebt
	m.ReadAmplification = p.ReadAmp()
	m.Snapshots = p.Snapshots.Count
	m.LiveBytes = p.WAL.Size
	for _, level := range p.Levels {
		m.Levels = append(m.Levels, Level{Tables: level.TablesCount, Bytes: uint64(level.TablesSize)})
		m.LiveBytes += uint64(level.TablesSize)
	}
	// Pebble counts a record of the log before its bytes are in the file, and a log
	// that is being replaced until its table is there.
	m.LiveBytes = min(m.LiveBytes, m.DiskBytes)
	return m
}

// Rows estimates how many rows there are, those in memory not counted. It looks at
// each table. Of a store that is closed or has failed it knows nothing.
func (s *Store) Rows() (rows int64) {
	if s.enter() != nil {
		return 0
	}
	defer s.leave()
	var levels [][]pebble.SSTableInfo
	if s.guard.run(func() (err error) { levels, err = s.db.SSTables(pebble.WithProperties()); return err }) != nil {
		return 0
	}
	for _, tables := range levels {
		for _, t := range tables {
			// A deletion hides a row of an older table, and is none itself.
			rows += int64(t.Properties.NumEntries) - 2*int64(t.Properties.NumDeletions)
		}
	}
	return max(rows, 0)
}

// Pending is for how long the commit under way has waited for the disk, 0 when
// there is none.
func (s *Store) Pending() time.Duration {
	if began := s.committer.began.Load(); began != nil {
		return time.Since(*began)
	}
	return 0
}

// Checkpoint makes a store in dir, which must not exist, that holds what was
// durable at the call and perhaps a little more. Table files are shared by hard
// links where dir is on the same file system, so it costs little at first; what
// the store has compacted away since is then kept for the checkpoint alone.
func (s *Store) Checkpoint(dir string) error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	err := s.guard.run(func() error { return s.db.Checkpoint(dir, pebble.WithFlushedWAL()) })
	if err != nil {
		return fmt.Errorf("checkpoint to %s: %w", dir, err)
	}
	return nil
}
