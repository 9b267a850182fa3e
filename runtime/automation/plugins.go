package automation

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/internal/fsync"
	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// maxPluginBytes is the most bytes of a plugin binary.
const maxPluginBytes = 512 << 20

// uploadPath is where the pieces of an upload are gathered. The name of the user
// keeps others from adding to it.
func (a *Automation) uploadPath(user string, id uuid.UUID) string {
	sum := sha256.Sum256([]byte(strings.ToLower(user)))
	return filepath.Join(a.uploadDir(), hex.EncodeToString(sum[:8])+"-"+id.String())
}

// clearUploads removes what earlier uploads left.
func (a *Automation) clearUploads() error {
	entries, err := os.ReadDir(a.uploadDir())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Remove(filepath.Join(a.uploadDir(), e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// Upload adds a piece to a file that a later message uses.
func (a *Automation) Upload(caller security.Caller, m *slnet.UploadMessage) (*slnet.Empty, error) {
	switch {
	case m.UploadID == uuid.Nil:
		return nil, slnet.Errorf(slnet.KindInvalid, "UploadId is missing; choose a random GUID")
	case len(m.Data) > slnet.MaxUploadPiece:
		return nil, slnet.Errorf(slnet.KindTooLarge, "a piece of an upload has at most %d bytes, this one has %d", slnet.MaxUploadPiece, len(m.Data))
	case m.Offset < 0 || m.Offset > maxPluginBytes-int64(len(m.Data)):
		return nil, slnet.Errorf(slnet.KindTooLarge, "an upload has at most %d bytes", int64(maxPluginBytes))
	}
	flags := os.O_WRONLY
	if m.Offset == 0 {
		flags |= os.O_CREATE | os.O_TRUNC
	}
	f, err := os.OpenFile(a.uploadPath(caller.User, m.UploadID), flags, 0o600)
	if errors.Is(err, os.ErrNotExist) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no upload %s; begin with Offset 0", m.UploadID)
	}
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && m.Offset != info.Size() {
		err = slnet.Errorf(slnet.KindConflict, "upload %s has %d bytes, the piece begins at %d", m.UploadID, info.Size(), m.Offset)
	}
	if err == nil {
		_, err = f.WriteAt(m.Data, m.Offset)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return nil, err
	}
	return &slnet.Empty{}, nil
}

// DeployPlugin makes an uploaded binary a version of a script. The binary is
// kept under its hash and started once to see what it is.
func (a *Automation) DeployPlugin(ctx context.Context, caller security.Caller, m *slnet.DeployPluginMessage) (*slnet.ScriptResponse, error) {
	if err := errors.Join(checkScriptName(m.Name), checkTimeout(m.Timeout)); err != nil {
		return nil, err
	}
	if script.IsLibrary(m.Name) {
		return nil, slnet.Errorf(slnet.KindInvalid, "%s is a name for a library, which is Go source; a plugin has another", m.Name)
	}
	s := slnet.Script{Name: m.Name, Description: m.Description, Engine: slnet.EnginePlugin, Timeout: m.Timeout}
	if err := a.manifest(caller, &s, m.Manifest); err != nil {
		return nil, refused(m.Name, "deployed", err)
	}
	upload := a.uploadPath(caller.User, m.UploadID)
	defer os.Remove(upload)
	hash, err := hashFile(upload)
	if errors.Is(err, os.ErrNotExist) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no upload %s; send the binary with UploadMessage first", m.UploadID)
	}
	if err != nil {
		return nil, err
	}
	if !strings.EqualFold(hash, m.SHA256) {
		return nil, slnet.Errorf(slnet.KindInvalid, "plugin %q was not deployed: the uploaded binary has the SHA-256 %s, expected %s", m.Name, hash, m.SHA256)
	}
	defer a.reserveBinary(hash)()
	if err := a.keepBinary(upload, hash); err != nil {
		return nil, err
	}
	s.Hash = hash
	if err := a.describe(ctx, &s); err != nil {
		return nil, refused(m.Name, "deployed", err)
	}
	return a.deploy(ctx, caller, s, m.RunsAs)
}

func (a *Automation) binaryPath(hash string) string { return filepath.Join(a.pluginDir(), hash) }

// keepBinary moves a binary to where it is executed from, unless it is there.
// Nobody may write to it there.
func (a *Automation) keepBinary(upload, hash string) error {
	path := a.binaryPath(hash)
	if have, err := hashFile(path); err == nil && have == hash {
		return nil
	}
	if err := os.Chmod(upload, 0o500); err != nil {
		return err
	}
	f, err := os.Open(upload)
	if err != nil {
		return err
	}
	if err := errors.Join(f.Sync(), f.Close(), os.Rename(upload, path)); err != nil {
		return err
	}
	return fsync.Dir(a.pluginDir())
}

// reserveBinary keeps a binary from being removed until the function it returns
// is called, which removes it when no version needs it then.
func (a *Automation) reserveBinary(hash string) (release func()) {
	a.binaryMu.Lock()
	defer a.binaryMu.Unlock()
	a.reserved[hash]++
	return func() {
		a.binaryMu.Lock()
		if a.reserved[hash]--; a.reserved[hash] == 0 {
			delete(a.reserved, hash)
		}
		a.binaryMu.Unlock()
		if err := a.dropBinaries(context.Background(), hash); err != nil {
			a.Logger.Error("a plugin binary could not be removed", "op", "automation.reserveBinary", "sha256", hash, "err", err)
		}
	}
}

// dropBinaries removes those of the binaries that no version needs, and none that
// is about to be deployed.
func (a *Automation) dropBinaries(ctx context.Context, hashes ...string) error {
	a.binaryMu.Lock()
	defer a.binaryMu.Unlock()
	return a.Store.View(ctx, func(r *storage.Reader) error {
		for _, hash := range hashes {
			needed := a.reserved[hash] > 0
			err := scriptBinaries.Scan(r, storage.Walk{Prefix: []string{hash}}, func(*scriptLink) (bool, error) {
				needed = true
				return false, nil
			})
			if err == nil && !needed {
				err = os.Remove(a.binaryPath(hash))
			}
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				return err
			}
		}
		return nil
	})
}

// sweepBinaries removes the binaries that no version needs: a daemon that died
// left them.
func (a *Automation) sweepBinaries(ctx context.Context) error {
	entries, err := os.ReadDir(a.pluginDir())
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := a.dropBinaries(ctx, e.Name()); err != nil {
			return err
		}
	}
	return nil
}

func hashFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// PluginProcesses tells of the shared processes of plugins.
func (a *Automation) PluginProcesses(ctx context.Context, m *slnet.GetPluginProcessesMessage) (*slnet.PluginProcessesResponse, error) {
	name := m.Name
	if name != "" {
		s, err := a.find(ctx, name, 0)
		if err != nil {
			return nil, err
		}
		name = s.Name
	}
	return &slnet.PluginProcessesResponse{Processes: a.Host.SharedProcesses(name)}, nil
}
