package plugins

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin/runner"
	"golang.org/x/sys/unix"

	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// child is an operating system process. It is go-plugin's runner: go-plugin does
// handshake and connection, and sees of the process's output only the handshake
// line. Start, output, end and clean-up are ours, because go-plugin would lose
// what is printed before the handshake, kill one process instead of the group,
// and keep neither exit status nor resource usage.
type child struct {
	spec    Spec
	env     []string
	program *binary // nil for a worker
	starter *starter
	output  func(level string, lines []string, continued bool)

	lifeline  *os.File  // our end of its standard input
	out, err  *capture  // its standard output and error
	handshake handshake // written by out, before ready is closed
	ready     chan struct{}
	line      *io.PipeReader // the handshake line, for go-plugin
	lineTo    *io.PipeWriter

	ended chan struct{} // closed when the process is reaped and its output read

	mu     sync.Mutex
	dir    string           // guarded by mu: the process's own, with its socket
	cmd    *exec.Cmd        // guarded by mu; nil before the start
	reaped bool             // guarded by mu
	reason error            // guarded by mu: why we killed it, nil if we did not
	peak   int64            // guarded by mu: the most memory it had, in bytes
	now    int64            // guarded by mu: the memory it had when its usage was asked
	state  *os.ProcessState // guarded by mu; nil before it is reaped
}

// handshake is the line by which a process says where it listens.
type handshake struct {
	found          bool
	core, protocol int
	network, addr  string
	transport      string
}

// The line is looked for at the end of what was printed, since a script may
// print part of a line before it.
var handshakeLine = regexp.MustCompile(`(\d{1,4})\|(\d{1,9})\|(unix|tcp)\|([^|]+)(?:\|([a-z]+))?(?:\|[^|]*)*$`)

func newChild(spec Spec, env []string, program *binary, starter *starter, output func(level string, lines []string, continued bool)) *child {
	c := &child{
		spec:    spec,
		env:     env,
		program: program,
		starter: starter,
		output:  output,
		ready:   make(chan struct{}),
		ended:   make(chan struct{}),
	}
	c.line, c.lineTo = io.Pipe()
	return c
}

// prepare is go-plugin's RunnerFunc: go-plugin made the directory, and knows what
// else has to be in the environment.
func (c *child) prepare(_ hclog.Logger, cmd *exec.Cmd, dir string) (runner.Runner, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.dir = dir
	c.env = append(c.env, cmd.Env...)
	return c, nil
}

// Start implements runner.Runner.
func (c *child) Start(context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reason != nil {
		return c.reason
	}
	path, arguments, open, err := c.command()
	if err != nil {
		return err
	}
	var files [6]*os.File // ends of standard input, output and error: read, write
	for i := 0; i < len(files); i += 2 {
		var err error
		if files[i], files[i+1], err = os.Pipe(); err != nil {
			closeAll(files[:])
			return err
		}
	}
	cmd := &exec.Cmd{
		Path:        path,
		Args:        append([]string{path}, arguments...),
		Env:         append(c.env, session.HostPIDVariable+"="+strconv.Itoa(os.Getpid()), "TMPDIR="+c.dir),
		Dir:         c.dir,
		Stdin:       files[0],
		Stdout:      files[3],
		Stderr:      files[5],
		ExtraFiles:  open,
		SysProcAttr: childAttributes(),
	}
	if err := c.starter.do(cmd.Start); err != nil {
		closeAll(files[:])
		return err
	}
	closeAll([]*os.File{files[0], files[3], files[5]})
	c.lifeline = files[1]
	c.cmd = cmd
	c.out = newCapture(files[2], c.stdout)
	c.err = newCapture(files[4], func(lines []string, continued bool) { c.output(stderrLevel, lines, continued) })
	go c.reap()
	return nil
}

// command is what is executed: this program, which enters the sandbox and goes
// on from there. A plugin binary it gets as an open file.
func (c *child) command() (path string, arguments []string, open []*os.File, err error) {
	if c.program != nil && !sandbox.ExecutesFiles {
		return c.spec.Path, nil, nil, nil
	}
	policy := c.spec.policy()
	policy.Dir = c.dir
	if c.program != nil {
		open = []*os.File{c.program.file}
		policy.OnDisk = !c.program.sealed
	}
	path, err = self()
	return path, policy.Arguments(c.spec.Name), open, err
}

// freeze stops the process group where it stands, and thaw lets it go on.
func (c *child) freeze() { c.signal(unix.SIGSTOP) }
func (c *child) thaw()   { c.signal(unix.SIGCONT) }

func (c *child) signal(sig unix.Signal) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd != nil && !c.reaped {
		_ = unix.Kill(-c.cmd.Process.Pid, sig)
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		if f != nil {
			_ = f.Close()
		}
	}
}

