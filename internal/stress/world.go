package stress

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"domovoi.dev/runtime"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// Users makes the users of a World and returns their tokens.
func Users(ctx context.Context, admin slnet.Connection) (map[string]string, error) {
	tokens := make(map[string]string)
	for user, permissions := range map[string][]slnet.PermissionFlag{
		Ann: {dom.PermissionModuleSettingsConfiguration, dom.PermissionPlmDeleteDomInstances},
		Ben: {},
		Cat: {dom.PermissionPlmDeleteDomInstances},
	} {
		permissions = append(permissions, slnet.PermissionAutomationExecute)
		responses, err := admin.SendSLNetMessages(ctx,
			&slnet.CreateGroupMessage{Group: slnet.Group{Name: user + "s", Permissions: permissions}},
			&slnet.CreateUserMessage{Name: user, Groups: []string{user + "s"}},
			&slnet.CreateTokenMessage{User: user})
		if err != nil {
			return nil, fmt.Errorf("user %s: %w", user, err)
		}
		tokens[user] = responses[2].(*slnet.CreateTokenResponse).Secret
	}
	return tokens, nil
}

// CheckWith returns the Check of a World.
func CheckWith(ctx context.Context, admin slnet.Connection) func() error {
	return func() error {
		check, err := slnet.Send1(ctx, admin.SendSLNetMessages, &slnet.CheckStoreMessage{})
		if err != nil {
			return fmt.Errorf("check of the store: %w", err)
		}
		return Sound(*check.(*slnet.CheckStoreResponse))
	}
}

// Sound is the error of a check that found problems.
func Sound(result slnet.CheckStoreResponse) error {
	if len(result.Problems) == 0 {
		return nil
	}
	return fmt.Errorf("the store is not sound:\n%s", strings.Join(result.Problems, "\n"))
}

// Daemon is a daemon on a file system in memory that can crash.
type Daemon struct {
	*runtime.Runtime
	// FS is where its store is.
	FS *pebblekv.CrashFS

	dir    string
	tokens map[string]string
}

// OpenDaemon starts a daemon on an empty file system. It is closed at the end of
// the test.
func OpenDaemon(t testing.TB) (*Daemon, error) {
	d := &Daemon{FS: pebblekv.NewCrashFS(), dir: t.TempDir()}
	if err := d.open(t.Context()); err != nil {
		return nil, err
	}
	t.Cleanup(func() {
		if err := d.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	admin, err := d.administrator(t.Context())
	if err != nil {
		return nil, err
	}
	d.tokens, err = Users(t.Context(), admin)
	return d, err
}

// open opens the store with the smallest of memtables, so that much goes through
// tables and compactions.
func (d *Daemon) open(ctx context.Context) error {
	log := slog.New(slog.DiscardHandler)
	store, err := pebblekv.Open("store", pebblekv.Options{FS: d.FS, MemTableSize: 64 << 10, CacheSize: 256 << 10, Logger: log})
	if err != nil {
		return err
	}
	d.Runtime, err = runtime.Open(ctx, runtime.Options{DataDir: d.dir, Store: store, Logger: log, Version: "stress"})
	return err
}

// Restart closes the daemon and opens it again.
func (d *Daemon) Restart(ctx context.Context) error {
	if err := d.Close(context.Background()); err != nil {
		return err
	}
	return d.open(ctx)
}

// Crash goes on with a copy of the file system as a crash leaves it; see
// pebblekv.CrashFS.
func (d *Daemon) Crash(ctx context.Context, unsyncedPercent int) error {
	left := d.FS.Clone(unsyncedPercent)
	if err := d.Close(context.Background()); err != nil {
		return err
	}
	d.FS = left
	return d.open(ctx)
}

func (d *Daemon) administrator(ctx context.Context) (slnet.Connection, error) {
	token, err := os.ReadFile(filepath.Join(d.dir, runtime.TokenFile))
	if err != nil {
		return nil, err
	}
	return d.Connect(ctx, strings.TrimSpace(string(token)))
}

// As returns a connection of a user of a World.
func (d *Daemon) As(ctx context.Context, user string) (slnet.Connection, error) {
	return d.Connect(ctx, d.tokens[user])
}

// World returns the daemon as a World that is reopened often, every second time
// after a crash.
func (d *Daemon) World(ctx context.Context) (*World, error) {
	w := &World{Connections: make(map[string]slnet.Connection)}
	connect := func() error {
		admin, err := d.administrator(ctx)
		if err != nil {
			return err
		}
		w.Check = CheckWith(ctx, admin)
		for user := range d.tokens {
			c, err := d.As(ctx, user)
			if err != nil {
				return err
			}
			w.Connections[user] = c
		}
		return nil
	}
	reopened := 0
	w.Reopen = func() error {
		reopened++
		var err error
		if reopened%2 == 0 {
			err = d.Crash(ctx, reopened%3*50)
		} else {
			err = d.Restart(ctx)
		}
		if err != nil {
			return errors.Join(errors.New("reopen"), err)
		}
		return connect()
	}
	return w, connect()
}
