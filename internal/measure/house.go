package measure

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"domovoi.dev/internal/garbage"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// A House is a daemon and a bare Pebble beside it, in one file system. Each
// group of measures has one of its own, on new data.
type House struct {
	Dir    string
	Store  *pebblekv.Store
	Daemon *runtime.Runtime
	Raw    *pebble.DB
	// Token is that of a user who may do everything, and User its connection.
	Token string
	User  slnet.Connection
	// Closers close what a group opened beside the daemon, before it.
	Closers []func() error

	keys atomic.Uint64 // used in the bare Pebble
}

// Logger shows what a daemon complains about.
func Logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// OpenHouse opens a daemon in dir as `domovoi serve` does, and a Pebble. Without
// spares the process of each run is started for it.
func OpenHouse(ctx context.Context, dir string, spares bool) (_ *House, err error) {
	garbage.Gather()
	h := &House{Dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if h.Raw, err = pebble.Open(filepath.Join(dir, "raw"), rawOptions()); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if h.Store, err = pebblekv.Open(filepath.Join(data, "store"), pebblekv.Options{Logger: Logger()}); err != nil {
		return nil, err
	}
	o := runtime.Options{DataDir: data, Store: h.Store, Logger: Logger(), Version: "bench"}
	if !spares {
		o.Spares = -1
	}
	if h.Daemon, err = runtime.Open(ctx, o); err != nil {
		return nil, err
	}
	secret, err := os.ReadFile(filepath.Join(data, runtime.TokenFile))
	if err != nil {
		return nil, err
	}
	return h, h.addUser(ctx, strings.TrimSpace(string(secret)))
}

// addUser makes the user the measures run as.
func (h *House) addUser(ctx context.Context, administrator string) error {
	admin, err := h.Daemon.Connect(ctx, administrator)
	if err != nil {
		return err
	}
	const name, group = "bench", "all"
	answers, err := admin.SendSLNetMessages(ctx,
		&slnet.CreateGroupMessage{Group: slnet.Group{Name: group, Permissions: slnet.Permissions()}},
		&slnet.CreateUserMessage{Name: name, Groups: []string{group}},
		&slnet.CreateTokenMessage{User: name})
	if err != nil {
		return err
	}
	token, ok := answers[2].(*slnet.CreateTokenResponse)
	if !ok {
		return fmt.Errorf("a token was asked for, %s is the answer", answers[2].MessageName())
	}
	h.Token = token.Secret
	h.User, err = h.Daemon.Connect(ctx, h.Token)
	return err
}

// Close closes all, and leaves the data.
func (h *House) Close() error {
	var errs []error
	for _, c := range h.Closers {
		errs = append(errs, c())
	}
	if h.Daemon != nil {
		errs = append(errs, h.Daemon.Close(context.Background()))
	}
	if h.Raw != nil {
		errs = append(errs, h.Raw.Close())
	}
	return errors.Join(errs...)
}

// Listen puts the daemon behind HTTP and returns the address.
func (h *House) Listen() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	server := &http.Server{Handler: h.Daemon.Handler()}
	go server.Serve(listener) // its error is that of Close
	h.Closers = append(h.Closers, server.Close)
	return listener.Addr().String(), nil
}

// Set writes a value under a new key of the bare Pebble, synced.
func (h *House) Set(value []byte) error {
	return h.Raw.Set(h.newKey(), value, pebble.Sync)
}

// SetMany writes a value under several new keys of the bare Pebble in one batch,
// synced.
func (h *House) SetMany(value []byte, n int) error {
	batch := h.Raw.NewBatch()
	for range n {
		if err := batch.Set(h.newKey(), value, nil); err != nil {
			return err
		}
	}
	return batch.Commit(pebble.Sync)
}

// newKey is a key that was not used before. The keys rise in no order, as ids
// do.
func (h *House) newKey() []byte {
	key := append(make([]byte, 0, 17), 'o')
	return binary.BigEndian.AppendUint64(key, h.keys.Add(1)*0x9e3779b97f4a7c15)
}

// rawOptions are the settings package pebblekv gives Pebble, without what it
// adds of its own: the guard around the file system and the merge operator. A
// floor with Pebble's defaults would have smaller tables and no filters.
func rawOptions() *pebble.Options {
	const cache, memTable = 64 << 20, 32 << 20
	o := &pebble.Options{
		FormatMajorVersion:          pebble.FormatTableFormatV6,
		Logger:                      silent{},
		CacheSize:                   cache + 2*memTable,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       2,
		L0StopWritesThreshold:       24,
		MaxOpenFiles:                512,
	}
	for i := range o.Levels {
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// silent is a pebble.Logger for the floor, which says nothing about its work.
type silent struct{}

func (silent) Infof(string, ...any)  {}
func (silent) Errorf(string, ...any) {}

// Fatalf is called when Pebble can write no more.
func (silent) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
