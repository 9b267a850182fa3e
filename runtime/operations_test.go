package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

// TestMetrics: what happened in a daemon stands in its metrics, and each that
// there can be stands on the page about them.
func TestMetrics(t *testing.T) {
	level := new(slog.LevelVar)
	d := daemontest.StartOnWith(t, t.TempDir(), nil, func(o *runtime.Options) { o.LogLevel = level })
	admin := d.Administrator()
	send := func(message slnet.Message) (slnet.Message, error) {
		return slnet.Send1(t.Context(), admin.SendSLNetMessages, message)
	}
	must := func(message slnet.Message) slnet.Message {
		t.Helper()
		response, err := send(message)
		if err != nil {
			t.Fatal(err)
		}
		return response
	}
	must(&slnet.DeployScriptMessage{Name: "fine", Files: []slnet.ScriptFile{{Name: "script.go", Content: ("package main\n\nimport (\n\t\"context\"\n\n\t\"domovoi.dev/sdk\"\n)\n\nfunc Run(context.Context, *sdk.Engine) error { return nil }\n")}}})
	must(&slnet.ExecuteScriptMessage{ScriptName: "fine"})
	if _, err := send(&slnet.GetScriptMessage{Name: "none"}); !errors.Is(err, slnet.KindNotFound) {
		t.Fatalf("got %v", err)
	}
	stream, err := admin.Subscribe(t.Context(), slnet.Subscription{})
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Close()
	address := d.Listen()
	response, err := http.Get("http://" + address + "/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if response.StatusCode != http.StatusUnauthorized {
		t.Fatalf("got %s", response.Status)
	}
	text := must(&slnet.GetMetricsMessage{}).(*slnet.MetricsResponse).Text
	for _, line := range []string{
		`domovoi_ready 1`,
		`domovoi_runs_total{state="succeeded"} 1`,
		`domovoi_runs_total{state="failed"} 0`,
		`domovoi_run_duration_seconds_count 1`,
		`domovoi_run_wait_seconds_count 1`,
		`domovoi_queue_runs{state="waiting"} 0`,
		`domovoi_event_streams 1`,
		`domovoi_message_errors_total{kind="NotFound",message="GetScriptMessage"} 1`,
		`domovoi_message_duration_seconds_count{message="GetScriptMessage"} 1`,
		`domovoi_http_requests_total{code="401",route=""} 1`,
		`domovoi_store_read_only 0`,
	} {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("the metrics lack %q", line)
		}
	}
	for _, name := range []string{"domovoi_store_commits_total", "domovoi_store_sync_seconds_total", "domovoi_process_starts_total", "go_goroutines"} {
		if !regexp.MustCompile(`(?m)^` + name + ` [1-9]|^` + name + ` 0\.0*[1-9]|^` + name + ` [0-9.]+e-0`).MatchString(text) {
			t.Errorf("%s is not above 0", name)
		}
	}
	t.Run("pages", func(t *testing.T) { comparePages(t, text) })

	t.Run("level", func(t *testing.T) {
		must(&slnet.SetLogLevelMessage{Level: "debug"})
		if level.Level() != slog.LevelDebug {
			t.Errorf("got %v, want debug", level.Level())
		}
		if got := must(&slnet.GetLogLevelMessage{}).(*slnet.LogLevelResponse).Level; got != "debug" {
			t.Errorf("got %s, want debug", got)
		}
		if _, err := send(&slnet.SetLogLevelMessage{Level: "DEBUG+1"}); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("got %v", err)
		}
	})
}

// TestRecentLog: the latest lines of the daemon's log can be asked for, by level
// and from where the last answer ended, with the attributes of their loggers.
func TestRecentLog(t *testing.T) {
	recent := runtime.NewRecentLog(slog.NewTextHandler(t.Output(), nil))
	d := daemontest.StartWith(t, func(o *runtime.Options) { o.Logger, o.RecentLog = slog.New(recent), recent })
	admin := d.Administrator()
	ask := func(m *slnet.GetLogMessage) *slnet.LogResponse {
		t.Helper()
		response, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, m)
		if err != nil {
			t.Fatal(err)
		}
		return response.(*slnet.LogResponse)
	}
	began := ask(&slnet.GetLogMessage{}).Next
	logger := slog.New(recent)
	logger.With("op", "one").WithGroup("g").Info("first", "level", "low")
	logger.Debug("not logged")
	logger.Warn("second thing", "level", "high", "err", errors.New("a b"))
	got := ask(&slnet.GetLogMessage{After: began})
	var texts []string
	for _, line := range got.Lines {
		texts = append(texts, line.Level+" "+line.Text)
	}
	if want := []string{"INFO first op=one g.level=low", `WARN second thing level=high err="a b"`}; !slices.Equal(texts, want) {
		t.Errorf("got %q, want %q", texts, want)
	}
	if warnings := ask(&slnet.GetLogMessage{After: began, Level: "warn"}); len(warnings.Lines) != 1 || warnings.Lines[0] != got.Lines[1] {
		t.Errorf("got %v", warnings)
	}
	if later := ask(&slnet.GetLogMessage{After: got.Next}); len(later.Lines) != 0 || later.Next != got.Next {
		t.Errorf("got %v", later)
	}
	for range slnet.MaxLogLines {
		logger.Info("many")
	}
	// A line as long as somebody's input is cut.
	logger.Info(strings.Repeat("ä", 1<<20))
	if long := ask(&slnet.GetLogMessage{}).Lines; len(long[len(long)-1].Text) > 5000 || !utf8.ValidString(long[len(long)-1].Text) {
		t.Errorf("a line has %d bytes", len(long[len(long)-1].Text))
	}
	if all := ask(&slnet.GetLogMessage{}); len(all.Lines) != slnet.MaxLogLines || all.Lines[0].Text != "many" {
		t.Errorf("got %d lines that begin with %v", len(all.Lines), all.Lines[0])
	}
}

