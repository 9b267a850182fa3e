package sdk_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

func TestLogLines(t *testing.T) {
	var lines []slnet.LogLine
	engine := sdk.NewEngine(sdk.RunInfo{}, sdk.Host{Log: func(line slnet.LogLine) { lines = append(lines, line) }})
	log := engine.Log
	for _, c := range []struct {
		log         func()
		level, text string
	}{
		{func() { log.Debug("small") }, "DEBUG", "small"},
		{func() { log.Info("found", "count", 10) }, "INFO", "found count=10"},
		{func() { log.Warn("odd", "name", "a b", "empty", "") }, "WARN", `odd name="a b" empty=""`},
		{func() { log.Error("broken", "err", errors.New("no luck")) }, "ERROR", `broken err="no luck"`},
		{func() { log.Log(context.Background(), slog.LevelError+4, "worse") }, "ERROR+4", "worse"},
		{func() { log.With("a", 1).With("b", 2).Info("with", "c", 3) }, "INFO", "with a=1 b=2 c=3"},
		{func() { log.WithGroup("g").Info("group", "a", 1) }, "INFO", "group g.a=1"},
		{func() { log.With("a", 1).WithGroup("g").With("b", 2).WithGroup("h").Info("deep", "c", 3) }, "INFO", "deep a=1 g.b=2 g.h.c=3"},
		{func() { log.Info("inline", slog.Group("g", "a", 1), slog.Duration("d", time.Second)) }, "INFO", "inline g.a=1 d=1s"},
		{func() { log.WithGroup("g").Info("keys", "time", "noon", "level", 3, "msg", "m") }, "INFO", "keys g.time=noon g.level=3 g.msg=m"},
		{func() { log.Info("keys", "time", "noon", "level", 3, "msg", "m") }, "INFO", "keys time=noon level=3 msg=m"},
		{func() { log.Info("") }, "INFO", ""},
		{func() { log.Info("two\nlines", "more", "a\nb") }, "INFO", "two\nlines more=\"a\\nb\""},
	} {
		lines = nil
		before := time.Now()
		c.log()
		if len(lines) != 1 {
			t.Errorf("%q: %d lines", c.text, len(lines))
			continue
		}
		if got := lines[0]; got.Level != c.level || got.Text != c.text || got.Time.Before(before) || got.Time.Location() != time.UTC {
			t.Errorf("got %s %q at %v, want %s %q", got.Level, got.Text, got.Time, c.level, c.text)
		}
	}
}

func TestDerivedLoggersDoNotShareTheirAttributes(t *testing.T) {
	var mu sync.Mutex
	texts := make(map[string]bool)
	engine := sdk.NewEngine(sdk.RunInfo{}, sdk.Host{Log: func(line slnet.LogLine) {
		mu.Lock()
		defer mu.Unlock()
		texts[line.Text] = true
	}})
	base := engine.Log.With("a", 1).With("b", 2).With("c", 3)
	var wg sync.WaitGroup
	for _, name := range []string{"x", "y", "z"} {
		wg.Go(func() { base.With("name", name).Info("m") })
	}
	wg.Wait()
	for _, want := range []string{"m a=1 b=2 c=3 name=x", "m a=1 b=2 c=3 name=y", "m a=1 b=2 c=3 name=z"} {
		if !texts[want] {
			t.Errorf("no line %q among %v", want, texts)
		}
	}
}
