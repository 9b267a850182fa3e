package plugins

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// Run is a run for a process to carry.
type Run struct {
	Info sdk.RunInfo
	// Input is what the entry point is called with, as session.proto has it.
	Input []byte
	// Connection carries the run's messages. It is bound to the identity of the
	// run; nothing that the script sends can change that. Its calls must end
	// when their context does.
	Connection slnet.Connection
	// Log gets the lines of the run's log, and what the script printed, in order;
	// only between standard output and the rest the order is not certain. Calls
	// do not overlap. A script that writes faster than Log takes has to wait. Nil
	// drops the lines.
	Log func(lines []slnet.LogLine)
	// KeepAlive is called when the script asks for its timeout to start again.
	// It must not wait. Nil ignores that.
	KeepAlive func()
}

// End says how a run came to its end.
type End string

// The ends of a run.
const (
	EndFinished End = "finished" // the script returned
	EndKilled   End = "killed"   // the run was cancelled, and its process killed when it went on
	EndDied     End = "died"     // the process ended on its own, or something else killed it
	EndBroken   End = "broken"   // the process broke the protocol, and was killed
)

// Result is what came of a run.
type Result struct {
	End    End
	Failed bool
	// Retryable reports that the run failed for a reason that may not come again:
	// the script says so, or its process was ended from outside.
	Retryable bool
	// Output is the output of a script that returned.
	Output map[string]string
	// ExitReason is the text given to ExitSuccess or ExitFail.
	ExitReason string
	// Result is what an entry point returned that returns more than an error, as
	// session.proto has it. It comes from the script and may be anything.
	Result []byte
	// Errors say what went wrong, with the place in the script's source where it
	// is known.
	Errors []slnet.RunError
	// Cause is why the context of the run ended, when it ended before the script
	// returned. A script that was cancelled may still end as finished.
	Cause error
	// Exit says how the process ended; nil while it lives, and can be given the
	// next run.
	Exit *Exit
	// Usage is what the run used: the processor time of the process since the run
	// before, and the most memory the process ever had. It is nothing for a
	// process that carries several runs at a time.
	Usage Usage
}

// Run carries out one run, and returns soon after it came to its end: the script
// returned, the process died, or ctx ended and the process did too, or was
// killed after a grace period. An error means that the run did not begin;
// whatever happens to a run that began is in the Result.
func (p *Process) Run(ctx context.Context, r Run) (Result, error) {
	if !p.spec.shared {
		if !p.busy.TryLock() {
			return Result{}, slnet.Errorf(slnet.KindConflict, "%s: the process carries a run already", p.name)
		}
		defer p.busy.Unlock()
		p.clean = false
	}
	start, err := session.FromRunInfo(r.Info)
	if err != nil {
		return Result{}, err
	}
	if len(r.Input) > session.MaxPayloadBytes {
		return Result{}, slnet.Errorf(slnet.KindTooLarge,
			"%s: the input of the run is %d bytes; at most %d are allowed", p.name, len(r.Input), session.MaxPayloadBytes)
	}
	start.Input = r.Input
	if ctx.Err() != nil {
		return Result{}, fmt.Errorf("%s: the run was not begun: %w", p.name, context.Cause(ctx))
	}
	// The script may print as soon as it has its Start.
	id := r.Info.ID.String()
	p.output.begin(id, r.Log)
	result, err := p.session(ctx, r, start)
	p.output.end(id, err == nil)
	return result, err
}

// session carries a run from its Start on.
func (p *Process) session(ctx context.Context, r Run, start *session.Start) (Result, error) {
	open, closeStream := context.WithCancel(context.WithoutCancel(ctx))
	defer closeStream()
	stream, err := p.conn.script.Session(open)
	if err != nil {
		return Result{}, p.callError(ctx, err)
	}
	if stream.Send(&session.HostMessage{Message: &session.HostMessage_Start{Start: start}}) != nil {
		_, err = stream.Recv() // says why
		return Result{}, p.callError(ctx, err)
	}
	s := newRunSession(p, stream, r, open)
	s.working.Go(func() { s.endWithProcess(closeStream) })
	return s.carry(ctx)
}

