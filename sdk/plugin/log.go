package plugin

import (
	"io"
	"sync"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// runLog writes the log of one run to the standard error of the process. A
// script that logs faster than the daemon reads has to wait.
type runLog struct {
	run string // the id of the run where the process carries several

	mu     sync.Mutex
	to     io.Writer // guarded by mu
	buf    []byte    // guarded by mu
	closed bool      // guarded by mu
}

func (l *runLog) add(line slnet.LogLine) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return
	}
	l.buf = session.AppendLogLine(l.buf[:0], session.LogLine{Run: l.run, LogLine: line})
	_, _ = l.to.Write(l.buf) // fails when the daemon is gone, and this process about to end
}

// close drops the lines added later: they would be in the log of another run.
func (l *runLog) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}
