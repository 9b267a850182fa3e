package client

import (
	"bufio"
	"bytes"
	"io"

	"domovoi.dev/sdk/slnet"
)

// maxEvent bounds the lines of an event stream.
const maxEvent = 256 << 20

// rawEvent is one server-sent event.
type rawEvent struct {
	id, name string
	data     []byte // valid until the next event is read
}

// eventReader reads server-sent events, in the part of their form that a daemon
// uses: each of id, event and data at most once.
type eventReader struct {
	lines *bufio.Reader
	alive func() // called for each line, also those that are only signs of life
	line  []byte // a line that does not fit into the buffer of lines
	data  []byte // of the event last returned
}

func newEventReader(r io.Reader, alive func()) *eventReader {
	return &eventReader{lines: bufio.NewReaderSize(r, 64<<10), alive: alive}
}

// next returns the next event. An event that was cut by the end of the stream
// is not returned.
func (r *eventReader) next() (rawEvent, error) {
	var event rawEvent
	for {
		line, err := r.readLine()
		if err != nil {
			return rawEvent{}, err
		}
		r.alive()
		if len(line) == 0 {
			if event.name != "" {
				return event, nil
			}
			event = rawEvent{}
			continue
		}
		field, value, _ := bytes.Cut(line, []byte(":"))
		value = bytes.TrimPrefix(value, []byte(" "))
		switch string(field) {
		case "id":
			event.id = string(value)
		case "event":
			event.name = string(value)
		case "data":
			r.data = append(r.data[:0], value...)
			event.data = r.data
		}
	}
}

// readLine returns the next line without its end, valid until the next call.
func (r *eventReader) readLine() ([]byte, error) {
	r.line = r.line[:0]
	for {
		piece, err := r.lines.ReadSlice('\n')
		if err == nil && len(r.line) == 0 {
			return piece[:len(piece)-1], nil
		}
		r.line = append(r.line, piece...)
		switch {
		case err == nil:
			return r.line[:len(r.line)-1], nil
		case err != bufio.ErrBufferFull:
			return nil, err
		case len(r.line) > maxEvent:
			return nil, slnet.Errorf(slnet.KindTooLarge, "an event is larger than %d bytes", maxEvent)
		}
	}
}
