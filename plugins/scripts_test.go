package plugins_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// programs are what this binary can be besides a script that is served at once.
var programs = map[string]func(){
	"bare":   serveBare,
	"silent": func() { fmt.Println("I am no plugin"); os.Exit(7) },
	"hang":   func() { <-time.After(time.Hour) },
	"waste":  func() { wasteOutput(); <-time.After(time.Hour) },
	"newer": func() {
		handshake := session.Handshake
		handshake.ProtocolVersion = 99
		goplugin.Serve(&goplugin.ServeConfig{HandshakeConfig: handshake, GRPCServer: goplugin.DefaultGRPCServer})
	},
	"empty": func() {
		goplugin.Serve(&goplugin.ServeConfig{
			HandshakeConfig: session.Handshake,
			Plugins:         goplugin.PluginSet{session.PluginName: nothing{}},
			GRPCServer:      goplugin.DefaultGRPCServer,
		})
	},
	"tcp": func() { fmt.Println("1|1|tcp|127.0.0.1:1|grpc|"); <-time.After(time.Hour) },
	"huge request": func() {
		serveSession(func(stream sessionStream) error {
			return stream.Send(request(1, make([]byte, 2*session.MaxMessageBytes)))
		})
	},
	"same id": func() {
		serveSession(func(stream sessionStream) error {
			for range 2 {
				if err := stream.Send(request(1, empty)); err != nil {
					return err
				}
			}
			<-stream.Context().Done()
			return nil
		})
	},
	"too many":  func() { serveSession(sendTooMany) },
	"no result": func() { serveSession(func(sessionStream) error { return nil }) },
	"clean":     func() { serveSession(sayClean) },
	"endless end": func() {
		serveSession(func(stream sessionStream) error {
			err := stream.Send(&session.ScriptMessage{Message: &session.ScriptMessage_Finished{Finished: &session.Finished{}}})
			<-stream.Context().Done()
			return err
		})
	},
	"early": func() {
		fmt.Println("1|2 is no handshake")
		fmt.Fprintln(os.Stderr, "early error")
		fmt.Print("half a line")
		plugin.Serve(plugin.Script{Run: scripts["hello"]})
	},
	"signature": func() { plugin.Serve(plugin.Script{Run: func() error { return nil }}) },
	"loader":    func() { plugin.ServeLoader(load) },
	"host":      hostProgram,
}

type sessionStream = grpc.BidiStreamingServer[session.HostMessage, session.ScriptMessage]

// serveSession serves a process of another make: one that keeps to the protocol
// as carry does.
func serveSession(carry func(sessionStream) error) {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: session.Handshake,
		Plugins:         goplugin.PluginSet{session.PluginName: &otherMake{carry: carry}},
		GRPCServer:      goplugin.DefaultGRPCServer,
	})
}

type otherMake struct {
	goplugin.NetRPCUnsupportedPlugin
	session.UnimplementedScriptServer
	carry func(sessionStream) error
}

func (o *otherMake) GRPCServer(_ *goplugin.GRPCBroker, server *grpc.Server) error {
	session.RegisterScriptServer(server, o)
	return nil
}

func (o *otherMake) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func (o *otherMake) Session(stream sessionStream) error {
	if _, err := stream.Recv(); err != nil {
		return err
	}
	return o.carry(stream)
}

// empty is the payload of a request without messages.
var empty = []byte{0x90}

func request(id uint64, payload []byte) *session.ScriptMessage {
	return &session.ScriptMessage{Message: &session.ScriptMessage_Request{Request: &session.Request{Id: id, Payload: payload}}}
}

