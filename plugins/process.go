package plugins

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// Spec says which process to start.
type Spec struct {
	// Name is the name of the script, for errors and the log.
	Name string
	// Path is the file of a plugin binary, and SHA256 what its content must hash
	// to, in hexadecimal digits. What is executed is what was hashed, also when
	// the file is changed meanwhile. An empty Path means a worker.
	Path   string
	SHA256 string
	// Files is the source a worker is to load, see Prepare.
	Files []slnet.ScriptFile
	// Grants are what it may reach outside of itself, Bounds what it may use up.
	Grants Grants
	Bounds Bounds
	// Version is the version of the script, for people.
	Version int64
	// Spare names the script and its version for Prepare and Share: a process
	// started for one run may be given to another run of the same Spare; one that
	// carried a run only to another of the same user. Empty
	// means that nobody else gets it.
	Spare string

	shared bool // several runs use the process at a time
	// Env are further environment variables, as "NAME=value".
	Env []string
}

// Process is a process that runs a script. It carries one run at a time, unless
// it comes from Share.
type Process struct {
	name   string
	spec   Spec
	host   *Host
	child  *child
	client *goplugin.Client
	conn   *scriptConn
	output output
	closed sync.Once
	busy   sync.Mutex // held by Describe and Run

	startedAt time.Time
	owner     string        // whose runs it carries; empty before the first, and where anybody's may
	retired   atomic.Bool   // the script has another version
	runs      int           // guarded by busy: how many it carried
	clean     bool          // guarded by busy: nothing is left of the last run
	base      time.Duration // guarded by busy: processor time it took before the run
	// files are the names of the source files, nil where there are none.
	files atomic.Pointer[map[string]bool]
}

// scriptConn is the connection to a process.
type scriptConn struct {
	script session.ScriptClient
	health grpc_health_v1.HealthClient
}

// clientPlugin makes a scriptConn of go-plugin's connection.
type clientPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (clientPlugin) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is the host's side of the session")
}

func (clientPlugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return &scriptConn{session.NewScriptClient(conn), grpc_health_v1.NewHealthClient(conn)}, nil
}

var (
	errClosed = slnet.Errorf(slnet.KindUnavailable, "the process was closed")
	errStart  = slnet.Errorf(slnet.KindUnavailable, "the start was given up")
)

// Start starts a process and waits until it is ready. When it fails nothing is
// left. The error says what the process was doing and what it printed last. The
// caller must Close the process.
func (h *Host) Start(ctx context.Context, spec Spec) (*Process, error) {
	var program *binary
	if spec.Path != "" {
		var err error
		if program, err = h.binaries.get(spec); err != nil {
			return nil, err
		}
		defer h.binaries.put(program)
		if h.binaries.hashed != nil {
			h.binaries.hashed()
		}
	}
	p := &Process{name: spec.Name, spec: spec, host: h, startedAt: time.Now()}
	p.child = newChild(spec, spec.environment(), program, h.starter, p.output.printed)
	p.client = goplugin.NewClient(p.config())
	if err := h.add(p); err != nil {
		return nil, err
	}
	if err := p.connect(ctx); err != nil {
		h.counters.failed.Add(1)
		err = p.startError(ctx, err)
		_ = p.Close()
		_ = p.child.removeDir() // the host may have closed the process before it had one
		return nil, err
	}
	h.counters.startNanos.Add(int64(time.Since(p.startedAt)))
	return p, nil
}

func (p *Process) config() *goplugin.ClientConfig {
	return &goplugin.ClientConfig{
		HandshakeConfig:  session.Handshake,
		Plugins:          goplugin.PluginSet{session.PluginName: clientPlugin{}},
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		StartTimeout:     p.host.options.StartTimeout,
		Logger:           p.host.plog,
		SkipHostEnv:      true,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: p.host.dir},
		SyncStdout:       p.output.writer(stdoutLevel),
		SyncStderr:       p.output.writer(stderrLevel),
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithStaticStreamWindowSize(session.WindowBytes),
			grpc.WithStaticConnWindowSize(session.WindowBytes),
			grpc.WithTransportCredentials(session.PeerCredentials(p.child.pid)),
			grpc.WithDefaultCallOptions(
				grpc.MaxCallRecvMsgSize(session.MaxMessageBytes),
				grpc.MaxCallSendMsgSize(session.MaxMessageBytes)),
		},
		RunnerFunc: p.child.prepare,
	}
}

func (p *Process) connect(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.child.kill(errStart) })
	defer stop()
	if _, err := p.client.Start(); err != nil {
		return err
	}
	client, err := p.client.Client()
	if err != nil {
		return err
	}
	conn, err := client.Dispense(session.PluginName)
	if err != nil {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	p.conn = conn.(*scriptConn)
	return nil
}

// startError says why a start failed, better than go-plugin can.
func (p *Process) startError(ctx context.Context, err error) error {
	c := p.child
	if c.pid() == 0 {
		return slnet.Errorf(slnet.KindInvalid, "%s cannot be started: %v", p.name, err)
	}
	if ctx.Err() != nil {
		kind := slnet.KindCanceled
		if errors.Is(ctx.Err(), context.DeadlineExceeded) {
			kind = slnet.KindTimeout
		}
		return fmt.Errorf("%s: the start was not waited for: %w: %w", p.name, kind, context.Cause(ctx))
	}
	select {
	case <-c.ready:
		return p.handshakeError(err)
	default:
	}
	if c.waitEnded(outputLimit) && c.exit().Reason == nil {
		return slnet.Errorf(slnet.KindInvalid, "%s ended with %v before it was ready; is it a Domovoi plugin for this machine?%s",
			p.name, c.exit(), p.output.tail())
	}
	return slnet.Errorf(slnet.KindTimeout, "%s was not ready after %v; is it a Domovoi plugin?%s",
		p.name, p.host.options.StartTimeout, p.output.tail())
}

