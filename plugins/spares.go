package plugins

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// spareIdle is how long a spare waits for a run of its script.
	spareIdle = 5 * time.Minute
	// spareDelay is how long after the beginning of a run the next spare is
	// prepared: a short run is over by then and has the machine to itself.
	spareDelay = 10 * time.Millisecond
	// leastMemory is the share of the machine's memory that must be available
	// for spares to be there.
	leastMemory = 0.1
	// maxRuns and maxAge bound for how many runs, and for how long, a process may
	// be used.
	maxRuns = 1000
	maxAge  = 10 * time.Minute
)

// spares are processes that wait for a run: started, in their sandbox, with the
// source of their script loaded. Some are new, and for the first run that comes.
// The others have carried a run that left nothing in them, and are for the next
// run of the same version of the script with the rights of the same user.
//
// A new one is prepared for each script while a run of it begins that did not
// find a used one, so there are never more than the runs that came; the scripts
// executed last have theirs. A run that comes while a spare is
// being prepared waits for it, since starting another process would take longer
// and cost twice: so a load that no spare can keep up with starts as many
// processes as it would without.
//
// A new spare that is ready is stopped, so that what the initialisation of a
// script left running takes no processor. In a used one nothing of the script
// runs.
type spares struct {
	host  *Host
	limit int

	ctx    context.Context // ends preparations
	cancel context.CancelFunc
	work   sync.WaitGroup

	mu     sync.Mutex
	list   []*spare            // guarded by mu: not taken, those used last at the end
	delays map[string]*delayed // guarded by mu: preparations that are about to begin
	closed bool                // guarded by mu
	looked time.Time           // guarded by mu: when memory was looked at
}

// spare is a process, or one to be.
type spare struct {
	spec    Spec
	owner   string        // whose runs it carried; empty when it is new
	used    time.Time     // when a run of its script last began, or its own ended; guarded by spares.mu
	ready   chan struct{} // closed when process or err is there
	process *Process
	err     error
}

// delayed is a preparation that is about to begin.
type delayed struct {
	name  string // of the script
	timer *time.Timer
}

func (s *spares) init(h *Host, limit int) {
	s.host, s.limit = h, limit
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.delays = make(map[string]*delayed)
}

// Prepare returns a process for a run with the rights of identity: one that waits
// for it, or a new one, that has loaded spec.Files if there are any. When it
// fails nothing is left. An error of the source is a plugin.CompileErrors. The
// caller must Release or Close the process.
func (h *Host) Prepare(ctx context.Context, spec Spec, identity string) (*Process, error) {
	if spec.Spare == "" || h.spares.limit == 0 {
		return h.load(ctx, spec)
	}
	p := h.spares.take(ctx, spec.Spare, identity)
	if p != nil && p.owner != "" {
		h.counters.reuses.Add(1)
		return p, nil
	}
	defer h.spares.replenish(spec)
	var err error
	if p == nil {
		if p, err = h.load(ctx, spec); err != nil {
			return nil, err
		}
	}
	p.owner = identity
	return p, nil
}

// Release gives a process back after its run: to the runs that come, if it is as
// it was before, and otherwise it is closed. Nobody waits for that but Close of
// the host.
func (p *Process) Release() {
	if !p.host.spares.keep(p) {
		go p.Close()
	}
}

// reusable reports whether a process may carry another run. Workers alone are
// believed that nothing is left of the last: what is executed there is the
// daemon's own code, which a script has no way to change; a plugin binary could
// say anything. A bound on processor time is that of a process, so there is one
// for each run.
func (p *Process) reusable() bool {
	p.busy.Lock()
	defer p.busy.Unlock()
	_, ended := p.Exit()
	return p.clean && !ended && !p.retired.Load() && p.spec.Path == "" && p.spec.Spare != "" && p.owner != "" &&
		p.spec.Bounds.CPU == 0 && p.runs < maxRuns && time.Since(p.startedAt) < maxAge && p.child.memory() < p.spec.Bounds.memory()/2
}

// keep takes a process that may carry another run, and reports whether it did.
func (s *spares) keep(p *Process) bool {
	if s.limit == 0 || !p.reusable() {
		return false
	}
	ready := make(chan struct{})
	close(ready)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || p.retired.Load() {
		return false
	}
	if len(s.list) >= s.limit {
		s.endLocked(0)
	}
	s.list = append(s.list, &spare{spec: p.spec, owner: p.owner, used: time.Now(), ready: ready, process: p})
	return true
}

// load starts a process and lets it load its source.
func (h *Host) load(ctx context.Context, spec Spec) (*Process, error) {
	p, err := h.Start(ctx, spec)
	if err != nil || len(spec.Files) == 0 {
		return p, err
	}
	description, err := p.Describe(ctx, spec.Files)
	if err == nil && len(description.Errors) > 0 {
		err = description.Errors
	}
	if err != nil {
		_ = p.Close()
		return nil, err
	}
	return p, nil
}

