package plugins

import (
	"bytes"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"domovoi.dev/sdk/plugin/session"
)

// capture reads one output stream of a process line by line. It knows when it
// has read everything the process wrote so far, so that what a script printed
// is in the log of its run before the run ends.
type capture struct {
	file  *os.File
	lines printed       // gets lines, from one goroutine at a time
	done  chan struct{} // closed when the stream has ended

	mu      sync.Mutex
	change  sync.Cond // of idle
	idle    bool      // guarded by mu: all that was there is read, and handed on
	partial []byte    // a line without an end; guarded by mu while idle
}

// printed takes lines that were printed. Of the last one more follows where
// continued is set.
type printed func(lines []string, continued bool)

func newCapture(file *os.File, lines printed) *capture {
	c := &capture{file: file, lines: lines, done: make(chan struct{})}
	c.change.L = &c.mu
	go c.read()
	return c
}

func (c *capture) read() {
	defer close(c.done)
	defer c.file.Close()
	defer c.flush()
	raw, err := c.file.SyscallConn()
	if err != nil {
		return
	}
	buf := make([]byte, 32<<10)
	for {
		var n int
		var failed error
		if raw.Read(func(fd uintptr) bool { n, failed = c.try(int(fd), buf); return failed != unix.EAGAIN }) != nil {
			return
		}
		if n <= 0 || failed != nil {
			return
		}
		if lines, continued := c.split(buf[:n]); len(lines) > 0 {
			c.lines(lines, continued)
		}
	}
}

// try reads what is there. Reading and noting that nothing is there are one step
// for drain.
func (c *capture) try(fd int, buf []byte) (n int, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		if n, err = unix.Read(fd, buf); err != unix.EINTR {
			break
		}
	}
	if idle := err == unix.EAGAIN; idle != c.idle {
		c.idle = idle
		c.change.Broadcast()
	}
	return n, err
}

// split cuts the lines off what was read so far. A line that does not end is
// handed on in pieces, so that memory is bounded.
func (c *capture) split(b []byte) (lines []string, continued bool) {
	for {
		i := bytes.IndexByte(b, '\n')
		if i < 0 {
			break
		}
		lines = append(lines, string(append(c.partial, b[:i]...)))
		c.partial = c.partial[:0]
		b = b[i+1:]
	}
	c.partial = append(c.partial, b...)
	if len(c.partial) >= session.MaxLogLine {
		piece := string(c.partial)
		n := session.WholeRunes(piece, len(piece)-1)
		lines, continued = append(lines, piece[:n]), true
		c.partial = append(c.partial[:0], piece[n:]...)
	}
	return lines, continued
}

// drain waits until everything written so far is handed on, also a line without
// an end, but not longer than limit: something may be writing all the time.
func (c *capture) drain(limit time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.drained() {
		late := false
		timer := time.AfterFunc(limit, func() {
			c.mu.Lock()
			defer c.mu.Unlock()
			late = true
			c.change.Broadcast()
		})
		defer timer.Stop()
		for !late && !c.drained() {
			c.change.Wait()
		}
	}
	if c.idle {
		c.flushLocked()
	}
}

// drained reports whether all that was written is handed on. The caller holds mu.
func (c *capture) drained() bool { return c.over() || c.idle && c.unread() == 0 }

func (c *capture) over() bool {
	select {
	case <-c.done:
		return true
	default:
		return false
	}
}

// unread is how much is in the pipe.
func (c *capture) unread() int {
	raw, err := c.file.SyscallConn()
	if err != nil {
		return 0
	}
	n := 0
	_ = raw.Control(func(fd uintptr) { n = unread(int(fd)) })
	return n
}

func (c *capture) flush() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.flushLocked()
	c.idle = true
	c.change.Broadcast()
}

func (c *capture) flushLocked() {
	if len(c.partial) > 0 {
		c.lines([]string{string(c.partial)}, false)
		c.partial = nil
	}
}

// stop ends the capture even if somebody still holds the other end of the pipe.
func (c *capture) stop(limit time.Duration) {
	select {
	case <-c.done:
	case <-time.After(limit):
		_ = c.file.SetReadDeadline(time.Now())
		<-c.done
	}
}
