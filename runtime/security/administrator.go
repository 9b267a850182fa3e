package security

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/internal/fsync"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

var (
	administratorKey  = fold(slnet.AdministratorName)
	administratorsKey = fold(slnet.AdministratorsName)
)

// systemOrigin is the origin of what the daemon does to its accounts by itself.
var systemOrigin = storage.Origin{User: slnet.AdministratorName}

// createBuiltIn creates what is missing of Administrator and Administrators, and
// of the ids of users.
func (a *Accounts) createBuiltIn(ctx context.Context) error {
	d := a.directory.Load()
	var unnamed []*userRecord // of a store from before users had ids
	for _, u := range d.users {
		if u.ID == uuid.Nil {
			unnamed = append(unnamed, u)
		}
	}
	if d.users[administratorKey] != nil && d.groups[administratorsKey] != nil && len(unnamed) == 0 {
		return nil
	}
	return a.change(ctx, systemOrigin, func(e *edit) error {
		if e.groups[administratorsKey] == nil {
			e.putGroup(&groupRecord{Name: slnet.AdministratorsName})
		}
		if e.users[administratorKey] == nil {
			e.putUser(&userRecord{ID: uuid.New(), Name: slnet.AdministratorName, Groups: []string{administratorsKey}, CreatedAt: e.now})
		}
		for _, old := range unnamed {
			u := *old
			u.ID = uuid.New()
			e.putUser(&u)
		}
		delete(e.userIDs, uuid.Nil)
		return nil
	})
}

// keepAdministrator refuses what would leave nobody who can do everything.
func keepAdministrator(u *userRecord) error {
	switch {
	case fold(u.Name) != administratorKey:
		return nil
	case u.Disabled:
		return slnet.Errorf(slnet.KindInvalid, "the user %s is built in and cannot be disabled", slnet.AdministratorName)
	case !slices.Contains(u.Groups, administratorsKey):
		return slnet.Errorf(slnet.KindInvalid, "the user %s cannot be removed from the group %s", slnet.AdministratorName, slnet.AdministratorsName)
	}
	return nil
}

// tokenFileName is the name of the token made for the token file.
const tokenFileName = "token file"

// EnsureAdministratorToken writes a new token of Administrator to the file path,
// readable by the file's owner only, unless the file exists or the token once
// made for it does. So the file can be removed after it was read; and when its
// token was revoked and the file removed, the next start makes a new pair.
//
// The file is durable before the token is: a crash in between leaves a file
// whose token does not work, and removing the file mends that too.
func (a *Accounts) EnsureAdministratorToken(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return wrapTokenFile(err)
	}
	for _, t := range a.directory.Load().tokens {
		if t.ForFile {
			return nil
		}
	}
	secret := newSecret()
	err := writeNewFile(path, secret+"\n")
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err == nil {
		err = a.change(ctx, systemOrigin, func(e *edit) error {
			e.addToken(tokenRecord{User: administratorKey, Name: tokenFileName, ForFile: true}, secret)
			return nil
		})
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}
	return wrapTokenFile(err)
}

// RenewAdministratorToken makes the token of the file path a new one, for a data
// directory that came without its file: nobody could read the old one.
func (a *Accounts) RenewAdministratorToken(ctx context.Context, path string) error {
	err := a.change(ctx, systemOrigin, func(e *edit) error {
		for _, t := range slices.Collect(maps.Values(e.tokens)) {
			if t.ForFile {
				e.deleteToken(t)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.EnsureAdministratorToken(ctx, path)
}

func wrapTokenFile(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("make the token file of %s: %w", slnet.AdministratorName, err)
}

// writeNewFile durably writes a file that did not exist, for its owner only.
// When it fails otherwise than with fs.ErrExist, the file does not exist.
func writeNewFile(path, text string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = fsync.Dir(filepath.Dir(path))
	}
	if err != nil {
		return errors.Join(err, os.Remove(path))
	}
	return nil
}
