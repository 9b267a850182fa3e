package plugins

// KillSpares kills the processes that wait for runs and leaves them where they
// are.
func (h *Host) KillSpares() {
	h.spares.mu.Lock()
	defer h.spares.mu.Unlock()
	for _, s := range h.spares.list {
		<-s.ready
		s.process.child.kill(errClosed)
		<-s.process.Ended()
	}
}

// SparesOf is how many processes wait for runs of a script.
func (h *Host) SparesOf(name string) (n int) {
	h.spares.mu.Lock()
	defer h.spares.mu.Unlock()
	for _, s := range h.spares.list {
		if s.spec.Name == name {
			n++
		}
	}
	return n
}

// AfterHash has fn called between the hash of a binary and its execution.
func AfterHash(h *Host, fn func()) { h.binaries.hashed = fn }

// SocketDir is the directory with those of the processes.
func SocketDir(h *Host) string { return h.dir }
