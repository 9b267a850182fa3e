package slnet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/tinylib/msgp/msgp"
)

// MessageType makes messages of one type for a Registry.
type MessageType struct {
	// New returns an empty message.
	New func() Message
	// Reads says that it is a request that changes nothing, so that it does no harm
	// to send it again where it is not known what became of it.
	Reads bool
}

// Registry knows message types by name, and with them the wire forms of
// messages. A Registry does not change after NewRegistry.
type Registry struct {
	types map[string]MessageType
	names []string
}

// NewRegistry returns a registry of all types of all groups. A name that
// occurs twice is a mistake in the program: NewRegistry panics.
func NewRegistry(groups ...[]MessageType) *Registry {
	r := &Registry{types: make(map[string]MessageType)}
	for _, group := range groups {
		for _, t := range group {
			name := t.New().MessageName()
			if _, ok := r.types[name]; ok {
				panic("slnet: message " + name + " is registered twice")
			}
			r.types[name] = t
			r.names = append(r.names, name)
		}
	}
	slices.Sort(r.names)
	return r
}

// Names returns the names of all messages, sorted.
func (r *Registry) Names() []string { return slices.Clone(r.names) }

// Lookup returns the type of a name.
func (r *Registry) Lookup(name string) (MessageType, bool) {
	t, ok := r.types[name]
	return t, ok
}

// Reads reports whether these messages change nothing.
func (r *Registry) Reads(messages ...Message) bool {
	return !slices.ContainsFunc(messages, func(m Message) bool { return !r.types[m.MessageName()].Reads })
}

// New returns an empty message of the given name, or an error of KindInvalid
// that suggests the nearest names.
func (r *Registry) New(name string) (Message, error) {
	t, ok := r.types[name]
	if !ok {
		return nil, Errorf(KindInvalid, "unknown message type %q%s", name, r.suggest(name))
	}
	return t.New(), nil
}

func (r *Registry) suggest(name string) string {
	var near []string
	for _, n := range r.names {
		if strings.EqualFold(n, name) || (len(name) > 3 && strings.Contains(strings.ToLower(n), strings.ToLower(name))) {
			near = append(near, n)
		}
	}
	if len(near) == 0 || len(near) > 3 {
		return ""
	}
	return "; did you mean " + strings.Join(near, " or ") + "?"
}

// MaxMessages bounds how many messages one call may carry.
const MaxMessages = 10_000

// AppendMessages appends the wire form of messages: a MessagePack array of
// [name, message] pairs.
func AppendMessages(b []byte, messages []Message) ([]byte, error) {
	b = msgp.AppendArrayHeader(b, uint32(len(messages)))
	var err error
	for _, m := range messages {
		b = msgp.AppendArrayHeader(b, 2)
		b = msgp.AppendString(b, m.MessageName())
		if b, err = m.MarshalMsg(b); err != nil {
			return nil, encodeError(m, err)
		}
	}
	return b, nil
}

func encodeError(m Message, err error) error {
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	return Errorf(KindInvalid, "%s cannot be encoded: %v", m.MessageName(), err)
}

// DecodeMessages reads what AppendMessages wrote. Raw parts of the messages
// refer to b, which must not be changed afterwards. Errors are of KindInvalid
// and name the message and the field.
func (r *Registry) DecodeMessages(b []byte) ([]Message, error) {
	return r.decodeMessages(b, math.MaxInt)
}

// DecodeRequests is DecodeMessages for those who do not trust the sender: a
// message cannot make it use much more memory than the message is long.
func (r *Registry) DecodeRequests(b []byte) ([]Message, error) {
	return r.decodeMessages(b, maxContainers)
}

