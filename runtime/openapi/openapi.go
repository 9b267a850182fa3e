// Package openapi describes the HTTP side of the daemon to those who call it: as
// an OpenAPI document, for programs that make clients, and as a page. Both say what
// the registry of messages and the documentation of the SDK say, and nothing of the
// daemon that serves them.
package openapi

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	"net/http"
	"strings"
	"sync"
	"time"
)

//go:generate sh -c "go run ./describe > openapi.json"

// Paths of what Handler serves.
const (
	DocumentPath = "/openapi.json"
	PagePath     = "/docs"
	StylePath    = "/docs/style.css"
)

//go:embed openapi.json
var document []byte

//go:embed style.css
var style []byte

// Document returns the OpenAPI document. It is the caller's own.
func Document() []byte { return bytes.Clone(document) }

// file is what stands at a path. content makes it when somebody first wants it.
type file struct {
	contentType string
	content     func() []byte
	compressed  func() []byte
}

func newFile(contentType string, content func() []byte) *file {
	content = sync.OnceValue(content)
	return &file{contentType, content, sync.OnceValue(func() []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		w.Write(content())
		w.Close() // writing to memory does not fail
		return b.Bytes()
	})}
}

// Handler serves the document at DocumentPath, and the page at PagePath with its
// style sheet, compressed to those who take that.
func Handler() http.Handler {
	files := map[string]*file{
		DocumentPath: newFile("application/json", func() []byte { return document }),
		PagePath:     newFile("text/html; charset=utf-8", page),
		StylePath:    newFile("text/css; charset=utf-8", func() []byte { return style }),
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := files[r.URL.Path]
		if f == nil {
			http.NotFound(w, r)
			return
		}
		f.serve(w, r)
	})
}

func (f *file) serve(w http.ResponseWriter, r *http.Request) {
	content := f.content()
	header := w.Header()
	header.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		content = f.compressed()
		header.Set("Content-Encoding", "gzip")
	}
	sum := sha256.Sum256(content)
	header.Set("ETag", `"`+hex.EncodeToString(sum[:16])+`"`)
	header.Set("Content-Type", f.contentType)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}
