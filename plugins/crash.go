package plugins

import (
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// isCrash reports whether a line of the standard error begins the trace of a
// crash of Go.
func isCrash(line string) bool {
	return strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
}

// crash returns what the trace of a crash says, nothing where there is none.
func (p *Process) crash() []slnet.RunError {
	text := p.output.crash()
	if text == "" {
		return nil
	}
	var files map[string]bool
	if names := p.files.Load(); names != nil {
		files = *names
	}
	return parseCrash(text, files)
}

// parseCrash reads the last trace in text. With files the script was source, and
// its places are those an interpreter printed before the trace; the frames of
// the trace are the interpreter's own. Without, the frames are the script's.
func parseCrash(text string, files map[string]bool) []slnet.RunError {
	lines := strings.Split(text, "\n")
	start := -1
	for i, line := range lines {
		if isCrash(line) {
			start = i
		}
	}
	if start < 0 {
		return nil
	}
	e := slnet.RunError{Message: crashMessage(lines[start:])}
	if len(files) > 0 {
		e.File, e.Line = interpretedPlace(lines[:start], files)
	} else {
		e.File, e.Line = compiledPlace(lines[start:])
	}
	return []slnet.RunError{e}
}

// crashMessage is the first paragraph of a trace.
func crashMessage(lines []string) string {
	n := 1
	for n < len(lines) && lines[n] != "" && !strings.HasPrefix(lines[n], "goroutine ") && !strings.HasPrefix(lines[n], "[signal ") {
		n++
	}
	message := strings.Join(lines[:n], "\n")
	message = strings.ReplaceAll(message, " [recovered, repanicked]", "")
	return strings.ReplaceAll(message, " [recovered]", "")
}

var interpretedFrame = regexp.MustCompile(`^([^:\s]+):(\d+):\d+: panic`)

// interpretedPlace finds the innermost of the places that stand right before the
// trace, innermost first.
func interpretedPlace(before []string, files map[string]bool) (file string, line int64) {
	for i := len(before) - 1; i >= 0; i-- {
		m := interpretedFrame.FindStringSubmatch(before[i])
		if m == nil {
			if file != "" || i < len(before)-8 {
				break
			}
			continue
		}
		if name := filepath.Base(m[1]); files[name] {
			file = name
			line, _ = strconv.ParseInt(m[2], 10, 64)
		}
	}
	return file, line
}

var compiledFrame = regexp.MustCompile(`^\t(.+\.go):(\d+)(?: \+0x[0-9a-f]+)?$`)

// compiledPlace finds the innermost frame of the script in the first goroutine
// of a trace: one of package main, or else one of code that is neither the
// standard library's nor what carries the script.
func compiledPlace(trace []string) (file string, line int64) {
	goroutine := false
	for i := 0; i+1 < len(trace); i++ {
		if strings.HasPrefix(trace[i], "goroutine ") {
			if goroutine {
				break
			}
			goroutine = true
			continue
		}
		m := compiledFrame.FindStringSubmatch(trace[i+1])
		if !goroutine || m == nil || strings.HasPrefix(trace[i], "created by ") {
			continue
		}
		function := trace[i]
		if strings.HasPrefix(function, "main.") {
			line, _ = strconv.ParseInt(m[2], 10, 64)
			return filepath.Base(m[1]), line
		}
		if file == "" && !isCarrier(function) {
			file = filepath.Base(m[1])
			line, _ = strconv.ParseInt(m[2], 10, 64)
		}
	}
	return file, line
}

// isCarrier reports whether a function is the standard library's, whose import
// paths have no dot in their first part, or of what carries a script.
func isCarrier(function string) bool {
	for _, prefix := range []string{"domovoi.dev/sdk/", "domovoi.dev/sdk.", "google.golang.org/", "github.com/hashicorp/"} {
		if strings.HasPrefix(function, prefix) {
			return true
		}
	}
	first, _, isPath := strings.Cut(function, "/")
	return !isPath || !strings.Contains(first, ".")
}
