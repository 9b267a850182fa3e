package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/runtime"
	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/memkv"
)

// houseVerb and houseGreeting are what package sdktest, which only tests import,
// calls Verb and Greeting.
const houseVerb = "sdktest"

type houseGreeting struct {
	Address string
	Token   string
}

// houseCommand is the daemon of a script's tests, see package sdktest.
func (a *app) houseCommand() *cobra.Command {
	return &cobra.Command{
		Use:    houseVerb,
		Short:  "Be a daemon in memory until the standard input ends",
		Hidden: true,
		Args:   cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			a.started = true
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGTERM)
			defer stop()
			return a.house(ctx)
		},
	}
}

// house runs a daemon on a store in memory. An interrupt is for the test, which
// then ends the standard input, or dies.
func (a *app) house(ctx context.Context) (err error) {
	signal.Ignore(os.Interrupt)
	dir, err := os.MkdirTemp("", "domovoi")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	logger := slog.New(slog.NewTextHandler(a.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	daemon, err := runtime.Open(ctx, runtime.Options{
		DataDir: dir, Store: memkv.New(), Spares: -1, Logger: logger, Version: buildInfo().Version,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, daemon.Close(context.Background())) }()
	token, err := os.ReadFile(filepath.Join(dir, runtime.TokenFile))
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return slnet.Errorf(slnet.KindUnavailable, "the daemon cannot listen: %v", err)
	}
	server := api.NewServer(daemon.Handler(), api.ServerOptions{Logger: logger})
	go server.Serve(listener)
	defer server.Close()
	hello := houseGreeting{Address: listener.Addr().String(), Token: strings.TrimSpace(string(token))}
	if err := json.NewEncoder(a.stdout).Encode(hello); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		io.Copy(io.Discard, a.stdin)
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
	}
	stopping, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(stopping) // what is still open is cut off
	return checkHouse(daemon, hello.Token)
}

// checkHouse is an error when the store is not sound.
func checkHouse(daemon *runtime.Runtime, token string) error {
	ctx := context.Background()
	admin, err := daemon.Connect(ctx, token)
	if err != nil {
		return err
	}
	response, err := slnet.Send1(ctx, admin.SendSLNetMessages, &slnet.CheckStoreMessage{})
	if err != nil {
		return err
	}
	if check, ok := response.(*slnet.CheckStoreResponse); !ok || len(check.Problems) > 0 {
		return slnet.Errorf(slnet.KindInternal, "the store is not sound:\n%s", strings.Join(check.Problems, "\n"))
	}
	return nil
}
