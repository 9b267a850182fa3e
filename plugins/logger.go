package plugins

import (
	"context"
	"io"
	"log/slog"

	hclog "github.com/hashicorp/go-hclog"
)

// newPluginLogger returns a logger for go-plugin that writes to log at debug
// level, whatever the level: everything that matters comes back as an error, and
// go-plugin calls every process we kill an error.
func newPluginLogger(log *slog.Logger) hclog.Logger {
	level := hclog.Debug
	if !log.Enabled(context.Background(), slog.LevelDebug) {
		level = hclog.Off
	}
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{Output: io.Discard, Level: level})
	if level != hclog.Off {
		logger.RegisterSink(pluginLog{log})
	}
	return logger
}

// pluginLog is a sink of hclog that writes to slog.
type pluginLog struct{ log *slog.Logger }

func (p pluginLog) Accept(name string, level hclog.Level, msg string, args ...any) {
	if level >= hclog.Debug {
		p.log.Debug("go-plugin: "+msg, append([]any{"plugin_level", level.String(), "plugin_logger", name}, args...)...)
	}
}
