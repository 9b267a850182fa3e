// Package console is the web console: a program for browsers, built from the
// sources beside it and carried inside the daemon. It has no way of its own into
// the daemon: it signs in, sends messages and listens to events as any caller.
package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:generate sh -c "go run ./typegen > src/daemon/messages.ts"

//go:embed all:dist
var dist embed.FS

// Root is the path below which the console lives.
const Root = "/console/"

// immutable is for files whose name changes with their content.
const immutable = "public, max-age=31536000, immutable"

// assets is the folder of such files.
const assets = "assets/"

// page is the file that stands for all paths of the console that are no file:
// which of its pages is shown is decided in the browser.
const page = "index.html"

// Handler serves the console: at Root and every path below it, and the first
// page at / too. Files are sent compressed to those who take that.
func Handler() http.Handler {
	files, err := load(dist)
	if err != nil {
		panic("console: " + err.Error()) // the files are part of the program
	}
	return files
}

// site are the files by their path below Root.
type site map[string]*file

// file is one file, and once somebody wants it, the same compressed.
type file struct {
	contentType, tag string
	content          []byte
	compressed       func() []byte // nil where that would not help
}

func load(built fs.FS) (site, error) {
	files := make(site)
	root, err := fs.Sub(built, "dist")
	if err != nil {
		return nil, err
	}
	return files, fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, name)
		files[name] = newFile(name, content)
		return err
	})
}

func newFile(name string, content []byte) *file {
	sum := sha256.Sum256(content)
	f := &file{content: content, tag: `W/"` + hex.EncodeToString(sum[:8]) + `"`, contentType: contentTypes[path.Ext(name)]}
	if f.contentType == "" {
		f.contentType = mime.TypeByExtension(path.Ext(name))
	}
	if strings.HasPrefix(f.contentType, "text/") || strings.HasSuffix(f.contentType, "+xml") {
		f.compressed = sync.OnceValue(func() []byte { return compress(content) })
	}
	return f
}

// contentTypes does not leave it to the machine what these are.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8",
	".css":  "text/css; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

func compress(content []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is one it knows
	w.Write(content)
	w.Close()
	return b.Bytes()
}

// ServeHTTP implements http.Handler.
func (s site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(strings.TrimPrefix(r.URL.Path, Root), "/")
	f := s[name]
	header := w.Header()
	switch {
	case f == nil && strings.HasPrefix(name, assets):
		// A page of an earlier version asks for what that had; an answer with the
		// page in its place would be kept as the file.
		http.NotFound(w, r)
		return
	case f == nil:
		f = s[page]
	case strings.HasPrefix(name, assets):
		header.Set("Cache-Control", immutable)
	}
	header.Set("Content-Type", f.contentType)
	header.Set("Vary", "Accept-Encoding")
	header.Set("ETag", f.tag)
	if r.Header.Get("If-None-Match") == f.tag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	content := f.content
	if f.compressed != nil && takesGzip(r) {
		header.Set("Content-Encoding", "gzip")
		content = f.compressed()
	}
	header.Set("Content-Length", strconv.Itoa(len(content)))
	w.WriteHeader(http.StatusOK)
	if r.Method != http.MethodHead {
		w.Write(content)
	}
}

// takesGzip reports whether who asks understands gzip. It need not weigh
// qualities: whoever names gzip with a quality of 0 gets it as it is.
func takesGzip(r *http.Request) bool {
	for _, line := range r.Header["Accept-Encoding"] {
		for coding := range strings.SplitSeq(line, ",") {
			name, quality, _ := strings.Cut(strings.TrimSpace(coding), ";")
			if strings.EqualFold(strings.TrimSpace(name), "gzip") {
				q := strings.TrimPrefix(strings.ReplaceAll(quality, " ", ""), "q=")
				return strings.Trim(q, "0.") != "" || q == ""
			}
		}
	}
	return false
}
