package client

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"domovoi.dev/sdk/slnet"
)

// Waiting times of a subscription.
const (
	silence  = 45 * time.Second // without a sign of life until a connection counts as broken
	minPause = 100 * time.Millisecond
	maxPause = 5 * time.Second // between attempts to connect again
)

// Subscribe implements slnet.Connection. When Subscribe returns, the daemon has
// begun to collect events. A stream that breaks connects again, for as long as
// it takes, and resumes behind the last event it has delivered: none is lost
// and none comes twice. It ends with an error when the daemon refuses it, such
// as slnet.KindUnauthenticated when the token was revoked.
func (c *Client) Subscribe(ctx context.Context, subscription slnet.Subscription) (*slnet.EventStream, error) {
	if ctx.Err() != nil {
		return nil, ended(ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &listener{
		client:       c,
		subscription: subscription,
		events:       make(chan slnet.Event, 64),
		done:         make(chan struct{}),
	}
	if subscription.After == nil {
		l.fixStart(ctx)
	}
	connected, err := l.connect(ctx)
	if err != nil {
		cancel()
		return nil, err
	}
	go l.listen(ctx, connected)
	return slnet.NewEventStream(l.next, func() {
		cancel()
		<-l.done
	}), nil
}

// listener is one subscription over a succession of connections.
type listener struct {
	client       *Client
	subscription slnet.Subscription
	// last is the id of the last event that was delivered.
	last string

	events chan slnet.Event
	done   chan struct{} // closed when no event will follow
	err    error         // why; to be read once done is closed
}

// next is the Next of the stream. Events that arrived before the end come
// before it.
func (l *listener) next(ctx context.Context) (slnet.Event, error) {
	select {
	case event := <-l.events:
		return event, nil
	default:
	}
	select {
	case event := <-l.events:
		return event, nil
	case <-l.done:
		select {
		case event := <-l.events:
			return event, nil
		default:
			return slnet.Event{}, l.err
		}
	case <-ctx.Done():
		return slnet.Event{}, ctx.Err()
	}
}

// fixStart turns "from now on" into a cursor, so that a stream that breaks
// before its first event has a place to resume from. Where the daemon does not
// tell the cursor, such a stream begins anew.
func (l *listener) fixStart(ctx context.Context) {
	response, err := slnet.Send1(ctx, l.client.SendSLNetMessages, &slnet.GetSystemInfoMessage{})
	if info, ok := response.(*slnet.SystemInfoResponse); ok && err == nil {
		cursor := slnet.Cursor(info.StoreVersion)
		l.subscription.After = &cursor
	}
}

// connection is one connection of a listener.
type connection struct {
	body   io.ReadCloser
	cancel context.CancelFunc // breaks the connection
}

// listen delivers events until the stream ends, connecting again as often as
// needed.
func (l *listener) listen(ctx context.Context, connected *connection) {
	defer close(l.done)
	pause := minPause
	for {
		if connected != nil {
			delivered, err := l.deliver(ctx, connected)
			if delivered {
				pause = minPause
			}
			if l.over(ctx, err) {
				return
			}
		}
		if !sleep(ctx, pause/2+rand.N(pause/2)) {
			l.over(ctx, ctx.Err())
			return
		}
		pause = min(2*pause, maxPause)
		var err error
		if connected, err = l.connect(ctx); err != nil && l.over(ctx, err) {
			return
		}
	}
}

// over records the end of the stream, unless err is one that passes.
func (l *listener) over(ctx context.Context, err error) bool {
	switch {
	case ctx.Err() != nil:
		l.err = ended(ctx)
	case errors.Is(err, slnet.KindUnavailable), errors.Is(err, slnet.KindRateLimited):
		return false
	default:
		l.err = err
	}
	return true
}

// connect opens the event stream behind the last event delivered.
func (l *listener) connect(ctx context.Context) (*connection, error) {
	c := l.client
	ctx, cancel := context.WithCancel(ctx)
	request, err := c.request(ctx, http.MethodGet, "/slnet/events?"+l.query(), nil)
	if err != nil {
		cancel()
		return nil, err
	}
	if l.last != "" {
		request.Header.Set("Last-Event-ID", l.last)
	}
	guard := time.AfterFunc(silence, cancel)
	response, err := c.http.Do(request)
	if err != nil {
		stopped := guard.Stop()
		defer cancel()
		if !stopped {
			return nil, c.silent()
		}
		return nil, c.unreachable(ctx, err)
	}
	guard.Stop()
	if response.StatusCode != http.StatusOK || contentType(response) != "text/event-stream" {
		defer cancel()
		defer response.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(response.Body, 1<<20))
		return nil, c.errorOf(response, body)
	}
	return &connection{response.Body, cancel}, nil
}

func (l *listener) query() string {
	s := l.subscription
	q := url.Values{"format": {"msgpack"}}
	if s.SetID != "" {
		q.Set("set", s.SetID)
	}
	if s.ModuleID != "" {
		q.Set("module", s.ModuleID)
	}
	if len(s.Events) > 0 {
		q["event"] = s.Events
	}
	if len(s.Filter) > 0 {
		q.Set("filter", base64.RawURLEncoding.EncodeToString(s.Filter))
	}
	if s.After != nil {
		q.Set("after", strconv.FormatUint(uint64(*s.After), 10))
	}
	return q.Encode()
}

// deliver hands the events of a connection on until it ends, and reports
// whether it delivered any.
func (l *listener) deliver(ctx context.Context, connected *connection) (delivered bool, err error) {
	defer connected.cancel()
	defer connected.body.Close()
	guard := time.AfterFunc(silence, connected.cancel)
	defer guard.Stop()
	reader := newEventReader(connected.body, func() { guard.Reset(silence) })
	for {
		raw, err := reader.next()
		var known *slnet.Error
		if errors.As(err, &known) {
			return delivered, known
		}
		if err != nil {
			return delivered, l.client.broken(ctx, err)
		}
		if raw.name == "end" {
			return delivered, endOf(raw)
		}
		event, err := l.decode(raw)
		if err != nil {
			return delivered, err
		}
		guard.Stop() // it is not the daemon that is waited for
		select {
		case l.events <- event:
		case <-ctx.Done():
			return delivered, ended(ctx)
		}
		guard.Reset(silence)
		delivered = true
		if raw.id != "" {
			l.last = raw.id
		}
	}
}

func (l *listener) decode(raw rawEvent) (slnet.Event, error) {
	event := slnet.Event{SetID: l.subscription.SetID}
	var err error
	if event.Message, err = l.client.registry.New(raw.name); err != nil {
		return event, slnet.Errorf(slnet.KindInternal, "malformed event: %v", err)
	}
	if raw.id != "" {
		text, _, _ := strings.Cut(raw.id, ".")
		cursor, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return event, slnet.Errorf(slnet.KindInternal, "malformed event: id %q", raw.id)
		}
		event.Cursor = slnet.Cursor(cursor)
	}
	// Raw parts of the message refer to the decoded bytes, which are its own.
	data := make([]byte, base64.StdEncoding.DecodedLen(len(raw.data)))
	n, err := base64.StdEncoding.Decode(data, raw.data)
	if err == nil {
		_, err = event.Message.UnmarshalMsg(data[:n])
	}
	if err != nil {
		return event, slnet.Errorf(slnet.KindInternal, "malformed event: %s: %v", raw.name, err)
	}
	return event, nil
}

// endOf is the reason the daemon gave for the end of a stream.
func endOf(raw rawEvent) error {
	failure := new(slnet.Error)
	if err := json.Unmarshal(raw.data, failure); err != nil || failure.Kind == "" {
		return slnet.Errorf(slnet.KindInternal, "the daemon ended the stream with %q", raw.data)
	}
	return failure
}

func (c *Client) silent() error {
	return slnet.Errorf(slnet.KindUnavailable, "the daemon at %s does not answer", c.base)
}

// sleep waits and reports whether ctx lives on.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
