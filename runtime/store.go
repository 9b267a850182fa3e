package runtime

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/overlay"
	"domovoi.dev/storage/kv/pebblekv"
)

func storeDir(dataDir string) string { return filepath.Join(dataDir, "store") }

// openEngine opens the key-value store of a data directory, unless there is
// another in its place.
func openEngine(o Options) (kv.Store, error) {
	if o.Store != nil {
		return o.Store, nil
	}
	engine, err := pebblekv.Open(storeDir(o.DataDir), pebblekv.Options{
		CacheSize: o.CacheSize, MemTableSize: o.MemTableSize, MaxConcurrentCompactions: o.MaxConcurrentCompactions,
		MinFree: o.MinFree, Ballast: o.Ballast, Logger: o.Logger, OnFailure: o.OnFailure,
	})
	if errors.Is(err, kv.ErrLocked) {
		return nil, slnet.Errorf(slnet.KindConflict, "the data directory %s is used by another process, probably a running daemon", o.DataDir)
	}
	if err != nil {
		return nil, err
	}
	return engine, nil
}

// scratch is an engine over another one, which it closes too and never changes:
// what is written to it is gone at the end.
type scratch struct {
	*overlay.Store
	base kv.Store
}

// maxScratch is the most bytes of what a read-only daemon writes for itself.
const maxScratch = 64 << 20

func openScratch(base kv.Store) (kv.Store, error) {
	over, err := overlay.Open(base, maxScratch)
	if err != nil {
		return nil, errors.Join(err, base.Close())
	}
	return &scratch{over, base}, nil
}

// Close implements kv.Store.
func (s *scratch) Close() error { return errors.Join(s.Store.Close(), s.base.Close()) }

// openStore opens the store kept in engine, which it closes when it fails.
func openStore(ctx context.Context, dataDir string, engine kv.Store) (*storage.Store, error) {
	store, err := storage.Open(ctx, engine, nil)
	if err != nil {
		return nil, err
	}
	if err := store.OpenBlobs(filepath.Join(dataDir, "attachments")); err != nil {
		return nil, errors.Join(fmt.Errorf("the folder of attachments: %w", err), store.Close())
	}
	return store, nil
}

// openOffline opens the key-value store of a data directory that no daemon uses,
// for the command of that name.
func openOffline(dataDir, command string) (kv.Store, error) {
	if _, err := os.Stat(storeDir(dataDir)); err != nil {
		return nil, slnet.Errorf(slnet.KindNotFound, "%s holds no store: %v", dataDir, err)
	}
	engine, err := openEngine(Options{DataDir: dataDir, Logger: slog.New(slog.DiscardHandler)})
	if errors.Is(err, slnet.KindConflict) {
		err = fmt.Errorf("%w; while it runs, use domovoi %s --online", err, command)
	}
	return engine, err
}

// Check compares everything in a data directory that no daemon uses with
// everything else. It first calls started, unless that is nil, with a function
// that tells how many rows it has looked at, and of about how many.
func Check(ctx context.Context, dataDir string, started func(far func() (rows, all int64))) (result slnet.CheckStoreResponse, err error) {
	engine, err := openOffline(dataDir, "check")
	if err != nil {
		return result, err
	}
	store, err := openStore(ctx, dataDir, engine)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if started != nil {
		started(checked(store, engine))
	}
	return store.Check(ctx)
}

// checked tells how far a check of a store is.
func checked(store *storage.Store, engine kv.Store) func() (rows, all int64) {
	pebble, ok := engine.(*pebblekv.Store)
	if !ok {
		return func() (rows, all int64) { return store.Checked(), 0 }
	}
	all := sync.OnceValue(pebble.Rows)
	return func() (int64, int64) { return store.Checked(), all() }
}

// Compact rewrites the store in a data directory that no daemon uses, which
// frees the space of what was deleted. It calls stepped, unless that is nil,
// after each step.
func Compact(ctx context.Context, dataDir string, stepped func(slnet.CompactStoreResponse)) (err error) {
	engine, err := openOffline(dataDir, "compact")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, engine.Close()) }()
	for from := []byte(nil); ; {
		step, err := compactStep(ctx, engine.(*pebblekv.Store), from)
		if err != nil {
			return err
		}
		if stepped != nil {
			stepped(*step)
		}
		if from = step.Next; len(from) == 0 {
			return nil
		}
	}
}

func (r *Runtime) compactStore(ctx context.Context, _ security.Caller, m *slnet.CompactStoreMessage) (*slnet.CompactStoreResponse, error) {
	if r.engine == nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "this store has nothing to compact")
	}
	return compactStep(ctx, r.engine, m.From)
}

func compactStep(ctx context.Context, engine *pebblekv.Store, from []byte) (*slnet.CompactStoreResponse, error) {
	response := &slnet.CompactStoreResponse{Before: int64(engine.Metrics().LiveBytes)}
	next, remaining, err := engine.CompactFrom(ctx, from)
	if err != nil {
		return nil, err
	}
	response.Next, response.Remaining, response.After = next, int64(remaining), int64(engine.Metrics().LiveBytes)
	return response, nil
}

// storeInfo are the figures of the store, nil when it has none.
func (r *Runtime) storeInfo() *slnet.StoreInfo {
	if r.engine == nil {
		return nil
	}
	m := r.engine.Metrics()
	info := &slnet.StoreInfo{
		ReadOnly:  m.ReadOnly,
		DiskBytes: int64(m.DiskBytes), LiveBytes: int64(m.LiveBytes), DiskFree: int64(m.DiskFree), MinFree: int64(m.MinFree),
		ReadAmplification: int64(m.ReadAmplification),
		Flushes:           m.Flushes, Compactions: m.Compactions, CompactionDebt: int64(m.CompactionDebt),
		MemTableBytes: int64(m.MemTableBytes),
		CacheBytes:    m.CacheBytes, CacheHits: m.CacheHits, CacheMisses: m.CacheMisses,
		Snapshots: int64(m.Snapshots), Iterators: m.Iterators,
		Commits: m.Commits, CommitGroups: m.CommitGroups, Conflicts: m.Conflicts,
		Checked: r.store.Checked(),
	}
	if info.Checked > 0 || r.backups.Info().Writing > 0 {
		info.Rows = r.engine.Rows()
	}
	for i, level := range m.Levels {
		if level.Tables > 0 {
			info.Levels = append(info.Levels, slnet.StoreLevel{Level: int64(i), Tables: level.Tables, Bytes: int64(level.Bytes)})
		}
	}
	return info
}

// storeEnded is an error of work that a closing daemon leaves for the store: when
// the store failed or takes no writes, that was said already.
func storeEnded(err error) error {
	if errors.Is(err, kv.ErrFailed) || errors.Is(err, kv.ErrReadOnly) || errors.Is(err, kv.ErrClosed) {
		return nil
	}
	return err
}

// storeRefuses is the error of a request that the store refuses.
func storeRefuses(err error) error {
	return slnet.Errorf(slnet.KindUnavailable, "the store cannot be used now: %v", err)
}

// checkStore compares all that is stored with each other.
func (r *Runtime) checkStore(ctx context.Context, _ security.Caller, _ *slnet.CheckStoreMessage) (*slnet.CheckStoreResponse, error) {
	result, err := r.store.Check(ctx)
	if err != nil {
		return nil, err
	}
	problems, err := r.automation.Check(ctx)
	result.Problems = append(result.Problems, problems...)
	return &result, err
}
