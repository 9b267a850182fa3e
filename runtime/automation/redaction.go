package automation

import (
	"bytes"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

const (
	// minRedacted is the least bytes of what is replaced: less stands in every
	// other word.
	minRedacted = 4
	// minRedactedLine is the same for one line of a value that has several.
	minRedactedLine = 8
)

// redaction takes the secrets that a run has read out of what it leaves behind:
// its log, output, result and errors. Beside a value as it is, it knows the forms
// that the standard library gives a text in quotes, in JSON and in a URL. What a
// script has encoded or cut by itself it does not know.
type redaction struct {
	mu       sync.Mutex
	marks    map[string]string        // guarded by mu: forms, and what stands for them
	forms    []string                 // guarded by mu: the keys of marks, the longest first
	replacer *strings.Replacer        // guarded by mu: nil while there are no forms
	held     map[string]slnet.LogLine // guarded by mu: by level, the end of a line that goes on
}

// add makes the value of a secret known.
func (r *redaction) add(name, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.marks == nil {
		r.marks, r.held = make(map[string]string), make(map[string]slnet.LogLine)
	}
	mark := "[secret " + name + "]"
	for _, form := range formsOf(value) {
		if _, known := r.marks[form]; !known {
			r.marks[form] = mark
			r.forms = append(r.forms, form)
		}
	}
	// At one place in a text the first form that fits is taken.
	slices.SortStableFunc(r.forms, func(a, b string) int { return len(b) - len(a) })
	var pairs []string
	for _, form := range r.forms {
		pairs = append(pairs, form, r.marks[form])
	}
	if len(pairs) > 0 {
		r.replacer = strings.NewReplacer(pairs...)
	}
}

// formsOf are the texts as which a value may show up.
func formsOf(value string) []string {
	if len(value) < minRedacted {
		return nil
	}
	quoted := strconv.Quote(value)
	ascii := strconv.QuoteToASCII(value)
	forms := []string{value, session.Text(value), quoted[1 : len(quoted)-1], ascii[1 : len(ascii)-1],
		url.QueryEscape(value), url.PathEscape(value)}
	for _, html := range []bool{true, false} {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(html)
		if enc.Encode(value) == nil {
			forms = append(forms, strings.Trim(b.String(), "\"\n"))
		}
	}
	if strings.Contains(value, "\n") {
		// What is printed arrives line by line.
		for line := range strings.Lines(value) {
			if line = strings.TrimSpace(line); len(line) >= minRedactedLine {
				forms = append(forms, line)
			}
		}
	}
	return forms
}

// none reports whether there is nothing to replace.
func (r *redaction) none() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.replacer == nil
}

// text replaces the secrets in a text.
func (r *redaction) text(s string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.textLocked(s)
}

func (r *redaction) textLocked(s string) string {
	if r.replacer == nil {
		return s
	}
	return r.replacer.Replace(s)
}

// begun returns how many bytes at the end of a text may be the beginning of a
// form. The caller holds mu.
func (r *redaction) begun(s string) (n int, mark string) {
	for _, form := range r.forms {
		for at := max(0, len(s)-len(form)+1); at < len(s)-n; at++ {
			if s[at] == form[0] && strings.HasPrefix(form, s[at:]) {
				n, mark = len(s)-at, r.marks[form]
				break
			}
		}
	}
	return n, mark
}

// lines replaces the secrets in lines of the log. Where a line goes on in the next
// one, its end is kept back as long as it may be the beginning of a secret.
func (r *redaction) lines(lines []slnet.LogLine) []slnet.LogLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.replacer == nil {
		return lines
	}
	redacted := make([]slnet.LogLine, 0, len(lines))
	for _, line := range lines {
		line.Text = r.held[line.Level].Text + line.Text
		delete(r.held, line.Level)
		whole, isCut := strings.CutSuffix(line.Text, session.CutMark)
		isCut = isCut && len(line.Text) > session.MaxLogText-utf8.UTFMax
		if !isCut {
			whole = line.Text
		}
		whole = r.textLocked(whole)
		n, mark := r.begun(whole)
		switch {
		case line.Continued && n > 0:
			rest := line
			rest.Text = whole[len(whole)-n:]
			r.held[line.Level] = rest
			line.Text = whole[:len(whole)-n]
		case isCut && n >= minRedacted:
			line.Text = whole[:len(whole)-n] + mark + session.CutMark
		case isCut:
			line.Text = whole + session.CutMark
		default:
			line.Text = whole
		}
		redacted = append(redacted, line)
	}
	return redacted
}

