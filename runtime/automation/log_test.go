package automation_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"domovoi.dev/sdk/slnet"
)

// logOf reads the whole log of a run, and says in how many answers.
func logOf(h *house, run slnet.Run) (lines []slnet.LogLine, pieces int) {
	h.t.Helper()
	for offset := int64(0); ; pieces++ {
		response, err := h.RunLog(h.t.Context(), ann, false, &slnet.GetRunLogMessage{ID: run.ID, Offset: offset})
		if err != nil {
			h.t.Fatal(err)
		}
		lines = append(lines, response.Lines...)
		if response.Ended {
			if response.Next != run.LogBytes {
				h.t.Errorf("the log ends at %d, the run has %d bytes of it", response.Next, run.LogBytes)
			}
			return lines, pieces + 1
		}
		if response.Next == offset {
			h.t.Fatalf("nothing new at %d", offset)
		}
		offset = response.Next
	}
}

func TestLogIsReadInPieces(t *testing.T) {
	h := openHouse(t)
	h.deploy("talk", `long := make([]byte, 10000)
	for i := range long {
		long[i] = 'x'
	}
	for i := 0; i < 250; i++ {
		engine.Log.Info(string(long), "n", i)
	}
	return nil`)
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "talk"})
	lines, pieces := logOf(h, run)
	if len(lines) != 250 || pieces < 3 {
		t.Fatalf("%d lines in %d pieces", len(lines), pieces)
	}
	for i, line := range lines {
		if line.Level != "INFO" || !strings.HasSuffix(line.Text, fmt.Sprintf(" n=%d", i)) || line.Time.IsZero() {
			t.Fatalf("line %d is %s ...%s", i, line.Level, line.Text[len(line.Text)-10:])
		}
	}
	for offset, want := range map[int64]error{-1: slnet.KindInvalid, 3: slnet.KindInvalid, run.LogBytes: nil, run.LogBytes + 1000: nil} {
		response, err := h.RunLog(t.Context(), ann, false, &slnet.GetRunLogMessage{ID: run.ID, Offset: offset})
		if !errors.Is(err, want) {
			t.Errorf("offset %d: %v", offset, err)
		}
		if err == nil && (len(response.Lines) != 0 || response.Next != offset || !response.Ended) {
			t.Errorf("offset %d: %+v", offset, response)
		}
	}
}

func TestLogIsReadWhileItIsWritten(t *testing.T) {
	h := openHouse(t)
	h.deploy("talk", `engine.Log.Info("first")
	if err := engine.GenerateInformation(ctx, "wait"); err != nil {
		return err
	}
	engine.Log.Info("second")
	return nil`)
	run := h.start("talk")
	<-h.said
	read := func(offset int64) *slnet.RunLogResponse {
		t.Helper()
		response, err := h.RunLog(t.Context(), ann, false, &slnet.GetRunLogMessage{ID: run.ID, Offset: offset})
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	// Lines go another way than messages, and may come later.
	begin := read(0)
	for len(begin.Lines) == 0 && !begin.Ended {
		begin = read(0)
	}
	if len(begin.Lines) != 1 || begin.Lines[0].Text != "first" || begin.Ended {
		t.Errorf("while it runs: %+v", begin)
	}
	h.goOn <- struct{}{}
	run = h.ended(run.ID)
	if end := read(begin.Next); len(end.Lines) != 1 || end.Lines[0].Text != "second" || !end.Ended || end.Next != run.LogBytes {
		t.Errorf("after its end: %+v", end)
	}
}

func TestLogIsCutAtItsBound(t *testing.T) {
	h := openHouse(t)
	h.deploy("flood", `long := make([]byte, 20000)
	for i := range long {
		long[i] = 'x'
	}
	for i := 0; i < 600; i++ {
		engine.Log.Info(string(long))
	}
	return nil`)
	run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "flood"})
	h.wantEnd(run, slnet.RunSucceeded, "")
	lines, _ := logOf(h, run)
	last := lines[len(lines)-1]
	if last.Level != "WARN" || !strings.Contains(last.Text, "cut") || len(lines) >= 600 || run.LogBytes < 10<<20-70_000 || run.LogBytes > 10<<20+200 {
		t.Errorf("%d lines in %d bytes, the last %s %.40q", len(lines), run.LogBytes, last.Level, last.Text)
	}
}
