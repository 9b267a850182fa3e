package plugin

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// service is the Script service of this process.
type service struct {
	session.UnimplementedScriptServer

	load Loader // nil in a plugin binary
	// source is the package of a compiled script, for the places of panics.
	source string
	shared bool // several runs are carried at a time

	// idle gets what goroutines of runs are to do, in a process that is given a
	// run only where the one before it left nothing.
	idle chan carried

	mu      sync.Mutex
	loaded  bool    // guarded by mu: load was called
	running int     // guarded by mu: runs that are carried
	script  Loaded  // guarded by mu, written once: what load made
	points  *points // guarded by mu; nil where there is a problem
	problem error   // guarded by mu: why there are no points
}

func (s *service) Describe(_ context.Context, request *session.DescribeRequest) (*session.Description, error) {
	takeOutput()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.load != nil {
		if s.loaded {
			return nil, status.Error(codes.FailedPrecondition, "this process has loaded a script already; start another")
		}
		s.loaded = true
		if err := s.loadFiles(request.GetFiles()); err != nil {
			s.problem = err
			return nil, status.Error(codes.Internal, session.Text(err.Error()))
		}
	}
	description := &session.Description{
		Errors:          compileErrors(s.problem),
		ProtocolVersion: session.ProtocolVersion,
		SdkVersion:      sdkVersion(),
	}
	if s.problem == nil {
		description.Description = session.Text(s.script.Description)
		description.EntryPoints = s.points.names()
		if err := s.points.describe(description); err != nil {
			return nil, status.Error(codes.Internal, session.Text(err.Error()))
		}
	}
	return description, nil
}

// loadFiles returns what the loader did wrong; what is wrong with the source
// becomes the problem of the script. Interpreters panic on some invalid source,
// so a panic is an answer here.
func (s *service) loadFiles(files []*session.SourceFile) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the loader of the script panicked: %v\n%s", v, debug.Stack())
		}
	}()
	source := make([]slnet.ScriptFile, len(files))
	for i, f := range files {
		source[i] = slnet.ScriptFile{Name: f.GetName(), Content: string(f.GetContent())}
	}
	loaded, err := s.load(source)
	var mistakes CompileErrors
	switch {
	case errors.As(err, &mistakes):
		s.problem = err
		return nil
	case err != nil:
		return err
	}
	s.script = loaded
	s.points, s.problem = loaded.points()
	return nil
}

func compileErrors(problem error) []*session.CompileError {
	var mistakes CompileErrors
	switch {
	case problem == nil:
		return nil
	case !errors.As(problem, &mistakes):
		mistakes = CompileErrors{{Message: problem.Error()}}
	}
	var out []*session.CompileError
	for _, m := range mistakes {
		out = append(out, &session.CompileError{
			Message: session.Text(m.Message),
			File:    session.Text(m.File),
			Line:    uint32(max(m.Line, 0)),
			Column:  uint32(max(m.Column, 0)),
		})
	}
	return out
}

func (s *service) Session(stream sessionStream) error {
	takeOutput()
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return status.Errorf(codes.InvalidArgument, "the session begins with %T; want Start", first.GetMessage())
	}
	info, err := session.ToRunInfo(start)
	if err != nil {
		return status.Error(codes.InvalidArgument, err.Error())
	}
	entry, destroy, err := s.begin(info.EntryPoint)
	if err != nil {
		return err
	}
	return s.run(stream, start, info, entry, destroy)
}

// begin takes the process for a run of an entry point.
func (s *service) begin(name string) (entry, destroy call, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.running > 0 && !s.shared:
		return nil, nil, status.Error(codes.FailedPrecondition, "this process carries a run already")
	case s.load != nil && !s.loaded:
		return nil, nil, status.Error(codes.FailedPrecondition, "no script is loaded; call Describe with its files first")
	case s.problem != nil:
		return nil, nil, status.Error(codes.FailedPrecondition, session.Text(s.problem.Error()))
	}
	s.running++
	if entry, ok := s.points.calls[name]; ok {
		return entry, s.points.destroy, nil
	}
	missing := slnet.Errorf(slnet.KindInvalid, "the script has no entry point %q; it has %s",
		cmp.Or(name, "without a name"), strings.Join(s.points.names(), ", "))
	return plain(func(context.Context, *sdk.Engine) error { return missing }), nil, nil
}

func (s *service) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.running--
}

func (s *service) run(stream sessionStream, start *session.Start, info sdk.RunInfo, entry, destroy call) error {
	ctx, cancel := context.WithCancelCause(stream.Context())
	defer cancel(nil)
	c := newConnection(stream, start)
	log := &runLog{to: stderr}
	if s.shared {
		log.run = info.ID.String()
	}
	engine := sdk.NewEngine(info, sdk.Host{Connection: c, Log: log.add, KeepAlive: c.keepAlive})

	ended := make(chan outcome, 1)
	e := &execution{engine: engine, source: s.source, ended: ended, start: func(fn func()) { s.carry(info.ID, fn) }}
	e.begin(ctx, entry, destroy, start.GetInput())
	go c.receive(cancel)

	select {
	case o := <-ended:
		finished := result(engine, o)
		finished.Reusable = s.clean(o, info.ID)
		s.end()
		log.close()
		return c.end(finished)
	case <-stream.Context().Done():
		// The daemon is gone, or has given the run up and is about to kill this
		// process. Until the entry point returns no other run may begin.
		go func() {
			<-ended
			s.end()
		}()
		log.close()
		return c.end(nil)
	}
}
