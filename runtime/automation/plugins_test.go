package automation_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/memkv"
)

func hashOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

func TestUploadsComeInPieces(t *testing.T) {
	h := openHouse(t)
	id := uuid.New()
	for _, c := range []struct {
		name   string
		caller security.Caller
		m      *slnet.UploadMessage
		want   error
	}{
		{"without an id", ann, &slnet.UploadMessage{}, slnet.KindInvalid},
		{"not begun", ann, &slnet.UploadMessage{UploadID: id, Offset: 3, Data: []byte("x")}, slnet.KindNotFound},
		{"first", ann, &slnet.UploadMessage{UploadID: id, Data: []byte("abc")}, nil},
		{"a gap", ann, &slnet.UploadMessage{UploadID: id, Offset: 4, Data: []byte("x")}, slnet.KindConflict},
		{"an overlap", ann, &slnet.UploadMessage{UploadID: id, Offset: 2, Data: []byte("x")}, slnet.KindConflict},
		{"another user's", chris, &slnet.UploadMessage{UploadID: id, Offset: 3, Data: []byte("x")}, slnet.KindNotFound},
		{"next", ann, &slnet.UploadMessage{UploadID: id, Offset: 3, Data: []byte("def")}, nil},
		{"empty", ann, &slnet.UploadMessage{UploadID: id, Offset: 6}, nil},
		{"negative", ann, &slnet.UploadMessage{UploadID: id, Offset: -1}, slnet.KindTooLarge},
		{"beyond the end", ann, &slnet.UploadMessage{UploadID: id, Offset: 512 << 20, Data: []byte("x")}, slnet.KindTooLarge},
		{"beyond all numbers", ann, &slnet.UploadMessage{UploadID: id, Offset: math.MaxInt64, Data: []byte("x")}, slnet.KindTooLarge},
		{"a piece too large", ann, &slnet.UploadMessage{UploadID: id, Offset: 6, Data: make([]byte, slnet.MaxUploadPiece+1)}, slnet.KindTooLarge},
		{"begun again", ann, &slnet.UploadMessage{UploadID: id, Data: []byte("new")}, nil},
	} {
		if _, err := h.Upload(c.caller, c.m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
	// The hash says what was gathered.
	_, err := h.DeployPlugin(t.Context(), ann, &slnet.DeployPluginMessage{Name: "p", UploadID: id, SHA256: hashOf([]byte("other"))})
	if !errors.Is(err, slnet.KindInvalid) || !strings.Contains(err.Error(), hashOf([]byte("new"))) {
		t.Errorf("another hash: %v", err)
	}
	wantNothingLeft(t, h)
}

// wantNothingLeft checks that no plugin and no upload is kept.
func wantNothingLeft(t *testing.T, h *house) {
	t.Helper()
	for _, dir := range []string{"plugins", "uploads"} {
		entries, err := os.ReadDir(filepath.Join(h.Dir, dir))
		if err != nil || len(entries) > 0 {
			t.Errorf("%s has %v, %v", dir, entries, err)
		}
	}
	if list, err := h.Scripts(t.Context(), &slnet.GetScriptsMessage{}, everything); err != nil || len(list.Scripts) != 0 {
		t.Errorf("%d scripts are stored, %v", len(list.Scripts), err)
	}
}

// shell is the manifest of a plugin that is a script of the shell.
const shell = "grants: {processes: true, files: {read: [/bin, /usr/bin]}}"

func TestBinariesThatAreNoPluginLeaveNothing(t *testing.T) {
	h := openHouse(t)
	for name, binary := range map[string]string{
		"ends at once":  "#!/bin/sh\nexit 0\n",
		"says nonsense": "#!/bin/sh\necho nonsense\n",
		"no program":    "just text",
		"empty":         "",
	} {
		id := uuid.New()
		if _, err := h.Upload(ann, &slnet.UploadMessage{UploadID: id, Data: []byte(binary)}); err != nil {
			t.Fatal(err)
		}
		m := &slnet.DeployPluginMessage{Name: "p", UploadID: id, SHA256: strings.ToUpper(hashOf([]byte(binary))), Manifest: shell}
		if _, err := h.DeployPlugin(t.Context(), ann, m); err == nil {
			t.Errorf("%s: accepted", name)
		} else if _, known := slnet.AsError(err); !known {
			t.Errorf("%s: an error nobody expected: %v", name, err)
		}
		wantNothingLeft(t, h)
	}
}

func TestPluginsThatCannotBeDeployed(t *testing.T) {
	h := openHouse(t)
	id := uuid.New()
	if _, err := h.Upload(ann, &slnet.UploadMessage{UploadID: id, Data: []byte("x")}); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		caller security.Caller
		m      *slnet.DeployPluginMessage
		want   error
	}{
		{"name", ann, &slnet.DeployPluginMessage{Name: "a/b", UploadID: id}, slnet.KindInvalid},
		{"timeout", ann, &slnet.DeployPluginMessage{Name: "p", UploadID: id, Timeout: -1}, slnet.KindInvalid},
		{"no upload", ann, &slnet.DeployPluginMessage{Name: "p", UploadID: uuid.New()}, slnet.KindNotFound},
		{"another user's upload", chris, &slnet.DeployPluginMessage{Name: "p", UploadID: id}, slnet.KindNotFound},
		{"no hash", ann, &slnet.DeployPluginMessage{Name: "p", UploadID: id}, slnet.KindInvalid},
	} {
		if _, err := h.DeployPlugin(t.Context(), c.caller, c.m); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestUploadsDoNotOutliveTheDaemon(t *testing.T) {
	dir := t.TempDir()
	left := filepath.Join(dir, "uploads", "left")
	if err := os.MkdirAll(filepath.Dir(left), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(left, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	openHouseOn(t, dir, memkv.New())
	if _, err := os.Stat(left); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the upload is there: %v", err)
	}
}

func TestPluginsRunFromTheBinaryThatWasDeployed(t *testing.T) {
	h := openHouse(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	binary := fmt.Appendf(nil, "#!/bin/sh\nexec '%s' plugin\n", self)
	id := uuid.New()
	if _, err := h.Upload(ann, &slnet.UploadMessage{UploadID: id, Data: binary}); err != nil {
		t.Fatal(err)
	}
	message := &slnet.DeployPluginMessage{
		Name: "p", UploadID: id, SHA256: hashOf(binary), Manifest: "grants: {processes: true, files: {read: [/bin, /usr/bin, " + self + "]}}",
	}
	deployed, err := h.DeployPlugin(t.Context(), ann, message)
	if err != nil || deployed.Script.Engine != slnet.EnginePlugin || deployed.Script.Version != 1 || deployed.Script.Hash != hashOf(binary) {
		t.Fatalf("deployed %+v, %v", deployed, err)
	}
	h.wantEnd(h.execute(&slnet.ExecuteScriptMessage{ScriptName: "p"}), slnet.RunSucceeded, "")
	path := filepath.Join(h.Dir, "plugins", hashOf(binary))
	if info, err := os.Stat(path); err != nil || info.Mode().Perm()&0o222 != 0 {
		t.Fatalf("the binary: %v, %v", info, err)
	}
	// A binary that was changed is not run.
	if err := os.Chmod(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(binary, "# changed\n"...), 0o700); err != nil {
		t.Fatal(err)
	}
	h.wantEnd(h.execute(&slnet.ExecuteScriptMessage{ScriptName: "p"}), slnet.RunFailed, "")
	// Deploying it again repairs it.
	if _, err := h.Upload(ann, &slnet.UploadMessage{UploadID: id, Data: binary}); err != nil {
		t.Fatal(err)
	}
	again, err := h.DeployPlugin(t.Context(), ann, message)
	if err != nil || again.Script.Version != 1 {
		t.Fatalf("deployed again %+v, %v", again, err)
	}
	h.wantEnd(h.execute(&slnet.ExecuteScriptMessage{ScriptName: "p"}), slnet.RunSucceeded, "")
}
