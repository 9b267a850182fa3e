package main

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) benchCommand() *cobra.Command {
	return a.group("bench", "Make data to measure with", a.benchLoadCommand())
}

// load is what "bench load" was asked for.
type load struct {
	instances, parallel int
	every               time.Duration
}

func (a *app) benchLoadCommand() *cobra.Command {
	var l load
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

// reading is the model of the loaded module.
type reading struct {
	section    *dom.SectionDefinition
	definition *dom.Definition
}

// loadFields are the names of the fields, in their order in the section.
var loadFields = []struct {
	name      string
	fieldType dom.FieldType
}{
	{"Sensor", dom.TypeString}, {"Note", dom.TypeString}, {"Count", dom.TypeLong}, {"Value", dom.TypeDouble}, {"At", dom.TypeDateTime},
}

func (a *app) benchLoad(ctx context.Context, moduleID string, l load) error {
	if l.instances < 0 || l.parallel < 1 || l.every <= 0 {
		return slnet.Errorf(slnet.KindInvalid, "--instances must not be negative, --parallel and --every must be more than 0")
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	model, err := prepareLoad(ctx, c, moduleID)
	if err != nil {
		return err
	}
	return a.carryLoad(ctx, dom.NewDomHelper(c.SendSLNetMessages, moduleID), model, l)
}

// prepareLoad makes the module and its model, or finds what an earlier load made.
func prepareLoad(ctx context.Context, c *client.Client, moduleID string) (*reading, error) {
	settings := dom.NewModuleSettingsHelper(c.SendSLNetMessages)
	have, err := settings.ModuleSettings.Count(ctx, dom.ModuleSettingsExposers.ModuleID.Equal(moduleID))
	if err != nil {
		return nil, err
	}
	if have == 0 {
		if _, err := settings.ModuleSettings.Create(ctx, &dom.ModuleSettings{ModuleID: moduleID}); err != nil {
			return nil, err
		}
	}
	helper := dom.NewDomHelper(c.SendSLNetMessages, moduleID)
	definitions, err := helper.DomDefinitions.Read(ctx, dom.DefinitionExposers.Name.Equal("Reading"))
	if err != nil {
		return nil, err
	}
	sections, err := helper.SectionDefinitions.Read(ctx, dom.SectionDefinitionExposers.Name.Equal("Reading"))
	if err != nil {
		return nil, err
	}
	if len(definitions) == 1 && len(sections) == 1 && len(sections[0].FieldDescriptors) == len(loadFields) {
		return &reading{sections[0], definitions[0]}, nil
	}
	if len(definitions)+len(sections) > 0 {
		return nil, slnet.Errorf(slnet.KindConflict, "module %q has a definition or section \"Reading\" that this command did not make; choose another module", moduleID)
	}
	r := &reading{section: dom.NewSectionDefinition("Reading")}
	for _, f := range loadFields {
		r.section.AddOrReplaceFieldDescriptor(dom.NewFieldDescriptor(f.name, f.fieldType))
	}
	r.definition = dom.NewDefinition("Reading", dom.SectionDefinitionLink{SectionDefinitionID: r.section.ID})
	if _, err := helper.SectionDefinitions.Create(ctx, r.section); err != nil {
		return nil, err
	}
	_, err = helper.DomDefinitions.Create(ctx, r.definition)
	return r, err
}

// instance is the n-th instance of a load. The values spread over their ranges in
// no order.
func (r *reading) instance(n int) *dom.Instance {
	mixed := uint64(n+1) * 0x9e3779b97f4a7c15
	instance := dom.NewInstance(r.definition.ID)
	for i, value := range []any{
		fmt.Sprintf("sensor %04d", mixed%1000),
		fmt.Sprintf("reading %d of a load", n),
		int64(mixed % 1_000_000),
		float64(mixed%100_000) / 100,
		time.Unix(1_700_000_000+int64(mixed%31_536_000), 0),
	} {
		instance.AddOrUpdateFieldValue(r.section.ID, r.section.FieldDescriptors[i].ID, value)
	}
	return instance
}

// progress is how far a load is.
type progress struct {
	instances, requests atomic.Int64
	waited              atomic.Int64 // nanoseconds that requests took
}

func (a *app) carryLoad(ctx context.Context, helper *dom.DomHelper, model *reading, l load) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var p progress
	var next atomic.Int64
	var workers sync.WaitGroup
	begin := time.Now()
	for range l.parallel {
		workers.Go(func() {
			if err := loadBulks(ctx, helper, model, l.instances, &next, &p); err != nil {
				cancel(err)
			}
		})
	}
	done := make(chan struct{})
	go func() {
		workers.Wait()
		close(done)
	}()
	a.reportLoad(&p, l.every, begin, done)
	if err := context.Cause(ctx); err != nil {
		return err
	}
	took := time.Since(begin)
	fmt.Fprintf(a.stdout, "%d instances in %v, %.0f a second\n", p.instances.Load(), took.Round(time.Millisecond), float64(p.instances.Load())/took.Seconds())
	return nil
}

// loadBulks makes bulk requests until all instances are made.
func loadBulks(ctx context.Context, helper *dom.DomHelper, model *reading, instances int, next *atomic.Int64, p *progress) error {
	for {
		begin := int(next.Add(dom.MaxAmountBulkOperation)) - dom.MaxAmountBulkOperation
		if begin >= instances {
			return nil
		}
		end := min(begin+dom.MaxAmountBulkOperation, instances)
		bulk := make([]*dom.Instance, 0, end-begin)
		for n := begin; n < end; n++ {
			bulk = append(bulk, model.instance(n))
		}
		sent := time.Now()
		if _, err := helper.DomInstances.CreateOrUpdate(ctx, bulk); err != nil {
			return err
		}
		p.waited.Add(int64(time.Since(sent)))
		p.requests.Add(1)
		p.instances.Add(int64(len(bulk)))
	}
}

// reportLoad prints a line for each period until the load is done.
func (a *app) reportLoad(p *progress, every time.Duration, begin time.Time, done <-chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	var instances, requests, waited int64
	for {
		select {
		case <-done:
			return
		case <-tick.C:
		}
		i, r, w := p.instances.Load(), p.requests.Load(), p.waited.Load()
		each := time.Duration(0)
		if r > requests {
			each = time.Duration((w - waited) / (r - requests))
		}
		fmt.Fprintf(a.stderr, "%8v %10d instances %8.0f/s  a request of %d takes %v\n", time.Since(begin).Round(time.Second), i,
			float64(i-instances)/every.Seconds(), dom.MaxAmountBulkOperation, each.Round(10*time.Microsecond))
		instances, requests, waited = i, r, w
	}
}
