package plugin

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"google.golang.org/grpc"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

type sessionStream = grpc.BidiStreamingServer[session.HostMessage, session.ScriptMessage]

// errOver is what the engine answers when its run is over.
var errOver = slnet.Errorf(slnet.KindUnavailable, "the run of this engine is over")

// connection is the script's end of a session, a slnet.Connection.
type connection struct {
	stream     sessionStream
	registry   *slnet.Registry
	maxPayload int
	slots      chan struct{} // holds one for each unanswered request
	over       chan struct{} // closed when the session is over

	sendMu sync.Mutex // orders sends
	ended  bool       // guarded by sendMu: nothing may be sent any more

	mu            sync.Mutex
	lastID        uint64                            // guarded by mu
	requests      map[uint64]chan *session.Response // guarded by mu
	subscriptions map[uint64]*subscription          // guarded by mu
}

func newConnection(stream sessionStream, start *session.Start) *connection {
	return &connection{
		stream:        stream,
		registry:      sdk.Registry(),
		maxPayload:    int(start.GetMaxPayloadBytes()),
		slots:         make(chan struct{}, max(start.GetMaxRequests(), 1)),
		over:          make(chan struct{}),
		requests:      make(map[uint64]chan *session.Response),
		subscriptions: make(map[uint64]*subscription),
	}
}

// SendSLNetMessages implements slnet.Connection.
func (c *connection) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	payload, err := c.encode(messages)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, contextError(ctx)
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, contextError(ctx)
	case <-c.over:
		return nil, errOver
	}
	id, answer := c.request()
	err = c.send(&session.ScriptMessage{Message: &session.ScriptMessage_Request{
		Request: &session.Request{Id: id, Payload: payload},
	}})
	if err != nil {
		return nil, err
	}
	select {
	case response := <-answer:
		return c.decode(response)
	case <-ctx.Done():
		// The slot stays taken until the host answers, as it does in any case.
		_ = c.send(&session.ScriptMessage{Message: &session.ScriptMessage_CancelRequest{
			CancelRequest: &session.CancelRequest{Id: id},
		}})
		return nil, contextError(ctx)
	case <-c.over:
		return nil, errOver
	}
}

func (c *connection) encode(messages []slnet.Message) ([]byte, error) {
	for i, m := range messages {
		if m == nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "message %d is nil", i+1)
		}
	}
	payload, err := slnet.AppendMessages(nil, messages)
	if err != nil {
		return nil, err
	}
	if len(payload) > c.maxPayload {
		return nil, slnet.Errorf(slnet.KindTooLarge,
			"the messages of the call are %d bytes; at most %d are allowed in one call", len(payload), c.maxPayload)
	}
	return payload, nil
}

func (c *connection) decode(response *session.Response) ([]slnet.Message, error) {
	failed := session.ToError(response.GetError())
	if len(response.GetPayload()) == 0 {
		return nil, failed
	}
	messages, err := c.registry.DecodeMessages(response.GetPayload())
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInternal, "the response of the daemon: %v", err)
	}
	return messages, failed
}

// request registers a request and returns where its answer arrives.
func (c *connection) request() (uint64, <-chan *session.Response) {
	answer := make(chan *session.Response, 1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastID++
	c.requests[c.lastID] = answer
	return c.lastID, answer
}

func (c *connection) keepAlive() {
	// An error means that the session is over, and with it the timeout.
	_ = c.send(&session.ScriptMessage{Message: &session.ScriptMessage_KeepAlive{KeepAlive: &session.KeepAlive{}}})
}

func (c *connection) send(m *session.ScriptMessage) error {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	return c.sendLocked(m)
}

func (c *connection) sendLocked(m *session.ScriptMessage) error {
	if c.ended {
		return errOver
	}
	if err := c.stream.Send(m); err != nil {
		return slnet.Errorf(slnet.KindUnavailable, "the daemon cannot be reached: %v", err)
	}
	return nil
}

// end sends the result, if there is one, as the last message of the session.
// A stream must not be used after its handler returned, so whatever a goroutine
// of the script still asks for is refused from now on.
func (c *connection) end(result *session.Finished) error {
	c.sendMu.Lock()
	defer c.sendMu.Unlock()
	var err error
	if result != nil {
		err = c.sendLocked(&session.ScriptMessage{Message: &session.ScriptMessage_Finished{Finished: result}})
	}
	c.ended = true
	close(c.over)
	return err
}

// receive hands out what the host sends until the session is over. It never
// waits for the script, so that an answer is never behind one nobody takes.
func (c *connection) receive(cancel context.CancelCauseFunc) {
	for {
		m, err := c.stream.Recv()
		if err != nil {
			return
		}
		switch m := m.GetMessage().(type) {
		case *session.HostMessage_Response:
			c.answered(m.Response)
		case *session.HostMessage_Cancel:
			cancel(session.ToError(m.Cancel.GetReason()))
		case *session.HostMessage_Subscribed:
			c.subscription(m.Subscribed.GetId()).begin()
		case *session.HostMessage_Event:
			c.subscription(m.Event.GetId()).deliver(m.Event)
		case *session.HostMessage_SubscriptionEnded:
			c.endSubscription(m.SubscriptionEnded.GetId(), session.ToError(m.SubscriptionEnded.GetError()))
		}
	}
}

func (c *connection) answered(response *session.Response) {
	c.mu.Lock()
	answer, ok := c.requests[response.GetId()]
	delete(c.requests, response.GetId())
	c.mu.Unlock()
	if ok {
		<-c.slots
		answer <- response
	}
}

// contextError says that a call was given up because its context ended. It is
// both the error of the context and one of the platform's kinds.
func contextError(ctx context.Context) error {
	kind := slnet.KindCanceled
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		kind = slnet.KindTimeout
	}
	if cause := context.Cause(ctx); cause != ctx.Err() {
		return fmt.Errorf("%w: %w: %w", kind, ctx.Err(), cause)
	}
	return fmt.Errorf("%w: %w", kind, ctx.Err())
}

var _ slnet.Connection = (*connection)(nil)
