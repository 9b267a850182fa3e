package slnet

import (
	"encoding/json"

	"github.com/tinylib/msgp/msgp"
)

// AppendReply appends the wire form of the answer to a call: a MessagePack
// array of the responses, in the form of AppendMessages, and of the error that
// ended the call, nil where it succeeded. An error from elsewhere is written as
// one of KindInternal with its whole text; who must not show that text replaces
// it before. When a response cannot be encoded, b is returned as it was.
func AppendReply(b []byte, responses []Message, err error) ([]byte, error) {
	out, encodeErr := AppendMessages(msgp.AppendArrayHeader(b, 2), responses)
	if encodeErr != nil {
		return b, encodeErr
	}
	if err == nil {
		return msgp.AppendNil(out), nil
	}
	e, _ := AsError(err)
	return e.MarshalMsg(out)
}

// DecodeReply reads what AppendReply wrote: the responses, and the *Error that
// ended the call. A reply that cannot be read is an error of KindInternal, for
// the mistake is not the caller's. Raw parts of the responses refer to b, which
// must not be changed afterwards.
func (r *Registry) DecodeReply(b []byte) ([]Message, error) {
	n, b, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil || n != 2 {
		return nil, Errorf(KindInternal, "malformed reply: want [responses, error]")
	}
	rest, err := msgp.Skip(b)
	if err != nil {
		return nil, Errorf(KindInternal, "malformed reply: responses: %v", err)
	}
	responses, err := r.DecodeMessages(b[:len(b)-len(rest)])
	if err != nil {
		return nil, Errorf(KindInternal, "malformed reply: %v", err)
	}
	var failure *Error
	if msgp.IsNil(rest) {
		rest, err = msgp.ReadNilBytes(rest)
	} else {
		failure = new(Error)
		rest, err = failure.UnmarshalMsg(rest)
	}
	switch {
	case err != nil:
		return nil, Errorf(KindInternal, "malformed reply: error: %v", err)
	case len(rest) != 0:
		return nil, Errorf(KindInternal, "malformed reply: %d bytes follow the error", len(rest))
	case failure != nil:
		return responses, failure
	}
	return responses, nil
}

// jsonReply is the form of a reply for people. Responses are left out only when
// there is an error and nothing was answered before it.
type jsonReply struct {
	Responses json.RawMessage `json:"responses,omitempty"`
	Error     *Error          `json:"error,omitempty"`
}

// AppendReplyJSON appends the form of a reply for people:
//
//	{"responses": [{"type": name, "message": {...}}], "error": {"Kind": ..., "Reason": ..., "Message": ...}}
//
// Like AppendReply it writes the whole text of any error.
func AppendReplyJSON(b []byte, responses []Message, err error) ([]byte, error) {
	var reply jsonReply
	if err != nil {
		reply.Error, _ = AsError(err)
	}
	if err == nil || len(responses) > 0 {
		var encodeErr error
		if reply.Responses, encodeErr = AppendJSON(nil, responses); encodeErr != nil {
			return b, encodeErr
		}
	}
	out, encodeErr := json.Marshal(reply)
	return append(b, out...), encodeErr
}

// DecodeReplyJSON reads what AppendReplyJSON wrote, with the results of
// DecodeReply.
func (r *Registry) DecodeReplyJSON(b []byte) ([]Message, error) {
	var reply jsonReply
	if err := StrictJSON(b, &reply); err != nil {
		return nil, Errorf(KindInternal, "malformed reply: %v", err)
	}
	var responses []Message
	if len(reply.Responses) > 0 {
		var err error
		if responses, err = r.DecodeJSON(reply.Responses); err != nil {
			return nil, Errorf(KindInternal, "malformed reply: %v", err)
		}
	}
	if reply.Error != nil {
		return responses, reply.Error
	}
	return responses, nil
}
