package plugin

import (
	"sync"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// maxQueuedLog is how much of the log may wait to be sent before a script that
// logs faster than the daemon takes has to wait.
const maxQueuedLog = 256 << 10

// runLog sends the lines of a run's log, at once when the session is idle, in
// batches when it is busy.
type runLog struct {
	send func(*session.ScriptMessage) error
	done chan struct{} // closed when everything is sent

	mu     sync.Mutex
	change sync.Cond          // of any of the fields below
	lines  []*session.LogLine // guarded by mu
	bytes  int                // guarded by mu: of lines
	closed bool               // guarded by mu
}

func newRunLog(send func(*session.ScriptMessage) error) *runLog {
	l := &runLog{send: send, done: make(chan struct{})}
	l.change.L = &l.mu
	go l.sendAll()
	return l
}

func (l *runLog) add(line slnet.LogLine) {
	w := session.FromLogLine(line)
	l.mu.Lock()
	defer l.mu.Unlock()
	for l.bytes > maxQueuedLog && !l.closed {
		l.change.Wait()
	}
	if l.closed {
		return
	}
	l.lines = append(l.lines, w)
	l.bytes += len(w.Text)
	l.change.Broadcast()
}

// close sends what is left and waits for it. Lines added later are dropped.
func (l *runLog) close() {
	l.mu.Lock()
	l.closed = true
	l.change.Broadcast()
	l.mu.Unlock()
	<-l.done
}

func (l *runLog) sendAll() {
	defer close(l.done)
	for {
		l.mu.Lock()
		for len(l.lines) == 0 && !l.closed {
			l.change.Wait()
		}
		lines := l.lines
		l.lines, l.bytes = nil, 0
		l.change.Broadcast()
		l.mu.Unlock()
		if len(lines) == 0 {
			return
		}
		// An error means that the session is over, and the run with it.
		_ = l.send(&session.ScriptMessage{Message: &session.ScriptMessage_Log{Log: &session.Log{Lines: lines}}})
	}
}