// stdout takes the handshake line out of the standard output.
func (c *child) stdout(lines []string, continued bool) {
	if c.handshake.found {
		c.output(stdoutLevel, lines, continued)
		return
	}
	for i, line := range lines {
		m := handshakeLine.FindStringSubmatchIndex(line)
		if m == nil {
			continue
		}
		rest := lines[i+1:]
		if lines = lines[:i]; m[0] > 0 {
			lines = append(lines, line[:m[0]])
		}
		c.shook(line[m[0]:])
		c.output(stdoutLevel, append(lines[:len(lines):len(lines)], rest...), continued)
		return
	}
	c.output(stdoutLevel, lines, continued)
}

func (c *child) shook(line string) {
	m := handshakeLine.FindStringSubmatch(line)
	h := handshake{found: true, network: m[3], addr: m[4], transport: m[5]}
	h.core, _ = strconv.Atoi(m[1])
	h.protocol, _ = strconv.Atoi(m[2])
	c.handshake = h
	close(c.ready)
	_, _ = io.WriteString(c.lineTo, line+"\n")
	_ = c.lineTo.Close()
}

// reap waits for the end of the process, kills what it left behind, and only
// then releases its process id: until then no other group can have it.
func (c *child) reap() {
	pid := c.pid()
	awaitEnd(pid)
	c.mu.Lock()
	_ = unix.Kill(-pid, unix.SIGKILL)
	_ = c.cmd.Wait() // the state says all that the error says
	c.state = c.cmd.ProcessState
	c.reaped = true
	c.mu.Unlock()

	_ = c.lifeline.Close()
	c.out.stop(outputLimit)
	c.err.stop(outputLimit)
	_ = c.lineTo.Close()
	close(c.ended)
}

// outputLimit bounds the wait for output of processes that left the group.
const outputLimit = time.Second

func (c *child) pid() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cmd == nil {
		return 0
	}
	return c.cmd.Process.Pid
}

// kill kills the process group; a process that was not started yet will not be.
// The first reason stays.
func (c *child) kill(reason error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.reaped {
		return
	}
	if c.reason == nil {
		c.reason = reason
	}
	if c.cmd != nil {
		_ = unix.Kill(-c.cmd.Process.Pid, unix.SIGKILL)
	}
}

// waitEnded waits for the end of a started process, but not longer than limit.
func (c *child) waitEnded(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-c.ended:
		return true
	case <-timer.C:
		return false
	}
}

// removeDir removes the process's own directory. go-plugin does so only for a
// process that started.
func (c *child) removeDir() error {
	if dir := c.directory(); dir != "" {
		return os.RemoveAll(dir)
	}
	return nil
}

func (c *child) directory() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dir
}

// exit says how the process ended.
func (c *child) exit() Exit {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := Exit{Reason: c.reason, Code: c.state.ExitCode()}
	if status, ok := c.state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.Signal = status.Signal().String()
	}
	return e
}

// Wait implements runner.Runner. How the process ended is ours to tell.
func (c *child) Wait(context.Context) error {
	<-c.ended
	return nil
}

// Kill implements runner.Runner.
func (c *child) Kill(context.Context) error {
	c.kill(errClosed)
	return nil
}

// Diagnose implements runner.Runner. Our own errors of a failed start say more.
func (c *child) Diagnose(context.Context) string { return "" }

// Stdout implements runner.Runner: the handshake line and nothing else.
func (c *child) Stdout() io.ReadCloser { return c.line }

// Stderr implements runner.Runner: nothing.
func (c *child) Stderr() io.ReadCloser { return io.NopCloser(&io.LimitedReader{}) }

// Name implements runner.Runner.
func (c *child) Name() string { return c.spec.Name }

// ID implements runner.Runner.
func (c *child) ID() string {
	if pid := c.pid(); pid != 0 {
		return strconv.Itoa(pid)
	}
	return ""
}

// PluginToHost implements runner.Runner. It refuses an address outside of the
// process's own directory.
func (c *child) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" || filepath.Dir(address) != c.directory() {
		return "", "", slnet.Errorf(slnet.KindInvalid,
			"it listens on %s %s; want a unix socket in the directory named by PLUGIN_UNIX_SOCKET_DIR", network, address)
	}
	return network, address, nil
}

// HostToPlugin implements runner.Runner.
func (c *child) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// Exit says how a process ended.
type Exit struct {
	// Code is the exit status, -1 when a signal ended the process.
	Code int
	// Signal is the name of that signal, otherwise empty.
	Signal string
	// Reason says why the host killed it, nil if it did not.
	Reason error
	// Stderr is the end of what it wrote to standard error.
	Stderr string
}

// String says it in words, such as "exit status 2".
func (e Exit) String() string {
	if e.Signal != "" {
		return "signal: " + e.Signal
	}
	return fmt.Sprintf("exit status %d", e.Code)
}
