package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// position is a place in the feed: behind the first n events of the commit at
// cursor that the subscription has asked for, or, when n is 0, behind all of
// them. All events of one commit share a cursor, so the cursor alone would lose
// the rest of a commit when a stream breaks in the middle of it. Its text is
// "<cursor>" or "<cursor>.<n>".
type position struct {
	cursor slnet.Cursor
	n      uint64
}

func parsePosition(s string) (position, error) {
	cursorText, nText, partial := strings.Cut(s, ".")
	cursor, err := strconv.ParseUint(cursorText, 10, 64)
	var n uint64
	if err == nil && partial {
		n, err = strconv.ParseUint(nText, 10, 64)
	}
	if err != nil || partial && (n == 0 || cursor == 0) {
		return position{}, slnet.Errorf(slnet.KindInvalid,
			"%q is not a position in the feed; want a cursor or the id of an event", s)
	}
	return position{slnet.Cursor(cursor), n}, nil
}

// before is the cursor to subscribe behind to continue at p.
func (p position) before() slnet.Cursor {
	if p.n > 0 {
		return p.cursor - 1
	}
	return p.cursor
}

// next is the position behind a further event at cursor.
func (p position) next(cursor slnet.Cursor) position {
	if p.cursor == cursor {
		return position{cursor, p.n + 1}
	}
	return position{cursor, 1}
}

// eventForm appends the data of an event.
type eventForm func(b []byte, message slnet.Message) ([]byte, error)

func parseEventForm(name string) (eventForm, error) {
	switch name {
	case "", "json":
		return appendEventJSON, nil
	case "msgpack":
		return appendEventMessagePack, nil
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "unknown format %q; the formats are json and msgpack", name)
}

func appendEventJSON(b []byte, message slnet.Message) ([]byte, error) {
	data, err := json.Marshal(message)
	return append(b, data...), err
}

func appendEventMessagePack(b []byte, message slnet.Message) ([]byte, error) {
	data, err := message.MarshalMsg(nil)
	return base64.StdEncoding.AppendEncode(b, data), err
}

// maxBatch is from which size on a batch is written although more events wait.
const maxBatch = 64 << 10

// eventWriter writes one stream.
type eventWriter struct {
	w    http.ResponseWriter
	form eventForm
	// delivered is what an earlier stream has delivered; it comes again when
	// that stream broke within a commit, and is left out.
	delivered position
	position  position // behind the last event taken
	b         []byte
}

// batch takes an event and those that wait behind it.
func (o *eventWriter) batch(event slnet.Event, more <-chan slnet.Event) error {
	for {
		if err := o.event(event); err != nil || len(o.b) > maxBatch {
			return err
		}
		select {
		case next, ok := <-more:
			if !ok { // the next receive finds that again
				return nil
			}
			event = next
		default:
			return nil
		}
	}
}

// event takes one event. An event without a cursor has no place in the feed and
// no id; a stream resumes as if it had not been there.
func (o *eventWriter) event(event slnet.Event) error {
	start := len(o.b)
	if event.Cursor != 0 {
		o.position = o.position.next(event.Cursor)
		if o.position.cursor == o.delivered.cursor && o.position.n <= o.delivered.n {
			return nil
		}
		o.b = fmt.Appendf(o.b, "id: %d.%d\n", o.position.cursor, o.position.n)
	}
	o.b = append(o.b, "event: "+event.Message.MessageName()+"\ndata: "...)
	b, err := o.form(o.b, event.Message)
	if err != nil {
		// Leaving the event out would be a lost event; the stream ends.
		o.b = o.b[:start]
		return slnet.Errorf(slnet.KindInternal, "the event %s cannot be encoded: %v", event.Message.MessageName(), err)
	}
	o.b = append(b, "\n\n"...)
	return nil
}

// comment is a line that no reader takes for an event: a sign of life.
func (o *eventWriter) comment(text string) { o.b = append(o.b, ": "+text+"\n\n"...) }

// end tells why the daemon ends the stream.
func (o *eventWriter) end(err *slnet.Error) {
	data, _ := json.Marshal(err) // strings only
	o.b = append(o.b, "event: end\ndata: "...)
	o.b = append(append(o.b, data...), "\n\n"...)
}

// flush sends what was taken. Its error means that the caller is gone, or takes
// nothing for too long.
func (o *eventWriter) flush() error {
	if len(o.b) == 0 {
		return nil
	}
	extendWrite(o.w, len(o.b))
	if _, err := o.w.Write(o.b); err != nil {
		return err
	}
	o.b = o.b[:0]
	return http.NewResponseController(o.w).Flush()
}
