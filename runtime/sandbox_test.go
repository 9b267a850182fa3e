package runtime_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/internal/built"
	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
)

// buildHostile builds the plugin of testdata/hostile.
func buildHostile(t *testing.T) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(built.In(t, "./testdata/hostile"), "hostile"))
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// needSandbox skips a test where the kernel lacks a piece of the sandbox.
func needSandbox(t *testing.T, admin slnet.Connection) {
	t.Helper()
	info := daemontest.Send[*slnet.SystemInfoResponse](t, admin, &slnet.GetSystemInfoMessage{})
	for _, piece := range []string{"Landlock", "seccomp"} {
		if !slices.ContainsFunc(info.Isolation, func(means string) bool { return strings.Contains(means, piece) }) {
			t.Skipf("this machine has no %s: %q", piece, info.Isolation)
		}
	}
}

// TestPluginsReachNothingThatWasNotGranted runs a plugin that tries, and then the
// same one with grants.
func TestPluginsReachNothingThatWasNotGranted(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	needSandbox(t, admin)
	binary := buildHostile(t)
	d.DeployPlugin("hostile", binary)
	outside := t.TempDir()
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	other, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	unix, err := net.Listen("unix", filepath.Join(shortDir(t), "s"))
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close()
	try := func(t *testing.T, script, what, address string) slnet.Run {
		t.Helper()
		return daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: script, Parameters: map[string]string{
			"try": what, "token": filepath.Join(d.Dir, runtime.TokenFile), "outside": filepath.Join(outside, "file"),
			"tcp": address, "unix": unix.Addr().String(),
		}}).Run
	}
	for _, what := range []string{"files", "network", "processes"} {
		t.Run(what, func(t *testing.T) {
			run := try(t, "hostile", what, tcp.Addr().String())
			if run.State != slnet.RunSucceeded || len(run.Output) < 8 {
				t.Fatalf("the run %s: %+v", run.State, run)
			}
			for name, text := range run.Output {
				if !strings.Contains(text, "not permitted") && !strings.Contains(text, "permission denied") {
					t.Errorf("%s: %s", name, text)
				}
			}
		})
	}
	t.Run("os.Exit", func(t *testing.T) {
		run := try(t, "hostile", "exit", "")
		if run.State != slnet.RunFailed || len(run.Errors) != 1 || !strings.Contains(run.Errors[0].Message, "exit status 3") {
			t.Errorf("the run %s: %+v", run.State, run.Errors)
		}
	})

	// What is granted can be reached, and nothing beside it.
	daemontest.DeployPluginAs(t, admin, "granted", binary, `
grants:
  network: ["localhost:`+port(tcp)+`"]
  files: {write: [`+outside+`]}
limits: {memory: 128MiB}
`)
	t.Run("granted files", func(t *testing.T) {
		run := try(t, "granted", "files", "")
		for name, text := range run.Output {
			if (text == "done") != (name == "write a file") {
				t.Errorf("%s: %s", name, text)
			}
		}
	})
	t.Run("granted network", func(t *testing.T) {
		run := try(t, "granted", "network", tcp.Addr().String())
		for name, text := range run.Output {
			if allowed := map[string]bool{"tcp": true, "udp": true, "unix": true, "unix, packet": true}[name]; text == "done" && !allowed || name == "tcp" && text != "done" {
				t.Errorf("%s: %s", name, text)
			}
		}
		if text := try(t, "granted", "network", other.Addr().String()).Output["tcp"]; !strings.Contains(text, "permission denied") {
			t.Errorf("another port: %s", text)
		}
	})
	t.Run("memory", func(t *testing.T) {
		run := try(t, "granted", "memory", "")
		if run.State != slnet.RunFailed || len(run.Errors) != 1 || !strings.Contains(run.Errors[0].Message, "used more than 128 MiB of memory") {
			t.Errorf("the run %s: %+v", run.State, run.Errors)
		}
		if run.PeakMemory < 128<<20 || run.CPUTime == 0 {
			t.Errorf("it took %d bytes and %v", run.PeakMemory, run.CPUTime)
		}
	})
}

func port(l net.Listener) string {
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}

// shortDir is a folder for sockets, whose paths must be short.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}