func (r *Registry) decodeMessages(b []byte, containers int) ([]Message, error) {
	if _, err := checkWellFormed(b, containers); err != nil {
		kind := KindInvalid
		if errors.Is(err, errTooMany) || errors.Is(err, errTooDeep) {
			kind = KindTooLarge
		}
		return nil, Errorf(kind, "malformed messages: not MessagePack that can be read: %v", err)
	}
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return nil, Errorf(KindInvalid, "malformed messages: want a MessagePack array of [name, message]: %v", err)
	}
	if n > MaxMessages {
		return nil, Errorf(KindTooLarge, "a call carries %d messages, at most %d are allowed", n, MaxMessages)
	}
	messages := make([]Message, 0, min(int(n), len(b)))
	for i := range n {
		var m Message
		if m, b, err = r.decodeMessage(b); err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		messages = append(messages, m)
	}
	if len(b) != 0 {
		return nil, Errorf(KindInvalid, "malformed messages: %d bytes follow the last message", len(b))
	}
	return messages, nil
}

func (r *Registry) decodeMessage(b []byte) (Message, []byte, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil || n != 2 {
		return nil, nil, Errorf(KindInvalid, "malformed: want [name, message]")
	}
	name, b, err := msgp.ReadStringBytes(b)
	if err != nil {
		return nil, nil, Errorf(KindInvalid, "malformed name: %v", err)
	}
	m, err := r.New(name)
	if err != nil {
		return nil, nil, err
	}
	if b, err = m.UnmarshalMsg(b); err != nil {
		return nil, nil, Errorf(KindInvalid, "%s is malformed: %v", name, err)
	}
	return m, b, nil
}

type jsonMessage struct {
	Type    string          `json:"type"`
	Message json.RawMessage `json:"message,omitempty"`
}

// AppendJSON appends the form for people: a JSON array of
// {"type": name, "message": {...}}.
func AppendJSON(b []byte, messages []Message) ([]byte, error) {
	list := make([]jsonMessage, len(messages))
	for i, m := range messages {
		body, err := json.Marshal(m)
		if err != nil {
			return nil, encodeError(m, err)
		}
		list[i] = jsonMessage{m.MessageName(), body}
	}
	out, err := json.Marshal(list)
	return append(b, out...), err
}

// DecodeJSON reads what AppendJSON wrote. A field the message does not have is
// an error, so that a misspelt name is not silently ignored.
func (r *Registry) DecodeJSON(b []byte) ([]Message, error) {
	var list []jsonMessage
	if err := StrictJSON(b, &list); err != nil {
		return nil, Errorf(KindInvalid, `malformed JSON: want [{"type": ..., "message": {...}}]: %v`, err)
	}
	if len(list) > MaxMessages {
		return nil, Errorf(KindTooLarge, "a call carries %d messages, at most %d are allowed", len(list), MaxMessages)
	}
	messages := make([]Message, len(list))
	for i, j := range list {
		m, err := r.New(j.Type)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i+1, err)
		}
		if len(j.Message) > 0 {
			if err := StrictJSON(j.Message, m); err != nil {
				return nil, fmt.Errorf("message %d: %w", i+1, Errorf(KindInvalid, "%s is malformed: %v", j.Type, err))
			}
		}
		messages[i] = m
	}
	return messages, nil
}

// StrictJSON decodes exactly one JSON value and refuses unknown fields. Its errors
// say at which place of b, or in which member, something is wrong.
func StrictJSON(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return explainJSON(b, err)
	}
	if dec.More() {
		return fmt.Errorf("%s: more follows the value", placeIn(b, dec.InputOffset()+1))
	}
	return nil
}

// explainJSON says where an error of package json is.
func explainJSON(b []byte, err error) error {
	var syntax *json.SyntaxError
	var wrongType *json.UnmarshalTypeError
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("there is nothing")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: it ends there, before the value is complete", placeIn(b, int64(len(b))+1))
	case errors.As(err, &syntax):
		return fmt.Errorf("%s: %v", placeIn(b, syntax.Offset), err)
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return fmt.Errorf("the member %q cannot be a %s", wrongType.Field, wrongType.Value)
	}
	return err
}

// placeIn is the line and column of the byte of a number, from 1 on.
func placeIn(b []byte, number int64) string {
	before := b[:min(max(number-1, 0), int64(len(b)))]
	return fmt.Sprintf("line %d, column %d", 1+bytes.Count(before, []byte{'\n'}), len(before)-bytes.LastIndexByte(before, '\n'))
}
