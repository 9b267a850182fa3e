package runtime

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"domovoi.dev/runtime/metrics"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
)

// addOperations adds what people who watch over the daemon ask of it.
func addOperations(table map[string]handler) {
	system := holders(slnet.PermissionSystemAdministration)
	add(table, reading(holders(slnet.PermissionSystemMetrics)), func(r *Runtime, ctx context.Context, _ security.Caller, _ *slnet.GetMetricsMessage) (*slnet.MetricsResponse, error) {
		text, err := r.Metrics(ctx)
		return &slnet.MetricsResponse{Text: text}, err
	})
	add(table, reading(system), func(r *Runtime, _ context.Context, _ security.Caller, _ *slnet.GetLogLevelMessage) (*slnet.LogLevelResponse, error) {
		return &slnet.LogLevelResponse{Level: levelName(r.logLevel.Level())}, nil
	})
	add(table, aside(system), (*Runtime).setLogLevel)
}

func (r *Runtime) setLogLevel(ctx context.Context, caller security.Caller, m *slnet.SetLogLevelMessage) (*slnet.LogLevelResponse, error) {
	level, err := ParseLogLevel(m.Level)
	if err != nil {
		return nil, err
	}
	r.logLevel.Set(level)
	r.log.Log(ctx, max(level, slog.LevelInfo), "the log level was changed", "level", levelName(level), "user", caller.User)
	return &slnet.LogLevelResponse{Level: levelName(level)}, nil
}

// logLevels are the levels of the log.
var logLevels = []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelWarn, slog.LevelError}

// LogLevels returns the names of the levels of the log, what is least first.
func LogLevels() []string {
	names := make([]string, len(logLevels))
	for i, level := range logLevels {
		names[i] = levelName(level)
	}
	return names
}

func levelName(level slog.Level) string { return strings.ToLower(level.String()) }

// ParseLogLevel reads one of LogLevels.
func ParseLogLevel(name string) (slog.Level, error) {
	for _, level := range logLevels {
		if levelName(level) == name {
			return level, nil
		}
	}
	return 0, slnet.Errorf(slnet.KindInvalid, "there is no log level %.40q; the levels are %s", name, strings.Join(LogLevels(), ", "))
}

// newMetrics makes the metrics of the daemon.
func (r *Runtime) newMetrics() *metrics.Metrics {
	return metrics.New(metrics.Options{Messages: r.registry.Names(), Figures: r.figures})
}

// Metrics returns the metrics of the daemon in the text format of Prometheus. It
// asks nobody for rights.
func (r *Runtime) Metrics(ctx context.Context) (string, error) { return r.metrics.Text(ctx) }

// figures are what the metrics are read from.
func (r *Runtime) figures(ctx context.Context) (metrics.Figures, error) {
	f := metrics.Figures{
		Version: r.version, StartedAt: r.startedAt, Ready: r.ready() == nil, Safe: r.safe,
		StoreVersion: uint64(r.store.Version()), Streams: r.streams.Load(),
		Processes: r.host.Metrics(), Managers: r.managers.Metrics(),
		Triggers: r.triggers.Counts(), Backups: *r.backups.Info(),
	}
	f.OccurrencesStarted, f.OccurrencesSkipped = r.schedules.Occurrences()
	if r.engine != nil {
		m := r.engine.Metrics()
		f.Store = &m
	}
	var err error
	if f.Queue, err = r.automation.Metrics(ctx); err != nil {
		return f, err
	}
	f.Webhooks, err = r.webhooks.Metrics(ctx)
	return f, err
}

// queueInfo are the figures of the runs and their processes.
func (r *Runtime) queueInfo(ctx context.Context) (slnet.QueueInfo, error) {
	queue, err := r.automation.Metrics(ctx)
	processes := r.host.Metrics()
	info := slnet.QueueInfo{
		Slots: int64(queue.Slots), FreeSlots: int64(queue.FreeSlots),
		Executing: int64(queue.Executing), Waiting: int64(queue.Waiting), Later: int64(queue.Later),
		Workers: int64(processes.Workers), Plugins: int64(processes.Plugins), Spares: int64(processes.Spares),
	}
	info.Ended, info.Failed = r.metrics.Runs()
	return info, err
}

// maxPending is how long the disk may take for a commit before the daemon says
// that it is not ready.
const maxPending = 10 * time.Second

// ready says why the daemon cannot work.
func (r *Runtime) ready() error {
	if r.stopping.Err() != nil {
		return slnet.Errorf(slnet.KindUnavailable, "the daemon is stopping")
	}
	err := r.readable()
	if err == nil && r.engine != nil {
		if err = r.engine.CheckSpace(); err == nil {
			if pending := r.engine.Pending(); pending > maxPending {
				return slnet.Errorf(slnet.KindUnavailable, "the disk has not taken a commit for %v", pending.Truncate(time.Second))
			}
		}
	}
	if err != nil {
		return storeRefuses(err)
	}
	return nil
}

// alive says why nothing but a new start will help: the store has failed. All
// that may pass by itself is a matter of ready.
func (r *Runtime) alive() error {
	if err := r.readable(); errors.Is(err, kv.ErrFailed) {
		return storeRefuses(err)
	}
	return nil
}

func (r *Runtime) readable() error {
	return r.store.View(context.Background(), func(*storage.Reader) error { return nil })
}
