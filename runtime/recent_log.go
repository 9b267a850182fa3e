package runtime

import (
	"context"
	"log/slog"
	"math"
	"strings"
	"sync"
	"time"

	"domovoi.dev/sdk/slnet"
)

// RecentLog is a slog.Handler that passes everything on to another one, and holds
// the last slnet.MaxLogLines lines besides, for GetLogMessage.
type RecentLog struct {
	next slog.Handler
	// text writes attributes into kept.line, with those of this handler before.
	text slog.Handler
	kept *keptLines
}

// keptLines are the lines of a RecentLog and of all handlers made from it.
type keptLines struct {
	mu    sync.Mutex
	line  strings.Builder
	lines [slnet.MaxLogLines]slnet.LogLine
	count int64 // of all lines there were
}

// maxLogText is how many bytes of a line are held at most: what is logged may be
// an error with much of somebody's input in it.
const maxLogText = 4 << 10

// NewRecentLog returns a RecentLog that holds nothing yet, and passes on to next,
// which also decides what is logged at all.
func NewRecentLog(next slog.Handler) *RecentLog {
	kept := new(keptLines)
	text := slog.NewTextHandler(&kept.line, &slog.HandlerOptions{Level: slog.Level(math.MinInt), ReplaceAttr: withoutHead})
	return &RecentLog{next, text, kept}
}

// withoutHead leaves out what stands in a LogLine by itself: level and message. A
// time is not written, for the record has none.
func withoutHead(groups []string, a slog.Attr) slog.Attr {
	_, level := a.Value.Any().(slog.Level)
	if len(groups) == 0 && (a.Key == slog.LevelKey && level || a.Key == slog.MessageKey) {
		return slog.Attr{}
	}
	return a
}

// Enabled implements slog.Handler.
func (l *RecentLog) Enabled(ctx context.Context, level slog.Level) bool {
	return l.next.Enabled(ctx, level)
}

// Handle implements slog.Handler.
func (l *RecentLog) Handle(ctx context.Context, record slog.Record) error {
	l.keep(ctx, record)
	return l.next.Handle(ctx, record)
}

func (l *RecentLog) keep(ctx context.Context, record slog.Record) {
	attributes := record.Clone()
	attributes.Time = time.Time{}
	k := l.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	k.line.Reset()
	// Writing into memory does not fail.
	_ = l.text.Handle(ctx, attributes)
	text := strings.TrimSpace(record.Message + " " + k.line.String())
	if len(text) > maxLogText {
		text = strings.ToValidUTF8(text[:maxLogText], "") + "…"
	}
	k.lines[k.count%slnet.MaxLogLines] = slnet.LogLine{Time: record.Time.UTC(), Level: record.Level.String(), Text: text}
	k.count++
}

// WithAttrs implements slog.Handler.
func (l *RecentLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &RecentLog{l.next.WithAttrs(attrs), l.text.WithAttrs(attrs), l.kept}
}

// WithGroup implements slog.Handler.
func (l *RecentLog) WithGroup(name string) slog.Handler {
	return &RecentLog{l.next.WithGroup(name), l.text.WithGroup(name), l.kept}
}

// after returns the lines of a level and above that came behind the first so many,
// as far as they are held, and how many there were in all.
func (l *RecentLog) after(first int64, level slog.Level) (lines []slnet.LogLine, all int64) {
	k := l.kept
	k.mu.Lock()
	defer k.mu.Unlock()
	for n := max(first, k.count-slnet.MaxLogLines, 0); n < k.count; n++ {
		line := k.lines[n%slnet.MaxLogLines]
		var of slog.Level
		if of.UnmarshalText([]byte(line.Level)) == nil && of >= level {
			lines = append(lines, line)
		}
	}
	return lines, k.count
}
