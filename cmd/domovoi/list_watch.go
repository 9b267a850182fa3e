package main

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"
)

// watchInterval is the time between two looks of a command that is watched.
const watchInterval = 2 * time.Second

// clearScreen empties a terminal and goes to its begin.
const clearScreen = "\x1b[H\x1b[2J"

// watchList does something again and again, at each tick until ctx ends, and prints
// what it printed when that is not the same as before.
func (a *app) watchList(ctx context.Context, ticks <-chan time.Time, do func() error) error {
	stdout, stderr := a.stdout, a.stderr
	defer func() { a.stdout, a.stderr = stdout, stderr }()
	var shown []byte
	for {
		var out, told bytes.Buffer
		a.stdout, a.stderr = &out, &told
		if err := do(); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		if now := slices.Concat(out.Bytes(), told.Bytes()); shown == nil || !bytes.Equal(now, shown) {
			shown = now
			if isTerminal(stdout) && !a.forPrograms() {
				fmt.Fprint(stdout, clearScreen)
			}
			if _, err := out.WriteTo(stdout); err != nil {
				return err
			}
			told.WriteTo(stderr)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticks:
		}
	}
}
