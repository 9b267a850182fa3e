package sandbox_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"domovoi.dev/internal/leak"
	"domovoi.dev/plugins/sandbox"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Verb {
		sandbox.Main(os.Args[2:], func() { os.Stdout.WriteString("worker") })
		return
	}
	leak.Main(m)
}

// What Probe says is not what the kernel's version promises, but what was tried.
// Root and an ordinary user have the same sandbox.
func TestProbe(t *testing.T) {
	m, err := sandbox.Probe(t.Context(), "/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	if !m.Limits || !m.Privileges {
		t.Errorf("every Linux has limits and privileges: %+v", m)
	}
	if !m.Files || !m.Calls {
		t.Skipf("the kernel of this machine lacks pieces: %+v", m)
	}
	if os.Getuid() != 0 {
		t.Skip("not root, so the sandbox is that of an ordinary user already")
	}
	cmd := exec.Command("/proc/self/exe", sandbox.Verb, "probe")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	out, err := cmd.Output()
	var ordinary sandbox.Means
	if err == nil {
		err = json.Unmarshal(out, &ordinary)
	}
	m.Signals = ordinary.Signals // an ordinary user cannot signal root in any case
	if err != nil || ordinary != m {
		t.Errorf("an ordinary user has %+v, %v, root %+v", ordinary, err, m)
	}
}

// A process that cannot enter its sandbox does not start.
func TestBadPolicies(t *testing.T) {
	for _, arguments := range [][]string{{}, {"{", "x"}, {"{}"}, {`{"cpu":"x"}`, "x"}, {`{"program":true}`, "x"}} {
		cmd := exec.Command("/proc/self/exe", append([]string{sandbox.Verb}, arguments...)...)
		out, err := cmd.CombinedOutput()
		if err == nil || !bytes.HasPrefix(out, []byte("the sandbox: ")) || bytes.Contains(out, []byte("worker")) {
			t.Errorf("%q: %v %s", arguments, err, out)
		}
	}
	out, err := exec.Command("/proc/self/exe", sandbox.Policy{}.Arguments("x")...).CombinedOutput()
	if err != nil || string(out) != "worker" {
		t.Errorf("an empty policy: %v %s", err, out)
	}
}
