package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// start runs an edge on a fresh house and dials it.
func start(t *testing.T) (*apitest.House, *httptest.Server, *client.Client) {
	t.Helper()
	house := apitest.NewHouse()
	options := house.Options()
	options.Logger = slog.New(slog.NewTextHandler(io.Discard, nil))
	server := httptest.NewServer(api.New(options))
	t.Cleanup(server.Close)
	return house, server, dial(t, server.URL, apitest.Secret)
}

func dial(t *testing.T, address, token string) *client.Client {
	t.Helper()
	c, err := client.Dial(client.Options{Address: address, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestSendSLNetMessages(t *testing.T) {
	_, _, c := start(t)
	responses, err := c.SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{}, &slnet.WhoAmIMessage{})
	if err != nil || len(responses) != 2 || responses[1].(*slnet.WhoAmIResponse).User.Name != "ann" {
		t.Errorf("got %v, %v, want ann twice", responses, err)
	}
	responses, err = c.SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{}, &slnet.GetScriptMessage{Name: "x"}, &slnet.WhoAmIMessage{})
	if len(responses) != 1 {
		t.Errorf("got %v, want the one response before the failure", responses)
	}
	if !errors.Is(err, slnet.KindNotFound) || !errors.Is(err, slnet.Reason("ScriptNotFound")) {
		t.Errorf("got %v, want NotFound with its reason", err)
	}
	if _, err := c.SendSLNetMessages(t.Context(), &slnet.UploadMessage{Data: make([]byte, slnet.MaxUploadPiece)}); err != nil {
		t.Errorf("a large message: %v", err)
	}
	if _, err := c.SendSLNetMessages(t.Context(), &slnet.UploadMessage{Data: make([]byte, api.DefaultMaxBody)}); !errors.Is(err, slnet.KindTooLarge) {
		t.Errorf("a message beyond the limit: got %v, want TooLarge", err)
	}
}

func TestCancelReachesTheDaemon(t *testing.T) {
	house, _, c := start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := c.SendSLNetMessages(ctx, &slnet.ExecuteScriptMessage{ScriptName: "slow"})
	if !errors.Is(err, slnet.KindTimeout) || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a timeout", err)
	}
	select {
	case <-house.Ended:
	case <-time.After(10 * time.Second):
		t.Error("the call goes on although the caller has given up")
	}
}

func TestErrors(t *testing.T) {
	_, server, _ := start(t)
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "the <b>other</b> program", http.StatusTeapot)
	}))
	defer other.Close()
	cutting := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	defer cutting.Close()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	for _, test := range []struct {
		name, address, token string
		kind                 slnet.Kind
		says                 string
	}{
		{"no token", server.URL, "", slnet.KindUnauthenticated, "no token"},
		{"wrong token", server.URL, "other", slnet.KindUnauthenticated, "not valid"},
		{"nobody there", free.Addr().String(), "x", slnet.KindUnavailable, free.Addr().String()},
		{"somebody else there", other.URL, "x", slnet.KindInternal, "not a Domovoi daemon"},
		{"cut off", cutting.URL, "x", slnet.KindUnavailable, "may have been carried out"},
		{"unknown host", "nowhere.invalid:1", "x", slnet.KindUnavailable, "nowhere.invalid"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := dial(t, test.address, test.token)
			_, callErr := c.SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{})
			_, subscribeErr := c.Subscribe(t.Context(), slnet.Subscription{})
			for _, err := range []error{callErr, subscribeErr} {
				var failure *slnet.Error
				if !errors.As(err, &failure) || failure.Kind != test.kind || !strings.Contains(failure.Message, test.says) {
					t.Errorf("got %v, want %s that says %q", err, test.kind, test.says)
				}
			}
		})
	}
}

func TestDialChecksItsOptions(t *testing.T) {
	for _, address := range []string{"", "localhost:1", "http://localhost:1/", "https://[::1]:1"} {
		if _, err := client.Dial(client.Options{Address: address}); err != nil {
			t.Errorf("%q: %v", address, err)
		}
	}
	for _, address := range []string{"ftp://x", "http://", "http://x/path", "http://u:p@x", "http://x?q", ":", "a b"} {
		if _, err := client.Dial(client.Options{Address: address}); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%q: got %v, want Invalid", address, err)
		}
	}
	if _, err := client.Dial(client.Options{Token: "two\nlines"}); !errors.Is(err, slnet.KindUnauthenticated) {
		t.Errorf("a token of two lines: got %v, want Unauthenticated", err)
	}
}

func TestLogin(t *testing.T) {
	_, server, _ := start(t)
	c := dial(t, server.URL, "")
	token, err := c.Login(t.Context(), "ann", apitest.Password)
	if err != nil || token.Secret != apitest.Secret || token.Token.User != "ann" {
		t.Errorf("got %+v, %v, want a token", token, err)
	}
	if _, err := c.Login(t.Context(), "ann", "wrong"); !errors.Is(err, slnet.KindUnauthenticated) {
		t.Errorf("wrong password: got %v, want Unauthenticated", err)
	}
}

