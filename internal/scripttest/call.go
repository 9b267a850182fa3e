package scripttest

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/plugins"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// Input is what an entry point is called with.
type Input interface {
	MarshalMsg([]byte) ([]byte, error)
}

// Call calls an entry point of a script and returns how the call ended, and the
// log it wrote.
type Call func(entryPoint string, input Input) (plugins.Result, []slnet.LogLine)

// CallBothEngines runs a test of the entry points of a folder's script that nobody
// can start by a message: once with the script interpreted, and once compiled,
// each in a process of its own whose runs have the rights of the Administrator.
// Where there is no Go toolchain, the second half is skipped.
func CallBothEngines(t *testing.T, folder string, test func(t *testing.T, call Call)) {
	t.Run("interpreted", func(t *testing.T) {
		files := []slnet.ScriptFile{{Name: "script.go", Content: source(t, inTree(folder))}}
		test(t, caller(t, plugins.Spec{Name: folder}, files))
	})
	t.Run("compiled", func(t *testing.T) {
		binary := Build(t, inTree(folder))
		sum := sha256.Sum256(binary)
		file := filepath.Join(t.TempDir(), "plugin")
		if err := os.WriteFile(file, binary, 0o700); err != nil {
			t.Fatal(err)
		}
		test(t, caller(t, plugins.Spec{Name: folder, Path: file, SHA256: hex.EncodeToString(sum[:])}, nil))
	})
}

// caller starts a process that ends with the test.
func caller(t *testing.T, spec plugins.Spec, files []slnet.ScriptFile) Call {
	t.Helper()
	conn := daemontest.Start(t).Administrator()
	host, err := plugins.Open(plugins.Options{Dir: t.TempDir(), Spares: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := host.Close(); err != nil {
			t.Error(err)
		}
	})
	process, err := host.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	if d, err := process.Describe(t.Context(), files); err != nil || len(d.Errors) > 0 {
		t.Fatalf("%v %v", err, d.Errors)
	}
	return func(entryPoint string, input Input) (plugins.Result, []slnet.LogLine) {
		t.Helper()
		b, err := input.MarshalMsg(nil)
		if err != nil {
			t.Fatal(err)
		}
		var log []slnet.LogLine
		result, err := process.Run(t.Context(), plugins.Run{
			Info:       sdk.RunInfo{Script: spec.Name, EntryPoint: entryPoint, Attempt: 1, RunsAs: slnet.AdministratorName},
			Input:      b,
			Connection: conn,
			Log:        func(lines []slnet.LogLine) { log = append(log, lines...) },
		})
		if err != nil {
			t.Fatal(err)
		}
		return result, log
	}
}
