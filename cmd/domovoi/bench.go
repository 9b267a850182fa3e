package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/load"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) benchCommand() *cobra.Command {
	return a.group("bench", "Make data to measure with", a.benchLoadCommand())
}

// loading is what "bench load" was asked for.
type loading struct {
	instances, parallel int
	every               time.Duration
}

func (a *app) benchLoadCommand() *cobra.Command {
	var l loading
	c := a.leaf("load MODULE", "Fill a module with instances of five fields", func(ctx context.Context, args []string) error {
		return a.benchLoad(ctx, args[0], l)
	})
	c.Long = `Fill a module with instances of five fields

The module is made when it does not exist. Its definition "Reading" has the fields
Sensor (text, 1,000 different), Note (text), Count (whole number), Value (number)
and At (time). Instances are made in bulk requests of 100. A line a second says how
many there are, how many a second and how long a request takes; so a store that
gets slower as it grows shows it.`
	c.Flags().IntVar(&l.instances, "instances", 1_000_000, "how many `instances` to make")
	c.Flags().IntVar(&l.parallel, "parallel", 4, "how many `requests` at the same time")
	c.Flags().DurationVar(&l.every, "every", time.Second, "`time` between two lines")
	return c
}

func (a *app) benchLoad(ctx context.Context, moduleID string, l loading) error {
	if l.instances < 0 || l.parallel < 1 || l.every <= 0 {
		return slnet.Errorf(slnet.KindInvalid, "--instances must not be negative, --parallel and --every must be more than 0")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	module, err := load.Prepare(ctx, c.SendSLNetMessages, moduleID)
	if err != nil {
		return err
	}
	return a.carryLoad(ctx, module, l)
}

func (a *app) carryLoad(ctx context.Context, module *load.Module, l loading) error {
	var p load.Progress
	begin := time.Now()
	done := make(chan error, 1)
	go func() { done <- module.Fill(ctx, l.instances, l.parallel, &p) }()
	if err := a.reportLoad(&p, l.every, begin, done); err != nil {
		return err
	}
	took := time.Since(begin)
	fmt.Fprintf(a.stdout, "%d instances in %v, %.0f a second\n", p.Instances.Load(), took.Round(time.Millisecond), float64(p.Instances.Load())/took.Seconds())
	return nil
}

// reportLoad prints a line for each period until the load is done, and returns its
// error.
func (a *app) reportLoad(p *load.Progress, every time.Duration, begin time.Time, done <-chan error) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var instances, requests, waited int64
	for {
		select {
		case err := <-done:
			return err
		case <-tick.C:
		}
		i, r, w := p.Instances.Load(), p.Requests.Load(), p.Waited.Load()
		each := time.Duration(0)
		if r > requests {
			each = time.Duration((w - waited) / (r - requests))
		}
		fmt.Fprintf(a.stderr, "%8v %10d instances %8.0f/s  a request of %d takes %v\n", time.Since(begin).Round(time.Second), i,
			float64(i-instances)/every.Seconds(), dom.MaxAmountBulkOperation, each.Round(10*time.Microsecond))
		instances, requests, waited = i, r, w
	}
}
