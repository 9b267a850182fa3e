// Package load fills a module with instances to measure with, the same for
// everybody who measures. The definition "Reading" has the fields Sensor (text,
// 1,000 different), Note (text, all different), Count (whole number, up to a
// million), Value (number, 100,000 different) and At (time).
package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Module is a module with the definition "Reading".
type Module struct {
	Helper     *dom.DomHelper
	Section    *dom.SectionDefinition
	Definition *dom.Definition
}

// Field is the place of a field in Section.FieldDescriptors.
type Field int

// The fields.
const (
	Sensor Field = iota
	Note
	Count
	Value
	At
)

var fields = []struct {
	name      string
	fieldType dom.FieldType
}{
	Sensor: {"Sensor", dom.TypeString}, Note: {"Note", dom.TypeString}, Count: {"Count", dom.TypeLong},
	Value: {"Value", dom.TypeDouble}, At: {"At", dom.TypeDateTime},
}

// Prepare makes a module and its model, or finds what an earlier call made.
func Prepare(ctx context.Context, send slnet.SendFunc, moduleID string) (*Module, error) {
	settings := dom.NewModuleSettingsHelper(send)
	have, err := settings.ModuleSettings.Count(ctx, dom.ModuleSettingsExposers.ModuleID.Equal(moduleID))
	if err != nil {
		return nil, err
	}
	if have == 0 {
		if _, err := settings.ModuleSettings.Create(ctx, &dom.ModuleSettings{ModuleID: moduleID}); err != nil {
			return nil, err
		}
	}
	helper := dom.NewDomHelper(send, moduleID)
	definitions, err := helper.DomDefinitions.Read(ctx, dom.DefinitionExposers.Name.Equal("Reading"))
	if err != nil {
		return nil, err
	}
	sections, err := helper.SectionDefinitions.Read(ctx, dom.SectionDefinitionExposers.Name.Equal("Reading"))
	if err != nil {
		return nil, err
	}
	if len(definitions) == 1 && len(sections) == 1 && len(sections[0].FieldDescriptors) == len(fields) {
		return &Module{helper, sections[0], definitions[0]}, nil
	}
	if len(definitions)+len(sections) > 0 {
		return nil, slnet.Errorf(slnet.KindConflict, "module %q has a definition or section \"Reading\" that was not made by a load; choose another module", moduleID)
	}
	m := &Module{Helper: helper, Section: dom.NewSectionDefinition("Reading")}
	for _, f := range fields {
		m.Section.AddOrReplaceFieldDescriptor(dom.NewFieldDescriptor(f.name, f.fieldType))
	}
	m.Definition = dom.NewDefinition("Reading", dom.SectionDefinitionLink{SectionDefinitionID: m.Section.ID})
	if _, err := helper.SectionDefinitions.Create(ctx, m.Section); err != nil {
		return nil, err
	}
	_, err = helper.DomDefinitions.Create(ctx, m.Definition)
	return m, err
}

// FieldID is the id of a field.
func (m *Module) FieldID(f Field) dom.FieldDescriptorID { return m.Section.FieldDescriptors[f].ID }

// OfDefinition is the filter that all instances of the definition pass.
func (m *Module) OfDefinition() dom.Filter {
	return dom.InstanceExposers.DomDefinitionID.Equal(m.Definition.ID)
}

// mixed spreads the numbers of instances in no order.
func mixed(n int) uint64 { return uint64(n+1) * 0x9e3779b97f4a7c15 }

// ValueOf is the value of the field Value in the n-th instance.
func ValueOf(n int) float64 { return float64(mixed(n)%100_000) / 100 }

// Instance is the n-th instance of a load, with a new id. The values spread over
// their ranges in no order.
func (m *Module) Instance(n int) *dom.Instance {
	mixed := mixed(n)
	instance := dom.NewInstance(m.Definition.ID)
	for f, value := range []any{
		Sensor: fmt.Sprintf("sensor %04d", mixed%1000),
		Note:   fmt.Sprintf("reading %d of a load", n),
		Count:  int64(mixed % 1_000_000),
		Value:  ValueOf(n),
		At:     time.Unix(1_700_000_000+int64(mixed%31_536_000), 0),
	} {
		instance.AddOrUpdateFieldValue(m.Section.ID, m.FieldID(Field(f)), value)
	}
	return instance
}

// Progress is how far a load is.
type Progress struct {
	Instances, Requests atomic.Int64
	Waited              atomic.Int64 // nanoseconds that requests took
}

// Fill makes the first n instances in bulk requests of
// dom.MaxAmountBulkOperation, a number of them at the same time.
func (m *Module) Fill(ctx context.Context, n, parallel int, p *Progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var workers sync.WaitGroup
	for range parallel {
		workers.Go(func() {
			if err := m.bulks(ctx, n, &next, p); err != nil {
				cancel(err)
			}
		})
	}
	workers.Wait()
	return context.Cause(ctx)
}

// bulks makes bulk requests until all instances are made.
func (m *Module) bulks(ctx context.Context, instances int, next *atomic.Int64, p *Progress) error {
	for {
		begin := int(next.Add(dom.MaxAmountBulkOperation)) - dom.MaxAmountBulkOperation
		if begin >= instances {
			return nil
		}
		end := min(begin+dom.MaxAmountBulkOperation, instances)
		bulk := make([]*dom.Instance, 0, end-begin)
		for n := begin; n < end; n++ {
			bulk = append(bulk, m.Instance(n))
		}
		sent := time.Now()
		if _, err := m.Helper.DomInstances.CreateOrUpdate(ctx, bulk); err != nil {
			return err
		}
		p.Waited.Add(int64(time.Since(sent)))
		p.Requests.Add(1)
		p.Instances.Add(int64(len(bulk)))
	}
}
