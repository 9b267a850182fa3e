package main

import (
	"context"
	"fmt"

	"domovoi.dev/internal/load"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// moduleID is the module of the records.
const moduleID = "readings"

// domovoi is a module with its defaults: all fields have an index, each change is
// in the history and in the feed.
type domovoi struct {
	*load.Module
	ids []dom.InstanceID
}

// newDomovoi makes the module and its records.
func newDomovoi(ctx context.Context, send slnet.SendFunc, records int) (*domovoi, error) {
	m, err := load.Prepare(ctx, send, moduleID)
	if err != nil {
		return nil, err
	}
	d := &domovoi{Module: m}
	for len(d.ids) < records {
		bulk := make([]*dom.Instance, min(dom.MaxAmountBulkOperation, records-len(d.ids)))
		for i := range bulk {
			bulk[i] = d.instance(readingOf(len(d.ids), records))
			d.ids = append(d.ids, bulk[i].ID)
		}
		if _, err := m.Helper.DomInstances.CreateOrUpdate(ctx, bulk); err != nil {
			return nil, err
		}
	}
	return d, nil
}

// through is the same module through another door.
func (d *domovoi) through(send slnet.SendFunc) *domovoi {
	m := *d.Module
	m.Helper = dom.NewDomHelper(send, moduleID)
	return &domovoi{Module: &m, ids: d.ids}
}

func (d *domovoi) instance(r reading) *dom.Instance {
	i := dom.NewInstance(d.Definition.ID)
	for f, value := range []any{load.Sensor: r.sensor, load.Note: r.note, load.Count: r.count, load.Value: r.value, load.At: r.at} {
		i.AddOrUpdateFieldValue(d.Section.ID, d.FieldID(load.Field(f)), value)
	}
	return i
}

func (d *domovoi) create(ctx context.Context, r reading) error {
	_, err := d.Helper.DomInstances.Create(ctx, d.instance(r))
	return err
}

func (d *domovoi) read(ctx context.Context, n int) error {
	found, err := d.Helper.DomInstances.Read(ctx, dom.InstanceExposers.ID.Equal(d.ids[n]))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("found %d instances with the id %s", len(found), d.ids[n])
	}
	return err
}

func (d *domovoi) field(f load.Field) dom.Exposer {
	return dom.InstanceExposers.FieldValue(d.FieldID(f))
}

func (d *domovoi) equal(ctx context.Context, value float64) (int, error) {
	query := dom.NewQuery(d.OfDefinition().And(d.field(load.Value).Equal(value))).Limit(equalHits)
	found, err := d.Helper.DomInstances.ReadQuery(ctx, query)
	return len(found), err
}

func (d *domovoi) within(from, to int64) dom.Filter {
	return d.OfDefinition().And(d.field(load.Count).GreaterThanOrEqual(from)).And(d.field(load.Count).LessThan(to))
}

func (d *domovoi) between(ctx context.Context, from, to int64) (int, error) {
	found, err := d.Helper.DomInstances.ReadQuery(ctx, dom.NewQuery(d.within(from, to)).OrderBy(d.field(load.Count)))
	return len(found), err
}

func (d *domovoi) all(ctx context.Context) (int, error) {
	n, err := d.Helper.DomInstances.Count(ctx, d.OfDefinition())
	return int(n), err
}

func (d *domovoi) countBetween(ctx context.Context, from, to int64) (int, error) {
	n, err := d.Helper.DomInstances.Count(ctx, d.within(from, to))
	return int(n), err
}
