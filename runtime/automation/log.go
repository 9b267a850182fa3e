package automation

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

const (
	// maxLogBytes bounds the log of a run, unless its manifest does. What comes
	// after is dropped, and a line says so.
	maxLogBytes = 10 << 20
	// maxLogPiece is about how many bytes of a log one answer carries.
	maxLogPiece = 1 << 20
)

// logExtension ends the name of a log, which begins with the id of its run.
const logExtension = ".jsonl"

func (a *Automation) logPath(id uuid.UUID) string { return a.logPathOf(id.String()) }

func (a *Automation) logPathOf(id string) string { return filepath.Join(a.logDir(), id+logExtension) }

// runLog is the log of one run: a file with a JSON object on each line, made for
// the first of them. Its lines are not synced one by one; a log is no record.
type runLog struct {
	path string
	most int64
	f    *os.File // nil before the first line
	size int64
	cut  bool
	err  error
}

// openLog returns the log of an attempt of a run, which goes on behind those of
// the attempts before it. That of the first one is made for its first line.
func openLog(path string, most, attempt int64) (*runLog, error) {
	l := &runLog{path: path, most: cmp.Or(most, maxLogBytes)}
	if attempt <= 1 {
		return l, nil
	}
	var err error
	if l.f, err = os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if l.size, err = l.f.Seek(0, io.SeekEnd); err != nil {
		return nil, errors.Join(err, l.f.Close())
	}
	// A daemon that was killed may have left a half line.
	l.most = max(l.most, l.size+attemptRoom)
	l.endLine(path)
	l.write([]slnet.LogLine{{Time: time.Now().UTC(), Level: "INFO", Text: fmt.Sprintf("attempt %d begins", attempt)}})
	return l, nil
}

// attemptRoom is how much an attempt may always log.
const attemptRoom = 64 << 10

// endLine removes what stands behind the last whole line.
func (l *runLog) endLine(path string) {
	const most = 64 << 10
	r, err := os.Open(path)
	if err != nil {
		return
	}
	defer r.Close()
	from := max(0, l.size-most)
	b := make([]byte, l.size-from)
	if _, err := r.ReadAt(b, from); err != nil || len(b) == 0 {
		return
	}
	if end := from + int64(bytes.LastIndexByte(b, '\n')+1); end < l.size && l.f.Truncate(end) == nil {
		l.size = end
	}
}

// write appends lines. Errors are kept for close, for a run does not fail
// because its log does.
func (l *runLog) write(lines []slnet.LogLine) {
	if l.cut || l.err != nil || len(lines) == 0 {
		return
	}
	if l.f == nil {
		if l.f, l.err = os.OpenFile(l.path, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600); l.err != nil {
			return
		}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	for _, line := range lines {
		before := b.Len()
		if l.err = enc.Encode(line); l.err != nil {
			return
		}
		if l.size+int64(b.Len()) > l.most {
			b.Truncate(before)
			l.cut = true
			l.err = enc.Encode(slnet.LogLine{Time: time.Now().UTC(), Level: "WARN", Text: "the log is cut here: it reached " + bytesize.Exact(l.most)})
			break
		}
	}
	n, err := l.f.Write(b.Bytes())
	l.size += int64(n)
	l.err = errors.Join(l.err, err)
}

func (l *runLog) close() (size int64, err error) {
	if l.f != nil {
		l.err = errors.Join(l.err, l.f.Close())
	}
	return l.size, l.err
}

// RunLog returns a piece of the log of a run.
func (a *Automation) RunLog(ctx context.Context, caller security.Caller, all bool, m *slnet.GetRunLogMessage) (*slnet.RunLogResponse, error) {
	run, err := a.Run(ctx, caller, all, m.ID)
	if err != nil {
		return nil, err
	}
	if m.Offset < 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "the offset %d is negative", m.Offset)
	}
	response := &slnet.RunLogResponse{Lines: []slnet.LogLine{}, Next: m.Offset, Ended: run.Run.State.Ended()}
	f, err := os.Open(a.logPath(m.ID))
	if errors.Is(err, os.ErrNotExist) {
		return response, nil // nothing was logged, or the log was removed
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if _, err := f.Seek(m.Offset, io.SeekStart); err != nil {
		return nil, err
	}
	more, err := readLines(f, response)
	response.Ended = response.Ended && !more
	return response, err
}

// readLines reads whole lines up to the bound of an answer and reports whether
// more follow. A last line without an end is still being written.
func readLines(f io.Reader, response *slnet.RunLogResponse) (more bool, err error) {
	r := bufio.NewReaderSize(f, 64<<10)
	for start := response.Next; response.Next-start < maxLogPiece; {
		b, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return false, nil
		}
		if err != nil {
			return false, err
		}
		var line slnet.LogLine
		if err := json.Unmarshal(b, &line); err != nil {
			return false, slnet.Errorf(slnet.KindInvalid, "offset %d is not the beginning of a log line; use the Next of an earlier answer", response.Next)
		}
		response.Lines = append(response.Lines, line)
		response.Next += int64(len(b))
	}
	return true, nil
}
