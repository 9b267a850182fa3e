// Demo is what make demo runs: it starts a daemon on new data, runs the shipped
// scripts as two users with different rights, shows what happened, and stops the
// daemon. It exits with 0 only when everything was as documented.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// limit bounds the whole demonstration, so that it never hangs.
const limit = 2 * time.Minute

func main() {
	var o options
	flag.StringVar(&o.domovoi, "domovoi", "bin/domovoi", "the `program` to show")
	flag.StringVar(&o.hello, "hello", "bin/hello", "the plugin `binary` to deploy")
	flag.StringVar(&o.scripts, "scripts", "scripts", "the `folder` of the shipped scripts")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := demonstrate(ctx, o); err != nil {
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		fmt.Fprintf(os.Stderr, "\nthe demonstration failed:\n%v\n", err)
		os.Exit(1)
	}
}

// options say what is shown.
type options struct{ domovoi, hello, scripts string }

// demonstrate shows everything on a daemon of its own, of which nothing is left
// afterwards.
func demonstrate(ctx context.Context, o options) (err error) {
	began := time.Now()
	program, err := filepath.Abs(o.domovoi)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "domovoi-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()

	title("A daemon on new data")
	d, err := start(ctx, program, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.kill()) }()
	fmt.Printf("   listens on %s\n", d.address)

	h := &house{daemon: d}
	for _, step := range []func(context.Context, options) error{
		h.users, h.deploy, h.run, h.stored, h.log, h.end,
	} {
		if err := step(ctx, o); err != nil {
			return err
		}
	}
	fmt.Printf("\nEverything was as documented. It took %s.\n", round(time.Since(began)))
	return nil
}
