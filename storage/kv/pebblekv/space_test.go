package pebblekv_test

import (
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

const (
	testMinFree = 64 << 10
	testBallast = 16 << 10
	resumeAt    = testMinFree + testMinFree/4
)

// gauge is a store in memory whose free space the test sets.
type gauge struct {
	*pebblekv.Store
	fs   pebblekv.FS
	free atomic.Int64
	log  lines
}

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) count(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func openGauge(t *testing.T, fs pebblekv.FS, free int64) *gauge {
	t.Helper()
	g := &gauge{fs: fs}
	g.free.Store(free)
	g.Store = open(t, pebblekv.Options{
		FS: fs, MinFree: testMinFree, Ballast: testBallast,
		FreeSpace: func() (uint64, error) {
			if n := g.free.Load(); n >= 0 {
				return uint64(n), nil
			}
			return 0, errors.New("the gauge is broken")
		},
		Logger: slog.New(slog.NewTextHandler(&g.log, nil)),
	})
	return g
}

// set changes the free space and lets the store see it.
func (g *gauge) set(free int64) error {
	g.free.Store(free)
	return g.CheckSpace()
}

func (g *gauge) hasBallast() bool {
	info, err := g.fs.Stat("store/ballast")
	return err == nil && info.Size() == testBallast
}

func (g *gauge) mustTake(t *testing.T, writes bool) {
	t.Helper()
	_, err := g.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte("k"), []byte("w")) })
	if writes && err != nil || !writes && !errors.Is(err, kv.ErrReadOnly) {
		t.Errorf("a write: %v; the store should take writes: %v", err, writes)
	}
	if m := g.Metrics(); (m.ReadOnly == "") != writes || m.MinFree != testMinFree {
		t.Errorf("metrics: %+v", m)
	}
}

func TestReadOnly(t *testing.T) {
	g := openGauge(t, pebblekv.MemFS(), 1<<20)
	put(t, g, "k", "v")
	if !g.hasBallast() {
		t.Error("there is no ballast")
	}

	err := g.set(testMinFree - 1)
	if !errors.Is(err, kv.ErrReadOnly) {
		t.Fatalf("CheckSpace: %v", err)
	}
	for _, part := range []string{"store has 64.0 KiB free", "needs 80.0 KiB"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	g.mustTake(t, false)
	if got := value(t, g, "k"); got != "v" {
		t.Errorf("k is %q", got)
	}
	if _, err := g.Update(t.Context(), func(tx kv.Tx) error { _, err := tx.Get([]byte("k")); return err }); err != nil {
		t.Errorf("an Update that writes nothing: %v", err)
	}
	if !g.hasBallast() {
		t.Error("the ballast is gone before it was needed")
	}

	// A little more is not enough to go on.
	for _, free := range []int64{testMinFree, resumeAt - 1} {
		if g.set(free) == nil {
			t.Errorf("the store takes writes at %d bytes", free)
		}
	}
	if err := g.set(resumeAt); err != nil {
		t.Error(err)
	}
	g.mustTake(t, true)

	// Still less, and the ballast goes; then there must be room for it, too.
	if g.set(testMinFree/2-1) == nil || g.hasBallast() {
		t.Error("the ballast is kept where nothing else is left")
	}
	if g.set(resumeAt) == nil {
		t.Error("the store takes writes without room for the ballast")
	}
	if err := g.set(resumeAt + testBallast); err != nil || !g.hasBallast() {
		t.Errorf("the ballast is not restored: %v", err)
	}
	g.mustTake(t, true)

	for text, want := range map[string]int{"takes no writes": 2, "takes writes again": 2, "ballast was removed": 1} {
		if n := g.log.count(text); n != want {
			t.Errorf("%q was logged %d times, want %d", text, n, want)
		}
	}
	closeStore(t, g)
	if err := g.CheckSpace(); !errors.Is(err, kv.ErrClosed) {
		t.Errorf("CheckSpace of a closed store: %v", err)
	}
}

// TestLooksByItself lets time pass.
func TestLooksByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var free atomic.Uint64
		looks := 0
		opts := pebblekv.Options{
			FS: pebblekv.MemFS(), MinFree: testMinFree, Ballast: -1, Logger: quiet,
			FreeSpace: func() (uint64, error) { looks++; return free.Load(), nil },
		}
		stop := make(chan struct{})
		refusal := pebblekv.Watch("store", opts, stop)
		for _, writes := range []bool{false, true, false} {
			free.Store(0)
			if writes {
				free.Store(1 << 20)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
			if (refusal() == nil) != writes {
				t.Errorf("with %d bytes free: %v", free.Load(), refusal())
			}
		}
		if looks < 100 || looks > 200 {
			t.Errorf("%d looks in three minutes", looks)
		}
		close(stop)
	})
}