// Retire ends the processes that wait for runs of a script, because it has a new
// version, and shared ones as soon as their runs are over.
func (h *Host) Retire(name string) {
	h.shares.retire(name)
	processes := h.living()
	h.spares.mu.Lock()
	for _, p := range processes {
		if p.spec.Name == name {
			p.retired.Store(true)
		}
	}
	h.spares.stopDelaysLocked(func(d *delayed) bool { return d.name == name })
	h.spares.mu.Unlock()
	h.spares.drop(func(s *spare) bool { return s.spec.Name == name })
}

// Spares is how many processes wait for a run, or are being prepared for one.
func (h *Host) Spares() int {
	h.spares.mu.Lock()
	defer h.spares.mu.Unlock()
	return len(h.spares.list)
}

// take returns a spare, nil when there is none that lives.
func (s *spares) take(ctx context.Context, key, identity string) *Process {
	found := s.claim(key, identity)
	if found == nil {
		return nil
	}
	select {
	case <-found.ready:
	case <-ctx.Done():
		s.work.Go(func() { found.close() })
		return nil
	}
	if found.err != nil {
		return nil
	}
	if found.owner == "" {
		found.process.child.thaw()
	}
	select {
	case <-found.process.Ended():
		found.close()
		return nil
	default:
		return found.process
	}
}

// claim takes a spare off the list: the last used of the identity, or else a new
// one that is ready, or else one that will be.
func (s *spares) claim(key, identity string) *spare {
	s.mu.Lock()
	defer s.mu.Unlock()
	best := -1
	for i, candidate := range s.list {
		switch {
		case candidate.spec.Spare != key || candidate.owner != "" && candidate.owner != identity:
		case best < 0, candidate.owner != "", s.list[best].owner == "" && candidate.isReady():
			best = i
		}
	}
	if best < 0 {
		return nil
	}
	found := s.list[best]
	s.list = slices.Delete(s.list, best, best+1)
	return found
}

func (s *spare) isReady() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

// close ends a spare that was taken off the list.
func (s *spare) close() {
	<-s.ready
	if s.process != nil {
		_ = s.process.Close()
	}
}

// replenish sees to it that a spare of a script is there soon.
func (s *spares) replenish(spec Spec) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed || s.delays[spec.Spare] != nil {
		return
	}
	s.delays[spec.Spare] = &delayed{spec.Name, time.AfterFunc(spareDelay, func() { s.prepare(spec) })}
}

func (s *spares) prepare(spec Spec) {
	scarce := availableMemory() < leastMemory
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.delays[spec.Spare] == nil {
		return // dropped meanwhile
	}
	delete(s.delays, spec.Spare)
	if s.closed || scarce {
		return
	}
	next := &spare{spec: spec, ready: make(chan struct{})}
	if i := slices.IndexFunc(s.list, func(o *spare) bool { return o.spec.Spare == spec.Spare && o.owner == "" }); i >= 0 {
		next = s.list[i] // there is one: it is only used again
		s.list = slices.Delete(s.list, i, i+1)
	} else {
		if len(s.list) >= s.limit {
			s.endLocked(0)
		}
		s.work.Go(func() { s.make(next) })
	}
	next.used = time.Now()
	s.list = append(s.list, next)
}

// make makes the process of a spare. One that cannot be made is no matter: the
// next run meets the same error, and tells it.
func (s *spares) make(next *spare) {
	next.process, next.err = s.host.load(s.ctx, next.spec)
	if next.err != nil {
		s.drop(func(o *spare) bool { return o == next })
	} else {
		next.process.child.freeze()
	}
	close(next.ready)
}

// endLocked ends a spare of the list. The caller holds mu.
func (s *spares) endLocked(i int) {
	old := s.list[i]
	s.list = slices.Delete(s.list, i, i+1)
	s.work.Go(old.close)
}

// drop ends the spares that are meant.
func (s *spares) drop(meant func(*spare) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := len(s.list) - 1; i >= 0; i-- {
		if meant(s.list[i]) {
			s.endLocked(i)
		}
	}
}

// stopDelaysLocked gives up preparations that did not begin. The caller holds
// mu.
func (s *spares) stopDelaysLocked(meant func(*delayed) bool) {
	for key, d := range s.delays {
		if meant(d) {
			d.timer.Stop()
			delete(s.delays, key)
		}
	}
}

// look ends spares that nobody needs, all when memory is scarce.
func (s *spares) look() {
	s.mu.Lock()
	now := time.Now()
	due := len(s.list) > 0 && now.Sub(s.looked) > time.Second
	if due {
		s.looked = now
	}
	s.mu.Unlock()
	if !due {
		return
	}
	scarce := availableMemory() < leastMemory
	s.drop(func(o *spare) bool { return scarce || now.Sub(o.used) > spareIdle })
}

// close ends all spares and waits for their end.
func (s *spares) close() {
	s.mu.Lock()
	s.closed = true
	s.stopDelaysLocked(func(*delayed) bool { return true })
	s.mu.Unlock()
	s.cancel()
	s.drop(func(*spare) bool { return true })
	s.work.Wait()
}
