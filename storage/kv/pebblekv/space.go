package pebblekv

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/storage/kv"
)

const (
	// lookInterval is the time between two looks at the free space.
	lookInterval = time.Second
	// defaultMinFree and its share of the file system bound the default of
	// Options.MinFree.
	defaultMinFree      = 256 << 20
	defaultMinFreeShare = 50 // 2 %
)

// space watches the free space of the store's directory, so that the engine,
// which does not survive a full disk, never meets one. Free must be minFree,
// which provides for the tables in memory and the compaction of what is large,
// and as much again as level 0 holds, for that is about to be rewritten. With
// less the store takes no more writes. It takes them again by itself when there
// is a quarter of minFree more, and room for the ballast.
//
// Others may fill the disk all the same. Then no compactions begin, a flush or
// compaction that meets the end of the disk gives up and tries again (see
// guard.writeTable), and any other write gets the ballast.
//
// A look is one statfs. There is one in every lookInterval, and one after every
// lookEvery bytes of commits.
type space struct {
	opts Options
	free func() (uint64, error)
	log  *slog.Logger
	stop <-chan struct{} // closed when the store closes

	minFree   uint64
	lookEvery int64

	// owed is how many bytes wait to be rewritten: those of level 0 when it was
	// last measured, and all that was committed since.
	owed     atomic.Int64
	measure  func() (level0 int64)
	readOnly atomic.Pointer[error] // why writes are refused, nil when they are not
	lastFree atomic.Uint64         // of the newest look
	unseen   atomic.Int64          // bytes committed since
	inFlight atomic.Int64          // bytes of the commits under way
	manual   atomic.Int64          // compactions that were asked for and are under way

	mu      sync.Mutex // one look at a time
	ballast ballast    // guarded by mu
	blind   bool       // the newest look failed; guarded by mu
}

// newSpace returns the watch of a directory, nil when nobody wants one. It does
// nothing before begin.
func newSpace(dir string, o Options, stop <-chan struct{}) *space {
	if o.MinFree < 0 {
		return nil
	}
	w := &space{opts: o, free: o.FreeSpace, log: o.Logger.With("op", "pebblekv.space", "dir", dir), stop: stop}
	if w.free == nil {
		w.free = func() (uint64, error) {
			usage, err := o.FS.GetDiskUsage(dir)
			return usage.AvailBytes, err
		}
	}
	w.ballast = ballast{fs: o.FS, dir: dir}
	return w
}

// begin settles the sizes and makes room for the engine to open where there is
// none. The directory exists by then and is the store's own.
func (w *space) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	free, err := w.free()
	if errors.Is(err, vfs.ErrUnsupported) {
		return // a file system in memory; minFree is 0, so nothing is ever refused
	}
	w.minFree = w.opts.minFree(w.ballast.dir)
	w.lookEvery = int64(w.minFree / 16)
	w.ballast.find(w.opts.ballast(w.minFree))
	if err == nil && free < w.minFree/2 {
		w.dropBallast(free)
	}
	w.lastFree.Store(free)
}

// minFree is Options.MinFree with its default: little enough for a small disk,
// and enough for the tables in memory to be written out and compacted.
func (o Options) minFree(dir string) uint64 {
	if o.MinFree > 0 {
		return uint64(o.MinFree)
	}
	n := uint64(defaultMinFree)
	if usage, err := o.FS.GetDiskUsage(dir); err == nil && usage.TotalBytes > 0 {
		n = min(n, usage.TotalBytes/defaultMinFreeShare)
	}
	return max(n, 4*uint64(o.MemTableSize))
}

// watches reports whether there is anything to watch.
func (w *space) watches() bool { return w != nil && w.minFree > 0 }

// run looks until the store closes.
func (w *space) run() {
	ticker := time.NewTicker(lookInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			w.owed.Store(w.measure())
			w.look()
		case <-w.stop:
			return
		}
	}
}

// look learns the free space and acts on it.
func (w *space) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unseen.Store(0)
	free, err := w.free()
	if err != nil {
		if !w.blind {
			w.log.Warn("the free space cannot be learnt", "err", err)
		}
		w.blind = true
		return
	}
	w.blind = false
	w.lastFree.Store(free)
	wasReadOnly := w.readOnly.Load() != nil
	switch {
	case free < w.need() || wasReadOnly && free < w.resumeAt():
		w.refuse(free)
		if free < w.minFree/2 {
			w.dropBallast(free)
		}
	case wasReadOnly:
		w.readOnly.Store(nil)
		w.log.Info("the store takes writes again", "free", bytesize.Rounded(int64(free)))
	}
	if w.readOnly.Load() == nil && w.ballast.missing() && free >= w.resumeAt() {
		w.makeBallast()
	}
}

