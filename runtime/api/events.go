package api

import (
	"context"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"domovoi.dev/sdk/slnet"
)

// events is GET /slnet/events: one subscription as a stream of server-sent
// events. Its query parameters are
//
//	module=<id>      only events of this module
//	event=<name>     only events of this name; may be given several times
//	set=<id>         the SetID of the subscription
//	filter=<filter>  only objects this filter selects: MessagePack in base64 (URL)
//	after=<cursor>   resume behind a cursor; without it the stream begins now
//	format=msgpack   data is MessagePack in base64 instead of JSON
//
// Each event has the message's name as its type, and as its id the position
// behind it, which Last-Event-ID takes to resume exactly there. When the daemon
// ends the stream it says why in a last event of type "end".
func (e *edge) events(w http.ResponseWriter, r *http.Request, c *caller) {
	drained := e.drained(r) // before the caller learns that it is subscribed
	q, err := e.parseEvents(r)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	source, err := c.Subscribe(ctx, q.subscription)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	p := startPump(ctx, source)
	defer p.stop(cancel)

	w.Header().Set("Content-Type", "text/event-stream")
	out := &eventWriter{w: w, form: q.form, delivered: q.resume}
	out.comment("subscribed")
	if out.flush() != nil || r.Method == http.MethodHead {
		return
	}
	if end := e.follow(ctx, c, p, drained, out); end != nil {
		out.end(e.public(r, end))
		out.flush()
	}
}

// follow writes events until the stream ends and returns why, nil when the
// caller is gone.
func (e *edge) follow(ctx context.Context, c *caller, p *pump, drained <-chan struct{}, out *eventWriter) error {
	beat := time.NewTicker(e.heartbeat)
	defer beat.Stop()
	for {
		select {
		case event, ok := <-p.events:
			if !ok {
				return p.err
			}
			if err := out.batch(event, p.events); err != nil {
				return err
			}
		case <-beat.C:
			// The right to listen is looked at again while nothing is sent.
			if _, err := e.Connect(ctx, c.secret, c.address); err != nil {
				return err
			}
			out.comment("")
		case <-drained:
			return slnet.Errorf(slnet.KindUnavailable, "the daemon is stopping; connect again later")
		case <-ctx.Done():
			return nil
		}
		if out.flush() != nil {
			return nil
		}
	}
}

// drained returns a channel that is closed when the server of the request
// begins to shut down. Without it every stream would hold the shutdown up.
func (e *edge) drained(r *http.Request) <-chan struct{} {
	server, ok := r.Context().Value(http.ServerContextKey).(*http.Server)
	if !ok {
		return nil
	}
	if known, ok := e.draining.Load(server); ok {
		return known.(chan struct{})
	}
	fresh := make(chan struct{})
	known, loaded := e.draining.LoadOrStore(server, fresh)
	if !loaded {
		server.RegisterOnShutdown(func() { close(fresh) })
	}
	return known.(chan struct{})
}

// pump takes events from a source as they come. It runs ahead by a few events,
// so that what comes together is written together, and no further: a caller
// that takes no events stops its own pump and nobody else.
type pump struct {
	source *slnet.EventStream
	events chan slnet.Event
	err    error // why events was closed; nil when ctx has ended
}

func startPump(ctx context.Context, source *slnet.EventStream) *pump {
	p := &pump{source: source, events: make(chan slnet.Event, 64)}
	go func() {
		defer close(p.events)
		for {
			event, err := source.Next(ctx)
			if err != nil {
				if ctx.Err() == nil {
					p.err = err
				}
				return
			}
			select {
			case p.events <- event:
			case <-ctx.Done():
				return
			}
		}
	}()
	return p
}

// stop ends the pump and waits for it.
func (p *pump) stop(cancel context.CancelFunc) {
	cancel()
	p.source.Close()
	for range p.events {
	}
}

// eventQuery is what a request for events asks for.
type eventQuery struct {
	subscription slnet.Subscription
	form         eventForm
	// resume is how much of the first commit was delivered before.
	resume position
}

var eventParameters = []string{"module", "event", "set", "filter", "after", "format"}

func (e *edge) parseEvents(r *http.Request) (eventQuery, error) {
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return eventQuery{}, slnet.Errorf(slnet.KindInvalid, "malformed query: %v", err)
	}
	for name, given := range values {
		if !slices.Contains(eventParameters, name) {
			return eventQuery{}, slnet.Errorf(slnet.KindInvalid,
				"unknown query parameter %q; the parameters are %s", name, strings.Join(eventParameters, ", "))
		}
		if len(given) > 1 && name != "event" {
			return eventQuery{}, slnet.Errorf(slnet.KindInvalid, "the query parameter %q is given more than once", name)
		}
	}
	q := eventQuery{subscription: slnet.Subscription{
		SetID:    values.Get("set"),
		ModuleID: values.Get("module"),
		Events:   values["event"],
	}}
	if q.subscription.Filter, err = base64.RawURLEncoding.DecodeString(values.Get("filter")); err != nil {
		return eventQuery{}, slnet.Errorf(slnet.KindInvalid, "the query parameter \"filter\" is not base64 (URL, without padding): %v", err)
	}
	for _, name := range q.subscription.Events {
		if _, err := e.Registry.New(name); err != nil {
			return eventQuery{}, err
		}
	}
	if q.form, err = parseEventForm(values.Get("format")); err != nil {
		return eventQuery{}, err
	}
	after := r.Header.Get("Last-Event-ID")
	if after == "" {
		after = values.Get("after")
	}
	if after != "" {
		if q.resume, err = parsePosition(after); err != nil {
			return eventQuery{}, err
		}
		cursor := q.resume.before()
		q.subscription.After = &cursor
	}
	return q, nil
}
