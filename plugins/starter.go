package plugins

import (
	"crypto/sha256"
	"encoding/hex"
	"io/fs"
	"os"
	"runtime"
	"syscall"
)

// starter starts processes from one thread that lives as long as the host. The
// kernel kills a child with Pdeathsig when the *thread* that started it ends,
// and threads of Go end when they like.
type starter struct {
	jobs chan func()
	done chan struct{}
}

func newStarter() *starter {
	s := &starter{jobs: make(chan func()), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		runtime.LockOSThread() // for life: the thread ends with this goroutine
		for job := range s.jobs {
			job()
		}
	}()
	return s
}

// do runs job on the thread and waits for it.
func (s *starter) do(job func() error) error {
	result := make(chan error, 1)
	s.jobs <- func() { result <- job() }
	return <-result
}

// stop ends the thread; nothing may be started any more.
func (s *starter) stop() {
	close(s.jobs)
	<-s.done
}

func ownedByUs(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Getuid()
}

func shortHash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:8])
}
