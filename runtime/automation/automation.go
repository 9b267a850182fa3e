// Package automation keeps the deployed scripts and plugins and carries out
// their runs: each in a process of its own, under the identity of a user, with a
// durable record.
package automation

import (
	"cmp"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// DefaultTimeout ends a run whose script has no timeout of its own.
const DefaultTimeout = 15 * time.Minute

// DefaultMaxDepth is the MaxDepth of Options that have none.
const DefaultMaxDepth = 16

// Options say what an Automation works with.
type Options struct {
	Store *storage.Store
	// Host starts the processes of runs. It is closed by its owner, after the
	// Automation.
	Host *plugins.Host
	// Dir is the folder for run logs, plugin binaries and uploads.
	Dir string
	// Private are further paths of the daemon's own that no script is granted.
	Private []string
	// Hold lets runs go on waiting that waited when the daemon started, and keeps
	// old ones.
	Hold bool
	// Connect returns the connection of a caller; a run gets one of its own.
	Connect func(security.Caller) slnet.Connection
	// DryRun returns what a dry run works on. It is closed with the run.
	DryRun func(ctx context.Context, run uuid.UUID) (*DryRun, error)
	// Enabled reports whether the user of a caller exists and may act. Runs of
	// others do not start.
	Enabled func(security.Caller) bool
	// DisplayName is the name to show of the user of a caller; empty where there is
	// none.
	DisplayName func(security.Caller) string
	// ActAs returns another user, given by id or name, as a caller, when by may
	// let scripts run as that user. One who does not exist is an error of
	// slnet.KindNotFound.
	ActAs func(by, other security.Caller) (security.Caller, error)
	// MayGrant reports whether a caller may deploy scripts that are granted files,
	// network or programs.
	MayGrant func(security.Caller) bool
	// MayExecute reports whether a caller may execute a script of this name; who
	// may not, may also not build other scripts with it where it is a library.
	MayExecute func(caller security.Caller, name string) bool
	// References returns what refers to a script by a name for which is reports
	// true; nil where nothing can.
	References func(ctx context.Context, r *storage.Reader, is func(name string) bool) ([]slnet.ScriptReference, error)
	// Renaming carries out an update that renames a script. The update calls renamed
	// in its transaction, for what has the name of the script. It is nil where
	// nothing has.
	Renaming func(update func(renamed func(tx *storage.Tx, former, name string) error) error) error
	// Ended is called once for each run that has ended, when that is stored; nil
	// means nobody. The run is not to be changed.
	Ended func(run *slnet.Run)
	// Parallel is how many runs execute at the same time; more wait in the
	// queue. Runs started by runs do not wait, for their parents wait for them.
	Parallel int
	// MaxDepth is how many runs may stand above a run that is started by a script,
	// or by a change that a script makes; 0 means DefaultMaxDepth.
	MaxDepth int
	// Retention says which runs are kept of scripts that do not say so themselves;
	// zero fields mean DefaultRetention.
	Retention slnet.ScriptRetention
	Logger    *slog.Logger
}

// Automation is the home of scripts and runs.
type Automation struct {
	Options
	queue *queue
	began uuid.UUID // later than the ids of all runs that were there before

	// ending is cancelled when the Automation stops; runs do not begin then.
	ending context.Context
	end    context.CancelFunc

	binaryMu sync.Mutex
	reserved map[string]int // guarded by binaryMu: how often a binary, by its hash, is being deployed

	mu     sync.Mutex
	active map[uuid.UUID]*execution // guarded by mu
	awaits map[uuid.UUID]*awaited   // guarded by mu: runs whose end somebody waits for
	closed bool                     // guarded by mu
	dry    map[uuid.UUID]*DryRun    // of the dry runs that execute, nil while it is made; guarded by mu
	within map[uuid.UUID]*DryRun    // by the runs that dry runs have started and that have not ended; guarded by mu
	runs   sync.WaitGroup

	loops    sync.WaitGroup // dispatch and sweep
	starting sync.WaitGroup // runs that dispatch has chosen
}

// Open opens the automation of a store. Runs that were executing when the daemon
// ended are marked lost, or tried again where their script says so; those that
// were waiting start.
func Open(ctx context.Context, o Options) (*Automation, error) {
	for _, dir := range []string{o.pluginDir(), o.logDir(), o.uploadDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return nil, err
		}
	}
	a := &Automation{Options: o, queue: newQueue(max(o.Parallel, 1)), active: make(map[uuid.UUID]*execution), dry: make(map[uuid.UUID]*DryRun), within: make(map[uuid.UUID]*DryRun), awaits: make(map[uuid.UUID]*awaited), reserved: make(map[string]int)}
	a.began = uuid.Must(uuid.NewV7())
	a.ending, a.end = context.WithCancel(context.Background())
	if err := a.clearUploads(); err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{a.identifyScripts, a.sweepBinaries, a.index, a.recover} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	a.loops.Go(a.dispatch)
	if !o.Hold {
		a.loops.Go(a.sweepRuns)
	}
	return a, nil
}

func (o Options) maxDepth() int     { return cmp.Or(o.MaxDepth, DefaultMaxDepth) }
func (o Options) pluginDir() string { return filepath.Join(o.Dir, "plugins") }
func (o Options) logDir() string    { return filepath.Join(o.Dir, "logs") }
func (o Options) uploadDir() string { return filepath.Join(o.Dir, "uploads") }

// Close waits until the runs have ended, or until ctx ends; then the rest are
// cancelled and waited for. Queued runs stay queued and start with the daemon.
func (a *Automation) Close(ctx context.Context) {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.end()
	a.loops.Wait()
	done := make(chan struct{})
	go func() {
		a.starting.Wait()
		a.runs.Wait()
		close(done)
	}()
	select {
	case <-done:
		return
	case <-ctx.Done():
	}
	a.mu.Lock()
	for _, e := range a.active {
		e.cancel(errStopping)
	}
	a.mu.Unlock()
	<-done
}

var errStopping = slnet.Errorf(slnet.KindUnavailable, "the daemon is stopping")
