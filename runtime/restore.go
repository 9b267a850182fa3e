package runtime

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/internal/fsync"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/backup"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// BackupKey says what opens encrypted backups. The zero value opens others.
type BackupKey struct {
	// IdentityFile is a file with secret keys of age, PassphraseFile one with a
	// passphrase in its first line.
	IdentityFile   string
	PassphraseFile string
}

func (k BackupKey) read() (key *backup.Key, err error) {
	switch {
	case k.IdentityFile != "" && k.PassphraseFile != "":
		return nil, slnet.Errorf(slnet.KindInvalid, "a backup is opened with an identity or with a passphrase, not both")
	case k.IdentityFile != "":
		key, err = backup.IdentityFile(k.IdentityFile)
	case k.PassphraseFile != "":
		key, err = backup.PassphraseKey(k.PassphraseFile)
	}
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the key of the backup cannot be read: %v", err)
	}
	return key, nil
}

// openBackup reads the header of a backup.
func openBackup(ctx context.Context, r io.Reader, k BackupKey) (*backup.Reader, error) {
	key, err := k.read()
	if err != nil {
		return nil, err
	}
	reader, err := backup.Open(&cancellable{ctx, r}, key)
	if err != nil {
		return nil, backupError(ctx, err)
	}
	return reader, nil
}

// BackupHeader reads what a backup says of itself in its first bytes.
func BackupHeader(ctx context.Context, r io.Reader, key BackupKey) (backup.Header, error) {
	reader, err := openBackup(ctx, r, key)
	if err != nil {
		return backup.Header{}, err
	}
	return reader.Header(), nil
}

// ReadBackup reads a backup to its end, which shows whether the file is what was
// written, and restores nothing.
func ReadBackup(ctx context.Context, r io.Reader, key BackupKey) (restored Restored, err error) {
	reader, err := openBackup(ctx, r, key)
	if err != nil {
		return restored, err
	}
	restored.Header = reader.Header()
	restored.Totals, err = reader.Read(backup.Sink{})
	return restored, backupError(ctx, err)
}

// RestoreOptions say how a backup is restored.
type RestoreOptions struct {
	// Key opens an encrypted backup.
	Key BackupKey
	// AcceptProblems restores also what the check finds contradictions in. They were
	// in the daemon's data when the backup was made: what happened to the file since
	// is never accepted.
	AcceptProblems bool
	// Checking is called, unless it is nil, when the backup was read and the check
	// begins, with a function that tells how many rows it has looked at.
	Checking func(far func() (rows, all int64))
}

// Restored is what was in a backup.
type Restored struct {
	Header backup.Header
	Totals backup.Totals
	// Check is what the check of the restored data found.
	Check slnet.CheckStoreResponse
}

// Restore makes dir, which must not exist or be empty, the data directory that a
// backup is of. It has its name when all is written, compared and checked; after a
// failure there is nothing.
func Restore(ctx context.Context, r io.Reader, dir string, o RestoreOptions) (Restored, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Restored{}, err
	}
	if entries, err := os.ReadDir(dir); len(entries) > 0 {
		return Restored{}, slnet.Errorf(slnet.KindAlreadyExists, "%s is not empty; a backup is restored into a new directory", dir)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Restored{}, slnet.Errorf(slnet.KindInvalid, "the backup cannot be restored there: %v", err)
	}
	return restoreBeside(ctx, r, dir, o, func(whole string) error {
		return errors.Join(os.Rename(whole, dir), fsync.Dir(filepath.Dir(dir)))
	})
}

// VerifyBackup restores a backup into a directory below temp, checks it there, and
// removes it.
func VerifyBackup(ctx context.Context, r io.Reader, temp string, o RestoreOptions) (Restored, error) {
	return restoreBeside(ctx, r, filepath.Join(temp, "domovoi"), o, nil)
}

