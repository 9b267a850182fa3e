package main

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) systemCommand() *cobra.Command {
	return a.group("system", "Look at the daemon",
		a.leaf("info", "Show what the daemon is and does", a.systemInfo),
		a.leaf("health", "Ask whether the daemon can do its work", a.systemHealth),
		a.leaf("metrics", "Print the metrics of the daemon, in the text form of Prometheus", a.systemMetrics),
		a.systemLogCommand(),
		a.logLevelCommand())
}

// systemHealth asks as whatever watches over the daemon would, without a token.
func (a *app) systemHealth(ctx context.Context, _ []string) error {
	options, _, err := a.findDaemon()
	if err != nil {
		return err
	}
	c, err := client.Dial(options)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Ready(ctx); err != nil {
		return err
	}
	return a.answer(struct{ Ready bool }{true}, func(t *table) { t.row("ready") })
}

func (a *app) systemMetrics(ctx context.Context, _ []string) error {
	response, err := request[*slnet.MetricsResponse](ctx, a, &slnet.GetMetricsMessage{})
	if err != nil {
		return err
	}
	if a.forPrograms() {
		return a.printDocument(response)
	}
	_, err = io.WriteString(a.stdout, response.Text)
	return err
}

func (a *app) systemLogCommand() *cobra.Command {
	var level string
	c := a.leaf("log", "Print what the daemon has logged lately", func(ctx context.Context, _ []string) error {
		response, err := request[*slnet.LogResponse](ctx, a, &slnet.GetLogMessage{Level: level})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			for _, line := range response.Lines {
				t.row(logText(line))
			}
		})
	})
	c.Long = fmt.Sprintf(`Print the lines that the daemon has logged since it started, the last %d of
them. They go to its standard error too, which is where the others are.`, slnet.MaxLogLines)
	c.Flags().StringVar(&level, "level", "", "only lines of this `level` and above: "+strings.Join(logLevels, ", "))
	c.RegisterFlagCompletionFunc("level", cobra.FixedCompletions(logLevels, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func (a *app) logLevelCommand() *cobra.Command {
	c := a.leaf("log-level [LEVEL]", "Show the level of the daemon's log, or change it until the daemon ends", func(ctx context.Context, args []string) error {
		message := slnet.Message(&slnet.GetLogLevelMessage{})
		if len(args) > 0 {
			message = &slnet.SetLogLevelMessage{Level: args[0]}
		}
		response, err := request[*slnet.LogLevelResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { t.row(response.Level) })
	})
	c.Long = `Show the least level that the daemon logs, or change it until the daemon ends:
debug, info, warn or error. What it begins with is a setting, log-level.`
	c.ValidArgsFunction = cobra.FixedCompletions(logLevels, cobra.ShellCompDirectiveNoFileComp)
	return c
}

func (a *app) systemInfo(ctx context.Context, _ []string) error {
	response, err := request[*slnet.SystemInfoResponse](ctx, a, &slnet.GetSystemInfoMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) {
		t.field("Version", response.Version)
		t.field("Started", timeText(response.StartedAt))
		if response.Safe {
			t.field("Safe", "nothing is started by itself: no schedules, nothing for changes, and no runs that waited")
		}
		if response.ReadOnly {
			t.field("Read-only", "nothing is changed")
		}
		t.field("Store version", fmt.Sprint(response.StoreVersion))
		t.field("Active modules", strings.Join(response.Managers, ", "))
		if response.RemovedRuns > 0 {
			t.field("Removed runs", fmt.Sprintf("%d, with %s of logs", response.RemovedRuns, bytesize.Rounded(response.RemovedLogBytes)))
		}
		for i, means := range response.Isolation {
			t.row(first(i, "Isolation"), means)
		}
		for i, m := range response.Indexing {
			t.row(first(i, "Indexing"), fmt.Sprintf("%s: %d of %d instances", m.ModuleID, m.Instances, m.All))
		}
		q := response.Queue
		t.field("Runs", fmt.Sprintf("%d executing, %d waiting, %d later; %d of %d slots free", q.Executing, q.Waiting, q.Later, q.FreeSlots, q.Slots))
		t.field("Processes", fmt.Sprintf("%d workers, %d plugins; %d of them wait for a run", q.Workers, q.Plugins, q.Spares))
		if response.Store != nil {
			showStore(t, response.Store)
		}
		if response.Backups != nil {
			showBackups(t, response.Backups)
		}
	})
}

// showBackups shows how the backups do.
func showBackups(t *table, b *slnet.BackupInfo) {
	if b.Newest != nil {
		t.field("Newest backup", b.Newest.Name+", "+bytesize.Rounded(b.Newest.Size))
	}
	t.field("Next backup", timeText(b.NextAt))
	if b.Writing > 0 {
		t.field("Backup under way", bytesize.Rounded(b.Writing)+" written")
	}
	if b.Failure != "" {
		t.field("Last backup failed", timeText(b.FailedAt)+": "+b.Failure)
	}
}

// showStore shows the figures of a store.
func showStore(t *table, s *slnet.StoreInfo) {
	t.field("Store", fmt.Sprintf("%s on disk, %s in use", bytesize.Rounded(s.DiskBytes), bytesize.Rounded(s.LiveBytes)))
	t.field("Store is read-only", s.ReadOnly)
	if s.MinFree > 0 {
		t.field("Disk", fmt.Sprintf("%s free, %s to be left", bytesize.Rounded(s.DiskFree), bytesize.Rounded(s.MinFree)))
	}
	for i, level := range s.Levels {
		t.row(first(i, "Levels"), fmt.Sprintf("%d: %d tables, %s", level.Level, level.Tables, bytesize.Rounded(level.Bytes)))
	}
	t.field("Compactions", fmt.Sprintf("%d done, %d flushes; %s wait; a read looks at most at %s", s.Compactions, s.Flushes, bytesize.Rounded(s.CompactionDebt), tablesText(s.ReadAmplification)))
	t.field("Memory", fmt.Sprintf("%s of writes, %s of cache with %d hits and %d misses", bytesize.Rounded(s.MemTableBytes), bytesize.Rounded(s.CacheBytes), s.CacheHits, s.CacheMisses))
	t.field("Commits", fmt.Sprintf("%d in %d groups, %d conflicts", s.Commits, s.CommitGroups, s.Conflicts))
	t.field("Open reads", fmt.Sprintf("%d snapshots, %d iterators", s.Snapshots, s.Iterators))
}

// version and committed, the time of the commit in RFC 3339, are set by the linker;
// see the Makefile.
var version, committed string

func (a *app) versionCommand() *cobra.Command {
	return a.leaf("version", "Print the version of this program", func(context.Context, []string) error {
		b := buildInfo()
		return a.answer(b, func(t *table) {
			t.field("Version", b.Version)
			if b.Committed != "" {
				t.field("Committed", b.Committed)
			}
			t.field("Go", b.GoVersion)
			t.field("Platform", b.Platform)
		})
	})
}

// build says what this program was built from, and for what.
type build struct {
	Version   string
	Committed string `json:",omitempty"`
	GoVersion string
	Platform  string
}

func buildInfo() build {
	b := build{Version: version, Committed: committed, GoVersion: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	if info, ok := debug.ReadBuildInfo(); ok && b.Version == "" {
		b.Version = info.Main.Version
	}
	if b.Version == "" {
		b.Version = "(unknown)"
	}
	return b
}

// tablesText is how many tables of the store there are, in words.
func tablesText(n int64) string {
	if n == 1 {
		return "1 table"
	}
	return fmt.Sprintf("%d tables", n)
}
