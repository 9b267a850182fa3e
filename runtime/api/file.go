package api

import (
	"io"
	"mime"
	"net/http"
	"strconv"
	"time"

	"domovoi.dev/sdk/slnet"
)

// File is a file that is sent as the body of an answer. It is closed afterwards.
type File struct {
	io.ReadSeekCloser
	Name   string
	Size   int64  // in bytes
	SHA256 string // in hexadecimal digits
	// Changed is when it was attached.
	Changed time.Time
}

// fileType is the content type of files of which nothing is known. No browser
// shows it.
const fileType = "application/octet-stream"

func (f *File) etag() string { return `"` + f.SHA256 + `"` }

// sendFile writes an answer with a file as its body, or parts of it if those are
// asked for. What was said of it in a header stays.
func (e *edge) sendFile(w http.ResponseWriter, r *http.Request, status int, contentType string, file *File) {
	header := w.Header()
	header.Set("Content-Type", contentType)
	for name, value := range map[string]string{
		"ETag": file.etag(), "Content-Disposition": mime.FormatMediaType("attachment", map[string]string{"filename": file.Name}),
	} {
		if header.Get(name) == "" {
			header.Set(name, value)
		}
	}
	extendWrite(w, int(file.Size))
	if status == http.StatusOK && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		http.ServeContent(&partWriter{ResponseWriter: w, edge: e, request: r}, r, "", file.Changed, file)
		return
	}
	header.Set("Content-Length", strconv.FormatInt(file.Size, 10))
	w.WriteHeader(status)
	io.Copy(w, file) // who reads it sees where it ends too early
}

// partWriter gives what http.ServeContent refuses the form of all errors.
type partWriter struct {
	http.ResponseWriter
	edge    *edge
	request *http.Request
	refused bool
}

// Unwrap is for http.ResponseController.
func (p *partWriter) Unwrap() http.ResponseWriter { return p.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (p *partWriter) WriteHeader(status int) {
	var err *slnet.Error
	switch status {
	case http.StatusRequestedRangeNotSatisfiable:
		err = slnet.Errorf(slnet.KindInvalid, "the file has none of the bytes that Range asks for: %.100q", p.request.Header.Get("Range"))
	case http.StatusPreconditionFailed:
		err = slnet.Errorf(slnet.KindConflict, "the file is not, or no longer, the one that If-Match or If-Unmodified-Since asks for")
	default:
		p.ResponseWriter.WriteHeader(status)
		return
	}
	p.refused = true
	p.Header().Del("Content-Disposition")
	p.edge.fail(p.ResponseWriter, p.request, status, err)
}

// Write implements http.ResponseWriter.
func (p *partWriter) Write(b []byte) (int, error) {
	if p.refused {
		return len(b), nil
	}
	return p.ResponseWriter.Write(b)
}
