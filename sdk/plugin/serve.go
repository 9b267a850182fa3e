package plugin

import (
	"context"
	"fmt"
	"io"
	"os"
	"reflect"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	hclog "github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// maxStack ends a script that recurses without end while the machine still has
// memory; the default of Go is 1 GB.
const maxStack = 64 << 20

// streamWorkers is how many sessions are carried by goroutines that carry one after
// the other, and whose stacks have grown already. Others get a goroutine each.
const streamWorkers = 2

// The streams the process was started with. go-plugin puts others in their
// place while it serves; takeOutput puts these back, so that what the script
// prints goes to the daemon in order, and is not lost when the process dies.
var (
	stdout = os.Stdout
	stderr = os.Stderr
	// lifeline is the standard input the daemon gave; it ends with the daemon.
	lifeline *os.File
)

// The standard input is taken at init, before a script can read from it.
func init() {
	if !startedByHost() {
		return
	}
	lifeline = os.Stdin
	if null, err := os.Open(os.DevNull); err == nil {
		os.Stdin = null
	}
}

func startedByHost() bool {
	return os.Getenv(session.Handshake.MagicCookieKey) == session.Handshake.MagicCookieValue
}

// Serve is the whole main function of a plugin binary: it offers the script to
// the daemon that started the process, and returns when that is done with it.
// Started by hand it says what the binary is, and exits.
func Serve(script Script) {
	s := new(service)
	s.points, s.problem = script.points()
	if s.problem == nil && len(s.points.calls) == 0 {
		s.problem = slnet.Errorf(slnet.KindInvalid, "the script has no entry point; want %s, or another one", EntryPoints()[0].Signature)
	}
	s.source = script.source()
	if !startedByHost() {
		startedByHand(s)
	}
	serve(s)
}

// ServeLoader serves a script that comes as source; load makes it executable.
// It is the main function of a worker.
func ServeLoader(load Loader) {
	if !startedByHost() {
		fmt.Fprintln(os.Stderr, "A worker is started by the daemon, not by hand. To run a script: domovoi script run <name>")
		os.Exit(2)
	}
	serve(&service{load: load, idle: make(chan carried)})
}

func startedByHand(s *service) {
	name := os.Args[0]
	if s.problem != nil {
		fmt.Fprintf(os.Stderr, "%s is a Domovoi script that cannot run: %v\n", name, s.problem)
		os.Exit(2)
	}
	fmt.Fprintf(os.Stderr, `%s is a Domovoi script with the entry points %s
(session protocol %d, %s). It is started by the daemon, not by hand.
To deploy it: domovoi plugin deploy <name> %s
To run it:    domovoi script run <name>
`, name, strings.Join(s.points.names(), ", "), session.ProtocolVersion, sdkVersion(), name)
	os.Exit(2)
}

func serve(s *service) {
	parent := os.Getppid()
	if parent != 0 && os.Getenv(session.HostPIDVariable) != "" &&
		os.Getenv(session.HostPIDVariable) != strconv.Itoa(parent) {
		os.Exit(1) // the daemon died while this process started
	}
	s.shared = os.Getenv(session.SharedVariable) == "1"
	go endWithHost()
	debug.SetMaxStack(maxStack)
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: session.Handshake,
		Plugins:         goplugin.PluginSet{session.PluginName: &served{service: s}},
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts,
				grpc.StaticStreamWindowSize(session.WindowBytes),
				grpc.StaticConnWindowSize(session.WindowBytes),
				grpc.NumStreamWorkers(streamWorkers),
				grpc.Creds(session.PeerCredentials(func() int { return parent })), // nobody else ends or asks this process
				grpc.MaxRecvMsgSize(session.MaxMessageBytes),
				grpc.MaxSendMsgSize(session.MaxMessageBytes))...)
		},
		Logger: hclog.New(&hclog.LoggerOptions{Level: hclog.Error, Output: stderr}),
	})
}

// endWithHost ends this process, and with it what it started, when the daemon
// is gone. Linux also kills the process by a signal; this works everywhere.
func endWithHost() {
	_, _ = io.Copy(io.Discard, lifeline)
	if syscall.Getpgrp() == os.Getpid() {
		_ = syscall.Kill(0, syscall.SIGKILL)
	}
	os.Exit(1)
}

var takeOutput = sync.OnceFunc(func() { os.Stdout, os.Stderr = stdout, stderr })

// served is the service as go-plugin takes it.
type served struct {
	goplugin.NetRPCUnsupportedPlugin
	service *service
}

func (s *served) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	session.RegisterScriptServer(server, s.service)
	return nil
}

// GRPCClient is for the daemon's side, which has a plugin type of its own.
func (s *served) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, fmt.Errorf("this is the script's side of the session")
}

// source is the package of the script's entry points.
func (s *Script) source() string {
	for _, e := range EntryPoints() {
		if pkg := packageOf(e.of(s)); pkg != "" {
			return pkg
		}
	}
	return ""
}

// packageOf is the package a compiled function is from, which is the script's
// own source: "main" in a plugin binary.
func packageOf(fn any) string {
	v := reflect.ValueOf(fn)
	if v.Kind() != reflect.Func || v.IsNil() {
		return ""
	}
	name := runtime.FuncForPC(v.Pointer()).Name()
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 {
		return ""
	}
	return name[:slash+dot]
}

// sdkVersion is the module and version of the SDK in this binary.
func sdkVersion() string {
	const sdk = "domovoi.dev"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return sdk
	}
	modules := append([]*debug.Module{&info.Main}, info.Deps...)
	i := slices.IndexFunc(modules, func(m *debug.Module) bool { return m.Path == sdk })
	if i < 0 {
		return sdk
	}
	return strings.TrimSpace(sdk + " " + modules[i].Version)
}
