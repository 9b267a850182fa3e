package plugins_test

import (
	"context"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/emptypb"

	"domovoi.dev/plugins"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// shutdown is go-plugin's call that ends a process.
const shutdown = "/plugin.GRPCController/Shutdown"

// intrude tries to look at, use and end the process behind a socket, and tells
// how that went.
func intrude(ctx context.Context, engine *sdk.Engine) error {
	conn, err := grpc.NewClient("unix:"+engine.GetScriptParam("socket"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	other := session.NewScriptClient(conn)
	_, described := other.Describe(ctx, new(session.DescribeRequest))
	run, began := other.Session(ctx)
	if began == nil {
		_ = run.Send(&session.HostMessage{Message: &session.HostMessage_Start{Start: &session.Start{Run: &session.RunInfo{Id: make([]byte, 16)}}}})
		_, began = run.Recv()
	}
	ended := conn.Invoke(ctx, shutdown, new(emptypb.Empty), new(emptypb.Empty))
	for what, err := range map[string]error{"describe": described, "session": began, "shutdown": ended} {
		text := "done"
		if err != nil {
			text = err.Error()
		}
		if err := engine.AddScriptOutput(what, text); err != nil {
			return err
		}
	}
	return nil
}

// A plugin finds the socket of another process, as all are of one user, and can
// neither end that process nor open a session with it: the process answers only
// to its daemon.
func TestProcessAnswersToItsDaemonOnly(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("this system does not tell who is at the other end of a socket")
	}
	host := openHost(t)
	victim := start(t, host, "mid-call")
	sockets, err := filepath.Glob(filepath.Join(plugins.SocketDir(host), "*", "*"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("the socket of the process: %v %v", sockets, err)
	}
	r := new(recorder)
	r.send = func(ctx context.Context, m slnet.Message) (slnet.Message, error) {
		result := carry(t, host, ctx, "intruder", new(recorder).run("socket", sockets[0]))
		for _, what := range []string{"describe", "session", "shutdown"} {
			if text := result.Output[what]; text == "done" || text == "" || strings.Contains(text, "Unimplemented") {
				t.Errorf("%s of the run of another: got %q; %+v", what, text, result)
			}
		}
		return echo(ctx, m)
	}
	if result, err := victim.Run(t.Context(), r.run()); err != nil || result.Failed {
		t.Errorf("the run that was intruded upon: %+v %v", result, err)
	}
	if err := victim.Ping(t.Context()); err != nil {
		t.Errorf("process %d does not live: %v", victim.PID(), err)
	}
}
