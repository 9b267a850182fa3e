package main

import (
	"io"
	"log/slog"
	"net/netip"
	goruntime "runtime"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"domovoi.dev/runtime"
	"domovoi.dev/sdk/slnet"
)

// settings are what the daemon can be told. Each is a flag of serve; the flags
// are the one table from which the variables of the environment, the keys of the
// configuration file, its checks and the page about them come.
type settings struct {
	app     *app
	flags   *pflag.FlagSet
	file    string // --config
	network network
	options runtime.Options
	logging logging
	admin   string
	// webhookNetworks are not parsed yet.
	webhookNetworks []string
}

// settings gives a command the flags of serve.
func (a *app) settings(c *cobra.Command) *settings {
	s := a.newSettings()
	c.Flags().AddFlagSet(s.flags)
	for _, name := range []string{"config", "tls-cert", "tls-key", "secrets-key"} {
		c.MarkFlagFilename(name)
	}
	completeBackupFlags(c)
	c.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions(logLevels, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("log-format", cobra.FixedCompletions(logFormats, cobra.ShellCompDirectiveNoFileComp))
	return s
}

func (a *app) newSettings() *settings {
	s := &settings{app: a, flags: pflag.NewFlagSet("serve", pflag.ContinueOnError)}
	flags, o := s.flags, &s.options
	s.network.flags(flags)
	flags.StringVar(&s.admin, "admin-address", "", "loopback `host:port` for metrics and profiles, to whoever is on this machine, or empty for none; port 0 takes a free one")
	flags.Var(&s.logging.level, "log-level", "the least `level` that is logged: debug, info, warn or error")
	flags.StringVar(&s.logging.format, "log-format", logFormats[0], "`form` of the log: text or json")
	flags.Var((*days)(&o.AuditAge), "audit-age", "how long records of the audit are kept, such as 12h or 30d (default 90d)")
	flags.Var((*days)(&o.Retention.Age), "run-age", "how long runs that succeeded are kept, where their script does not say so (default 30d)")
	flags.Var((*days)(&o.Retention.FailedAge), "failed-run-age", "how long other runs are kept (default 90d, at least --run-age)")
	flags.Int64Var(&o.Retention.Runs, "run-count", 0, "`number` of runs that are kept of each script, of those that succeeded and of the others; 0 means 100000")
	flags.Var((*size)(&o.Retention.Logs), "run-logs", "`size` that the logs of these runs may have (default 1GiB)")
	flags.Var((*size)(&o.CacheSize), "cache-size", "`size` of the store's cache in memory (default 64MiB)")
	flags.Var((*size)(&o.MemTableSize), "memtable-size", "`size` of what the store gathers in memory before it writes a table (default 32MiB)")
	flags.IntVar(&o.MaxConcurrentCompactions, "compactions", 0, "`number` of compactions at a time (default half the processors)")
	flags.Var((*sizeOrOff)(&o.MinFree), "min-free", "`size` to leave free on the disk, with less the store is read-only; off to fill it (default 2 % of the disk, 128MiB to 256MiB)")
	flags.Var((*sizeOrOff)(&o.Ballast), "ballast", "`size` of a file that makes room when the disk is full, or off (default 64MiB, at most a quarter of --min-free)")
	flags.IntVar(&o.Spares, "spares", 2*goruntime.NumCPU(), "`number` of processes that wait for runs of scripts executed lately; 0 for none")
	flags.StringVar(&o.SecretsKey, "secrets-key", "", "`file` with the key of secrets, made when there is none (default "+runtime.SecretsKeyFile+" in the data directory)")
	flags.IntVar(&o.MaxDepth, "max-depth", 0, "how many runs may stand above another, each started by the one before; 0 means 16, at most 100")
	flags.BoolVar(&o.Safe, "safe", false, "start nothing by itself: no schedules, nothing for changes, no scripts for APIs, no webhooks, and no runs that wait")
	flags.BoolVar(&o.ReadOnly, "read-only", false, "change nothing and start nothing, to look at a restored backup")
	flags.StringArrayVar(&s.webhookNetworks, "webhook-network", nil, "`network` that webhooks may send to though it is not public, such as 10.1.0.0/16; may be repeated")
	backupFlags(flags, &o.Backups)
	flags.StringVar(&s.file, configFlag, "", "YAML `file` with settings (default "+configFile+" in the data directory, if it is there)")
	return s
}

// check refuses settings that make no sense, or do not go together: all at once.
func (s *settings) check() []error {
	var errs []error
	add := func(err error) {
		if err != nil {
			errs = append(errs, err)
		}
	}
	if n := s.options.MaxConcurrentCompactions; n < 0 {
		add(slnet.Errorf(slnet.KindInvalid, "--compactions is %d; it must be 1 or more", n))
	}
	if n := s.options.Spares; n < 0 {
		add(slnet.Errorf(slnet.KindInvalid, "--spares is %d; it must be 0 or more", n))
	}
	if n := s.options.Retention.Runs; n < 0 {
		add(slnet.Errorf(slnet.KindInvalid, "--run-count is %d; it must be 0 or more", n))
	}
	_, err := s.networksOfWebhooks()
	add(err)
	add(s.network.check())
	_, err = s.network.proxies()
	add(err)
	add(s.logging.check())
	_, err = adminAddress(s.admin)
	add(err)
	return errs
}

// networksOfWebhooks are those that are not public and may be sent to.
func (s *settings) networksOfWebhooks() (list []netip.Prefix, err error) {
	for _, text := range s.webhookNetworks {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "--webhook-network %q is not a network such as 10.1.0.0/16 or 127.0.0.1/32", text)
		}
		list = append(list, network.Masked())
	}
	return list, nil
}

// logging says what is logged, and in what form.
type logging struct {
	level  logLevel
	format string
}

var (
	logLevels  = runtime.LogLevels()
	logFormats = []string{"text", "json"}
)

// logLevel is the flag of a level that may be changed later.
type logLevel struct{ slog.LevelVar }

// String implements pflag.Value.
func (l *logLevel) String() string { return strings.ToLower(l.Level().String()) }

// Type implements pflag.Value.
func (*logLevel) Type() string { return "level" }

// Set implements pflag.Value.
func (l *logLevel) Set(text string) error {
	level, err := runtime.ParseLogLevel(text)
	if err == nil {
		l.LevelVar.Set(level)
	}
	return err
}

func (l *logging) check() error {
	if !slices.Contains(logFormats, l.format) {
		return slnet.Errorf(slnet.KindInvalid, "--log-format is %q; the forms are %s", l.format, strings.Join(logFormats, " and "))
	}
	return nil
}

// recent is the handler of the daemon's log, with its latest lines.
func (l *logging) recent(w io.Writer) *runtime.RecentLog {
	o := &slog.HandlerOptions{Level: &l.level.LevelVar}
	if l.format == "json" {
		return runtime.NewRecentLog(slog.NewJSONHandler(w, o))
	}
	return runtime.NewRecentLog(slog.NewTextHandler(w, o))
}