// rest returns what lines has kept back, at the end of the log.
func (r *redaction) rest() []slnet.LogLine {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []slnet.LogLine
	for _, line := range r.held {
		line.Continued = false
		lines = append(lines, line)
	}
	r.held = nil
	return lines
}

// run replaces the secrets in what a run came to.
func (r *redaction) run(run *slnet.Run) {
	if r.none() {
		return
	}
	run.Output = r.texts(run.Output)
	run.ExitReason = r.text(run.ExitReason)
	run.Errors = slices.Clone(run.Errors)
	for i := range run.Errors {
		e := &run.Errors[i]
		e.Message, e.File = r.text(e.Message), r.text(e.File)
		e.Reasons = slices.Clone(e.Reasons)
		for j, reason := range e.Reasons {
			e.Reasons[j] = slnet.Reason(r.text(string(reason)))
		}
	}
	run.Result = r.json(run.Result)
}

// json replaces the secrets in a document. A number with one in it becomes a
// text.
func (r *redaction) json(document slnet.JSON) slnet.JSON {
	var v any
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	if len(document) == 0 || decoder.Decode(&v) != nil {
		return document // what is no JSON is not taken for a result
	}
	redacted, changed := r.value(v)
	if !changed {
		return document
	}
	b, err := json.Marshal(redacted)
	if err != nil {
		return nil
	}
	return b
}

// answer replaces the secrets in what an entry point other than Run returned. One
// that cannot be read and has a secret in it is dropped.
func (r *redaction) answer(entryPoint string, b []byte) []byte {
	if r.none() || r.text(string(b)) == string(b) {
		return b
	}
	if rest, err := msgp.Skip(b); err != nil || len(rest) > 0 {
		return nil
	}
	var err error
	switch entryPoint {
	case slnet.EntryPointOnApiTrigger:
		var output slnet.ApiTriggerOutput
		if _, err = output.UnmarshalMsg(b); err == nil {
			output.ContentType, output.Headers = r.text(output.ContentType), r.texts(output.Headers)
			output.Body = []byte(r.text(string(output.Body)))
			b, err = output.MarshalMsg(nil)
		}
	case slnet.EntryPointOnRequestScriptInfo:
		var output slnet.RequestScriptInfoOutput
		if _, err = output.UnmarshalMsg(b); err == nil {
			output.Data = r.texts(output.Data)
			b, err = output.MarshalMsg(nil)
		}
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	return b
}

func (r *redaction) texts(m map[string]string) map[string]string {
	if m == nil {
		return nil
	}
	redacted := make(map[string]string, len(m))
	for key, value := range m {
		redacted[r.text(key)] = r.text(value)
	}
	return redacted
}

// value replaces the secrets in a value as the decoder of JSON makes it.
func (r *redaction) value(v any) (redacted any, changed bool) {
	switch v := v.(type) {
	case string:
		text := r.text(v)
		return text, text != v
	case json.Number:
		if text := r.text(v.String()); text != v.String() {
			return text, true
		}
	case []any:
		for i, item := range v {
			item, itemChanged := r.value(item)
			v[i], changed = item, changed || itemChanged
		}
		return v, changed
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, item := range v {
			name := r.text(key)
			item, itemChanged := r.value(item)
			m[name], changed = item, changed || itemChanged || name != key
		}
		return m, changed
	}
	return v, false
}
