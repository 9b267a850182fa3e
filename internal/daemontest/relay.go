package daemontest

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

const (
	relayScript     = "relay"
	socketParameter = "socket"
	// relayFile is the name by which a worker knows the relay, and relaySource a
	// script that the daemon takes for it.
	relayFile   = "relay.go"
	relaySource = "package main\n\nimport (\n\t\"context\"\n\n\t\"domovoi.dev/sdk\"\n)\n\n" +
		"func Run(ctx context.Context, engine *sdk.Engine) error { return nil }\n"
)

// The frames between a test and its relay: the length of the payload, an id and
// a type, then the payload. Answers carry the id of their request.
type frameType byte

const (
	frameCall      frameType = iota // messages
	frameReply                      // a slnet reply
	frameSubscribe                  // a Subscription
	frameEvent                      // a cursor and a message
	frameEnd                        // ends what has the id; from the relay with a reply
)

func writeFrame(w io.Writer, id uint64, t frameType, payload []byte) error {
	b := make([]byte, 13, 13+len(payload))
	binary.BigEndian.PutUint32(b, uint32(len(payload)))
	binary.BigEndian.PutUint64(b[4:], id)
	b[12] = byte(t)
	_, err := w.Write(append(b, payload...))
	return err
}

func readFrame(r io.Reader) (id uint64, t frameType, payload []byte, err error) {
	var header [13]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return 0, 0, nil, err
	}
	payload = make([]byte, binary.BigEndian.Uint32(header[:]))
	_, err = io.ReadFull(r, payload)
	return binary.BigEndian.Uint64(header[4:]), frameType(header[12]), payload, err
}

// relay is the script's side.
func relay(ctx context.Context, engine *sdk.Engine) error {
	conn, err := net.Dial("unix", engine.GetScriptParam(socketParameter))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	s := &relayServer{engine: engine, conn: conn, cancel: make(map[uint64]context.CancelFunc)}
	err = s.serve(ctx)
	if ctx.Err() != nil || errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

type relayServer struct {
	engine *sdk.Engine
	conn   net.Conn
	mu     sync.Mutex                    // orders writes; guards cancel
	cancel map[uint64]context.CancelFunc // what is under way
}

func (s *relayServer) serve(ctx context.Context) error {
	r := bufio.NewReader(s.conn)
	for {
		id, t, payload, err := readFrame(r)
		if err != nil {
			return err
		}
		if t == frameEnd {
			s.mu.Lock()
			if cancel, ok := s.cancel[id]; ok {
				cancel()
			}
			s.mu.Unlock()
			continue
		}
		ctx, cancel := context.WithCancel(ctx)
		s.mu.Lock()
		s.cancel[id] = cancel
		s.mu.Unlock()
		go func() {
			if t == frameCall {
				s.write(id, frameReply, s.call(ctx, payload))
			} else {
				s.write(id, frameEnd, s.subscribe(ctx, id, payload))
			}
			cancel()
			s.mu.Lock()
			defer s.mu.Unlock()
			delete(s.cancel, id)
		}()
	}
}

func (s *relayServer) write(id uint64, t frameType, payload []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = writeFrame(s.conn, id, t, payload) // a broken connection ends serve
}

// reply encodes an answer. What cannot be encoded is answered as its error.
func reply(responses []slnet.Message, err error) []byte {
	b, encodeErr := slnet.AppendReply(nil, responses, err)
	if encodeErr != nil {
		b, _ = slnet.AppendReply(nil, nil, encodeErr)
	}
	return b
}

func (s *relayServer) call(ctx context.Context, payload []byte) []byte {
	messages, err := sdk.Registry().DecodeMessages(payload)
	if err != nil {
		return reply(nil, err)
	}
	return reply(s.engine.SendSLNetMessages(ctx, messages...))
}

func (s *relayServer) subscribe(ctx context.Context, id uint64, payload []byte) []byte {
	var subscription slnet.Subscription
	if _, err := subscription.UnmarshalMsg(payload); err != nil {
		return reply(nil, err)
	}
	stream, err := s.engine.Subscribe(ctx, subscription)
	if err != nil {
		return reply(nil, err)
	}
	defer stream.Close()
	s.write(id, frameEvent, nil) // the subscription stands
	for {
		event, err := stream.Next(ctx)
		if err != nil {
			return reply(nil, err)
		}
		b := binary.BigEndian.AppendUint64(nil, uint64(event.Cursor))
		if b, err = slnet.AppendMessages(b, []slnet.Message{event.Message}); err != nil {
			return reply(nil, err)
		}
		s.write(id, frameEvent, b)
	}
}

// relayConn is the test's side.
type relayConn struct {
	conn net.Conn

	mu      sync.Mutex
	next    uint64                 // guarded by mu
	waiting map[uint64]chan answer // guarded by mu
	err     error                  // guarded by mu: why the connection ended
}

type answer struct {
	t       frameType
	payload []byte
}

func newRelayConn(conn net.Conn) *relayConn {
	c := &relayConn{conn: conn, waiting: make(map[uint64]chan answer)}
	go c.receive()
	return c
}

func (c *relayConn) close() { c.conn.Close() }

func (c *relayConn) receive() {
	r := bufio.NewReader(c.conn)
	for {
		id, t, payload, err := readFrame(r)
		c.mu.Lock()
		if err != nil {
			c.err = err
			for id, w := range c.waiting {
				close(w)
				delete(c.waiting, id)
			}
			c.mu.Unlock()
			return
		}
		w := c.waiting[id]
		c.mu.Unlock()
		if w != nil {
			w <- answer{t, payload}
		}
	}
}

// begin sends a request and returns where its answers come.
func (c *relayConn) begin(t frameType, payload []byte) (uint64, chan answer, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.err != nil {
		return 0, nil, c.err
	}
	c.next++
	w := make(chan answer, 1024)
	c.waiting[c.next] = w
	return c.next, w, writeFrame(c.conn, c.next, t, payload)
}

func (c *relayConn) end(id uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.waiting, id)
	if c.err == nil {
		_ = writeFrame(c.conn, id, frameEnd, nil)
	}
}

