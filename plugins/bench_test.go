package plugins_test

import (
	"context"
	"io"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	hclog "github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"domovoi.dev/plugins"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// question makes a request, and an answer, of about 300 bytes.
var question = strings.Repeat("q", 260)

// roundTrips is a script that makes requests one after the other.
func roundTrips(ctx context.Context, engine *sdk.Engine) error {
	began := time.Now()
	for range parameter(engine, "n") {
		if _, err := ask(ctx, engine, question); err != nil {
			return err
		}
	}
	engine.AddOrUpdateScriptOutput("ns", strconv.FormatInt(time.Since(began).Nanoseconds(), 10))
	return nil
}

// serveBare is the program of a bare plugin.
func serveBare() {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: session.Handshake,
		Plugins:         goplugin.PluginSet{session.PluginName: bare{}},
		GRPCServer:      goplugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
}

// bare is a plugin that does nothing but send and receive on a stream: what any
// session costs at least.
type bare struct {
	goplugin.NetRPCUnsupportedPlugin
	session.UnimplementedScriptServer
}

func (b bare) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	session.RegisterScriptServer(server, b)
	return nil
}

func (bare) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return session.NewScriptClient(conn), nil
}

func (bare) Describe(context.Context, *session.DescribeRequest) (*session.Description, error) {
	return new(session.Description), nil
}

func (bare) Session(stream grpc.BidiStreamingServer[session.HostMessage, session.ScriptMessage]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	n, _ := strconv.Atoi(first.GetStart().GetEntryPoint())
	payload := make([]byte, 300)
	began := time.Now()
	for range n {
		err := stream.Send(&session.ScriptMessage{Message: &session.ScriptMessage_Request{Request: &session.Request{Payload: payload}}})
		if err != nil {
			return err
		}
		if _, err := stream.Recv(); err != nil {
			return err
		}
	}
	took := strconv.FormatInt(time.Since(began).Nanoseconds(), 10)
	return stream.Send(&session.ScriptMessage{Message: &session.ScriptMessage_Finished{
		Finished: &session.Finished{ExitReason: took},
	}})
}

// startBare starts the bare plugin as the documentation of go-plugin does.
func startBare(b *testing.B) (session.ScriptClient, *goplugin.Client) {
	cmd := exec.Command("/proc/self/exe")
	cmd.Env = []string{processVariable + "=bare"}
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  session.Handshake,
		Plugins:          goplugin.PluginSet{session.PluginName: bare{}},
		Cmd:              cmd,
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		SkipHostEnv:      true,
		Logger:           hclog.NewNullLogger(),
	})
	protocol, err := client.Client()
	if err != nil {
		b.Fatal(err)
	}
	script, err := protocol.Dispense(session.PluginName)
	if err != nil {
		b.Fatal(err)
	}
	return script.(session.ScriptClient), client
}

func bareRoundTrips(b *testing.B, script session.ScriptClient, n int) time.Duration {
	stream, err := script.Session(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	start := &session.HostMessage{Message: &session.HostMessage_Start{Start: &session.Start{EntryPoint: strconv.Itoa(n)}}}
	if err := stream.Send(start); err != nil {
		b.Fatal(err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			b.Fatal(err)
		}
		if finished := m.GetFinished(); finished != nil {
			if _, err := stream.Recv(); err != io.EOF {
				b.Fatal(err)
			}
			return nanoseconds(b, finished.GetExitReason())
		}
		answer := &session.HostMessage{Message: &session.HostMessage_Response{Response: &session.Response{Payload: m.GetRequest().GetPayload()}}}
		if err := stream.Send(answer); err != nil {
			b.Fatal(err)
		}
	}
}

func nanoseconds(b *testing.B, text string) time.Duration {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return time.Duration(n)
}

// BenchmarkRoundTrip compares a call of the engine to a message and its echo on
// a bare stream between the same processes; x/floor is their ratio.
func BenchmarkRoundTrip(b *testing.B) {
	host := openHost(b)
	p := start(b, host, "round trips")
	script, client := startBare(b)
	defer client.Kill()
	r := &recorder{send: func(_ context.Context, m slnet.Message) (slnet.Message, error) { return m, nil }}
	var ours, floor time.Duration
	const turns = 50 // alternate, so that both meet the same load of the machine
	for range turns {
		n := b.N/turns + 1
		floor += bareRoundTrips(b, script, n)
		result, err := p.Run(b.Context(), r.run("n", strconv.Itoa(n)))
		if err != nil || result.Failed {
			b.Fatal(result, err)
		}
		ours += nanoseconds(b, result.Output["ns"])
	}
	n := float64((b.N/turns + 1) * turns)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(ours.Nanoseconds())/n, "ns/call")
	b.ReportMetric(float64(floor.Nanoseconds())/n, "ns/floor")
	b.ReportMetric(float64(ours)/float64(floor), "x/floor")
}

// BenchmarkStart compares a start, until the first call is answered, to that of
// a bare plugin of go-plugin in the same binary; x/floor is their ratio.
func BenchmarkStart(b *testing.B) {
	host := openHost(b)
	var ours, floor time.Duration
	for range b.N {
		began := time.Now()
		script, client := startBare(b)
		if _, err := script.Describe(b.Context(), new(session.DescribeRequest)); err != nil {
			b.Fatal(err)
		}
		floor += time.Since(began)
		client.Kill()

		began = time.Now()
		p, err := host.Start(b.Context(), plugins.Spec{Name: "hello", Env: []string{processVariable + "=hello"}})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := p.Describe(b.Context(), nil); err != nil {
			b.Fatal(err)
		}
		ours += time.Since(began)
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(ours.Nanoseconds())/n, "ns/start")
	b.ReportMetric(float64(floor.Nanoseconds())/n, "ns/floor")
	b.ReportMetric(float64(ours)/float64(floor), "x/floor")
}