var metricName = regexp.MustCompile(`\bdomovoi_[a-z0-9_]+\b`)

// comparePages compares the names in the metrics with those on the page about
// them, and with those that the dashboard and the alerts use.
func comparePages(t *testing.T, text string) {
	var families []string
	for _, line := range strings.Split(text, "\n") {
		if name, ok := strings.CutPrefix(line, "# TYPE "); ok && strings.HasPrefix(name, "domovoi_") {
			families = append(families, strings.Fields(name)[0])
		}
	}
	names := func(file string) (list []string) {
		b, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range metricName.FindAllString(string(b), -1) {
			for _, suffix := range []string{"_bucket", "_count", "_sum"} {
				if base := strings.TrimSuffix(name, suffix); slices.Contains(families, base) {
					name = base
				}
			}
			list = append(list, name)
		}
		slices.Sort(list)
		return slices.Compact(list)
	}
	page := names("docs/metrics.md")
	for _, name := range families {
		if !slices.Contains(page, name) {
			t.Errorf("docs/metrics.md lacks %s", name)
		}
	}
	for _, file := range []string{"docs/metrics.md", "deploy/grafana-dashboard.json", "deploy/alerts.yaml"} {
		used := names(file)
		if len(used) == 0 {
			t.Errorf("%s names no metric", file)
		}
		for _, name := range used {
			if !slices.Contains(families, name) {
				t.Errorf("%s names %s, which is no metric", file, name)
			}
		}
	}
}

// failing is a store whose reads fail while err is set.
type failing struct {
	kv.Store
	err atomic.Pointer[error]
}

func (f *failing) View(ctx context.Context, do func(kv.Reader) error) error {
	if err := f.err.Load(); err != nil {
		return *err
	}
	return f.Store.View(ctx, do)
}

// full is a store that takes no writes while err is set.
type full struct {
	failing
}

func (f *full) Update(ctx context.Context, do func(kv.Tx) error) (kv.Version, error) {
	if err := f.err.Load(); err != nil {
		return 0, *err
	}
	return f.Store.Update(ctx, do)
}

// View implements kv.Store: what is stored can be read.
func (f *full) View(ctx context.Context, do func(kv.Reader) error) error {
	return f.Store.View(ctx, do)
}

// TestRetryAfter: who wants to change an object while the disk is full is told when to
// come again, unless something of the call was carried out already.
func TestRetryAfter(t *testing.T) {
	store := &full{failing{Store: memkv.New()}}
	d := daemontest.StartOn(t, t.TempDir(), store)
	url := "http://" + d.Listen() + "/slnet"
	defer store.err.Store(nil) // for the check at the end
	store.err.Store(&kv.ErrReadOnly)
	var create slnet.Message
	dom.NewModuleSettingsHelper(func(_ context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
		create = messages[0]
		return nil, context.Canceled
	}).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: "shop"})
	for want, call := range map[string][]slnet.Message{"30": {create}, "": {&slnet.WhoAmIMessage{}, create}} {
		body, err := slnet.AppendMessages(nil, call)
		if err != nil {
			t.Fatal(err)
		}
		request, err := http.NewRequestWithContext(t.Context(), "POST", url, bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+d.Token())
		request.Header.Set("Content-Type", "application/msgpack")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		response.Body.Close()
		if got := response.Header.Get("Retry-After"); response.StatusCode != 503 || got != want {
			t.Errorf("a call of %d messages: status %d, Retry-After %q, want 503 and %q", len(call), response.StatusCode, got, want)
		}
	}
}

// TestHealth: what may pass by itself makes the daemon not ready and leaves it
// alive; when its store has failed, only a new start helps.
func TestHealth(t *testing.T) {
	store := &failing{Store: memkv.New()}
	d := daemontest.StartOn(t, t.TempDir(), store)
	address := "http://" + d.Listen()
	defer store.err.Store(nil) // for the check at the end
	for _, test := range []struct {
		err          error
		alive, ready int
	}{
		{nil, 200, 200},
		{kv.ErrClosed, 200, 503},
		{kv.ErrFailed, 503, 503},
	} {
		if store.err.Store(&test.err); test.err == nil {
			store.err.Store(nil)
		}
		for path, want := range map[string]int{"/healthz": test.alive, "/readyz": test.ready} {
			response, err := http.Get(address + path)
			if err != nil {
				t.Fatal(err)
			}
			response.Body.Close()
			if response.StatusCode != want {
				t.Errorf("%s with %v: got %d, want %d", path, test.err, response.StatusCode, want)
			}
		}
		c, err := client.Dial(client.Options{Address: address})
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Ready(t.Context()); (err == nil) != (test.ready == 200) || err != nil && !errors.Is(err, slnet.KindUnavailable) {
			t.Errorf("Ready with %v: got %v", test.err, err)
		}
		c.Close()
	}
}
