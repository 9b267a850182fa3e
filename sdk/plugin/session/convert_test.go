package session_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// overTheWire is what the other side gets of m.
func overTheWire[M proto.Message](t *testing.T, m M) M {
	t.Helper()
	b, err := proto.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	got := m.ProtoReflect().New().Interface().(M)
	if err := proto.Unmarshal(b, got); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestRunInfo(t *testing.T) {
	want := sdk.RunInfo{
		Trigger: "schedule ü", RunsAsDisplayName: "Ann B.",
		ID:            uuid.New(),
		Script:        "billing",
		ScriptVersion: 7,
		EntryPoint:    "Run",
		Attempt:       2,
		StartedBy:     "ann",
		RunsAs:        "chris",
		Parents:       []uuid.UUID{uuid.New(), uuid.New()},
		Parameters:    map[string]string{"customer": "ü", "": ""},
		DryRun:        true,
	}
	start, err := session.FromRunInfo(want)
	if err != nil {
		t.Fatal(err)
	}
	got, err := session.ToRunInfo(overTheWire(t, start))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v %v, want %+v", got, err, want)
	}
	start.Run.Id = []byte("short")
	if _, err := session.ToRunInfo(start); err == nil {
		t.Error("a run with a short id was accepted")
	}
	want.Parameters["customer"] = "\xff"
	if _, err := session.FromRunInfo(want); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("a parameter that is no text: %v", err)
	}
}

func TestError(t *testing.T) {
	for _, test := range []struct {
		err   error
		want  slnet.Error
		known bool
	}{
		{slnet.Errorf(slnet.KindNotFound, "gone").WithReason("R"), slnet.Error{Kind: slnet.KindNotFound, Reason: "R", Message: "gone"}, true},
		{fmt.Errorf("op: %w", slnet.KindConflict), slnet.Error{Kind: slnet.KindConflict, Message: "op: Conflict"}, true},
		{fmt.Errorf("op: %w", context.Canceled), slnet.Error{Kind: slnet.KindCanceled, Message: "op: context canceled"}, true},
		{context.DeadlineExceeded, slnet.Error{Kind: slnet.KindTimeout, Message: "context deadline exceeded"}, true},
		{errors.New("secret"), slnet.Error{Kind: slnet.KindInternal, Message: "internal error; the log of the daemon has the cause"}, false},
		{slnet.Errorf(slnet.KindInvalid, "\xff"), slnet.Error{Kind: slnet.KindInvalid, Message: "\uFFFD"}, true},
	} {
		wire, known := session.FromError(test.err)
		got := session.ToError(overTheWire(t, wire))
		if !reflect.DeepEqual(got, error(&test.want)) || known != test.known {
			t.Errorf("%v: got %#v %v, want %#v %v", test.err, got, known, &test.want, test.known)
		}
	}
	if session.ToError(nil) != nil {
		t.Error("no error became one")
	}
}

func TestLogLine(t *testing.T) {
	want := session.LogLine{Run: "r", LogLine: slnet.LogLine{Time: time.Now().UTC().Round(0), Level: "INFO", Text: "one\ntwo \x1e three"}}
	wire := string(session.AppendLogLine(nil, want))
	if n := strings.Count(wire, "\n"); n != 1 {
		t.Errorf("one line of the log is %d lines", n)
	}
	printed, got, ok := session.ParseLogLine("half a line" + strings.TrimSuffix(wire, "\n"))
	if printed != "half a line" || got != want || !ok {
		t.Errorf("got %q %+v %v, want %+v", printed, got, ok, want)
	}
	for _, text := range []string{"", "plain", "\x1e", "\x1e{"} {
		if printed, _, ok := session.ParseLogLine(text); printed != text || ok {
			t.Errorf("%q is taken for %q and a line of the log", text, printed)
		}
	}
}

func TestLongLogLines(t *testing.T) {
	for _, unit := range []string{"ü", "\x00", "\xff", "x"} {
		wire := session.AppendLogLine(nil, session.LogLine{LogLine: slnet.LogLine{Text: strings.Repeat(unit, session.MaxLogText+1)}})
		if len(wire) > session.MaxLogLine {
			t.Errorf("%q: a line of %d bytes", unit, len(wire))
		}
		_, line, ok := session.ParseLogLine(strings.TrimSuffix(string(wire), "\n"))
		if !ok || !utf8.ValidString(line.Text) || !strings.HasSuffix(line.Text, "... (cut)") {
			t.Errorf("%q: got %v and a text that ends with %q", unit, ok, line.Text[max(0, len(line.Text)-20):])
		}
	}
}

func TestRunErrors(t *testing.T) {
	want := []slnet.RunError{{Message: "m", File: "f.go", Line: 3, Reasons: []slnet.Reason{"A", "B"}}, {Message: "n"}}
	if got := session.ToRunErrors(session.FromRunErrors(want)); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestSubscription(t *testing.T) {
	zero := slnet.Cursor(0)
	for _, want := range []slnet.Subscription{{}, {Events: []string{"A", "B"}, ModuleID: "m", After: &zero}} {
		if got := session.ToSubscription(overTheWire(t, session.FromSubscription(1, want))); !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
}

// The generated files are those of session.proto.
func TestGenerated(t *testing.T) {
	proto, err := os.ReadFile("session.proto")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "session.proto"), proto, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("go", "-C", "../../../tools", "run", "./protogen", dir, "session.proto")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"session.pb.go", "session_grpc.pb.go"} {
		got, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is stale; run go generate ./sdk/plugin", name)
		}
	}
}