// need is how much must be free for a store to take writes.
func (w *space) need() uint64 { return w.minFree + uint64(w.owed.Load()) }

// scarce reports whether what is free is little more than what must be.
func (w *space) scarce() bool { return w.watches() && w.lastFree.Load() < 4*w.minFree }

// resumeAt is how much must be free for a store that is read-only to take writes
// again. mu must be held.
func (w *space) resumeAt() uint64 {
	n := w.need() + w.minFree/4
	if w.ballast.missing() {
		n += w.ballast.size
	}
	return n
}

// refuse makes the store read-only, or renews the reason why it is. mu must be
// held.
func (w *space) refuse(free uint64) {
	err := fmt.Errorf("%w: its disk is almost full: %s has %s free and needs %s",
		kv.ErrReadOnly, w.ballast.dir, bytesize.Rounded(int64(free)), bytesize.Rounded(int64(w.resumeAt())))
	if w.readOnly.Swap(&err) == nil {
		w.log.Warn("the store takes no writes until there is more space", "free", bytesize.Rounded(int64(free)), "needs", bytesize.Rounded(int64(w.resumeAt())))
	}
}

// full is called when a write of the engine finds the disk full. The write is
// tried once more afterwards.
func (w *space) full() {
	if !w.watches() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lastFree.Store(0)
	w.dropBallast(0)
	w.refuse(0)
}

// compactions reports whether compactions may begin: where there is no space one
// would take what is left and come to nothing. The exceptions are those that
// were asked for, and those that a commit under way may wait for.
func (w *space) compactions() bool {
	return w.refusal() == nil || w.lastFree.Load() >= w.need()-w.minFree/2 || w.manual.Load() > 0 || w.inFlight.Load() > 0
}

// makeRoom gives what the ballast holds to a compaction of a store that is
// read-only.
func (w *space) makeRoom() {
	if w.refusal() == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.dropBallast(w.lastFree.Load())
}

// dropBallast frees the ballast's space. mu must be held.
func (w *space) dropBallast(free uint64) {
	switch dropped, err := w.ballast.drop(); {
	case err != nil:
		w.log.Error("the ballast cannot be removed", "err", err)
	case dropped:
		w.log.Warn("the ballast was removed to make room", "free", bytesize.Rounded(int64(free)))
	}
}

// makeBallast reserves the ballast's space. A file system that does not want it
// is not asked again. mu must be held.
func (w *space) makeBallast() {
	if err := w.ballast.make(); err != nil {
		w.ballast.size = 0
		w.log.Warn("the store does without ballast", "err", err)
	}
}

// admit lets a commit of size bytes go on, or says why it cannot. settle follows
// what was admitted.
func (w *space) admit(size int64) error {
	if !w.watches() {
		return nil
	}
	inFlight := w.inFlight.Add(size)
	if w.unseen.Add(size) >= w.lookEvery {
		w.look()
	}
	err := w.refusal()
	// A commit is written twice, to the log and to a table. What is under way
	// may use half of minFree.
	if large := 2 * uint64(inFlight); err == nil && large > w.minFree/2 {
		if need := w.need() - w.minFree/2 + large; w.lastFree.Load() < need {
			err = fmt.Errorf("%w for transactions of this size: its disk is almost full: %s has %s free and needs %s",
				kv.ErrReadOnly, w.ballast.dir, bytesize.Rounded(int64(w.lastFree.Load())), bytesize.Rounded(int64(need)))
		}
	}
	if err != nil {
		w.inFlight.Add(-size)
		return err
	}
	w.owed.Add(size)
	return nil
}

func (w *space) settle(size int64) {
	if w.watches() {
		w.inFlight.Add(-size)
	}
}

// refusal is the error of a store that is read-only, else nil.
func (w *space) refusal() error {
	if w == nil {
		return nil
	}
	if err := w.readOnly.Load(); err != nil {
		return *err
	}
	return nil
}

// CheckSpace looks at the free space now. The error is the kv.ErrReadOnly with
// which writes are refused, or that of a store which is closed or has failed.
func (s *Store) CheckSpace() error {
	if err := s.enter(); err != nil {
		return err
	}
	defer s.leave()
	if !s.space.watches() {
		return nil
	}
	err := s.guard.run(func() error {
		s.space.owed.Store(s.space.measure())
		s.space.look()
		return nil
	})
	return cmp.Or(err, s.space.refusal())
}
