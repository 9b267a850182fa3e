package api_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
)

// pipes is a listener whose connections have no network and no buffers between
// their ends, so that whoever does not read holds the other up.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error   { close(p.closed); return nil }
func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes", Net: "unix"} }

func (p *pipes) dial() net.Conn {
	ours, theirs := net.Pipe()
	p.conns <- theirs
	return ours
}

// servePipes runs an edge as the daemon does, for use in a bubble of synctest.
func servePipes(t *testing.T, most int) (*apitest.House, *pipes) {
	house := apitest.NewHouse()
	options := house.Options()
	options.Logger = slog.New(slog.DiscardHandler)
	server := api.NewServer(api.New(options), api.ServerOptions{MaxConnections: most, Logger: options.Logger})
	p := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
	go server.Serve(p)
	t.Cleanup(func() { server.Close() })
	return house, p
}

// say writes to a connection that may be closed meanwhile.
func say(conn net.Conn, text string) { go io.WriteString(conn, text) }

// ends waits until the other side closes the connection, and returns what it
// said and how long that took.
func ends(conn net.Conn) (string, time.Duration) {
	began := time.Now()
	b, _ := io.ReadAll(conn)
	return string(b), time.Since(began)
}

// TestStallingPeersAreCutOff: whatever a peer begins and does not go on with,
// its connection ends.
func TestStallingPeersAreCutOff(t *testing.T) {
	const (
		token = "Authorization: Bearer " + apitest.Secret + "\r\n"
		typed = "Content-Type: application/json\r\n"
	)
	for _, test := range []struct {
		name, sends, answer string
		within              time.Duration
	}{
		{"nothing", "", "", 11 * time.Second},
		{"half a header", "GET /healthz HTTP/1.1\r\nHost: x\r\n", "", 11 * time.Second},
		{"no body", "POST /slnet HTTP/1.1\r\nHost: x\r\n" + token + typed + "Content-Length: 100\r\n\r\n", "408 Request Timeout", 31 * time.Second},
		{"half a body", "POST /slnet HTTP/1.1\r\nHost: x\r\n" + token + typed + "Content-Length: 100\r\n\r\n[", "408 Request Timeout", 31 * time.Second},
		{"half a chunk", "POST /slnet HTTP/1.1\r\nHost: x\r\n" + token + typed + "Transfer-Encoding: chunked\r\n\r\n5\r\n[", "408 Request Timeout", 31 * time.Second},
		{"login without a body", "POST /login HTTP/1.1\r\nHost: x\r\n" + typed + "Content-Length: 100\r\n\r\n", "408 Request Timeout", 31 * time.Second},
		{"a body nobody asked for", "POST /slnet HTTP/1.1\r\nHost: x\r\n" + typed + "Content-Length: 100\r\n\r\n", "401 Unauthorized", 6 * time.Second},
		{"a body for a GET", "GET /healthz HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n", "400 Bad Request", 6 * time.Second},
		{"no second request", "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK", 121 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p := servePipes(t, 0)
				conn := p.dial()
				say(conn, test.sends)
				answer, took := ends(conn)
				if !strings.HasPrefix(answer, strings.TrimSuffix("HTTP/1.1 "+test.answer, "HTTP/1.1 ")) {
					t.Errorf("got %q, want %s", answer, test.answer)
				}
				if took > test.within {
					t.Errorf("it took %s, want at most %s", took, test.within)
				}
			})
		})
	}
}

// TestSlowBodies: a body may take its time as long as it keeps coming, and not
// as long as it likes.
func TestSlowBodies(t *testing.T) {
	for _, test := range []struct {
		name   string
		rate   int // bytes a second
		status string
	}{
		{"slow", 100 << 10, "200 OK"},
		{"a trickle", 10, "408 Request Timeout"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				_, p := servePipes(t, 0)
				conn := p.dial()
				done := make(chan struct{})
				defer close(done)
				body := whoAmI + strings.Repeat(" ", 8<<20)
				go func() {
					fmt.Fprintf(conn, "POST /slnet HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n",
						apitest.Secret, len(body))
					for at := 0; at < len(body); at += test.rate {
						if _, err := io.WriteString(conn, body[at:min(at+test.rate, len(body))]); err != nil {
							return
						}
						select {
						case <-time.After(time.Second):
						case <-done:
							return
						}
					}
				}()
				answer, took := ends(conn)
				if !strings.HasPrefix(answer, "HTTP/1.1 "+test.status) {
					t.Errorf("after %s got %.100q, want %s", took, answer, test.status)
				}
			})
		})
	}
}

// TestListenerThatTakesNothingIsCutOff: a stream whose reader is stuck ends, and
// everything that served it with it; the bubble waits for that.
func TestListenerThatTakesNothingIsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		house, p := servePipes(t, 0)
		conn := p.dial()
		say(conn, "GET /slnet/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+apitest.Secret+"\r\n\r\n")
		reader := bufio.NewReader(conn)
		response, err := http.ReadResponse(reader, nil)
		if err != nil || response.StatusCode != 200 {
			t.Fatalf("got %v, %v", response, err)
		}
		began := time.Now()
		house.Commit(info(strings.Repeat("x", 1<<20)))
		<-house.Unsubscribed
		if took := time.Since(began); took < 10*time.Second || took > 2*time.Minute {
			t.Errorf("the stream ended after %s, want some 45 s", took)
		}
		if _, err := io.Copy(io.Discard, reader); err != nil {
			t.Errorf("the connection is not closed: %v", err)
		}
	})
}

// TestIdleConnectionsKeepNobodyOut: with all connections taken, the one that has
// waited for the longest makes room; one at work does not.
func TestIdleConnectionsKeepNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, p := servePipes(t, 2)
		working := p.dial()
		say(working, "GET /slnet/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+apitest.Secret+"\r\n\r\n")
		if _, err := http.ReadResponse(bufio.NewReader(working), nil); err != nil {
			t.Fatal(err)
		}
		idle := p.dial()
		synctest.Wait()
		late := p.dial()
		if _, took := ends(idle); took > 0 {
			t.Errorf("the idle connection was closed after %s, want at once", took)
		}
		say(late, "GET /slnet/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+apitest.Secret+"\r\n\r\n")
		if response, err := http.ReadResponse(bufio.NewReader(late), nil); err != nil || response.StatusCode != 200 {
			t.Errorf("the late connection: got %v, %v", response, err)
		}
		if _, took := ends(p.dial()); took > 0 {
			t.Errorf("the one too many was closed after %s, want at once", took)
		}
	})
}