// runSession is the host's end of a session.
type runSession struct {
	process *Process
	run     Run
	stream  grpc.BidiStreamingClient[session.HostMessage, session.ScriptMessage]

	// ctx is that of the requests. It outlives a cancelled run by the grace
	// period, so that a script can clean up, and ends with the session.
	ctx     context.Context
	end     context.CancelFunc
	working sync.WaitGroup // all goroutines of the session
	jobs    chan job       // requests for goroutines that wait for one

	sendMu sync.Mutex // orders sends

	mu            sync.Mutex
	requests      map[uint64]context.CancelFunc // guarded by mu: those being handled
	subscriptions map[uint64]*subscription      // guarded by mu
}

func newRunSession(p *Process, stream grpc.BidiStreamingClient[session.HostMessage, session.ScriptMessage], r Run, open context.Context) *runSession {
	s := &runSession{
		process:       p,
		run:           r,
		stream:        stream,
		jobs:          make(chan job),
		requests:      make(map[uint64]context.CancelFunc),
		subscriptions: make(map[uint64]*subscription),
	}
	s.ctx, s.end = context.WithCancel(open)
	return s
}

// carry receives until the session is over and makes the result.
func (s *runSession) carry(ctx context.Context) (Result, error) {
	var cause error
	cancelled := make(chan struct{})
	stopWatching := context.AfterFunc(ctx, func() {
		defer close(cancelled)
		cause = context.Cause(ctx)
		s.cancel(cause)
	})
	finished, err := s.receive()
	if !stopWatching() {
		<-cancelled
	}
	s.end()
	s.working.Wait()
	if finished != nil {
		s.settle()
	}
	result, err := s.result(ctx, finished, err, cause)
	result.Cause = cause
	if p := s.process; !p.spec.shared {
		result.Usage = p.Usage()
		result.Usage.CPU, p.base = max(0, result.Usage.CPU-p.base), result.Usage.CPU
		p.runs++
		p.clean = finished.GetReusable() && cause == nil && result.Exit == nil
	}
	return result, err
}

// endWithProcess ends the session of a process that has ended, should something
// that it started hold the connection open. What it sent last may still arrive.
func (s *runSession) endWithProcess(closeStream context.CancelFunc) {
	select {
	case <-s.process.child.ended:
	case <-s.ctx.Done():
		return
	}
	timer := time.NewTimer(outputLimit)
	defer timer.Stop()
	select {
	case <-timer.C:
		closeStream()
	case <-s.ctx.Done():
	}
}

// cancel asks the script to end, and kills the process when it does not.
func (s *runSession) cancel(cause error) {
	p := s.process
	reason, _ := session.FromError(cause)
	kill := time.AfterFunc(p.host.options.Grace, func() { p.child.kill(cause) })
	context.AfterFunc(s.ctx, func() { kill.Stop() })
	// Sending waits for a process that does not read; nobody may wait for that.
	s.working.Go(func() {
		s.send(&session.HostMessage{Message: &session.HostMessage_Cancel{Cancel: &session.Cancel{Reason: reason}}})
	})
}

