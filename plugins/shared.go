package plugins

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"

	"domovoi.dev/sdk/slnet"
)

const (
	// sharedIdle is how long a shared process lives without a run.
	sharedIdle = time.Minute
	// A shared process that dies is started again by the next run, but not
	// before a pause that doubles from firstPause to lastPause with each death,
	// and is forgotten once a process has lived for steadyTime.
	firstPause = 100 * time.Millisecond
	lastPause  = 30 * time.Second
	steadyTime = time.Minute
)

// shares are the processes that several runs use at a time.
type shares struct {
	host *Host
	work sync.WaitGroup // what watches over processes

	mu   sync.Mutex
	list map[shareKey]*share // guarded by mu
}

// shareKey tells shared processes apart: nobody uses one of another version, or
// one that carries runs with another user's rights.
type shareKey struct{ version, identity string }

// share is a shared process, or the place of one.
type share struct {
	shares *shares
	key    shareKey
	spec   Spec
	turn   chan struct{} // held by who starts the process

	mu        sync.Mutex
	process   *Process    // guarded by mu; nil when there is none
	users     int         // guarded by mu: runs that use it
	idle      *time.Timer // guarded by mu: ends a process without users
	retired   bool        // guarded by mu: no further runs come
	startedAt time.Time   // guarded by mu
	deaths    int         // guarded by mu: in a row
	notBefore time.Time   // guarded by mu: when it may be started again
	restarts  int64       // guarded by mu
	lastError string      // guarded by mu
	failedAt  time.Time   // guarded by mu
}

// Share returns the process that carries the runs of spec.Spare with the rights
// of identity, and starts it when there is none. The caller calls done instead of
// closing the process.
func (h *Host) Share(ctx context.Context, spec Spec, identity string) (p *Process, done func(), err error) {
	spec.shared = true
	s := h.shares.get(spec, identity)
	for {
		if p := s.use(); p != nil {
			return p, sync.OnceFunc(s.release), nil
		}
		select {
		case s.turn <- struct{}{}:
		case <-ctx.Done():
			return nil, nil, context.Cause(ctx)
		}
		err := s.start(ctx)
		<-s.turn
		if err != nil {
			return nil, nil, err
		}
	}
}

func (ss *shares) get(spec Spec, identity string) *share {
	key := shareKey{spec.Spare, identity}
	ss.mu.Lock()
	defer ss.mu.Unlock()
	s := ss.list[key]
	if s == nil {
		s = &share{shares: ss, key: key, spec: spec, turn: make(chan struct{}, 1)}
		if ss.list == nil {
			ss.list = make(map[shareKey]*share)
		}
		ss.list[key] = s
	}
	return s
}

// use takes the process for a run, if there is one that lives.
func (s *share) use() *Process {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process == nil {
		return nil
	}
	select {
	case <-s.process.Ended():
		return nil
	default:
	}
	s.users++
	if s.idle != nil {
		s.idle.Stop()
	}
	return s.process
}

// release gives the process back after a run.
func (s *share) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.users--
	switch {
	case s.users > 0 || s.process == nil:
	case s.retired:
		s.stopLocked()
	default:
		s.idle = time.AfterFunc(sharedIdle, s.stopIdle)
	}
}

func (s *share) stopIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 && s.process != nil {
		s.stopLocked()
	}
}

// stopLocked ends the process. The caller holds mu.
func (s *share) stopLocked() {
	p := s.process
	s.process = nil
	s.shares.work.Go(func() { _ = p.Close() })
}

// start starts the process unless there is one. The caller has the turn.
func (s *share) start(ctx context.Context) error {
	s.mu.Lock()
	pause := time.Until(s.notBefore)
	if s.process != nil {
		select {
		case <-s.process.Ended(): // and is not known as dead yet
		default:
			s.mu.Unlock()
			return nil
		}
	}
	s.mu.Unlock()
	if pause > 0 {
		timer := time.NewTimer(pause)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
			return slnet.Errorf(slnet.KindUnavailable, "%s: its shared process died and is started again in %v: %s", s.spec.Name, pause.Round(time.Millisecond), s.snapshot().LastError)
		}
	}
	p, err := s.shares.host.Start(ctx, s.spec)
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil {
		if ctx.Err() == nil {
			s.failedLocked(err.Error())
		}
		return err
	}
	if !s.startedAt.IsZero() {
		s.restarts++
	}
	s.process, s.startedAt = p, time.Now()
	s.shares.work.Go(func() { s.watch(p) })
	return nil
}

// watch waits for the end of a process and notes why it died, if it did.
func (s *share) watch(p *Process) {
	<-p.Ended()
	s.mu.Lock()
	died := s.process == p
	if died {
		s.process = nil
		if time.Since(s.startedAt) > steadyTime {
			s.deaths = 0
		}
		s.failedLocked(p.deathText())
	}
	s.mu.Unlock()
	if died {
		_ = p.Close()
	}
}

// failedLocked notes a death, or a start that failed. The caller holds mu.
func (s *share) failedLocked(why string) {
	pause := min(firstPause<<min(s.deaths, 16), lastPause)
	s.deaths++
	s.failedAt = time.Now()
	s.notBefore = s.failedAt.Add(pause)
	s.lastError = why
}

// retire ends the shared processes of a script once their runs are over.
func (ss *shares) retire(name string) {
	ss.mu.Lock()
	defer ss.mu.Unlock()
	for key, s := range ss.list {
		if s.spec.Name != name {
			continue
		}
		delete(ss.list, key)
		s.mu.Lock()
		s.retired = true
		if s.users == 0 && s.process != nil {
			s.stopLocked()
		}
		s.mu.Unlock()
	}
}

// close waits for what watches over the processes, which have been closed.
func (ss *shares) close() {
	ss.mu.Lock()
	for _, s := range ss.list {
		s.mu.Lock()
		if s.idle != nil {
			s.idle.Stop()
		}
		s.mu.Unlock()
	}
	ss.mu.Unlock()
	ss.work.Wait()
}

// SharedProcesses are the shared processes of a script, of all scripts for an
// empty name, in the order of their names and users.
func (h *Host) SharedProcesses(name string) []slnet.PluginProcess {
	h.shares.mu.Lock()
	defer h.shares.mu.Unlock()
	list := []slnet.PluginProcess{}
	for _, s := range h.shares.list {
		if name == "" || name == s.spec.Name {
			list = append(list, s.snapshot())
		}
	}
	slices.SortFunc(list, func(a, b slnet.PluginProcess) int {
		return cmp.Or(cmp.Compare(a.Script, b.Script), cmp.Compare(a.RunsAs, b.RunsAs))
	})
	return list
}

func (s *share) snapshot() slnet.PluginProcess {
	s.mu.Lock()
	defer s.mu.Unlock()
	p := slnet.PluginProcess{
		Script: s.spec.Name, ScriptVersion: s.spec.Version, RunsAs: s.key.identity, State: slnet.PluginStopped,
		Restarts: s.restarts, LastError: s.lastError, LastErrorAt: s.failedAt,
	}
	switch {
	case s.process != nil:
		p.State, p.PID, p.StartedAt, p.Runs = slnet.PluginRunning, int64(s.process.PID()), s.startedAt, int64(s.users)
	case time.Now().Before(s.notBefore):
		p.State, p.NotBefore = slnet.PluginWaiting, s.notBefore
	}
	return p
}
