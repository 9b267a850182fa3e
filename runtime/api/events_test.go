package api_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/api/apitest"
	"domovoi.dev/sdk/slnet"
)

// stream is an open event stream, read line by line.
type stream struct {
	t     *testing.T
	lines *bufio.Scanner
	close func()
}

func listen(t *testing.T, url, lastEventID string) *stream {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, "GET", url, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+apitest.Secret)
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { response.Body.Close() })
	if got := response.Header.Get("Content-Type"); response.StatusCode != 200 || got != "text/event-stream" {
		t.Fatalf("got %d %s, want an event stream", response.StatusCode, got)
	}
	return &stream{t, bufio.NewScanner(response.Body), cancel}
}

// block returns the lines up to the next empty one.
func (s *stream) block() string {
	s.t.Helper()
	var lines []string
	for s.lines.Scan() {
		if s.lines.Text() == "" {
			return strings.Join(lines, "\n")
		}
		lines = append(lines, s.lines.Text())
	}
	s.t.Fatalf("the stream has ended behind %q: %v", lines, s.lines.Err())
	return ""
}

// event returns the next block that is not a comment.
func (s *stream) event() string {
	s.t.Helper()
	for {
		if b := s.block(); !strings.HasPrefix(b, ":") {
			return b
		}
	}
}

func info(text string) slnet.Message {
	return &slnet.InformationEventMessage{User: "ann", Text: text}
}

func TestEvents(t *testing.T) {
	house, server := serve(t, nil)
	house.Commit(info("before"))
	s := listen(t, server.URL+"/slnet/events?event=InformationEventMessage", "")
	house.Commit(&slnet.RunChangedEventMessage{})
	house.Commit(info("one"), info("two"))
	const noIDs = `"RunId":"00000000-0000-0000-0000-000000000000"`
	for _, want := range []string{
		"id: 3.1\nevent: InformationEventMessage\ndata: {\"Time\":\"0001-01-01T00:00:00Z\",\"User\":\"ann\",\"Text\":\"one\"," + noIDs + "}",
		"id: 3.2\nevent: InformationEventMessage\ndata: {\"Time\":\"0001-01-01T00:00:00Z\",\"User\":\"ann\",\"Text\":\"two\"," + noIDs + "}",
	} {
		if got := s.event(); got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	}
}

func TestEventsAsMessagePack(t *testing.T) {
	house, server := serve(t, nil)
	s := listen(t, server.URL+"/slnet/events?format=msgpack", "")
	house.Commit(info("one"))
	_, data, _ := strings.Cut(s.event(), "\ndata: ")
	b, err := base64.StdEncoding.DecodeString(data)
	var got slnet.InformationEventMessage
	if err == nil {
		_, err = got.UnmarshalMsg(b)
	}
	if err != nil || got.Text != "one" {
		t.Errorf("got %+v, %v, want the event", got, err)
	}
}

// TestEventsResume: whatever event was the last one seen, the stream goes on
// with the one behind it, also within a commit.
func TestEventsResume(t *testing.T) {
	house, server := serve(t, nil)
	house.Commit(info("a"))
	house.Commit(info("b"), info("c"), info("d"))
	house.Commit(info("e"))
	url := server.URL + "/slnet/events"
	all := []string{"1.1", "2.1", "2.2", "2.3", "3.1"}
	id := func(s *stream) string {
		first, _, _ := strings.Cut(s.event(), "\n")
		return strings.TrimPrefix(first, "id: ")
	}
	for seen := range len(all) - 1 {
		s := listen(t, url+"?after=0", all[seen])
		for _, want := range all[seen+1:] {
			if got := id(s); got != want {
				t.Errorf("resumed behind %s: got %s, want %s", all[seen], got, want)
			}
		}
		s.close()
	}
	for after, want := range map[string]string{"0": "1.1", "1": "2.1", "2": "3.1"} {
		if got := id(listen(t, url+"?after="+after, "")); got != want {
			t.Errorf("after=%s: got %s, want %s", after, got, want)
		}
	}
}

func TestEventsHeartbeatAndRevokedToken(t *testing.T) {
	house := apitest.NewHouse()
	server := httptest.NewServer(api.NewWithHeartbeat(house.Options(), 10*time.Millisecond))
	defer server.Close()
	s := listen(t, server.URL+"/slnet/events", "")
	for range 3 {
		if got := s.block(); !strings.HasPrefix(got, ":") {
			t.Fatalf("got %q, want a comment", got)
		}
	}
	house.Revoke()
	want := "event: end\ndata: {\"Kind\":\"Unauthenticated\",\"Message\":\"the token is not valid\"}"
	if got := s.event(); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestEventsEndWithTheServer(t *testing.T) {
	_, server := serve(t, nil)
	s := listen(t, server.URL+"/slnet/events", "")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- server.Config.Shutdown(ctx) }()
	if got := s.event(); !strings.Contains(got, "event: end\n") || !strings.Contains(got, "Unavailable") {
		t.Errorf("got %q, want an end that says the daemon is stopping", got)
	}
	if err := <-ended; err != nil {
		t.Errorf("the open stream holds the shutdown up: %v", err)
	}
}

// TestSlowListenerHoldsNobodyUp: one listener reads nothing while another gets
// more than all buffers on the way can hold.
func TestSlowListenerHoldsNobodyUp(t *testing.T) {
	house, server := serve(t, nil)
	listen(t, server.URL+"/slnet/events?set=slow", "")
	quick := listen(t, server.URL+"/slnet/events?set=quick", "")
	text := strings.Repeat("x", 30_000)
	for range 500 {
		house.Commit(info(text))
		if !strings.Contains(quick.event(), text) {
			t.Fatal("the event is not whole")
		}
	}
}
