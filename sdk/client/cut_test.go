package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// wire is a way to a server that cuts its first connections: each after so many
// bytes in the one direction or the other.
type wire struct {
	conns    chan net.Conn
	closed   chan struct{}
	cuts     atomic.Int32 // how many connections are still to be cut
	up, down int          // bytes that pass before; negative for all
	refuse   bool         // refuse those connections instead
}

func (w *wire) Accept() (net.Conn, error) {
	select {
	case conn := <-w.conns:
		return conn, nil
	case <-w.closed:
		return nil, net.ErrClosed
	}
}

func (w *wire) Close() error   { close(w.closed); return nil }
func (w *wire) Addr() net.Addr { return &net.UnixAddr{Name: "wire", Net: "unix"} }

func (w *wire) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	cut := w.cuts.Add(-1) >= 0
	if cut && w.refuse {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	ours, theirs := net.Pipe()
	select {
	case w.conns <- theirs:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if !cut {
		return ours, nil
	}
	return &cutConn{Conn: ours, up: w.up, down: w.down}, nil
}

// cutConn ends after so many bytes.
type cutConn struct {
	net.Conn
	mu       sync.Mutex
	up, down int // guarded by mu: bytes that still pass
}

// pass returns how many of n bytes pass, and counts them.
func (c *cutConn) pass(left *int, n int) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *left >= 0 {
		n = min(n, *left)
		*left -= n
	}
	return n
}

func (c *cutConn) Write(b []byte) (int, error) {
	n := c.pass(&c.up, len(b))
	if n > 0 {
		if written, err := c.Conn.Write(b[:n]); err != nil {
			return written, err
		}
	}
	if n < len(b) {
		c.Close()
		return n, syscall.ECONNRESET
	}
	return n, nil
}

func (c *cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if passed := c.pass(&c.down, n); passed < n {
		c.Close()
		return passed, syscall.ECONNRESET
	}
	return n, err
}

// over runs a client over a wire to a fresh house, in a bubble in which waiting costs
// nothing.
func over(t *testing.T, w *wire, cuts int, test func(t *testing.T, house *apitest.House, c *client.Client)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		house := apitest.NewHouse()
		options := house.Options()
		options.Logger = slog.New(slog.DiscardHandler)
		w.conns, w.closed = make(chan net.Conn), make(chan struct{})
		w.cuts.Store(int32(cuts))
		server := api.NewServer(api.New(options), api.ServerOptions{Logger: options.Logger})
		go server.Serve(w)
		defer server.Close()
		c, err := client.DialWith(client.Options{Token: apitest.Secret, RetryFor: time.Minute}, w.dial)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		test(t, house, c)
	})
}

// step is how far apart the places are at which connections are cut.
func step() int {
	if os.Getenv("DOMOVOI_STRESS") != "" {
		return 1
	}
	return 13
}

// TestSubscriptionCutAnywhere cuts the connection of a subscription at each byte of
// what it sends and gets, twice in a row; every event comes once, in order.
func TestSubscriptionCutAnywhere(t *testing.T) {
	want := fmt.Sprint([]string{"1 a", "1 b", "2 c", "3 d", "3 e", "3 f"})
	try := func(w *wire) {
		over(t, w, 2, func(t *testing.T, house *apitest.House, c *client.Client) {
			house.Commit(info("a"), info("b"))
			house.Commit(info("c"))
			house.Commit(info("d"), info("e"), info("f"))
			start := slnet.Cursor(0)
			var s *slnet.EventStream
			var err error
			for range 3 { // whoever cannot begin is told so
				if s, err = c.Subscribe(t.Context(), slnet.Subscription{SetID: "set", After: &start}); err == nil {
					break
				}
				if !errors.Is(err, slnet.KindUnavailable) {
					t.Fatalf("cut after %d up, %d down: %v", w.up, w.down, err)
				}
			}
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if got := fmt.Sprint(texts(t, s, 6)); got != want {
				t.Errorf("cut after %d up, %d down: got %s, want %s", w.up, w.down, got, want)
			}
		})
	}
	for at := 0; at < 300; at += step() {
		try(&wire{up: at, down: -1})
	}
	for at := 0; at < 2200; at += step() {
		try(&wire{up: -1, down: at})
	}
}

// TestCallCutAnywhere cuts the connection of a call at each byte: one that only reads
// succeeds nevertheless; one that changes something is carried out once at most.
func TestCallCutAnywhere(t *testing.T) {
	try := func(w *wire) {
		at := fmt.Sprintf("cut after %d up, %d down", w.up, w.down)
		over(t, w, 2, func(t *testing.T, _ *apitest.House, c *client.Client) {
			if _, err := c.SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{}); err != nil {
				t.Errorf("%s, a call that reads: %v", at, err)
			}
		})
		over(t, w, 1, func(t *testing.T, house *apitest.House, c *client.Client) {
			_, err := c.SendSLNetMessages(t.Context(), &slnet.GenerateInformationMessage{Text: "x"})
			if err != nil && !errors.Is(err, slnet.KindUnavailable) {
				t.Errorf("%s: %v", at, err)
			}
			done := house.Commit() - 1
			if done > 1 || err == nil && done != 1 {
				t.Errorf("%s: carried out %d times, and the caller was told %v", at, done, err)
			}
		})
	}
	for at := 0; at < 300; at += step() {
		try(&wire{up: at, down: -1})
	}
	for at := 0; at < 600; at += step() {
		try(&wire{up: -1, down: at})
	}
}

// TestRefusedConnectionsAreTriedAgain: a call that nobody has got is sent again,
// whatever it does, until its time is over.
func TestRefusedConnectionsAreTriedAgain(t *testing.T) {
	over(t, &wire{refuse: true}, 5, func(t *testing.T, house *apitest.House, c *client.Client) {
		if _, err := c.SendSLNetMessages(t.Context(), &slnet.GenerateInformationMessage{Text: "x"}); err != nil {
			t.Error(err)
		}
		if done := house.Commit() - 1; done != 1 {
			t.Errorf("carried out %d times", done)
		}
	})
	over(t, &wire{refuse: true}, 1_000_000, func(t *testing.T, _ *apitest.House, c *client.Client) {
		began := time.Now()
		_, err := c.SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{})
		if took := time.Since(began); !errors.Is(err, slnet.KindUnavailable) || took < 30*time.Second || took > time.Minute {
			t.Errorf("nobody is ever there: %v after %s, want Unavailable within a minute", err, took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.SendSLNetMessages(ctx, &slnet.WhoAmIMessage{}); !errors.Is(err, slnet.KindTimeout) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("the context ends earlier: %v, want a timeout", err)
		}
	})
}

// TestRetryAfter: who is told when to come again comes again then.
func TestRetryAfter(t *testing.T) {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		_, server, _ := start(t)
		var count atomic.Int32
		busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if count.Add(1) == 1 {
				w.Header().Set("Retry-After", "0")
				w.WriteHeader(status)
				return
			}
			server.Config.Handler.ServeHTTP(w, r)
		}))
		defer busy.Close()
		c, err := client.Dial(client.Options{Address: busy.URL, Token: apitest.Secret, RetryFor: 20 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.SendSLNetMessages(t.Context(), &slnet.GenerateInformationMessage{Text: "x"}); err != nil || count.Load() != 2 {
			t.Errorf("%d: %v after %d requests", status, err, count.Load())
		}
	}
}
