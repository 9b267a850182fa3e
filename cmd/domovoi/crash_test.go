package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"domovoi.dev/runtime"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// victim is a daemon in a process of its own, to be killed.
type victim struct {
	cmd     *exec.Cmd
	address string
	dir     string
}

func startVictim(t *testing.T, dir string, flags ...string) *victim {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	v := &victim{dir: dir, cmd: exec.Command(self, append([]string{"serve", "--address", "127.0.0.1:0", "--data-dir", dir}, flags...)...)}
	v.cmd.Args[0] = "domovoi" // the test binary is the program of that name
	stdout, err := v.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := v.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.kill)
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the daemon said %q: %v", line, err)
	}
	_, rest, _ := strings.Cut(line, "http://")
	v.address, _, _ = strings.Cut(rest, " ")
	return v
}

func (v *victim) kill() {
	if v.cmd.ProcessState == nil {
		v.cmd.Process.Signal(syscall.SIGKILL)
		v.cmd.Wait()
	}
}

func (v *victim) dial(t *testing.T) *client.Client {
	t.Helper()
	token, err := os.ReadFile(filepath.Join(v.dir, runtime.TokenFile))
	if err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(client.Options{Address: v.address, Token: strings.TrimSpace(string(token))})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const endlessScript = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	engine.Log.Info("begun")
	for {
	}
}
`

// TestKilledDaemonLosesNothingItAcknowledged kills a daemon with SIGKILL while
// clients create instances and a script loops for ever.
func TestKilledDaemonLosesNothingItAcknowledged(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "house")
	definition := dom.NewDefinition("Thing")
	acknowledged := make(map[dom.InstanceID]bool)
	for round := range 3 {
		v := startVictim(t, dir)
		c := v.dial(t)
		helper := dom.NewDomHelper(c.SendSLNetMessages, "m")
		if round == 0 {
			if _, err := dom.NewModuleSettingsHelper(c.SendSLNetMessages).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: "m"}); err != nil {
				t.Fatal(err)
			}
			if _, err := helper.DomDefinitions.Create(t.Context(), definition); err != nil {
				t.Fatal(err)
			}
		}
		wantStored(t, helper, acknowledged)
		workers := startEndless(t, c, v)
		createUntilKilled(t, v, c, definition.ID, acknowledged)
		for _, pid := range workers {
			waitGone(t, pid)
		}
		if result, err := runtime.Check(t.Context(), dir, nil); err != nil || len(result.Problems) > 0 {
			t.Fatalf("round %d: the store after the kill: %v %v", round, result.Problems, err)
		}
	}
	v := startVictim(t, dir)
	c := v.dial(t)
	wantStored(t, dom.NewDomHelper(c.SendSLNetMessages, "m"), acknowledged)
	runs, err := slnet.Send1(t.Context(), c.SendSLNetMessages, &slnet.GetRunsMessage{})
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range runs.(*slnet.RunsResponse).Runs {
		if run.State != slnet.RunLost {
			t.Errorf("a run that executed when the daemon was killed is %q, want %q", run.State, slnet.RunLost)
		}
	}
	t.Logf("%d acknowledged instances survived 3 kills", len(acknowledged))
}

// wantStored compares what is stored with what was acknowledged. Instances whose
// answer was cut off by the kill may be there too.
func wantStored(t *testing.T, helper *dom.DomHelper, acknowledged map[dom.InstanceID]bool) {
	t.Helper()
	list, err := helper.DomInstances.Read(t.Context(), dom.True())
	if err != nil {
		t.Fatal(err)
	}
	stored := make(map[dom.InstanceID]bool, len(list))
	for _, instance := range list {
		stored[instance.ID] = true
	}
	for id := range acknowledged {
		if !stored[id] {
			t.Errorf("instance %s was acknowledged and is lost", id)
		}
	}
}

// startEndless starts a script that never ends, and returns the processes the
// daemon has then.
func startEndless(t *testing.T, c *client.Client, v *victim) []int {
	t.Helper()
	_, err := c.SendSLNetMessages(t.Context(),
		&slnet.DeployScriptMessage{Name: "endless", Files: []slnet.ScriptFile{{Name: "script.go", Content: endlessScript}}},
		&slnet.ExecuteScriptMessage{ScriptName: "endless", Async: true})
	if err != nil {
		t.Fatal(err)
	}
	for {
		children := childrenOf(t, v.cmd.Process.Pid)
		if len(children) > 0 {
			return children
		}
		if t.Context().Err() != nil {
			t.Fatal("no process was started")
		}
	}
}

func childrenOf(t *testing.T, pid int) []int {
	t.Helper()
	tasks, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	if err != nil {
		t.Fatal(err)
	}
	var children []int
	for _, file := range tasks {
		b, err := os.ReadFile(file)
		if err != nil {
			continue // the thread has ended
		}
		for _, field := range strings.Fields(string(b)) {
			var child int
			fmt.Sscan(field, &child)
			children = append(children, child)
		}
	}
	return children
}

// waitGone waits for the end of a process.
func waitGone(t *testing.T, pid int) {
	t.Helper()
	fd, err := unix.PidfdOpen(pid, 0)
	if errors.Is(err, unix.ESRCH) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	for {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, int(patience.Milliseconds()))
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || n == 0 {
			t.Errorf("process %d outlived its daemon (%v)", pid, err)
		}
		return
	}
}

// createUntilKilled creates instances from several clients and kills the daemon
// in the middle of them.
func createUntilKilled(t *testing.T, v *victim, c *client.Client, definition dom.DefinitionID, acknowledged map[dom.InstanceID]bool) {
	t.Helper()
	const enough = 300
	var mu sync.Mutex
	var count atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			helper := dom.NewDomHelper(c.SendSLNetMessages, "m")
			for {
				instance, err := helper.DomInstances.Create(context.Background(), dom.NewInstance(definition))
				if err != nil {
					return // the daemon is gone
				}
				mu.Lock()
				acknowledged[instance.ID] = true
				mu.Unlock()
				if count.Add(1) == enough {
					v.cmd.Process.Signal(syscall.SIGKILL)
				}
			}
		})
	}
	wg.Wait()
	if err := v.cmd.Wait(); err == nil {
		t.Error("the killed daemon ended well")
	}
	if n := count.Load(); n < enough {
		t.Errorf("the daemon was gone after %d creates", n)
	}
}