func TestConnectionsAreReused(t *testing.T) {
	var mu sync.Mutex
	opened := 0
	house := apitest.NewHouse()
	server := httptest.NewUnstartedServer(api.New(house.Options()))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			mu.Lock()
			defer mu.Unlock()
			opened++
		}
	}
	server.Start()
	defer server.Close()
	c := dial(t, server.URL, apitest.Secret)
	for range 50 {
		if _, err := c.SendSLNetMessages(t.Context(), &slnet.WhoAmIMessage{}); err != nil {
			t.Fatal(err)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if opened != 1 {
		t.Errorf("got %d connections for 50 calls one after the other, want 1", opened)
	}
}

func info(text string) slnet.Message { return &slnet.InformationEventMessage{Text: text} }

// texts takes n events and returns their cursors and texts.
func texts(t *testing.T, s *slnet.EventStream, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	var got []string
	for range n {
		event, err := s.Next(ctx)
		if err != nil {
			t.Fatalf("after %v: %v", got, err)
		}
		if event.SetID != "set" {
			t.Errorf("got the set id %q, want set", event.SetID)
		}
		got = append(got, fmt.Sprintf("%d %s", event.Cursor, event.Message.(*slnet.InformationEventMessage).Text))
	}
	return got
}

func TestSubscribe(t *testing.T) {
	house, _, c := start(t)
	house.Commit(info("before"))
	s, err := c.Subscribe(t.Context(), slnet.Subscription{SetID: "set", Events: []string{"InformationEventMessage"}})
	if err != nil {
		t.Fatal(err)
	}
	house.Commit(&slnet.RunChangedEventMessage{})
	house.Commit(info("one"), info("two"))
	if got, want := fmt.Sprint(texts(t, s, 2)), "[3 one 3 two]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	short, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := s.Next(short); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("nothing happens: got %v, want the error of the context", err)
	}
	house.Commit(info("three"))
	if got, want := fmt.Sprint(texts(t, s, 1)), "[4 three]"; got != want {
		t.Errorf("after a Next that was given up: got %s, want %s", got, want)
	}
	s.Close()
	s.Close()
	if _, err := s.Next(t.Context()); !errors.Is(err, slnet.KindCanceled) {
		t.Errorf("after Close: got %v, want Canceled", err)
	}
}

// TestBrokenStreamResumes breaks the connection again and again; every event
// comes once, in order.
func TestBrokenStreamResumes(t *testing.T) {
	house, server, c := start(t)
	s, err := c.Subscribe(t.Context(), slnet.Subscription{SetID: "set"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	server.CloseClientConnections() // before the first event
	n := 0
	for round := range 5 {
		var want []string
		for range 3 {
			cursor := house.Commit(info("a"), info("b"), info("c"))
			want = append(want, fmt.Sprintf("%d a", cursor), fmt.Sprintf("%d b", cursor), fmt.Sprintf("%d c", cursor))
		}
		if round%2 == 0 {
			server.CloseClientConnections()
		}
		if got := texts(t, s, len(want)); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Fatalf("round %d: got %v, want %v", round, got, want)
		}
		n += len(want)
	}
}

func TestRefusedStreamEnds(t *testing.T) {
	house, server, c := start(t)
	s, err := c.Subscribe(t.Context(), slnet.Subscription{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	house.Revoke()
	server.CloseClientConnections()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if _, err := s.Next(ctx); !errors.Is(err, slnet.KindUnauthenticated) {
		t.Errorf("got %v, want Unauthenticated", err)
	}
	if _, err := c.Subscribe(t.Context(), slnet.Subscription{ModuleID: "forbidden"}); !errors.Is(err, slnet.KindUnauthenticated) {
		t.Errorf("got %v, want Unauthenticated", err)
	}
}

func TestStreamOutlivesTheDaemon(t *testing.T) {
	house := apitest.NewHouse()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	first := &http.Server{Handler: api.New(house.Options())}
	go first.Serve(listener)
	c := dial(t, address, apitest.Secret)
	s, err := c.Subscribe(t.Context(), slnet.Subscription{SetID: "set"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	house.Commit(info("one"))
	texts(t, s, 1)
	if err := first.Shutdown(t.Context()); err != nil {
		t.Fatal(err)
	}
	house.Commit(info("two"))
	if listener, err = net.Listen("tcp", address); err != nil {
		t.Skipf("the port is taken: %v", err)
	}
	second := &http.Server{Handler: api.New(house.Options())}
	go second.Serve(listener)
	defer second.Close()
	house.Commit(info("three"))
	if got, want := fmt.Sprint(texts(t, s, 2)), "[2 two 3 three]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func BenchmarkSendSLNetMessages(b *testing.B) {
	house := apitest.NewHouse()
	server := httptest.NewServer(api.New(house.Options()))
	defer server.Close()
	c, err := client.Dial(client.Options{Address: server.URL, Token: apitest.Secret})
	if err != nil {
		b.Fatal(err)
	}
	message := &slnet.UploadMessage{Data: make([]byte, 400)}
	b.SetParallelism(16)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := c.SendSLNetMessages(b.Context(), message); err != nil {
				b.Fatal(err)
			}
		}
	})
}
