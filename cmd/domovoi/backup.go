package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) backupCommand() *cobra.Command {
	return a.group("backup", "Make backups, and restore them",
		a.backupCreateCommand(),
		a.leaf("list", "List the backups in the daemon's folder", a.backupList),
		a.backupDownloadCommand(),
		a.completes(a.leaf("delete NAME", "Delete a backup from the daemon's folder", func(ctx context.Context, args []string) error {
			return a.do(ctx, &slnet.DeleteBackupMessage{Name: args[0]})
		}), backupNames),
		a.backupShowCommand(), a.backupVerifyCommand(), a.backupRestoreCommand())
}

func (a *app) backupCreateCommand() *cobra.Command {
	c := a.leaf("create", "Make a backup while the daemon works", a.backupCreate)
	c.Long = `Make a backup while the daemon works. It holds the state of one moment: all
objects, attachments, scripts, plugins, users, schedules and runs with their logs.
The daemon writes it into its folder, reads it again to see that it is whole, and
keeps it until somebody deletes it. Where the folder is, what backups are
encrypted with, and how often the daemon makes one by itself say flags of
"domovoi serve".`
	return c
}

func (a *app) backupCreate(ctx context.Context, _ []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	began := time.Now()
	stop := a.progress().every(func() string {
		info, err := ask[*slnet.SystemInfoResponse](ctx, c, &slnet.GetSystemInfoMessage{})
		if err != nil || info.Backups == nil {
			return "" // the backup itself will tell
		}
		return backupText(info, time.Since(began))
	})
	response, err := ask[*slnet.BackupResponse](ctx, c, &slnet.CreateBackupMessage{})
	stop()
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) {
		t.field("Name", response.Backup.Name)
		t.field("Size", bytesize.Rounded(response.Backup.Size))
		t.field("Encrypted", yes(response.Backup.Encrypted))
		t.field("Store version", fmt.Sprint(response.StoreVersion))
		showContents(t, response.Rows, response.RowBytes, response.Files, response.FileBytes, response.Keys, response.Missing)
	})
}

// backupText says how far a backup is that is being made: first the rows are
// written, then the files, and then all of it is read again.
func backupText(info *slnet.SystemInfoResponse, d time.Duration) string {
	b := info.Backups
	if b.Reread > 0 {
		return bytesize.Rounded(b.Reread) + " of " + bytesize.Rounded(b.Writing) + " read again"
	}
	text := bytesize.Rounded(b.Writing) + " written"
	if info.Store != nil {
		text += ": " + farText("rows", b.Rows, b.Rows, info.Store.Rows, d)
	}
	return text
}

// showContents shows what is in a backup.
func showContents(t *table, rows, rowBytes, files, fileBytes int64, keys bool, missing []string) {
	t.field("Rows", fmt.Sprintf("%d, %s", rows, bytesize.Rounded(rowBytes)))
	t.field("Files", fmt.Sprintf("%d, %s", files, bytesize.Rounded(fileBytes)))
	t.field("Keys", keysText(keys))
	for i, name := range missing {
		t.row(first(i, "Lost files"), name)
	}
}

func keysText(keys bool) string {
	if keys {
		return "the daemon's keys and tokens are in it"
	}
	return "not in it"
}

func (a *app) backupList(ctx context.Context, _ []string) error {
	response, err := request[*slnet.BackupsResponse](ctx, a, &slnet.GetBackupsMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) {
		t.header("NAME", "CREATED", "SIZE", "BY", "ENCRYPTED")
		for _, b := range response.Backups {
			by := "hand"
			if b.Scheduled {
				by = "the daemon"
			}
			t.row(b.Name, timeText(b.CreatedAt), bytesize.Rounded(b.Size), by, yes(b.Encrypted))
		}
	})
}

// backupNames are the backups in the daemon's folder, for completion.
func backupNames(ctx context.Context, c *client.Client) (names []string) {
	response, err := ask[*slnet.BackupsResponse](ctx, c, &slnet.GetBackupsMessage{})
	if err == nil {
		for _, b := range response.Backups {
			names = append(names, b.Name)
		}
	}
	return names
}

func (a *app) backupDownloadCommand() *cobra.Command {
	var file string
	c := a.leaf("download NAME", "Copy a backup from the daemon to this machine", func(ctx context.Context, args []string) error {
		if file == "" {
			file = args[0]
		}
		return a.backupDownload(ctx, args[0], file)
	})
	c.Flags().StringVarP(&file, "file", "f", "", "`file` to write, which must not exist (default the name of the backup)")
	c.MarkFlagFilename("file")
	return a.completes(c, backupNames)
}

