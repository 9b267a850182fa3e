// Package slnet is the waist of Domovoi: everything a person, a program or a
// script can do is a message sent over a Connection, and everything that
// happens is an event a Connection subscribes to. The package holds the
// message contract and registry, the two codecs (MessagePack between programs,
// JSON for people), the error and TraceData types every answer may carry, and
// the messages about scripts, runs, users and the daemon itself. Messages about
// DOM objects live in package dom.
package slnet

import (
	"context"

	"github.com/tinylib/msgp/msgp"
)

//go:generate go -C ../../tools run ./msgpgen -package ../sdk/slnet "ignore Event EventStream Registry MessageType jsonMessage CrudFailedError"

// Message is a request, a response or an event. Implementations are pointers
// to structs with a canonical MessagePack form: the same value always gives the
// same bytes.
type Message interface {
	msgp.Marshaler
	msgp.Unmarshaler
	// MessageName is the name the message has in the registry and on the wire.
	MessageName() string
}

// SendFunc sends messages and returns one response for each, in their order.
// The messages are handled one after the other; the first that fails ends the
// call: the responses of those before it are returned together with an *Error.
// What an object manager finds wrong with an object is not such a failure, it
// stands in the TraceData of the response.
type SendFunc func(ctx context.Context, messages ...Message) ([]Message, error)

// Connection is a caller's access to a daemon. The identity of the caller is
// bound to the connection, never to a message. Scripts, programs, the CLI and
// the daemon's own parts use the same two calls and meet the same checks.
type Connection interface {
	// SendSLNetMessages is a SendFunc.
	SendSLNetMessages(ctx context.Context, messages ...Message) ([]Message, error)
	// Subscribe starts a stream of the events that match the subscription. It
	// ends with ctx, with Close, or with an error that Next reports.
	Subscribe(ctx context.Context, subscription Subscription) (*EventStream, error)
}

// Send1 sends one message over send and returns its response.
func Send1(ctx context.Context, send SendFunc, message Message) (Message, error) {
	responses, err := send(ctx, message)
	if err != nil {
		return nil, err
	}
	if len(responses) != 1 {
		return nil, Errorf(KindInternal, "%s: got %d responses to one message", message.MessageName(), len(responses))
	}
	return responses[0], nil
}

// UnexpectedResponse is the error for a response of the wrong type.
func UnexpectedResponse(request, response Message) error {
	name := "nothing"
	if response != nil {
		name = response.MessageName()
	}
	return Errorf(KindInternal, "%s was answered with %s", request.MessageName(), name)
}

// Raw is an object in its canonical MessagePack form, carried through without
// being decoded.
type Raw = msgp.Raw
