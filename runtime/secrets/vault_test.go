package secrets_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"domovoi.dev/runtime/secrets"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

var ann = security.Caller{User: "ann"}

func openStore(t *testing.T) (*storage.Store, kv.Store) {
	t.Helper()
	engine := memkv.New()
	store, err := storage.Open(t.Context(), engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if result, err := store.Check(context.Background()); err != nil || len(result.Problems) > 0 {
			t.Errorf("check: %v %v", result.Problems, err)
		}
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	return store, engine
}

func set(t *testing.T, v *secrets.Vault, name, value string, scripts ...string) {
	t.Helper()
	if _, err := v.Set(t.Context(), ann, &slnet.SetSecretMessage{Name: name, Value: &value, Scripts: scripts, SetScripts: true}); err != nil {
		t.Fatal(err)
	}
}

func TestOnlyNamedScriptsRead(t *testing.T) {
	store, _ := openStore(t)
	v := secrets.New(store, filepath.Join(t.TempDir(), "secrets.key"))
	set(t, v, "Mail-Password", "swordfish", "mailer", "import-*")
	for script, allowed := range map[string]bool{"mailer": true, "MAILER": true, "import-": true, "import-people": true, "mailer2": false, "import": false, "": false} {
		value, err := v.Read(t.Context(), script, "mail-password")
		if allowed && (err != nil || value != "swordfish") {
			t.Errorf("%q: %q %v", script, value, err)
		}
		if !allowed && !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("%q: %q %v, want it denied", script, value, err)
		}
	}
	_, none := v.Read(t.Context(), "other", "none")
	_, closed := v.Read(t.Context(), "other", "Mail-Password")
	if none == nil || closed == nil || strings.ReplaceAll(none.Error(), "none", "") != strings.ReplaceAll(strings.ReplaceAll(closed.Error(), "Mail-Password", ""), "none", "") {
		t.Errorf("that there is none and that it is closed differ:\n%v\n%v", none, closed)
	}
}

func TestChangesOfASecret(t *testing.T) {
	store, _ := openStore(t)
	v := secrets.New(store, filepath.Join(t.TempDir(), "secrets.key"))
	set(t, v, "a", "one", "s")
	two := "two"
	if _, err := v.Set(t.Context(), ann, &slnet.SetSecretMessage{Name: "A", Value: &two}); err != nil {
		t.Fatal(err)
	}
	if value, err := v.Read(t.Context(), "s", "a"); err != nil || value != "two" {
		t.Errorf("%q %v; a new value keeps the scripts", value, err)
	}
	if _, err := v.Set(t.Context(), ann, &slnet.SetSecretMessage{Name: "a", SetScripts: true}); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Read(t.Context(), "s", "a"); !errors.Is(err, slnet.KindPermissionDenied) {
		t.Errorf("%v; the scripts were taken away", err)
	}
	list, err := v.List(t.Context())
	if err != nil || len(list.Secrets) != 1 || list.Secrets[0].Name != "a" || list.Secrets[0].ChangedBy != "ann" {
		t.Errorf("%+v %v", list, err)
	}
	for range 2 {
		_, err = v.Delete(t.Context(), ann, &slnet.DeleteSecretMessage{Name: "a"})
	}
	if !errors.Is(err, slnet.KindNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

func TestWrongSecrets(t *testing.T) {
	store, _ := openStore(t)
	v := secrets.New(store, filepath.Join(t.TempDir(), "secrets.key"))
	value, empty, long := "v", "", strings.Repeat("x", 64<<10+1)
	for want, m := range map[string]*slnet.SetSecretMessage{
		"no name":       {Name: "a b", Value: &value},
		"1 to 100":      {Name: "", Value: &value},
		"0 bytes":       {Name: "a", Value: &empty},
		"65537 bytes":   {Name: "a", Value: &long},
		"needs a value": {Name: "a"},
		"Scripts[1]":    {Name: "a", Value: &value, Scripts: []string{"x", "a*b"}},
	} {
		if _, err := v.Set(t.Context(), ann, m); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "xxxx") {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

// What is in the store does not show the value, and cannot be read with another
// key, under another name, or changed.
func TestWhatIsStoredIsSealed(t *testing.T) {
	store, engine := openStore(t)
	path := filepath.Join(t.TempDir(), "secrets.key")
	set(t, secrets.New(store, path), "a", "swordfish", "s")
	if info, err := os.Stat(path); err != nil || info.Mode() != 0o600 {
		t.Errorf("the key file is %v %v", info.Mode(), err)
	}
	var key, row []byte
	err := engine.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.Range{})
		defer it.Close()
		for it.Next() {
			if bytes.Contains(it.Value(), []byte("swordfish")) {
				t.Errorf("the value is in the record %q", it.Key())
			}
			if bytes.Contains(it.Key(), []byte("secrets")) {
				key, row = bytes.Clone(it.Key()), bytes.Clone(it.Value())
			}
		}
		return it.Err()
	})
	if err != nil || key == nil {
		t.Fatalf("%q %v", key, err)
	}
	if value, err := secrets.New(store, path).Read(t.Context(), "s", "a"); err != nil || value != "swordfish" {
		t.Errorf("after a restart: %q %v", value, err)
	}
	refused := func(what, path, name, want string) {
		t.Helper()
		if value, err := secrets.New(store, path).Read(t.Context(), "s", name); !errors.Is(err, slnet.KindUnavailable) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %q %v", what, value, err)
		}
	}
	write := func(key, row []byte) {
		t.Helper()
		if _, err := engine.Update(t.Context(), func(tx kv.Tx) error { return tx.Set(key, row) }); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	refused("no key", filepath.Join(dir, "none"), "a", "is missing")
	if err := os.WriteFile(filepath.Join(dir, "no key"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("no key in the file", filepath.Join(dir, "no key"), "a", "is no key")
	other := filepath.Join(dir, "other")
	set(t, secrets.New(store, other), "b", "v", "s")
	refused("another key", other, "a", "another key file")

	moved := bytes.Clone(key)
	moved[bytes.LastIndexByte(moved, 'a')] = 'c'
	write(moved, row)
	refused("under another name", path, "c", "damaged")
	changed := bytes.Clone(row)
	changed[bytes.Index(changed, []byte("Sealed"))+len("Sealed")+20] ^= 1
	write(key, changed)
	refused("changed", path, "a", "damaged")
}