func (p *Process) handshakeError(err error) error {
	h := p.child.handshake
	switch {
	case h.protocol != session.ProtocolVersion:
		return slnet.Errorf(slnet.KindInvalid,
			"%s speaks version %d of the session protocol, this daemon speaks version %d; build it with the SDK of this daemon",
			p.name, h.protocol, session.ProtocolVersion)
	case h.transport != string(goplugin.ProtocolGRPC):
		return slnet.Errorf(slnet.KindInvalid, "%s speaks %q; want grpc", p.name, h.transport)
	}
	return slnet.Errorf(slnet.KindInvalid, "%s cannot be connected to: %v%s", p.name, err, p.output.tail())
}

// PID is the process id.
func (p *Process) PID() int { return p.child.pid() }

// Usage is what the process has used so far, or in all.
func (p *Process) Usage() Usage { return p.child.usage() }

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.child.ended }

// Exit says how the process ended; ok is false while it lives.
func (p *Process) Exit() (exit Exit, ok bool) {
	select {
	case <-p.child.ended:
		exit = p.child.exit()
		exit.Stderr = p.output.stderr()
		return exit, true
	default:
		return Exit{}, false
	}
}

// closeLimit bounds the wait for a killed process. One that hangs in the kernel
// ends when the kernel lets it.
const closeLimit = 5 * time.Second

// Close kills the process and all it started, and waits for its end. A run it
// carries ends.
func (p *Process) Close() error {
	var err error
	p.closed.Do(func() {
		defer p.host.remove(p)
		p.child.kill(errClosed)
		if p.child.pid() != 0 && !p.child.waitEnded(closeLimit) {
			err = slnet.Errorf(slnet.KindTimeout, "%s: process %d was killed and does not end", p.name, p.child.pid())
			return
		}
		p.client.Kill() // closes the connection; there is no process to kill
		err = p.child.removeDir()
	})
	return err
}

// Ping makes a round trip to the process.
func (p *Process) Ping(ctx context.Context) error {
	_, err := p.conn.health.Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	return p.callError(ctx, err)
}

// Description says what a script is.
type Description struct {
	// EntryPoints are the names of the entry points it has.
	EntryPoints []string
	// ParameterSchema and ResultSchema are JSON Schemas of what Run takes and
	// returns, empty where it does not. They come from the process and may be
	// anything.
	ParameterSchema, ResultSchema []byte
	// Text is what the script is for, likewise.
	Text string
	// Errors are what is wrong with it; a script with errors cannot run.
	Errors plugin.CompileErrors
	// ProtocolVersion is the version of the session protocol it speaks, and
	// SDKVersion what it was built with, for people.
	ProtocolVersion int
	SDKVersion      string
}

// Describe asks a process what its script is; a worker is given the source to
// load, once in its life. A plugin binary gets no files. The error is about the
// process; what is wrong with the script is in the Description.
func (p *Process) Describe(ctx context.Context, files []slnet.ScriptFile) (Description, error) {
	p.busy.Lock()
	defer p.busy.Unlock()
	request := new(session.DescribeRequest)
	names := make(map[string]bool)
	for _, f := range files {
		request.Files = append(request.Files, &session.SourceFile{Name: session.Text(f.Name), Content: []byte(f.Content)})
		names[filepath.Base(f.Name)] = true
	}
	p.files.Store(&names)
	answer, err := p.conn.script.Describe(ctx, request)
	if err != nil {
		return Description{}, p.callError(ctx, err)
	}
	d := Description{
		EntryPoints:     answer.GetEntryPoints(),
		ProtocolVersion: int(answer.GetProtocolVersion()),
		SDKVersion:      answer.GetSdkVersion(),
		ParameterSchema: answer.GetParameterSchema(),
		ResultSchema:    answer.GetResultSchema(),
		Text:            answer.GetDescription(),
	}
	for _, e := range answer.GetErrors() {
		d.Errors = append(d.Errors, plugin.CompileError{
			File: e.GetFile(), Line: int(e.GetLine()), Column: int(e.GetColumn()), Message: e.GetMessage(),
		})
	}
	return d, nil
}

// callError is the error of a call to the process that failed.
func (p *Process) callError(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return fmt.Errorf("%s: %w", p.name, context.Cause(ctx))
	}
	s := status.Convert(err)
	switch s.Code() {
	case codes.Unavailable, codes.Canceled:
		if p.child.waitEnded(outputLimit) {
			return slnet.Errorf(slnet.KindUnavailable, "%s: %s", p.name, p.deathText())
		}
	case codes.Unimplemented:
		return slnet.Errorf(slnet.KindInvalid, "%s is not a Domovoi script: %s", p.name, s.Message())
	case codes.FailedPrecondition:
		return slnet.Errorf(slnet.KindConflict, "%s: %s", p.name, s.Message())
	case codes.ResourceExhausted:
		return slnet.Errorf(slnet.KindTooLarge, "%s: %s", p.name, s.Message())
	}
	return slnet.Errorf(slnet.KindInternal, "%s: %s", p.name, s.Message())
}

// deathText says how a process ended that has ended.
func (p *Process) deathText() string {
	exit, _ := p.Exit()
	if exit.Reason != nil {
		return "the process was killed: " + exit.Reason.Error()
	}
	var texts []string
	for _, e := range p.crash() {
		texts = append(texts, e.Message)
	}
	return fmt.Sprintf("the process ended with %v: %s", exit, strings.Join(texts, "; "))
}