// backupDownload copies a backup piece by piece. The file has its name when it is
// complete.
func (a *app) backupDownload(ctx context.Context, name, path string) (err error) {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := os.Lstat(path); err == nil {
		return slnet.Errorf(slnet.KindAlreadyExists, "%s exists already", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.partial") // mode 0600
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the backup cannot be written there: %v", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	err = errors.Join(a.copyBackup(ctx, c, name, f), f.Sync(), f.Close())
	if err == nil {
		err = os.Link(f.Name(), path) // unlike a rename, it does not replace a file
	}
	if err == nil {
		err = os.Remove(f.Name())
	}
	return err
}

func (a *app) copyBackup(ctx context.Context, c *client.Client, name string, w io.Writer) error {
	progress, began := a.progress(), time.Now()
	defer progress.clear()
	for offset := int64(0); ; {
		piece, err := ask[*slnet.ReadBackupResponse](ctx, c, &slnet.ReadBackupMessage{Name: name, Offset: offset})
		if err != nil {
			return err
		}
		if _, err := w.Write(piece.Data); err != nil {
			return err
		}
		offset += int64(len(piece.Data))
		progress.show(sizeFarText("copied", offset, piece.Size, time.Since(began)))
		switch {
		case offset == piece.Size:
			return nil
		case len(piece.Data) == 0:
			return slnet.Errorf(slnet.KindConflict, "backup %s ended at %d of %d bytes", name, offset, piece.Size)
		}
	}
}

// backupFlags adds the flags that say how a daemon makes backups.
func backupFlags(flags *pflag.FlagSet, o *runtime.BackupOptions) {
	flags.StringVar(&o.Dir, "backup-dir", "", "`directory` of backups, better on another disk (default "+runtime.BackupDir+" in the data directory)")
	flags.Var((*days)(&o.Every), "backup-every", "how often to make a backup, such as 6h or 1d (default never)")
	flags.IntVar(&o.Keep, "backup-keep", defaultBackupKeep, "`number` of backups made by --backup-every to keep, 0 for all")
	flags.StringVar(&o.RecipientsFile, "backup-recipients", "", "`file` with the public keys of age that backups are encrypted for")
	flags.StringVar(&o.PassphraseFile, "backup-passphrase-file", "", "`file` with a passphrase in its first line that backups are encrypted with")
	flags.StringVar((*string)(&o.Keys), "backup-keys", string(runtime.BackupKeysEncrypted), "`when` keys and tokens of the daemon are in backups: encrypted, always or never")
}

// completeBackupFlags completes the arguments of backupFlags.
func completeBackupFlags(c *cobra.Command) {
	c.MarkFlagDirname("backup-dir")
	c.MarkFlagFilename("backup-recipients")
	c.MarkFlagFilename("backup-passphrase-file")
	c.RegisterFlagCompletionFunc("backup-keys", cobra.FixedCompletions([]string{
		string(runtime.BackupKeysEncrypted), string(runtime.BackupKeysAlways), string(runtime.BackupKeysNever),
	}, cobra.ShellCompDirectiveNoFileComp))
}

// defaultBackupKeep is how many of its own backups a daemon keeps.
const defaultBackupKeep = 7

// keyFlags adds the flags that say what opens a backup.
func keyFlags(c *cobra.Command, key *runtime.BackupKey) {
	c.Flags().StringVar(&key.IdentityFile, "identity", "", "`file` with the secret key of an encrypted backup, as age-keygen makes it")
	c.Flags().StringVar(&key.PassphraseFile, "passphrase-file", "", "`file` with the passphrase of an encrypted backup in its first line")
	c.MarkFlagFilename("identity")
	c.MarkFlagFilename("passphrase-file")
}

// fileArgument has the only argument of a command completed as a file.
func fileArgument(c *cobra.Command) *cobra.Command {
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return nil, cobra.ShellCompDirectiveDefault
	}
	return c
}

// openBackup opens the file of a backup and shows how much of it was read.
func (a *app) openBackup(path string) (f *backupFile, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the backup cannot be read: %v", err)
	}
	f = &backupFile{File: file}
	began := time.Now()
	if info, err := file.Stat(); err == nil {
		f.size = info.Size()
	}
	f.stop = a.progress().every(func() string {
		if check := f.check.Load(); check != nil {
			rows, all := check.far()
			return "checking: " + farText("rows", rows, rows, all, time.Since(check.began))
		}
		return sizeFarText("read", f.read.Load(), f.size, time.Since(began))
	})
	return f, nil
}

// backupFile is the file of a backup that is read.
type backupFile struct {
	*os.File
	size int64
	read atomic.Int64
	// check is that of what was read, nil before it.
	check atomic.Pointer[checkUnderWay]
	stop  func()
}

// checkUnderWay is a check, and how far it is.
type checkUnderWay struct {
	began time.Time
	far   func() (rows, all int64)
}

func (f *backupFile) Read(p []byte) (int, error) {
	n, err := f.File.Read(p)
	f.read.Add(int64(n))
	return n, err
}

func (f *backupFile) checking(far func() (rows, all int64)) {
	f.check.Store(&checkUnderWay{time.Now(), far})
}

