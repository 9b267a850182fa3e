package scripttest

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// endMark is the text of the last event of a transcript.
const endMark = "end of the transcript"

var (
	guid = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	when = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z`)
)

// transcript is everything a daemon has to tell, as text: all events in their
// order, the logs of all runs, all objects. Ids are numbered in the order of
// their first appearance, and times are left out, so that what happens twice
// reads the same twice.
func transcript(t *testing.T, conn slnet.Connection) string {
	t.Helper()
	var lines []string
	for _, event := range events(t, conn) {
		lines = append(lines, event.MessageName()+" "+inJSON(t, event))
		if changed, ok := event.(*slnet.RunChangedEventMessage); ok && changed.Run.State.Ended() {
			for _, line := range runLog(t, conn, changed) {
				lines = append(lines, "log "+line.Level+" "+line.Text)
			}
		}
	}
	ids := make(map[string]string)
	normal := func(line string) string {
		line = guid.ReplaceAllStringFunc(line, func(id string) string {
			if ids[id] == "" {
				ids[id] = fmt.Sprintf("id%d", len(ids)+1)
			}
			return ids[id]
		})
		return when.ReplaceAllString(line, "time")
	}
	for i := range lines {
		lines[i] = normal(lines[i])
	}
	var stored []string
	for _, object := range objects(t, conn) {
		stored = append(stored, normal(fmt.Sprintf("%s %s", object.Kind(), inJSON(t, object))))
	}
	slices.Sort(stored) // they come by id, and the ids are random
	return strings.Join(append(lines, stored...), "\n")
}

// events are all events since the daemon has data. What depends on the engine of
// a run and on the clock is taken out of them.
func events(t *testing.T, conn slnet.Connection) (list []slnet.Message) {
	t.Helper()
	daemontest.Send[*slnet.Empty](t, conn, &slnet.GenerateInformationMessage{Text: endMark})
	stream, err := conn.Subscribe(t.Context(), slnet.Subscription{After: new(slnet.Cursor)})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	for {
		event, err := stream.Next(t.Context())
		if err != nil {
			t.Fatalf("after %d events: %v", len(list), err)
		}
		switch m := event.Message.(type) {
		case *slnet.InformationEventMessage:
			if m.Text == endMark {
				return list
			}
		case *slnet.RunChangedEventMessage:
			run := &m.Run
			run.Engine, run.LogBytes = "", 0
			run.QueuedAt, run.StartedAt, run.EndedAt = time.Time{}, time.Time{}, time.Time{}
			run.PeakMemory, run.CPUTime = 0, 0
			for i := range run.Errors {
				// Only the interpreter knows where an error was returned.
				run.Errors[i].File, run.Errors[i].Line = "", 0
			}
		}
		list = append(list, event.Message)
	}
}

func runLog(t *testing.T, conn slnet.Connection, changed *slnet.RunChangedEventMessage) []slnet.LogLine {
	t.Helper()
	return daemontest.Send[*slnet.RunLogResponse](t, conn, &slnet.GetRunLogMessage{ID: changed.Run.ID}).Lines
}

// objects are the settings of all modules and what is in the modules.
func objects(t *testing.T, conn slnet.Connection) (list []dom.Object) {
	t.Helper()
	read := func(kind dom.ObjectKind, module string) []dom.Object {
		response := daemontest.Send[*dom.ManagerStoreCrudResponse](t, conn, &dom.ManagerStoreReadRequest{
			Kind: kind, ModuleID: module, Query: dom.NewQuery(dom.True()),
		})
		found := make([]dom.Object, len(response.Objects))
		for i, raw := range response.Objects {
			var err error
			if found[i], err = dom.DecodeObject(kind, raw); err != nil {
				t.Fatal(err)
			}
		}
		return found
	}
	list = read(dom.KindModuleSettings, "")
	for _, settings := range slices.Clone(list) {
		for _, kind := range dom.ObjectKinds() {
			if kind != dom.KindModuleSettings {
				list = append(list, read(kind, settings.Key())...)
			}
		}
	}
	return list
}

func inJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// compare shows the first line in which two transcripts differ.
func compare(t *testing.T, interpreted, compiled string) {
	t.Helper()
	a, b := strings.Split(interpreted, "\n"), strings.Split(compiled, "\n")
	for i := range max(len(a), len(b)) {
		var x, y string
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			t.Errorf("line %d of the transcripts differs\ninterpreted: %s\ncompiled:    %s", i+1, x, y)
			return
		}
	}
}