// restoreBeside restores a backup beside dir, calls keep when all went well, unless
// it is nil, and removes what is left.
func restoreBeside(ctx context.Context, r io.Reader, dir string, o RestoreOptions, keep func(whole string) error) (restored Restored, err error) {
	reader, err := openBackup(ctx, r, o.Key)
	if err != nil {
		return restored, err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".restoring-")
	if err != nil {
		return restored, slnet.Errorf(slnet.KindInvalid, "the backup cannot be restored there: %v", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	restored.Header = reader.Header()
	if restored.Totals, err = load(reader, temp); err != nil {
		return restored, backupError(ctx, err)
	}
	if restored.Check, err = settle(ctx, temp, o); err != nil || keep == nil {
		return restored, backupError(ctx, err)
	}
	return restored, keep(temp)
}

// backupError is an error of reading a backup as people get to see it.
func backupError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	kind := slnet.KindInvalid
	switch _, known := slnet.AsError(err); {
	case known:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.Is(err, backup.ErrEncrypted):
		return slnet.Errorf(kind, "%v; say with --identity or --passphrase-file what opens it", err)
	case errors.Is(err, backup.ErrDamaged), errors.Is(err, backup.ErrNewerFormat), errors.Is(err, backup.ErrNoBackup), errors.Is(err, backup.ErrWrongKey), errors.Is(err, kv.ErrNewerFormat):
	default:
		kind = slnet.KindUnavailable
	}
	return slnet.Errorf(kind, "%v", err)
}

// load writes what is in a backup into an empty directory.
func load(reader *backup.Reader, dir string) (totals backup.Totals, err error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return totals, err
	}
	defer root.Close()
	store, err := pebblekv.NewLoader(storeDir(dir), pebblekv.Options{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return totals, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	totals, err = reader.Read(backup.Sink{
		Row:  store.Add,
		File: func(name string) (io.WriteCloser, error) { return createFile(root, name) },
	})
	if err != nil {
		return totals, err
	}
	return totals, store.Finish(kv.Version(reader.Header().StoreVersion))
}

// createFile makes a file of the data directory.
func createFile(root *os.Root, name string) (io.WriteCloser, error) {
	mode, synced, ok := fileOf(name)
	if !ok {
		return nil, fmt.Errorf("%w: %.100q is no file of a data directory", backup.ErrDamaged, name)
	}
	if err := root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return nil, err
	}
	f, err := root.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, mode)
	if err != nil || !synced {
		return f, err
	}
	return syncedFile{f}, nil
}

// fileOf says which mode a file of the data directory has, whether it is a record
// that must be durable, and whether there is such a file at all.
func fileOf(name string) (mode fs.FileMode, synced, ok bool) {
	folder, base := path.Split(name)
	switch folder {
	case "":
		return 0o600, true, base == TokenFile || base == SecretsKeyFile
	case autocertDir + "/":
		return 0o600, true, true
	case logsDir + "/":
		_, err := uuid.Parse(strings.TrimSuffix(base, ".jsonl"))
		return 0o600, false, err == nil
	case pluginsDir + "/":
		return 0o500, true, isHash(base)
	}
	return 0o600, true, isHash(base) && folder == attachmentsDir+"/"+base[:2]+"/"
}

func isHash(name string) bool {
	b, err := hex.DecodeString(name)
	return err == nil && len(b) == len(storage.BlobHash{})
}

// syncedFile is a file that is durable when it is closed.
type syncedFile struct{ *os.File }

func (f syncedFile) Close() error { return errors.Join(f.File.Sync(), f.File.Close()) }

// settle checks a restored data directory, and makes what it needs to be used.
func settle(ctx context.Context, dir string, o RestoreOptions) (result slnet.CheckStoreResponse, err error) {
	engine, err := openEngine(Options{DataDir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return result, err
	}
	store, err := openStore(ctx, dir, engine)
	if err != nil {
		return result, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if o.Checking != nil {
		o.Checking(checked(store, engine))
	}
	if result, err = store.Check(ctx); err != nil {
		return result, err
	}
	if n := len(result.Problems); n > 0 && !o.AcceptProblems {
		return result, slnet.Errorf(slnet.KindInternal,
			"the check of the restored data found %d problems, which were there when the backup was made; the first: %s; with --accept-problems it is restored all the same", n, result.Problems[0])
	}
	if _, err := os.Lstat(filepath.Join(dir, TokenFile)); errors.Is(err, fs.ErrNotExist) {
		accounts, err := security.Open(ctx, store, nil)
		if err != nil {
			return result, err
		}
		if err := accounts.RenewAdministratorToken(ctx, filepath.Join(dir, TokenFile)); err != nil {
			return result, err
		}
	}
	return result, syncTree(dir)
}

// syncTree makes the names of all files durable.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = fsync.Dir(path)
		}
		return err
	})
}

// cancellable is a reader that ends with a context.
type cancellable struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancellable) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