// sendTooMany sends one request more than may be unanswered, all of which wait
// but the last, which is refused.
func sendTooMany(stream sessionStream) error {
	for id := range uint64(session.MaxRequests + 1) {
		if err := stream.Send(request(id, empty)); err != nil {
			return err
		}
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	return stream.Send(&session.ScriptMessage{Message: &session.ScriptMessage_Finished{Finished: &session.Finished{
		ExitReason: fmt.Sprint(first.GetResponse().GetId(), first.GetResponse().GetError().GetKind()),
	}}})
}

// nothing is a plugin of go-plugin's without a service.
type nothing struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (nothing) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error { return nil }
func (nothing) GRPCClient(context.Context, *goplugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

// load is a loader whose language has one instruction: the name of a script.
func load(files []slnet.ScriptFile) (plugin.Loaded, error) {
	switch name := strings.TrimSpace(files[0].Content); name {
	case "mistakes":
		return plugin.Loaded{}, plugin.CompileErrors{
			{File: files[0].Name, Line: 3, Column: 1, Message: "expected declaration"},
			{File: files[0].Name, Line: 7, Column: 2, Message: "undefined: x"},
		}
	case "broken":
		return plugin.Loaded{}, errors.New("out of ink")
	case "panic":
		panic("the loader has a bug")
	default:
		fmt.Println("loading", name)
		name, stateless := strings.CutPrefix(name, "stateless ")
		return plugin.Loaded{Script: plugin.Script{Run: scripts[name]}, Stateless: stateless, Concurrent: true}, nil
	}
}

func wasteOutput() {
	for range 200 {
		fmt.Println(strings.Repeat("x", 50))
	}
}

// ask sends a text and returns the text of the answer.
func ask(ctx context.Context, engine *sdk.Engine, text string) (string, error) {
	answer, err := slnet.Send1(ctx, engine.SendSLNetMessages, &slnet.GenerateInformationMessage{Text: text})
	if err != nil {
		return "", err
	}
	return answer.(*slnet.GenerateInformationMessage).Text, nil
}

func parameter(engine *sdk.Engine, name string) int {
	n, _ := strconv.Atoi(engine.GetScriptParam(name))
	return n
}

var scripts = map[string]func(context.Context, *sdk.Engine) error{
	"round trips": roundTrips,
	"hello": func(_ context.Context, engine *sdk.Engine) error {
		fmt.Println("hello from stdout")
		fmt.Fprint(os.Stderr, "hello from stderr")
		engine.Log.Info("hello from the log", "user", engine.User())
		engine.KeepAlive()
		return engine.AddScriptOutput("greeting", "hello "+engine.GetScriptParam("name"))
	},

	// greeter logs and asks.
	"greeter": func(ctx context.Context, engine *sdk.Engine) error {
		engine.Log.Info("asked")
		_, err := ask(ctx, engine, "hello")
		return err
	},

	// intruder does what the daemon does, with the process that listens on a
	// socket.
	"intruder": intrude,

	// leaver leaves a goroutine behind.
	"leaver": func(context.Context, *sdk.Engine) error {
		go func() { select {} }()
		return nil
	},

	// crowd asks from many goroutines at a time.
	"crowd": func(ctx context.Context, engine *sdk.Engine) error {
		n := parameter(engine, "n")
		errs := make([]error, n)
		var wg sync.WaitGroup
		for i := range n {
			wg.Go(func() {
				question := fmt.Sprint("question ", i)
				answer, err := ask(ctx, engine, question)
				if err == nil && answer != "re: "+question {
					err = fmt.Errorf("got %q to %q", answer, question)
				}
				errs[i] = err
			})
		}
		wg.Wait()
		return errors.Join(errs...)
	},

	// kinds reports what it can tell about the error of a question.
	"kinds": func(ctx context.Context, engine *sdk.Engine) error {
		_, err := ask(ctx, engine, "?")
		var e *slnet.Error
		if !errors.As(err, &e) {
			return fmt.Errorf("got %T: %v", err, err)
		}
		engine.AddOrUpdateScriptOutput("kind", string(e.Kind))
		engine.AddOrUpdateScriptOutput("is", fmt.Sprint(errors.Is(err, e.Kind), errors.Is(err, slnet.Reason("Gone"))))
		engine.AddOrUpdateScriptOutput("text", err.Error())
		return nil
	},

	// two sends two messages, of which the second fails.
	"two": func(ctx context.Context, engine *sdk.Engine) error {
		answers, err := engine.SendSLNetMessages(ctx,
			&slnet.GenerateInformationMessage{Text: "good"}, &slnet.GenerateInformationMessage{Text: "bad"})
		if len(answers) != 1 || !errors.Is(err, slnet.KindConflict) {
			return fmt.Errorf("got %d answers and %v", len(answers), err)
		}
		return nil
	},

	// cancel waits for the end of its context, and cleans up.
	"cancel": func(ctx context.Context, engine *sdk.Engine) error {
		_, err := ask(ctx, engine, "wait")
		if !errors.Is(err, context.Canceled) || !errors.Is(err, slnet.KindCanceled) {
			return fmt.Errorf("the call ended with %v", err)
		}
		if _, err := ask(context.WithoutCancel(ctx), engine, "clean up"); err != nil {
			return fmt.Errorf("cleaning up: %w", err)
		}
		return context.Cause(ctx)
	},

	// impatient gives up a question, and asks another.
	"impatient": func(ctx context.Context, engine *sdk.Engine) error {
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		_, err := ask(ctx, engine, "before")
		if err != nil {
			return err
		}
		go func() { _, _ = ask(ctx, engine, "asked"); cancel() }()
		if _, err := ask(short, engine, "wait"); !errors.Is(err, context.Canceled) {
			return fmt.Errorf("the call ended with %v", err)
		}
		_, err = ask(ctx, engine, "after")
		return err
	},

	"spin": func(ctx context.Context, engine *sdk.Engine) error {
		_, _ = ask(ctx, engine, "ready")
		//lint:ignore SA5002 an endless loop is what the test is about
		for {
		}
	},
	"panic": func(context.Context, *sdk.Engine) error {
		var m map[string]int
		//lint:ignore SA5000 writing to a nil map is what the test is about
		m["x"] = 1
		return nil
	},
	"located": func(context.Context, *sdk.Engine) error {
		panic(&plugin.LocatedError{Message: "index out of range", File: "script.go", Line: 12})
	},
	"last words": func(_ context.Context, engine *sdk.Engine) error {
		fmt.Print("printed")
		engine.Log.Info("last words")
		os.Exit(3)
		return nil
	},
	"goexit": func(context.Context, *sdk.Engine) error { runtime.Goexit(); return nil },
	"goroutine panic": func(ctx context.Context, _ *sdk.Engine) error {
		go func() { panic("from a goroutine") }()
		<-ctx.Done()
		return nil
	},
	"interpreted panic": func(ctx context.Context, _ *sdk.Engine) error {
		fmt.Fprintln(os.Stderr, "script.go:12:3: panic: main.inner(...)")
		fmt.Fprintln(os.Stderr, "script.go:20:1: panic: main.Run(...)")
		go func() { panic("of the script") }()
		<-ctx.Done()
		return nil
	},
	"overflow": func(context.Context, *sdk.Engine) error { fmt.Println(endless(1)); return nil },
	racy:       func(context.Context, *sdk.Engine) error { writeMap(); return nil },
	"os.Exit":  func(context.Context, *sdk.Engine) error { os.Exit(3); return nil },
	"mid-call": func(ctx context.Context, engine *sdk.Engine) error {
		_, err := ask(ctx, engine, "kill me")
		return err
	},

	"flood": func(_ context.Context, engine *sdk.Engine) error {
		line := strings.Repeat("x", 99) + "\n"
		for range parameter(engine, "n") {
			_, _ = os.Stdout.WriteString(line)
		}
		_, _ = os.Stdout.WriteString(strings.Repeat("y", 300_000))
		return nil
	},
	"log flood": func(_ context.Context, engine *sdk.Engine) error {
		for i := range parameter(engine, "n") {
			engine.Log.Info("line", "i", i)
		}
		engine.Log.Info(strings.Repeat("z", 2*session.MaxLogText))
		return nil
	},
	"huge": func(ctx context.Context, engine *sdk.Engine) error {
		_, err := engine.SendSLNetMessages(ctx, &slnet.UploadMessage{Data: make([]byte, session.MaxPayloadBytes)})
		if !errors.Is(err, slnet.KindTooLarge) {
			return fmt.Errorf("a huge request: %v", err)
		}
		if _, err := ask(ctx, engine, "huge"); !errors.Is(err, slnet.KindTooLarge) {
			return fmt.Errorf("a huge response: %v", err)
		}
		_, err = ask(ctx, engine, "small")
		return err
	},
	"huge output": func(_ context.Context, engine *sdk.Engine) error {
		return engine.AddScriptOutput("x", strings.Repeat("x", session.MaxPayloadBytes))
	},

	"exit success": func(_ context.Context, engine *sdk.Engine) error { return engine.ExitSuccess("nothing to do") },
	"exit fail":    func(_ context.Context, engine *sdk.Engine) error { return engine.ExitFail("no such customer") },
	"add error":    func(_ context.Context, engine *sdk.Engine) error { engine.AddError("one is missing"); return nil },
	"reasons": func(context.Context, *sdk.Engine) error {
		inner := &slnet.TraceData{}
		inner.AddError(slnet.ErrorData{Reason: "Inner"})
		failed := &slnet.CrudFailedError{}
		failed.TraceData.AddError(slnet.ErrorData{Reason: "Outer", Properties: slnet.ErrorProperties{InnerTraceData: inner}})
		gone := slnet.Errorf(slnet.KindNotFound, "gone").WithReason("Gone")
		return fmt.Errorf("wrapped: %w", errors.Join(failed, gone, gone))
	},

	// family starts a process, tells its id, and waits.
	"family": func(ctx context.Context, engine *sdk.Engine) error {
		child := exec.Command("/proc/self/exe")
		child.Env = []string{processVariable + "=hang"}
		stdin, err := child.StdinPipe()
		if err != nil {
			return err
		}
		defer stdin.Close()
		if err := child.Start(); err != nil {
			return err
		}
		if _, err := ask(ctx, engine, strconv.Itoa(child.Process.Pid)); err != nil {
			return err
		}
		if engine.GetScriptParam("leave") != "" {
			return nil
		}
		<-ctx.Done()
		return ctx.Err()
	},

	// linger leaves a goroutine that uses its engine in the time of the next run.
	"linger": func(ctx context.Context, engine *sdk.Engine) error {
		previous := lingering
		lingering = engine
		if previous == nil {
			return nil
		}
		fmt.Println("run two")
		_, err := ask(context.Background(), previous, "not mine")
		if !errors.Is(err, slnet.KindUnavailable) {
			return fmt.Errorf("the engine of another run: %v", err)
		}
		previous.Log.Info("not mine")
		previous.KeepAlive()
		_, err = ask(ctx, engine, "mine")
		return err
	},

	"events": func(ctx context.Context, engine *sdk.Engine) error {
		n := parameter(engine, "n")
		after := slnet.Cursor(5)
		stream, err := engine.Subscribe(ctx, slnet.Subscription{SetID: "set", ModuleID: "m", After: &after})
		if err != nil {
			return err
		}
		// Nothing is taken while the window fills; the answer must not be behind it.
		if _, err := ask(ctx, engine, "full?"); err != nil {
			return err
		}
		for i := range n {
			e, err := stream.Next(ctx)
			if err != nil {
				return err
			}
			if want := fmt.Sprint("event ", i); e.SetID != "set" || e.Cursor != slnet.Cursor(i+6) ||
				e.Message.(*slnet.InformationEventMessage).Text != want {
				return fmt.Errorf("event %d is %+v", i, e)
			}
		}
		stream.Close()
		if _, err := stream.Next(ctx); !errors.Is(err, slnet.KindCanceled) {
			return fmt.Errorf("a closed stream: %v", err)
		}
		_, err = engine.Subscribe(ctx, slnet.Subscription{ModuleID: "secret"})
		if !errors.Is(err, slnet.KindPermissionDenied) {
			return fmt.Errorf("a refused subscription: %v", err)
		}
		short, cancel := context.WithCancel(ctx)
		defer cancel()
		stream, err = engine.Subscribe(short, slnet.Subscription{ModuleID: "m"})
		if err != nil {
			return err
		}
		cancel()
		for err == nil {
			_, err = stream.Next(ctx)
		}
		if !errors.Is(err, slnet.KindCanceled) {
			return fmt.Errorf("a stream whose context ended: %v", err)
		}
		return nil
	},
}

var lingering *sdk.Engine

//lint:ignore SA5007 endless recursion is what the test is about
func endless(n int) int { return endless(n+1) + 1 }

func writeMap() {
	m := make(map[int]int)
	for range 4 {
		go func() {
			for i := 0; ; i++ {
				m[i%8] = i
			}
		}()
	}
	<-time.After(time.Hour)
}
