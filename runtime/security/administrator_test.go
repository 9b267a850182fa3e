package security_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"domovoi.dev/sdk/slnet"
)

func (h *house) readTokenFile(path string) string {
	h.t.Helper()
	secret, ok := strings.CutSuffix(string(must(os.ReadFile(path))(h.t)), "\n")
	if !ok {
		h.t.Error("the token file does not end with a line feed")
	}
	return secret
}

func (h *house) ensureToken(path string) {
	h.t.Helper()
	if err := h.EnsureAdministratorToken(h.ctx, path); err != nil {
		h.t.Fatal(err)
	}
}

func TestAdministratorTokenFile(t *testing.T) {
	h := open(t)
	path := filepath.Join(t.TempDir(), "administrator.token")
	h.ensureToken(path)
	info := must(os.Stat(path))(t)
	if info.Mode() != 0o600 {
		t.Errorf("the token file has mode %v", info.Mode())
	}
	first := h.readTokenFile(path)
	h.accepts(first, "Administrator")

	h.ensureToken(path)
	h.reopen()
	h.ensureToken(path)
	if again := h.readTokenFile(path); again != first {
		t.Error("an existing token file was changed")
	}
	tokens := must(h.Tokens(h.ctx, administrator, &slnet.GetTokensMessage{}))(t).Tokens
	if len(tokens) != 1 || tokens[0].User != "Administrator" || !tokens[0].ExpiresAt.IsZero() {
		t.Fatalf("tokens: %+v", tokens)
	}

	// Who removes the file has read it.
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	h.reopen()
	h.token("Administrator", 0)
	h.ensureToken(path)
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the file was made again: %v", err)
	}

	// Without file and token there is no way in: a new pair is made.
	must(h.RevokeToken(h.ctx, administrator, &slnet.RevokeTokenMessage{ID: tokens[0].ID}))(t)
	h.refuses(first)
	h.ensureToken(path)
	h.accepts(h.readTokenFile(path), "Administrator")
}

func TestAForeignTokenFileIsLeftAlone(t *testing.T) {
	h := open(t)
	path := filepath.Join(t.TempDir(), "administrator.token")
	if err := os.WriteFile(path, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	before := h.dump()
	h.ensureToken(path)
	if got := string(must(os.ReadFile(path))(t)); got != "mine" {
		t.Errorf("the file holds %q", got)
	}
	// A link that leads nowhere exists too, and is not followed.
	link := filepath.Join(t.TempDir(), "link")
	target := filepath.Join(t.TempDir(), "target")
	if err := os.Symlink(target, link); err != nil {
		t.Fatal(err)
	}
	h.ensureToken(link)
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a link was followed: %v", err)
	}
	if after := h.dump(); after != before {
		t.Errorf("a token was made:\n%s", after)
	}
}

func TestATokenFileThatCannotBeMade(t *testing.T) {
	h := open(t)
	before := h.dump()
	path := filepath.Join(t.TempDir(), "missing", "administrator.token")
	if err := h.EnsureAdministratorToken(h.ctx, path); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v, want an error that names the path", err)
	}
	path = filepath.Join(t.TempDir(), "administrator.token")
	ended, cancel := context.WithCancel(h.ctx)
	cancel()
	if err := h.EnsureAdministratorToken(ended, path); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the error of the context", err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file without token is left: %v", err)
	}
	if after := h.dump(); after != before {
		t.Errorf("a token was made:\n%s", after)
	}
	h.ensureToken(path)
	h.accepts(h.readTokenFile(path), "Administrator")
}
