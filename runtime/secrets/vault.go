// Package secrets keeps texts that runs of scripts may read and nobody else: in
// the store they are encrypted, with a key that lies in a file of its own, so
// that a copy of the store alone, such as a backup, does not give them away.
package secrets

import (
	"context"
	"errors"
	"slices"
	"strings"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

//go:generate go -C ../../tools run ./msgpgen -package ../runtime/secrets -files record.go -unexported

const (
	maxName    = 100
	maxValue   = 64 << 10
	maxScripts = 100
	// maxSecrets bounds the answer that lists them.
	maxSecrets = 1000
)

// Vault is the home of the secrets of a store.
type Vault struct {
	store *storage.Store
	keys  *keyFile
}

// New returns the secrets of a store. The key file is read, or made, when a
// secret is first read or set.
func New(store *storage.Store, path string) *Vault {
	return &Vault{store: store, keys: &keyFile{path: path}}
}

func nameKey(name string) string { return strings.ToLower(name) }

func checkName(name string) error {
	plain := func(r rune) bool {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("_-.", r)
	}
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, func(r rune) bool { return !plain(r) }) {
		return slnet.Errorf(slnet.KindInvalid, "%.120q is no name for a secret: it has 1 to %d letters, digits and _ - . of ASCII", name, maxName)
	}
	return nil
}

func checkScripts(patterns []string) error {
	if len(patterns) > maxScripts {
		return slnet.Errorf(slnet.KindInvalid, "Scripts has %d entries; a secret names at most %d, and a name may end with *", len(patterns), maxScripts)
	}
	for i, pattern := range patterns {
		if pattern == "" || strings.Contains(strings.TrimSuffix(pattern, "*"), "*") {
			return slnet.Errorf(slnet.KindInvalid, "Scripts[%d] is %.120q; it must be the name of a script, or the beginning of names followed by *", i, pattern)
		}
	}
	return nil
}

// Set makes or changes a secret.
func (v *Vault) Set(ctx context.Context, caller security.Caller, m *slnet.SetSecretMessage) (*slnet.SecretResponse, error) {
	if err := errors.Join(checkName(m.Name), checkScripts(m.Scripts)); err != nil {
		return nil, err
	}
	var sealed []byte
	if m.Value != nil {
		if len(*m.Value) > maxValue || *m.Value == "" {
			return nil, slnet.Errorf(slnet.KindInvalid, "the value of secret %s has %d bytes; it has 1 to %d", m.Name, len(*m.Value), maxValue)
		}
		key, err := v.keys.get(true)
		if err != nil {
			return nil, err
		}
		sealed = key.seal(nameKey(m.Name), *m.Value)
	}
	var response slnet.SecretResponse
	_, err := v.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		r, err := table.Get(&tx.Reader, nameKey(m.Name))
		if errors.Is(err, storage.ErrNotFound) {
			if sealed == nil {
				return slnet.Errorf(slnet.KindNotFound, "there is no secret %s; a new one needs a value", m.Name)
			}
			r, err = &record{Name: m.Name}, nil
		}
		if err != nil {
			return err
		}
		if sealed != nil {
			r.Sealed = sealed
		}
		if m.SetScripts {
			r.Scripts = slices.Clone(m.Scripts)
		}
		r.ChangedAt, r.ChangedBy = tx.Now(), caller.User
		response.Secret = r.secret()
		return table.Put(tx, r, nameKey(m.Name))
	})
	if err != nil {
		return nil, err
	}
	return &response, nil
}

// Delete deletes a secret.
func (v *Vault) Delete(ctx context.Context, caller security.Caller, m *slnet.DeleteSecretMessage) (*slnet.Empty, error) {
	_, err := v.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		if _, err := get(&tx.Reader, m.Name); err != nil {
			return err
		}
		return table.Delete(tx, nameKey(m.Name))
	})
	return &slnet.Empty{}, err
}

// List returns all secrets by name, without their values.
func (v *Vault) List(ctx context.Context) (*slnet.SecretsResponse, error) {
	response := &slnet.SecretsResponse{Secrets: []slnet.Secret{}}
	err := v.store.View(ctx, func(r *storage.Reader) error {
		return table.Scan(r, storage.Walk{}, func(r *record) (bool, error) {
			response.Secrets = append(response.Secrets, r.secret())
			return len(response.Secrets) < maxSecrets, ctx.Err()
		})
	})
	return response, err
}

// Read returns the value of a secret to a run of a script. That there is no such
// secret and that the script may not read it are the same error.
func (v *Vault) Read(ctx context.Context, script, name string) (string, error) {
	var found *record
	err := v.store.View(ctx, func(r *storage.Reader) (err error) {
		found, err = get(r, name)
		return err
	})
	denied := slnet.Errorf(slnet.KindPermissionDenied, "script %q may not read a secret %.100q, or there is none; "+
		"who administers the system can let it: domovoi secret set %.100s --keep-value --script %q", script, name, name, script)
	if errors.Is(err, slnet.KindNotFound) {
		return "", denied
	}
	if err != nil {
		return "", err
	}
	if script == "" || !slices.ContainsFunc(found.Scripts, func(pattern string) bool { return security.Covers(pattern, script) }) {
		return "", denied
	}
	key, err := v.keys.get(false)
	if err != nil {
		return "", err
	}
	return key.open(nameKey(name), found.Sealed)
}

// Seal encrypts a text of the daemon's own for a place, such as "webhook" and an
// id. A place has a space in it, which the name of a secret cannot have.
func (v *Vault) Seal(place, text string) ([]byte, error) {
	key, err := v.keys.get(true)
	if err != nil {
		return nil, err
	}
	return key.seal(place, text), nil
}

// Unseal decrypts what was sealed for a place.
func (v *Vault) Unseal(place string, sealed []byte) (string, error) {
	key, err := v.keys.get(false)
	if err != nil {
		return "", err
	}
	return key.open(place, sealed)
}

func get(r *storage.Reader, name string) (*record, error) {
	found, err := table.Get(r, nameKey(name))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no secret %.100q", name)
	}
	return found, err
}
