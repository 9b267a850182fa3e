package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	goruntime "runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/console"
	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/runtime"
	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/slnet"
)

// drainTime bounds what a daemon that stops waits for requests and runs.
const drainTime = 30 * time.Second

func (a *app) serveCommand() *cobra.Command {
	var n network
	var o runtime.Options
	c := a.leaf("serve", "Run the daemon", nil)
	c.Long = `Run the daemon on a data directory, which is made when there is none.

It listens on a loopback address. To be reached from other machines it needs a
certificate: --tls-cert and --tls-key name one in files, which may be replaced
while the daemon runs; --autocert gets one from Let's Encrypt, whose terms of
service it accepts, and which must reach the daemon at port 443 of that host.
Commands on the same machine find the daemon by its data directory as without.

	domovoi serve --address :443 --autocert domovoi.example.com
	domovoi serve --address :7411 --tls-cert fullchain.pem --tls-key key.pem

Behind a proxy that encrypts, say with --trusted-proxy where the proxy is. It
must pass on the Host header, set X-Forwarded-For and X-Forwarded-Proto, and not
hold answers back, for events are sent as they happen.

	domovoi serve --trusted-proxy 127.0.0.1

The first interrupt or SIGTERM lets requests and runs in flight finish, for at
most ` + durationText(drainTime) + `; a second one cuts them off.`
	n.flags(c)
	c.Flags().Var((*days)(&o.AuditAge), "audit-age", "how long records of the audit are kept, such as 12h or 30d (default 90d)")
	c.Flags().Var((*size)(&o.CacheSize), "cache-size", "`size` of the store's cache in memory (default 64MiB)")
	c.Flags().Var((*size)(&o.MemTableSize), "memtable-size", "`size` of what the store gathers in memory before it writes a table (default 32MiB)")
	c.Flags().IntVar(&o.MaxConcurrentCompactions, "compactions", 0, "`number` of compactions at a time (default half the processors)")
	c.Flags().Var((*sizeOrOff)(&o.MinFree), "min-free", "`size` to leave free on the disk, with less the store is read-only; off to fill it (default 2 % of the disk, 128MiB to 256MiB)")
	c.Flags().Var((*sizeOrOff)(&o.Ballast), "ballast", "`size` of a file that makes room when the disk is full, or off (default 64MiB, at most a quarter of --min-free)")
	c.Flags().IntVar(&o.Spares, "spares", 2*goruntime.NumCPU(), "`number` of processes that wait for runs of scripts executed lately; 0 for none")
	c.Flags().StringVar(&o.SecretsKey, "secrets-key", "", "`file` with the key of secrets, made when there is none (default "+runtime.SecretsKeyFile+" in the data directory)")
	c.MarkFlagFilename("secrets-key")
	c.Flags().IntVar(&o.MaxDepth, "max-depth", 0, "how many runs may stand above another, each started by the one before; 0 means 16, at most 100")
	c.Flags().BoolVar(&o.Safe, "safe", false, "start nothing by itself: no schedules, nothing for changes, no scripts for APIs, and no runs that wait")
	c.Flags().BoolVar(&o.ReadOnly, "read-only", false, "change nothing and start nothing, to look at a restored backup")
	backupFlags(c, &o.Backups)
	// Unlike other commands, serve counts the signals itself.
	c.RunE = func(c *cobra.Command, _ []string) error {
		a.started = true
		if o.MaxConcurrentCompactions < 0 {
			return slnet.Errorf(slnet.KindInvalid, "--compactions is %d; it must be 1 or more", o.MaxConcurrentCompactions)
		}
		if o.Spares < 0 {
			return slnet.Errorf(slnet.KindInvalid, "--spares is %d; it must be 0 or more", o.Spares)
		}
		if o.Spares == 0 {
			o.Spares = -1
		}
		return a.serve(c.Context(), &n, o)
	}
	return c
}

// serve runs a daemon until a signal ends it, ctx does, or its store fails.
func (a *app) serve(ctx context.Context, n *network, o runtime.Options) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	logger := slog.New(slog.NewTextHandler(a.stderr, nil))
	if err := n.check(); err != nil {
		return err
	}
	encryption, err := n.tls(a.dataDir, logger)
	if err != nil {
		return err
	}
	if o.TrustedProxies, err = n.proxies(); err != nil {
		return err
	}
	listener, err := n.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	failed := make(chan error, 1)
	o.DataDir, o.Logger, o.Version = a.dataDir, logger, buildInfo().Version
	o.Console = console.Handler()
	o.OnFailure = func(err error) { failed <- fmt.Errorf("the store has failed: %w", err) }
	daemon, err := runtime.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("the daemon cannot start on %s: %w", a.dataDir, err)
	}
	server := api.NewServer(daemon.Handler(), api.ServerOptions{TLS: encryption, Logger: logger})
	served := make(chan error, 1)
	go func() { served <- serve(server, listener) }()

	remove, err := a.announce(n.info(ctx, listener.Addr(), logger))
	if err == nil {
		select {
		case <-signals:
		case <-ctx.Done():
		case err = <-failed:
		case err = <-served:
		}
	}
	// The next daemon may start as soon as this one has closed its store, and
	// what it announces is its own.
	return errors.Join(err, remove(), a.stop(server, daemon, signals, logger))
}

// announce tells people and other commands where the daemon is. The function it
// returns takes that back.
func (a *app) announce(info daemonInfo) (remove func() error, err error) {
	info.Pid = os.Getpid()
	b, err := json.Marshal(info)
	if err == nil {
		err = writePrivate(daemonFile(a.dataDir), append(b, '\n'))
	}
	if err != nil {
		return func() error { return nil }, fmt.Errorf("the daemon's address cannot be written: %w", err)
	}
	url := info.Address
	if info.Certificate == "" {
		url = "http://" + url
	}
	fmt.Fprintf(a.stdout, "domovoi is listening on %s (data in %s)\n", url, a.dataDir)
	return func() error { return os.Remove(daemonFile(a.dataDir)) }, nil
}

// stop ends the server and then the daemon. Requests and runs in flight may
// finish within drainTime, or until a further signal.
func (a *app) stop(server *http.Server, daemon *runtime.Runtime, signals <-chan os.Signal, logger *slog.Logger) error {
	logger.Info("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	stopped := make(chan struct{})
	defer close(stopped)
	go func() {
		select {
		case <-signals:
			logger.Warn("stopping at once")
			cancel()
		case <-stopped:
		}
	}()
	if err := server.Shutdown(ctx); err != nil {
		logger.Warn("requests in flight are cut off", "err", err)
		server.Close()
	}
	return daemon.Close(ctx)
}

// sandboxCommand is how the daemon starts the processes of scripts: it enters a
// sandbox, and there interprets a script or executes a plugin binary.
func (a *app) sandboxCommand() *cobra.Command {
	return &cobra.Command{
		Use:                sandbox.Verb,
		Short:              "Carry a script for the daemon that starts this process",
		Hidden:             true,
		DisableFlagParsing: true,
		RunE: func(_ *cobra.Command, args []string) error {
			sandbox.Main(args, interp.Worker)
			return nil
		},
	}
}