// TestLooksWhenWritten commits until the store looks by itself, which it does
// before much of what it keeps free is gone.
func TestLooksWhenWritten(t *testing.T) {
	g := openGauge(t, pebblekv.MemFS(), 1<<20)
	g.free.Store(0)
	written := 0
	for ; written < testMinFree; written += 1 << 10 {
		_, err := g.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte("k"), make([]byte, 1<<10)) })
		if errors.Is(err, kv.ErrReadOnly) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if written > testMinFree/8 {
		t.Errorf("%d bytes were written to a full disk", written)
	}
	closeStore(t, g)
}

// TestOpenWithoutSpace opens a store where there is none, which takes the
// ballast, and can be read.
func TestOpenWithoutSpace(t *testing.T) {
	fs := pebblekv.MemFS()
	g := openGauge(t, fs, 1<<20)
	put(t, g, "k", "v")
	closeStore(t, g)
	if !g.hasBallast() {
		t.Fatal("there is no ballast")
	}
	g = openGauge(t, fs, 0)
	if g.hasBallast() {
		t.Error("the ballast is kept")
	}
	g.mustTake(t, false)
	if got := value(t, g, "k"); got != "v" {
		t.Errorf("k is %q", got)
	}
	closeStore(t, g)

	// A ballast of another size is replaced.
	s := open(t, pebblekv.Options{FS: fs, MinFree: testMinFree, Ballast: 4 << 10, FreeSpace: func() (uint64, error) { return 1 << 20, nil }})
	if info, err := fs.Stat("store/ballast"); err != nil || info.Size() != 4<<10 {
		t.Errorf("the ballast: %v, %v", info, err)
	}
	closeStore(t, s)
}

// TestBrokenGauge leaves the store as it was while the free space is not known.
func TestBrokenGauge(t *testing.T) {
	g := openGauge(t, pebblekv.MemFS(), 1<<20)
	for range 3 {
		if err := g.set(-1); err != nil {
			t.Error(err)
		}
	}
	if g.set(0) == nil || g.set(-1) == nil {
		t.Error("the store takes writes")
	}
	if n := g.log.count("the gauge is broken"); n != 2 {
		t.Errorf("the error was logged %d times, want 2", n)
	}
	closeStore(t, g)
}

// TestLargeCommits lets several commits run at once that fit alone and not
// together.
func TestLargeCommits(t *testing.T) {
	g := openGauge(t, pebblekv.MemFS(), 1<<20)
	if err := g.set(resumeAt); err != nil {
		t.Fatal(err)
	}
	_, err := g.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte("k"), make([]byte, resumeAt)) })
	if !errors.Is(err, kv.ErrReadOnly) || !strings.Contains(err.Error(), "of this size") {
		t.Errorf("a commit as large as what is free: %v", err)
	}
	g.mustTake(t, true)
	closeStore(t, g)
}

