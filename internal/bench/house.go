package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"

	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// A house is a daemon and a bare Pebble beside it, in one file system. Each
// group of measures has one of its own, on new data.
type house struct {
	dir    string
	store  *pebblekv.Store
	daemon *runtime.Runtime
	raw    *pebble.DB
	// token is that of a user who may do everything, and user its connection.
	token string
	user  slnet.Connection
	// closers close what a group opened beside the daemon, before it.
	closers []func() error
}

// logger shows what a daemon complains about.
func logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// openHouse opens a daemon in dir as `domovoi serve` does, and a Pebble. Without
// spares the process of each run is started for it.
func openHouse(ctx context.Context, dir string, spares bool) (_ *house, err error) {
	h := &house{dir: dir}
	defer func() {
		if err != nil {
			err = errors.Join(err, h.close())
		}
	}()
	if h.raw, err = pebble.Open(filepath.Join(dir, "raw"), rawOptions()); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	if h.store, err = pebblekv.Open(filepath.Join(data, "store"), pebblekv.Options{Logger: logger()}); err != nil {
		return nil, err
	}
	o := runtime.Options{DataDir: data, Store: h.store, Logger: logger(), Version: "bench"}
	if !spares {
		o.Spares = -1
	}
	if h.daemon, err = runtime.Open(ctx, o); err != nil {
		return nil, err
	}
	secret, err := os.ReadFile(filepath.Join(data, runtime.TokenFile))
	if err != nil {
		return nil, err
	}
	return h, h.addUser(ctx, strings.TrimSpace(string(secret)))
}

// addUser makes the user the measures run as. Its names are so long that the
// answer to "who am I" has about 300 bytes.
func (h *house) addUser(ctx context.Context, administrator string) error {
	admin, err := h.daemon.Connect(ctx, administrator)
	if err != nil {
		return err
	}
	const name = "bench"
	group := strings.Repeat("g", 64)
	answers, err := admin.SendSLNetMessages(ctx,
		&slnet.CreateGroupMessage{Group: slnet.Group{Name: group, Permissions: slnet.Permissions()}},
		&slnet.CreateUserMessage{Name: name, DisplayName: strings.Repeat("b", 122), Groups: []string{group}},
		&slnet.CreateTokenMessage{User: name})
	if err != nil {
		return err
	}
	token, ok := answers[2].(*slnet.CreateTokenResponse)
	if !ok {
		return fmt.Errorf("a token was asked for, %s is the answer", answers[2].MessageName())
	}
	h.token = token.Secret
	h.user, err = h.daemon.Connect(ctx, h.token)
	return err
}

func (h *house) close() error {
	var errs []error
	for _, c := range h.closers {
		errs = append(errs, c())
	}
	if h.daemon != nil {
		errs = append(errs, h.daemon.Close(context.Background()))
	}
	if h.raw != nil {
		errs = append(errs, h.raw.Close())
	}
	return errors.Join(errs...)
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
