package api

import (
	"context"
	"errors"
	"io"
	"math"
	"net/http"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// attachmentsPath is below which attached files are, by module, id of the
// instance, and name.
const attachmentsPath = "/attachments/"

// Attachments is what a Connection does besides where attached files can pass
// through it without being held in memory. The rights of its user decide, as they
// do for the messages.
type Attachments interface {
	// OpenAttachment answers the request with the content as a file.
	OpenAttachment(ctx context.Context, request *dom.AttachmentGetRequest) (*File, error)
	// PutAttachment carries the request out with content in place of its data, and
	// returns the SHA-256 of it in hexadecimal digits. size is how many bytes there
	// will be, or negative where that is not known. What is refused by the request
	// or the size is refused before anything is read. The error of reading may be
	// in its error. created is false where a file of that name was replaced.
	PutAttachment(ctx context.Context, request *dom.AttachmentAddRequest, size int64, content io.Reader) (sha256 string, created bool, err error)
}

// attachment is /attachments/{module}/{instance}/{name}: GET sends an attached
// file, or parts of it, PUT attaches the body.
func (e *edge) attachment(w http.ResponseWriter, r *http.Request, c *caller) {
	files, ok := c.Connection.(Attachments)
	parts := strings.Split(strings.TrimPrefix(r.URL.Path, attachmentsPath), "/")
	if !ok || len(parts) != 3 {
		e.reply(w, r, nil, slnet.Errorf(slnet.KindNotFound,
			"there is nothing at %.200q; attached files are at %s{module}/{id of the instance}/{name}", r.URL.Path, attachmentsPath))
		return
	}
	id, err := dom.ParseInstanceID(parts[1])
	if err == nil && r.URL.RawQuery != "" {
		err = slnet.Errorf(slnet.KindInvalid, "%s takes no query parameters", attachmentsPath)
	}
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	if r.Method == http.MethodPut {
		e.putAttachment(w, r, files, &dom.AttachmentAddRequest{ModuleID: parts[0], DomInstanceID: id, FileName: parts[2]})
		return
	}
	e.getAttachment(w, r, files, &dom.AttachmentGetRequest{ModuleID: parts[0], DomInstanceID: id, FileName: parts[2]})
}

// getAttachment sends a file. A browser saves it and does not show it, whatever is
// in it; it may keep it if it asks each time whether it still may.
func (e *edge) getAttachment(w http.ResponseWriter, r *http.Request, files Attachments, request *dom.AttachmentGetRequest) {
	file, err := files.OpenAttachment(r.Context(), request)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	defer file.Close()
	w.Header().Set("Cache-Control", "private, no-cache")
	e.sendFile(w, r, http.StatusOK, fileType, file)
}

// partialPut are headers that make of a PUT another request than one that replaces
// the whole file, whatever is there. To leave them unread would do what was not
// asked for.
var partialPut = []string{"Content-Range", "If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"}

// putAttachment attaches the body of a request while it arrives.
func (e *edge) putAttachment(w http.ResponseWriter, r *http.Request, files Attachments, request *dom.AttachmentAddRequest) {
	if err := checkEncoding(r); err != nil {
		e.fail(w, r, http.StatusUnsupportedMediaType, err)
		return
	}
	for _, name := range partialPut {
		if r.Header.Get(name) != "" {
			e.reply(w, r, nil, slnet.Errorf(slnet.KindInvalid, "a PUT of an attachment replaces the whole file; it takes no header %s", name))
			return
		}
	}
	body := newPacedReader(w, r, math.MaxInt64) // files knows the limit
	sum, created, err := files.PutAttachment(r.Context(), request, r.ContentLength, body)
	if refused := body.end(r.Context()); refused != nil && !errors.Is(err, slnet.KindTooLarge) {
		e.fail(w, r, refused.status, refused.err)
		return
	}
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	extendWrite(w, 0)
	w.Header().Set("ETag", `"`+sum+`"`)
	if created {
		w.WriteHeader(http.StatusCreated)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}
