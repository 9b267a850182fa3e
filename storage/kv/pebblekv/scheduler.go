package pebblekv

import (
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
)

// scheduler lets Pebble compact as much as it wants to, up to its own limits,
// while open says so. Compactions under way are not held up.
type scheduler struct {
	open func() bool
	db   pebble.DBForCompaction
	poke chan struct{}
	stop chan struct{}
	done chan struct{}

	mu      sync.Mutex // held for no call to db that takes locks
	running int        // guarded by mu
	stopped bool       // guarded by mu
}

var _ pebble.CompactionScheduler = (*scheduler)(nil)

// pokeInterval is the time between two looks whether more may run: Pebble does
// not tell of everything that changes it.
const pokeInterval = 100 * time.Millisecond

func newScheduler(open func() bool) *scheduler {
	return &scheduler{open: open, poke: make(chan struct{}, 1), stop: make(chan struct{}), done: make(chan struct{})}
}

// Register implements pebble.CompactionScheduler.
func (s *scheduler) Register(_ int, db pebble.DBForCompaction) {
	s.db = db
	go s.run()
}

// Unregister implements pebble.CompactionScheduler.
func (s *scheduler) Unregister() {
	s.mu.Lock()
	s.stopped = true
	s.mu.Unlock()
	close(s.stop)
	<-s.done
}

// TrySchedule implements pebble.CompactionScheduler.
func (s *scheduler) TrySchedule() (bool, pebble.CompactionGrantHandle) {
	return s.take(), s
}

// take takes a place to run, if there is one.
func (s *scheduler) take() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || !s.open() || s.running >= s.db.GetAllowedWithoutPermission() {
		return false
	}
	s.running++
	return true
}

func (s *scheduler) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

// UpdateGetAllowedWithoutPermission implements pebble.CompactionScheduler.
func (s *scheduler) UpdateGetAllowedWithoutPermission() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// run starts what waits and may run.
func (s *scheduler) run() {
	defer close(s.done)
	ticker := time.NewTicker(pokeInterval)
	defer ticker.Stop()
	for {
		for s.take() {
			if waiting, _ := s.db.GetWaitingCompaction(); !waiting || !s.db.Schedule(s) {
				s.release()
				break
			}
		}
		select {
		case <-s.poke:
		case <-ticker.C:
		case <-s.stop:
			return
		}
	}
}

// Done implements pebble.CompactionGrantHandle.
func (s *scheduler) Done() {
	s.release()
	s.UpdateGetAllowedWithoutPermission()
}

// Started implements pebble.CompactionGrantHandle.
func (*scheduler) Started() {}

// MeasureCPU implements pebble.CompactionGrantHandle.
func (*scheduler) MeasureCPU(pebble.CompactionGoroutineKind) {}

// CumulativeStats implements pebble.CompactionGrantHandle.
func (*scheduler) CumulativeStats(pebble.CompactionGrantHandleStats) {}