// TestDiskFills fills a small disk, in the proportions of a real one, until the
// store refuses. It must not fail, and must go on when there is space again.
func TestDiskFills(t *testing.T) {
	const capacity, minFree = 8 << 20, 1 << 20
	d := newDisk(capacity)
	opts := pebblekv.Options{FS: d, MemTableSize: 128 << 10, CacheSize: 64 << 10, MinFree: minFree, Ballast: 256 << 10}
	opts.OnFailure = func(err error) { t.Errorf("the store has failed: %v", err) }
	s := open(t, opts)
	var written atomic.Int64
	load := func(round int) {
		var group sync.WaitGroup
		for w := range 4 {
			group.Go(func() {
				random := rand.NewChaCha8([32]byte{byte(round), byte(w)})
				for i := range 20_000 {
					row := make([]byte, 1000+random.Uint64()%2000)
					_, _ = random.Read(row) // never fails
					_, err := s.Update(t.Context(), func(tx kv.Tx) error {
						return tx.Set(fmt.Appendf(nil, "%x/%d.%d.%d", row[:2], round, w, i), row)
					})
					if errors.Is(err, kv.ErrReadOnly) {
						return
					}
					if err != nil {
						t.Error(err)
						return
					}
					written.Add(1)
				}
				t.Error("the disk does not fill")
			})
		}
		group.Wait()
	}
	rows := func() (n int64) {
		err := s.View(t.Context(), func(r kv.Reader) error {
			it := r.Scan(kv.Range{})
			defer it.Close()
			for it.Next() {
				n++
			}
			return it.Err()
		})
		if err != nil {
			t.Error(err)
		}
		return n
	}
	for round := range 3 {
		load(round)
		if n := rows(); n != written.Load() {
			t.Errorf("%d rows, want %d", n, written.Load())
		}
		if round == 1 {
			// Others take what there is, also what compactions have just freed,
			// save what the tables in memory need.
			for s.CheckSpace() == nil || d.size("store/ballast") > 0 {
				d.others.Add(max(0, d.room()-256<<10))
			}
			closeStore(t, s)
			s = open(t, opts)
			if n := rows(); n != written.Load() {
				t.Errorf("%d rows after reopening on a full disk, want %d", n, written.Load())
			}
			d.others.Store(0)
		}
		d.capacity.Add(4 << 20)
		if err := s.CheckSpace(); err != nil {
			t.Error(err)
		}
	}
	closeStore(t, s)
	t.Logf("%d rows", written.Load())
}

// TestBallastSaves fills the disk to the last byte between two looks: the write
// that meets it gets the ballast.
func TestBallastSaves(t *testing.T) {
	d := newDisk(8 << 20)
	s := open(t, pebblekv.Options{FS: d, MemTableSize: 128 << 10, MinFree: 1 << 20, Ballast: 256 << 10})
	put(t, s, "k", "v")
	d.others.Add(d.room())
	put(t, s, "k", "w")
	if m := s.Metrics(); m.ReadOnly == "" || d.size("store/ballast") > 0 {
		t.Errorf("the store goes on without ballast: %+v", m)
	}
	if got := value(t, s, "k"); got != "w" {
		t.Errorf("k is %q", got)
	}
	d.others.Store(0)
	if err := s.CheckSpace(); err != nil || d.size("store/ballast") == 0 {
		t.Errorf("the store does not recover: %v", err)
	}
	closeStore(t, s)
}

// TestDiskFull meets a full disk with nobody watching.
func TestDiskFull(t *testing.T) {
	d := newDisk(1 << 20)
	failed := make(chan error, 1)
	s := open(t, pebblekv.Options{FS: d, MinFree: -1, OnFailure: func(err error) { failed <- err }})
	put(t, s, "k", "v")
	d.others.Add(d.room())
	_, err := s.Update(t.Context(), func(tx kv.Tx) error { return tx.Set([]byte("k"), make([]byte, 64<<10)) })
	if !errors.Is(err, kv.ErrFailed) || !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("a write on a full disk: %v", err)
	}
	if err := <-failed; !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("OnFailure: %v", err)
	}
	if err := s.Close(); !errors.Is(err, kv.ErrFailed) {
		t.Errorf("Close: %v", err)
	}
}

// TestRealDisk reserves the ballast on the disk of the machine.
func TestRealDisk(t *testing.T) {
	dir := t.TempDir()
	opts := pebblekv.Options{Logger: quiet}
	for range 2 {
		s, err := pebblekv.Open(dir, opts)
		if err != nil {
			t.Fatal(err)
		}
		m := s.Metrics()
		if m.DiskFree == 0 || m.MinFree == 0 {
			t.Errorf("metrics: %+v", m)
		}
		if m.ReadOnly == "" {
			put(t, s, "k", "v")
		}
		closeStore(t, s)
	}
}
