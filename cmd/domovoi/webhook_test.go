package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"

	"github.com/rogpeppe/go-internal/testscript"
)

// receiver is a server for webhooks. It refuses what comes while it is told to.
type receiver struct {
	mu      sync.Mutex
	refuses bool     // guarded by mu
	got     []string // guarded by mu
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.refuses || err != nil {
		w.WriteHeader(http.StatusServiceUnavailable)
		return
	}
	r.got = append(r.got, fmt.Sprintf("%s %s", request.Header.Get("Domovoi-Signature"), body))
}

type receiverKey struct{}

// receiverCommand starts a receiver, whose URL is then in RECEIVER; has it refuse or
// accept what comes; and says what it got.
func receiverCommand(ts *testscript.TestScript, neg bool, args []string) {
	r, _ := ts.Value(receiverKey{}).(*receiver)
	if r == nil {
		ts.Fatalf("the story has no receiver")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case len(args) == 1 && args[0] == "start" && !neg:
		server := httptest.NewServer(r)
		ts.Defer(server.Close)
		ts.Setenv("RECEIVER", server.URL)
	case len(args) == 1 && args[0] == "refuses":
		r.refuses = !neg
	case len(args) == 2 && args[0] == "got":
		found := false
		for _, text := range r.got {
			found = found || regexp.MustCompile(args[1]).MatchString(text)
		}
		if found == neg {
			ts.Fatalf("the receiver got %q", r.got)
		}
	default:
		ts.Fatalf("usage: receiver start, [!] receiver refuses, [!] receiver got REGEXP")
	}
}
