package plugins

import (
	"io"
	"strings"
	"sync"
	"time"

	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// The levels of what is printed.
const (
	stdoutLevel = "STDOUT"
	stderrLevel = "STDERR"
)

const (
	// maxEarly bounds what is kept of what a process prints before its first
	// run: while it starts, or while its source is loaded.
	maxEarly = 64 << 10
	// maxTail bounds what is kept of the standard error, and of all output, for
	// errors; maxTrace what is kept of the trace of a crash.
	maxTail  = 8 << 10
	maxTrace = 128 << 10
	// maxShown bounds what of it is in the text of an error.
	maxShown = 1 << 10
)

// output is what a process says: what it prints, and the log of its run. It goes
// to the run that the process carries. What is printed between two runs belongs
// to nobody and is dropped, so that no run sees anything of another. In a shared
// process the lines of a log say whose they are; what is printed beside them
// belongs to a run only while there is no other.
type output struct {
	mu    sync.Mutex
	sinks map[string]func([]slnet.LogLine) // guarded by mu: by the id of the run
	ran   bool                             // guarded by mu: there was a run
	early []slnet.LogLine                  // guarded by mu: printed before the first run
	size  int                              // guarded by mu: bytes in early
	all   []byte                           // guarded by mu: the end of all that was printed
	errs  []byte                           // guarded by mu: the end of the standard error
	trace []byte                           // guarded by mu: the standard error from a crash on
}

// begin hands everything to sink from now on, at first what came before the
// first run. Calls of sink do not overlap.
func (o *output) begin(run string, sink func([]slnet.LogLine)) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sinks == nil {
		o.sinks = make(map[string]func([]slnet.LogLine))
	}
	o.sinks[run] = sink
	if o.ran && len(o.sinks) == 1 {
		o.all, o.errs, o.trace = o.all[:0], o.errs[:0], nil // of another run
	}
	if len(o.early) > 0 && sink != nil {
		sink(o.early)
	}
	o.early = nil
}

// end is the reverse of begin; ran is false for a run that was refused. When it
// returns sink is not called any more.
func (o *output) end(run string, ran bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.sinks, run)
	o.ran = o.ran || ran
}

// printed takes lines of the standard output or error, and the lines of the log
// among the latter. Of the last one more follows where continued is set.
func (o *output) printed(level string, texts []string, continued bool) {
	now := time.Now().UTC()
	lines := make([]slnet.LogLine, 0, len(texts))
	add := func(text string, continued bool) {
		o.keep(level, text)
		for len(text) > session.MaxLogText {
			n := session.WholeRunes(text, session.MaxLogText)
			lines = append(lines, slnet.LogLine{Time: now, Level: level, Text: session.Text(text[:n]), Continued: true})
			text = text[n:]
		}
		lines = append(lines, slnet.LogLine{Time: now, Level: level, Text: session.Text(text), Continued: continued})
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, text := range texts {
		if level == stderrLevel {
			if rest, line, ok := session.ParseLogLine(text); ok {
				if rest != "" {
					add(rest, false)
				}
				if line.Run != "" {
					o.deliverTo(line.Run, line.LogLine)
				} else {
					lines = append(lines, line.LogLine)
				}
				continue
			}
		}
		add(text, continued && i == len(texts)-1)
	}
	o.deliver(lines)
}

// deliverTo hands a line to the run it says it is of. The caller holds mu.
func (o *output) deliverTo(run string, line slnet.LogLine) {
	if sink := o.sinks[run]; sink != nil {
		sink([]slnet.LogLine{line})
	}
}

// deliver hands lines to the run, or keeps them for the first one. The caller
// holds mu.
func (o *output) deliver(lines []slnet.LogLine) {
	switch {
	case len(lines) == 0:
	case len(o.sinks) == 1:
		for _, sink := range o.sinks {
			if sink != nil {
				sink(lines)
			}
		}
	case len(o.sinks) == 0 && !o.ran:
		for _, line := range lines {
			if o.size += len(line.Text) + 1; o.size > maxEarly {
				return
			}
			o.early = append(o.early, line)
		}
	}
}

// keep keeps what errors will be made of, should the process die. The caller
// holds mu.
func (o *output) keep(level, text string) {
	o.all = appendTail(o.all, text)
	if level != stderrLevel {
		return
	}
	if isCrash(text) {
		o.trace = append([]byte{}, o.errs...) // interpreters say where before Go says what
	}
	if o.trace != nil && len(o.trace)+len(text) < maxTrace {
		o.trace = append(append(o.trace, text...), '\n')
	}
	o.errs = appendTail(o.errs, text)
}

// appendTail appends a line and keeps the end. It moves bytes once for each
// maxTail of them.
func appendTail(b []byte, text string) []byte {
	if len(text) > maxTail {
		text = text[len(text)-maxTail:]
	}
	if len(b)+len(text) >= 2*maxTail {
		b = append(b[:0], b[len(b)-maxTail:]...)
	}
	return append(append(b, text...), '\n')
}

func (o *output) stderr() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return session.Text(string(o.errs[max(0, len(o.errs)-maxTail):]))
}

// crash returns the standard error from the last crash on, and a bit of what was
// before it; empty when there was none.
func (o *output) crash() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return string(o.trace)
}

// tail returns the end of the output for the text of an error.
func (o *output) tail() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.all) == 0 {
		return ""
	}
	return "\nIt printed:\n" + strings.TrimRight(session.Text(string(o.all[max(0, len(o.all)-maxShown):])), "\n")
}

// writer takes what go-plugin passes on of the output: what is printed between
// its own start and the first call of the process.
func (o *output) writer(level string) io.Writer { return printedWriter{o, level} }

type printedWriter struct {
	output *output
	level  string
}

func (w printedWriter) Write(b []byte) (int, error) {
	w.output.printed(w.level, strings.Split(strings.TrimSuffix(string(b), "\n"), "\n"), false)
	return len(b), nil
}
