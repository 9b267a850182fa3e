// Package plugins is the daemon's side of the process boundary: it starts the
// processes that scripts run in, hands them their runs, and ends them. A worker,
// which executes source, and a plugin binary are the same thing here: a process
// that offers the Script service of package session.
package plugins

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	hclog "github.com/hashicorp/go-hclog"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// Options say how a Host works.
type Options struct {
	// Dir is a directory that is the host's alone, with one directory in it for
	// each process. It is made with mode 0700, and what an earlier host left in
	// it is removed.
	Dir string
	// Logger gets what the host has to say; nil means nobody.
	Logger *slog.Logger
	// StartTimeout is how long a process may take to be ready; 0 means 10 s.
	StartTimeout time.Duration
	// Grace is how long a run may go on after it was cancelled, to clean up,
	// before its processes are killed; 0 means 2 s.
	Grace time.Duration
	// Spares is how many processes may wait for a run, loaded with scripts that
	// were executed lately; 0 means two for each processor, less than 0 none.
	Spares int
}

// The environment variables of the daemon that processes get: all of them, and
// those that were granted network. Nothing else of the environment reaches them.
var (
	DefaultEnv = []string{"TZ"}
	NetworkEnv = []string{"SSL_CERT_FILE", "SSL_CERT_DIR"}
)

// Host starts processes and knows those that live.
type Host struct {
	options Options
	dir     string
	log     *slog.Logger
	plog    hclog.Logger
	starter *starter

	counters counters
	binaries binaries
	spares   spares
	shares   shares
	started  chan struct{} // has an element when a process was started
	closing  chan struct{} // closed when the host closes
	watched  chan struct{} // closed when nobody watches the processes any more

	closeOnce sync.Once
	closeErr  error // of the one close

	mu        sync.Mutex
	closed    bool                  // guarded by mu
	processes map[*Process]struct{} // guarded by mu
}

// Open makes a host ready to start processes.
func Open(options Options) (*Host, error) {
	if options.StartTimeout == 0 {
		options.StartTimeout = 10 * time.Second
	}
	if options.Grace == 0 {
		options.Grace = 2 * time.Second
	}
	if options.Spares == 0 {
		options.Spares = 2 * runtime.NumCPU()
	}
	if options.Logger == nil {
		options.Logger = slog.New(slog.DiscardHandler)
	}
	dir, err := socketDir(options.Dir)
	if err != nil {
		return nil, fmt.Errorf("plugins: the directory of sockets: %w", err)
	}
	h := &Host{
		options:   options,
		dir:       dir,
		log:       options.Logger,
		plog:      newPluginLogger(options.Logger),
		starter:   newStarter(),
		processes: make(map[*Process]struct{}),
		started:   make(chan struct{}, 1),
		closing:   make(chan struct{}),
		watched:   make(chan struct{}),
	}
	h.spares.init(h, max(options.Spares, 0))
	h.shares.host = h
	go h.watch()
	go func() { _, _ = probe() }() // Isolation tells
	return h, nil
}

// env is the environment of a process: nothing that is not named here.
func (s Spec) environment() []string {
	names := DefaultEnv
	if len(s.Grants.Ports) > 0 {
		names = append(names[:len(names):len(names)], NetworkEnv...)
	}
	env := []string{s.Bounds.env()}
	if s.shared {
		env = append(env, session.SharedVariable+"=1")
	}
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+value)
		}
	}
	return append(env, s.Env...)
}

// Close kills all processes, waits for their end and forbids new ones.
func (h *Host) Close() error {
	h.closeOnce.Do(func() { h.closeErr = h.close() })
	return h.closeErr
}

func (h *Host) close() error {
	h.mu.Lock()
	h.closed = true
	processes := slices.Collect(maps.Keys(h.processes))
	h.mu.Unlock()
	errs := make([]error, len(processes))
	var ends sync.WaitGroup
	for i, p := range processes {
		ends.Go(func() {
			p.child.kill(errHostClosed)
			errs[i] = p.Close()
		})
	}
	ends.Wait()
	close(h.closing)
	<-h.watched
	h.spares.close()
	h.shares.close()
	h.binaries.close()
	h.starter.stop()
	if err := os.Remove(h.dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		errs = append(errs, fmt.Errorf("plugins: the directory of sockets: %w", err))
	}
	return errors.Join(errs...)
}

var errHostClosed = slnet.Errorf(slnet.KindUnavailable, "the daemon is stopping")

// add registers a process that is about to start.
func (h *Host) add(p *Process) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return errHostClosed
	}
	h.processes[p] = struct{}{}
	h.counters.starts.Add(1)
	select {
	case h.started <- struct{}{}:
	default:
	}
	return nil
}

// living are the processes that were not closed.
func (h *Host) living() []*Process {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Collect(maps.Keys(h.processes))
}

func (h *Host) remove(p *Process) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.processes, p)
}

// internal logs the cause of an error that a script gets to see only as
// internal.
func (h *Host) internal(ctx context.Context, op string, err error) {
	h.log.ErrorContext(ctx, "a request of a script failed", "op", op, "err", err)
}

const (
	// processDir is the beginning of the names go-plugin gives the directories
	// of processes.
	processDir = "plugin-dir"
	// maxSocketDir leaves room for a process's directory and socket below it in
	// the 108 bytes a socket's path may have.
	maxSocketDir = 108 - len("/"+processDir+"1234567890/plugin1234567890") - 1
)

// socketDir makes the directory and empties it. A path too long for sockets is
// replaced by one in the directory for temporary files, of a name that stands
// for it, so that the next host finds it again.
func socketDir(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	if len(dir) > maxSocketDir {
		dir = filepath.Join(os.TempDir(), "domovoi-"+shortHash(dir))
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return "", err
	}
	if err := mustBePrivate(dir); err != nil {
		return "", err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, entry := range entries {
		if strings.HasPrefix(entry.Name(), processDir) {
			if err := os.RemoveAll(filepath.Join(dir, entry.Name())); err != nil {
				return "", err
			}
		}
	}
	return dir, nil
}

// mustBePrivate refuses a directory that somebody else prepared, and closes one
// of ours to others.
func mustBePrivate(dir string) error {
	info, err := os.Lstat(dir)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return &fs.PathError{Op: "use", Path: dir, Err: errors.New("not a directory")}
	}
	if !ownedByUs(info) {
		return &fs.PathError{Op: "use", Path: dir, Err: errors.New("belongs to another user")}
	}
	return os.Chmod(dir, 0o700)
}
