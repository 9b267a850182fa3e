package metrics_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"domovoi.dev/runtime/metrics"
	"domovoi.dev/sdk/slnet"
)

func newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Options{
		Messages: []string{"WhoAmIMessage"},
		Figures:  func(context.Context) (metrics.Figures, error) { return metrics.Figures{Version: "1"}, nil },
	})
}

// TestNamesOfOthersLeaveNothing: what a client makes up cannot add to the
// metrics, and a run that never executed has no duration.
func TestNamesOfOthersLeaveNothing(t *testing.T) {
	m := newMetrics()
	m.Message("MadeUp", time.Second, nil)
	m.Message("WhoAmIMessage", time.Second, slnet.KindNotFound)
	m.Run(&slnet.Run{State: slnet.RunCanceled})
	text, err := m.Text(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(text, "MadeUp") {
		t.Error("a message that there is not has left a label")
	}
	for _, line := range []string{
		`domovoi_message_duration_seconds_bucket{message="WhoAmIMessage",le="1"} 1`,
		`domovoi_runs_total{state="cancelled"} 1`,
		`domovoi_run_duration_seconds_count 0`,
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("the metrics lack %q", line)
		}
	}
	if strings.Contains(text, "domovoi_store_commits_total") {
		t.Error("a store that could not say anything has figures")
	}
}

// BenchmarkMessage is what each message pays, beside the two looks at the clock
// that are its floor.
func BenchmarkMessage(b *testing.B) {
	m := newMetrics()
	b.Run("clock", func(b *testing.B) {
		for b.Loop() {
			_ = time.Since(time.Now())
		}
	})
	b.Run("told", func(b *testing.B) {
		for b.Loop() {
			m.Message("WhoAmIMessage", time.Since(time.Now()), nil)
		}
	})
}
