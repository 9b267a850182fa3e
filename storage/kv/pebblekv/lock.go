package pebblekv

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"syscall"
	"time"

	"domovoi.dev/storage/kv"
)

// drainTimeout is how long Close of a failed store waits for writes that the
// operating system has not finished.
const drainTimeout = 5 * time.Second

// Lock keeps the lock Pebble takes on the directory, for a failed Pebble is
// never closed and would keep it.
func (g *guard) Lock(name string) (io.Closer, error) {
	held, err := g.FS.Lock(name)
	if err != nil {
		// Within one process the file system says it in words only.
		if errors.Is(err, syscall.EAGAIN) || strings.Contains(err.Error(), "lock held by current process") {
			err = fmt.Errorf("directory %s: %w: %w", g.dir, kv.ErrLocked, err)
		}
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.lock = &fileLock{held: held}
	if g.watch != nil {
		g.watch.begin()
	}
	return g.lock, nil
}

// unlock gives the directory of a failed store free. Writes that were under way
// at the failure end first; where the disk hangs the directory stays locked.
func (g *guard) unlock() error {
	g.mu.Lock()
	lock := g.lock
	g.mu.Unlock()
	if lock == nil {
		return nil
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		g.writing.Wait()
	}()
	select {
	case <-ended:
		return lock.Close()
	case <-time.After(drainTimeout):
		return fmt.Errorf("directory %s stays locked: a write has not ended in %v", g.dir, drainTimeout)
	}
}

// fileLock is a lock that may be released twice.
type fileLock struct {
	held io.Closer
	once sync.Once
	err  error
}

func (l *fileLock) Close() error {
	l.once.Do(func() { l.err = l.held.Close() })
	return l.err
}
