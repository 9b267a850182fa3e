package session

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
	"github.com/google/uuid"
)

// Text returns s as the valid UTF-8 that the protocol carries; bytes that are
// not are replaced.
func Text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// FromError returns the wire form of err. It is known when err is one of the
// platform's own; otherwise its text is not for the script and the caller
// should log it.
func FromError(err error) (e *Error, known bool) {
	known = true
	from, ours := slnet.AsError(err)
	switch {
	case ours:
	case errors.Is(err, context.DeadlineExceeded):
		from.Kind = slnet.KindTimeout
	case errors.Is(err, context.Canceled):
		from.Kind = slnet.KindCanceled
	default:
		known = false
		from.Message = "internal error; the log of the daemon has the cause"
	}
	return &Error{Kind: string(from.Kind), Reason: Text(string(from.Reason)), Message: Text(from.Message)}, known
}

// ToError returns the error as an *slnet.Error, nil when there is none.
func ToError(e *Error) error {
	if e == nil {
		return nil
	}
	return &slnet.Error{Kind: slnet.Kind(e.GetKind()), Reason: slnet.Reason(e.GetReason()), Message: e.GetMessage()}
}

// FromRunInfo returns the Start message of a run. Parameters that are not text
// are refused with an error of slnet.KindInvalid.
func FromRunInfo(run sdk.RunInfo) (*Start, error) {
	for name, value := range run.Parameters {
		if !utf8.ValidString(name) || !utf8.ValidString(value) {
			return nil, slnet.Errorf(slnet.KindInvalid, "the parameter %q is not valid UTF-8", name)
		}
	}
	info := &RunInfo{
		Id:            run.ID[:],
		Script:        Text(run.Script),
		ScriptVersion: run.ScriptVersion,
		Attempt:       run.Attempt,
		StartedBy:     Text(run.StartedBy),
		RunsAs:        Text(run.RunsAs),
		Parameters:    run.Parameters,
		DryRun:        run.DryRun,
		Trigger:       Text(run.Trigger),

		RunsAsDisplayName: Text(run.RunsAsDisplayName),
	}
	for _, parent := range run.Parents {
		info.Parents = append(info.Parents, parent[:])
	}
	return &Start{
		Run:             info,
		EntryPoint:      Text(run.EntryPoint),
		MaxRequests:     MaxRequests,
		MaxPayloadBytes: MaxPayloadBytes,
	}, nil
}

// ToRunInfo is the reverse of FromRunInfo.
func ToRunInfo(start *Start) (sdk.RunInfo, error) {
	info := start.GetRun()
	id, err := uuid.FromBytes(info.GetId())
	if err != nil {
		return sdk.RunInfo{}, fmt.Errorf("the id of the run: %w", err)
	}
	run := sdk.RunInfo{
		ID:            id,
		Script:        info.GetScript(),
		ScriptVersion: info.GetScriptVersion(),
		EntryPoint:    start.GetEntryPoint(),
		Attempt:       info.GetAttempt(),
		StartedBy:     info.GetStartedBy(),
		RunsAs:        info.GetRunsAs(),
		Parameters:    info.GetParameters(),
		DryRun:        info.GetDryRun(),
		Trigger:       info.GetTrigger(),

		RunsAsDisplayName: info.GetRunsAsDisplayName(),
	}
	for _, parent := range info.GetParents() {
		id, err := uuid.FromBytes(parent)
		if err != nil {
			return sdk.RunInfo{}, fmt.Errorf("the id of a parent run: %w", err)
		}
		run.Parents = append(run.Parents, id)
	}
	return run, nil
}

// logMark begins a line of the log on standard error.
const logMark = '\x1e'

// LogLine is a line of the log as it is written to standard error.
type LogLine struct {
	// Run is the id of the run whose line it is, in a process that carries
	// several at a time; otherwise empty.
	Run string `json:"Run,omitempty"`
	slnet.LogLine
}

// AppendLogLine appends a line of the log as it is written to standard error,
// its text bounded and valid.
func AppendLogLine(b []byte, line LogLine) []byte {
	line.Text = CutText(line.Text)
	text, err := json.Marshal(line)
	if err != nil { // a time beyond the year 9999
		line.Time = time.Time{}
		text, _ = json.Marshal(line)
	}
	return append(append(append(b, logMark), text...), '\n')
}

// ParseLogLine takes a line of standard error, without its end, apart: into what
// was printed, and the line of the log behind it, if there is one.
func ParseLogLine(text string) (printed string, line LogLine, ok bool) {
	i := strings.IndexByte(text, logMark)
	if i < 0 || json.Unmarshal([]byte(text[i+1:]), &line) != nil {
		return text, LogLine{}, false
	}
	line.Text = CutText(line.Text)
	return text[:i], line, true
}

// CutText returns s as valid UTF-8 of at most MaxLogText bytes, with CutMark at
// its end where it was cut.
func CutText(s string) string {
	s = Text(cutText(s))
	return cutText(s) // what replaces bytes that are no text is longer than they are
}

func cutText(s string) string {
	if len(s) <= MaxLogText {
		return s
	}
	s = strings.TrimSuffix(s, CutMark)
	return s[:WholeRunes(s, MaxLogText-len(CutMark))] + CutMark
}

// WholeRunes returns how many of the first n bytes of a text, which has more, can
// be taken without cutting a character.
func WholeRunes(s string, n int) int {
	for i := n; i > max(0, n-utf8.UTFMax); i-- {
		if utf8.RuneStart(s[i]) {
			return i
		}
	}
	return n // not text
}

// FromRunErrors returns the wire form of the errors of a run.
func FromRunErrors(list []slnet.RunError) []*RunError {
	var out []*RunError
	for _, e := range list {
		w := &RunError{Message: Text(e.Message), File: Text(e.File), Line: uint32(max(e.Line, 0))}
		for _, reason := range e.Reasons {
			w.Reasons = append(w.Reasons, Text(string(reason)))
		}
		out = append(out, w)
	}
	return out
}

// ToRunErrors is the reverse of FromRunErrors.
func ToRunErrors(list []*RunError) []slnet.RunError {
	var out []slnet.RunError
	for _, w := range list {
		e := slnet.RunError{Message: w.GetMessage(), File: w.GetFile(), Line: int64(w.GetLine())}
		for _, reason := range w.GetReasons() {
			e.Reasons = append(e.Reasons, slnet.Reason(reason))
		}
		out = append(out, e)
	}
	return out
}

// FromSubscription returns the wire form of a subscription.
func FromSubscription(id uint64, s slnet.Subscription) *Subscribe {
	w := &Subscribe{Id: id, ModuleId: Text(s.ModuleID), Window: EventWindow, Filter: s.Filter}
	for _, name := range s.Events {
		w.Events = append(w.Events, Text(name))
	}
	if s.After != nil {
		after := uint64(*s.After)
		w.After = &after
	}
	return w
}

// ToSubscription is the reverse of FromSubscription.
func ToSubscription(w *Subscribe) slnet.Subscription {
	s := slnet.Subscription{Events: w.GetEvents(), ModuleID: w.GetModuleId(), Filter: w.GetFilter()}
	if w.After != nil {
		after := slnet.Cursor(w.GetAfter())
		s.After = &after
	}
	return s
}