func (f *backupFile) Close() error {
	f.stop()
	return f.File.Close()
}

func (a *app) backupShowCommand() *cobra.Command {
	var key runtime.BackupKey
	c := a.leaf("show FILE", "Show what a backup says of itself, without reading all of it", func(ctx context.Context, args []string) error {
		f, err := a.openBackup(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		header, err := runtime.BackupHeader(ctx, f, key)
		if err != nil {
			return err
		}
		return a.answer(header, func(t *table) {
			t.field("Created", timeText(header.CreatedAt))
			t.field("By version", header.Program)
			t.field("Store version", fmt.Sprint(header.StoreVersion))
			t.field("Keys", keysText(header.Keys))
			t.field("Size", bytesize.Rounded(f.size))
		})
	})
	keyFlags(c, &key)
	return fileArgument(c)
}

func (a *app) backupVerifyCommand() *cobra.Command {
	var o runtime.RestoreOptions
	var readOnly bool
	var temp string
	c := a.leaf("verify FILE", "Restore a backup into a temporary directory and check it", func(ctx context.Context, args []string) error {
		f, err := a.openBackup(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		if readOnly {
			restored, err := runtime.ReadBackup(ctx, f, o.Key)
			return a.showRestored(f, restored, err)
		}
		o.Checking = f.checking
		restored, err := runtime.VerifyBackup(ctx, f, temp, o)
		return a.showRestored(f, restored, err)
	})
	c.Long = `Restore a backup into a temporary directory, check it there as "domovoi check"
does, and remove it. That takes as much space as the daemon's data. With
--read-only the file is read to its end, which shows whether it is what was
written, and restored nowhere. No daemon is needed.`
	keyFlags(c, &o.Key)
	c.Flags().BoolVar(&readOnly, "read-only", false, "only read the file")
	c.Flags().StringVar(&temp, "temp", os.TempDir(), "`directory` for the temporary directory")
	c.MarkFlagDirname("temp")
	return fileArgument(c)
}

func (a *app) backupRestoreCommand() *cobra.Command {
	var o runtime.RestoreOptions
	c := a.leaf("restore FILE", "Make the data directory from a backup", func(ctx context.Context, args []string) error {
		f, err := a.openBackup(args[0])
		if err != nil {
			return err
		}
		defer f.Close()
		o.Checking = f.checking
		restored, err := runtime.Restore(ctx, f, a.dataDir, o)
		if err := a.showRestored(f, restored, err); err != nil {
			return err
		}
		a.restoreHints(restored)
		return nil
	})
	c.Long = `Make the data directory (--data-dir), which must not exist or be empty, from a
backup. It is written beside, compared, checked as "domovoi check" does, and only
then gets its name: after a failure there is nothing.

A daemon on it goes on as after a crash: runs that were executing are lost, or
tried again where their script says so, those that waited start, and schedules
start what was missed as they say. "domovoi serve --safe" starts none of it, and
"domovoi serve --read-only" changes nothing at all, to look at the data beside a
daemon that works.

	domovoi backup restore manual-20260301T020000.000Z.domovoi-backup --data-dir restored
	domovoi serve --read-only --data-dir restored --address 127.0.0.1:7499`
	keyFlags(c, &o.Key)
	c.Flags().BoolVar(&o.AcceptProblems, "accept-problems", false, "restore also what the check finds contradictions in")
	return fileArgument(c)
}

// showRestored shows what was found in a backup.
func (a *app) showRestored(f *backupFile, restored runtime.Restored, err error) error {
	f.stop()
	f.stop = func() {}
	if err != nil {
		return err
	}
	h, totals := restored.Header, restored.Totals
	return a.answer(restored, func(t *table) {
		t.field("Created", timeText(h.CreatedAt))
		t.field("By version", h.Program)
		t.field("Store version", fmt.Sprint(h.StoreVersion))
		showContents(t, totals.Rows, totals.RowBytes, totals.Files, totals.FileBytes, h.Keys, totals.Missing)
		if restored.Check.Records > 0 {
			t.field("Checked", fmt.Sprintf("%d objects, %d attachments, %d records", restored.Check.Objects, restored.Check.Attachments, restored.Check.Records))
		}
		for i, problem := range restored.Check.Problems {
			t.row(first(i, "Problems"), problem)
		}
	})
}

// restoreHints says on standard error what a restored directory lacks.
func (a *app) restoreHints(restored runtime.Restored) {
	if restored.Header.Keys {
		return
	}
	fmt.Fprintf(a.stderr, `The daemon's keys are not in the backup. %s is a new token, the old one
is refused. Secrets can be read with the key file of the old daemon only: put it there as
%s, or set the secrets again.
`, filepath.Join(a.dataDir, runtime.TokenFile), filepath.Join(a.dataDir, runtime.SecretsKeyFile))
}
