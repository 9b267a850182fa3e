package plugins

import (
	"fmt"
	"time"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/sdk/slnet"
)

const (
	// watchPause is how often the processes are looked at, closePause how often
	// while one of them has more than half of the memory it may have: at a
	// gigabyte a second it has at most some 20 MB too much when it is killed.
	watchPause = 100 * time.Millisecond
	closePause = 20 * time.Millisecond
)

// Usage is what a process, and what it started, has used up.
type Usage struct {
	// Memory is the most it had resident, in bytes. What it had for less than
	// the tenth of a second before it died may be missing.
	Memory int64
	// CPU is the processor time it took.
	CPU time.Duration
}

// sample is what a process has at one moment.
type sample struct {
	memory    int64
	cpu       time.Duration
	threads   int
	processes int
}

func (s sample) plus(o sample) sample {
	return sample{s.memory + o.memory, s.cpu + o.cpu, s.threads + o.threads, s.processes + o.processes}
}

// watch looks at all processes until the host closes, as long as there are any.
func (h *Host) watch() {
	defer close(h.watched)
	timer := time.NewTimer(watchPause)
	defer timer.Stop()
	for {
		select {
		case <-h.closing:
			return
		case <-h.started:
		}
		for {
			busy, near := h.look()
			if !busy {
				break
			}
			pause := watchPause
			if near {
				pause = closePause
			}
			timer.Reset(pause)
			select {
			case <-h.closing:
				return
			case <-timer.C:
			}
		}
	}
}

// look looks at each process once, and reports whether there are any, and
// whether one is near its bound.
func (h *Host) look() (busy, near bool) {
	processes := h.living()
	var groups map[int]sample
	for _, p := range processes {
		if p.spec.Grants.Processes {
			groups = sampleGroups()
			break
		}
	}
	for _, p := range processes {
		s, ok := p.child.sample(groups)
		if !ok {
			continue
		}
		bounds := p.spec.Bounds
		if excess := bounds.excess(s); excess != "" {
			p.child.kill(slnet.Errorf(slnet.KindTooLarge, "it used more than %s", excess))
		}
		near = near || s.memory > bounds.memory()/2
	}
	h.spares.look()
	return len(processes) > 0, near
}

// excess says what of a sample is out of bounds.
func (b Bounds) excess(s sample) string {
	switch {
	case s.memory > b.memory():
		return bytesize.Exact(b.memory()) + " of memory"
	case b.CPU > 0 && s.cpu > b.CPU:
		return fmt.Sprintf("%v of processor time", b.CPU)
	case s.threads > maxThreads:
		return fmt.Sprintf("%d threads", maxThreads)
	case s.processes > maxProcesses:
		return fmt.Sprintf("%d processes", maxProcesses)
	}
	return ""
}

// sample looks at the process, with its group where groups has it, and keeps the
// most memory seen. It reports false when there is no process.
func (c *child) sample(groups map[int]sample) (sample, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil || c.reaped {
		return sample{}, false
	}
	pid := c.cmd.Process.Pid // ours until it is reaped
	s, ok := groups[pid]
	if !ok {
		if s, ok = sampleProcess(pid); !ok {
			return sample{}, false
		}
	}
	c.peak = max(c.peak, s.memory)
	return s, true
}

// usage is what the process has used so far, or in all. The peak that the kernel
// tells of a process that has ended is not asked for: before it executes its
// program a process shares the memory of the daemon, and that counts.
func (c *child) usage() Usage {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.state != nil:
		return Usage{Memory: c.peak, CPU: c.state.UserTime() + c.state.SystemTime()}
	case c.cmd == nil:
		return Usage{}
	}
	pid := c.cmd.Process.Pid
	now, peak := memoryOf(pid)
	c.now, c.peak = now, max(c.peak, peak)
	return Usage{Memory: c.peak, CPU: processorTime(pid)}
}

// memory is what the process had resident when usage was last asked, in bytes.
func (c *child) memory() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}
