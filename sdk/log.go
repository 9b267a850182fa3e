package sdk

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"time"

	"domovoi.dev/sdk/slnet"
)

// logHandler turns slog records into lines of the run's log. The formatting is
// that of slog's own text handler, without the parts a LogLine has itself.
type logHandler struct {
	write func(slnet.LogLine)
	with  []func(slog.Handler) slog.Handler
}

func (h *logHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	var b bytes.Buffer
	own := 0 // attributes to come that are the record's own, not the script's
	var text slog.Handler = slog.NewTextHandler(&b, &slog.HandlerOptions{
		Level: slog.LevelDebug,
		ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
			if own > 0 {
				own--
				return slog.Attr{}
			}
			return a
		},
	})
	for _, with := range h.with {
		text = with(text)
	}
	at := r.Time
	r.Time = time.Time{} // is not written then
	own = 2              // level and message come first
	if err := text.Handle(ctx, r); err != nil {
		return err
	}
	line := strings.TrimRight(r.Message+" "+strings.TrimSuffix(b.String(), "\n"), " ")
	h.write(slnet.LogLine{Time: at.UTC(), Level: r.Level.String(), Text: line})
	return nil
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return h.and(func(t slog.Handler) slog.Handler { return t.WithAttrs(attrs) })
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	return h.and(func(t slog.Handler) slog.Handler { return t.WithGroup(name) })
}

func (h *logHandler) and(with func(slog.Handler) slog.Handler) *logHandler {
	return &logHandler{write: h.write, with: append(h.with[:len(h.with):len(h.with)], with)}
}
