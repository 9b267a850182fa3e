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
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/console"
	"domovoi.dev/internal/garbage"
	"domovoi.dev/plugins/sandbox"
	"domovoi.dev/runtime"
	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/interp"
)

// drainTime bounds what a daemon that stops waits for requests and runs.
const drainTime = 30 * time.Second

func (a *app) serveCommand() *cobra.Command {
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

Each flag can be left to an environment variable or to a file, ` + configFile + ` in the
data directory or the one of --config; see "domovoi config --help".

The first interrupt or SIGTERM lets requests and runs in flight finish, for at
most ` + durationText(drainTime) + `; a second one cuts them off.`
	settings := a.settings(c)
	// Unlike other commands, serve counts the signals itself.
	c.RunE = func(c *cobra.Command, _ []string) error {
		a.started = true
		if _, err := settings.read(); err != nil {
			return err
		}
		return a.serve(c.Context(), settings)
	}
	return c
}

// serve runs a daemon until a signal ends it, ctx does, or its store fails.
func (a *app) serve(ctx context.Context, s *settings) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)

	o, n := s.options, &s.network
	recent := s.logging.recent(a.stderr)
	logger := slog.New(recent)
	encryption, err := n.tls(a.dataDir, logger)
	if err != nil {
		return err
	}
	if o.TrustedProxies, err = n.proxies(); err != nil {
		return err
	}
	if o.WebhookNetworks, err = s.networksOfWebhooks(); err != nil {
		return err
	}
	if o.Spares == 0 {
		o.Spares = -1
	}
	listener, err := n.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	admin, err := listenAdmin(s.admin)
	if err != nil {
		return err
	}
	if admin != nil {
		defer admin.Close()
	}
	failed := make(chan error, 1)
	o.DataDir, o.Logger, o.LogLevel, o.Version = a.dataDir, logger, &s.logging.level.LevelVar, buildInfo().Version
	o.RecentLog, o.Console = recent, console.Handler()
	o.OnFailure = func(err error) { failed <- fmt.Errorf("the store has failed: %w", err) }
	garbage.Gather()
	daemon, err := runtime.Open(ctx, o)
	if err != nil {
		return fmt.Errorf("the daemon cannot start on %s: %w", a.dataDir, err)
	}
	server := api.NewServer(daemon.Handler(), api.ServerOptions{TLS: encryption, Logger: logger})
	served := make(chan error, 1)
	go func() { served <- serve(server, listener) }()
	info := n.info(ctx, listener.Addr(), logger)
	if admin != nil {
		info.Admin = admin.Addr().String()
		adminServer := api.NewServer(api.NewAdmin(daemon.Metrics), api.ServerOptions{Logger: logger})
		adminServer.WriteTimeout = 0 // a profile takes as long as it was asked for
		go adminServer.Serve(admin)
		defer adminServer.Close()
	}

	remove, err := a.announce(info)
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
	if info.Admin != "" {
		fmt.Fprintf(a.stdout, "metrics and profiles are at http://%s\n", info.Admin)
	}
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
