package api

import (
	"mime"
	"net/http"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// form is one of the wire forms of a call; the reply has the form of the call.
type form struct {
	contentType string
	decode      func(r *slnet.Registry, b []byte) ([]slnet.Message, error)
	appendReply func(b []byte, responses []slnet.Message, err error) ([]byte, error)
}

var (
	messagePack = &form{"application/msgpack", decodeMessagePack, slnet.AppendReply}
	jsonForm    = &form{"application/json", decodeJSON, slnet.AppendReplyJSON}
)

func decodeMessagePack(r *slnet.Registry, b []byte) ([]slnet.Message, error) {
	return r.DecodeRequests(b)
}

func decodeJSON(r *slnet.Registry, b []byte) ([]slnet.Message, error) {
	if err := checkJSON(b); err != nil {
		return nil, err
	}
	return r.DecodeJSON(b)
}

// formOf returns the form the request's body has, nil when it has none of ours.
func formOf(r *http.Request) *form {
	if len(r.Header["Content-Type"]) > 1 {
		return nil
	}
	contentType := r.Header.Get("Content-Type")
	if contentType == messagePack.contentType {
		return messagePack
	}
	mediaType, _, err := mime.ParseMediaType(contentType)
	switch {
	case err != nil:
		return nil
	case mediaType == messagePack.contentType:
		return messagePack
	case mediaType == jsonForm.contentType:
		return jsonForm
	}
	return nil
}

// replyForm is the form to answer in: that of the request, JSON when the
// request has none of ours.
func replyForm(r *http.Request) *form {
	if f := formOf(r); f != nil {
		return f
	}
	return jsonForm
}

// checkEncoding refuses a body that is compressed.
func checkEncoding(r *http.Request) *slnet.Error {
	for _, encoding := range list(r.Header["Content-Encoding"]) {
		if encoding != "" && encoding != "identity" {
			return slnet.Errorf(slnet.KindInvalid, "a body with Content-Encoding %.20q is not understood; send it as it is", encoding)
		}
	}
	return nil
}

// checkContent refuses a body that is not in one of the forms wanted.
func checkContent(r *http.Request, wanted ...*form) *slnet.Error {
	if err := checkEncoding(r); err != nil {
		return err
	}
	f := formOf(r)
	names := ""
	for i, want := range wanted {
		if f == want {
			return nil
		}
		if i > 0 {
			names += " or "
		}
		names += want.contentType
	}
	return slnet.Errorf(slnet.KindInvalid, "the Content-Type is %.100q, want %s", strings.Join(r.Header["Content-Type"], ", "), names)
}