func (c *relayConn) await(ctx context.Context, w chan answer) (answer, error) {
	select {
	case a, ok := <-w:
		if !ok {
			return a, slnet.Errorf(slnet.KindUnavailable, "the relay has ended")
		}
		return a, nil
	case <-ctx.Done():
		return answer{}, ctx.Err()
	}
}

// SendSLNetMessages implements slnet.Connection.
func (c *relayConn) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	payload, err := slnet.AppendMessages(nil, messages)
	if err != nil {
		return nil, err
	}
	id, w, err := c.begin(frameCall, payload)
	if err != nil {
		return nil, err
	}
	defer c.end(id)
	a, err := c.await(ctx, w)
	if err != nil {
		return nil, err
	}
	return sdk.Registry().DecodeReply(a.payload)
}

// Subscribe implements slnet.Connection.
func (c *relayConn) Subscribe(ctx context.Context, subscription slnet.Subscription) (*slnet.EventStream, error) {
	payload, err := subscription.MarshalMsg(nil)
	if err != nil {
		return nil, err
	}
	id, w, err := c.begin(frameSubscribe, payload)
	if err != nil {
		return nil, err
	}
	next := func(ctx context.Context) (slnet.Event, error) {
		a, err := c.await(ctx, w)
		if err != nil {
			return slnet.Event{}, err
		}
		return decodeEvent(subscription.SetID, a)
	}
	if _, err := next(ctx); err != nil {
		c.end(id)
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { c.end(id) })
	return slnet.NewEventStream(next, func() {
		stop()
		c.end(id)
	}), nil
}

func decodeEvent(setID string, a answer) (slnet.Event, error) {
	if a.t == frameEnd {
		_, err := sdk.Registry().DecodeReply(a.payload)
		return slnet.Event{}, err
	}
	if len(a.payload) == 0 {
		return slnet.Event{}, nil
	}
	messages, err := sdk.Registry().DecodeMessages(a.payload[8:])
	if err != nil {
		return slnet.Event{}, err
	}
	return slnet.Event{SetID: setID, Cursor: slnet.Cursor(binary.BigEndian.Uint64(a.payload)), Message: messages[0]}, nil
}