// receive handles what the script sends until it has finished, or the stream is
// broken.
func (s *runSession) receive() (*session.Finished, error) {
	for {
		m, err := s.stream.Recv()
		if err != nil {
			return nil, err
		}
		switch m := m.GetMessage().(type) {
		case *session.ScriptMessage_Request:
			err = s.request(m.Request)
		case *session.ScriptMessage_CancelRequest:
			s.cancelRequest(m.CancelRequest.GetId())
		case *session.ScriptMessage_Subscribe:
			err = s.subscribe(m.Subscribe)
		case *session.ScriptMessage_Credit:
			s.credit(m.Credit)
		case *session.ScriptMessage_Unsubscribe:
			s.unsubscribe(m.Unsubscribe.GetId())
		case *session.ScriptMessage_KeepAlive:
			if s.run.KeepAlive != nil {
				s.run.KeepAlive()
			}
		case *session.ScriptMessage_Finished:
			return m.Finished, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// settle waits until the process is ready for another run: the stream has ended,
// and what the script printed is in the log. One that is not ready is killed.
func (s *runSession) settle() {
	p := s.process
	kill := time.AfterFunc(p.host.options.Grace, func() { p.child.kill(errNotSettled) })
	defer kill.Stop()
	var err error
	for err == nil {
		_, err = s.stream.Recv()
	}
	if err != io.EOF {
		p.child.kill(errNotSettled)
		p.child.waitEnded(closeLimit)
		return
	}
	p.child.out.drain(outputLimit)
	p.child.err.drain(outputLimit)
}

var errNotSettled = slnet.Errorf(slnet.KindInternal, "it did not end its session")

func (s *runSession) result(ctx context.Context, finished *session.Finished, broken, cause error) (Result, error) {
	p := s.process
	if finished != nil {
		return Result{
			End:        EndFinished,
			Failed:     finished.GetFailed(),
			Retryable:  finished.GetFailed() && finished.GetRetryable(),
			Output:     finished.GetOutput(),
			ExitReason: finished.GetExitReason(),
			Result:     finished.GetResult(),
			Errors:     session.ToRunErrors(finished.GetErrors()),
			Exit:       p.exitNow(),
		}, nil
	}
	switch status.Code(broken) {
	case codes.FailedPrecondition, codes.Unimplemented:
		return Result{}, p.callError(ctx, broken) // the process refuses the run
	}
	// A death closes the connection a moment before it is known here.
	if !p.child.waitEnded(outputLimit) {
		p.child.kill(errProtocol)
		p.child.waitEnded(closeLimit)
	}
	r := Result{Failed: true, Exit: p.exitNow()}
	switch {
	case r.Exit == nil || errors.Is(r.Exit.Reason, errProtocol):
		r.End = EndBroken
		r.Errors = []slnet.RunError{{Message: "the process broke the session protocol: " + brokenText(broken)}}
	case r.Exit.Reason != nil:
		r.End = EndKilled
		r.Errors = []slnet.RunError{{Message: s.killedText(r.Exit.Reason, cause)}}
	default:
		r.End = EndDied
		if r.Errors = p.crash(); len(r.Errors) == 0 {
			r.Errors = []slnet.RunError{{Message: diedText(*r.Exit)}}
			r.Retryable = r.Exit.Signal != ""
		}
	}
	return r, nil
}

var errProtocol = slnet.Errorf(slnet.KindInternal, "it broke the session protocol")

func brokenText(err error) string {
	if err == io.EOF {
		return "it ended its session without a result"
	}
	return status.Convert(err).Message()
}

func (s *runSession) killedText(reason, cause error) string {
	switch {
	case cause == nil && s.process.spec.shared:
		return fmt.Sprintf("the process that the run shared with others was killed: %v", reason)
	case cause == nil:
		return fmt.Sprintf("the process was killed: %v", reason)
	}
	return fmt.Sprintf("the process was killed: %v, and the script did not end within %v of being cancelled",
		cause, s.process.host.options.Grace)
}

func diedText(e Exit) string {
	if e.Signal != "" {
		return fmt.Sprintf("the process was ended from outside: %v; the machine may be out of memory", e)
	}
	return fmt.Sprintf("the script ended its process with %v instead of returning", e)
}

func (p *Process) exitNow() *Exit {
	if exit, ok := p.Exit(); ok {
		return &exit
	}
	return nil
}

// send sends to the script. An error means that the stream is broken, which
// receive finds out too.
func (s *runSession) send(m *session.HostMessage) {
	s.sendMu.Lock()
	defer s.sendMu.Unlock()
	_ = s.stream.Send(m)
}
