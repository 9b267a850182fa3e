package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"domovoi.dev/sdk/dom"
)

// stored shows the objects that are there after all runs, and who made them.
func (h *house) stored(ctx context.Context, _ options) error {
	modules, err := dom.NewModuleSettingsHelper(h.admin.SendSLNetMessages).ModuleSettings.Read(ctx, dom.True())
	if err != nil {
		return err
	}
	title("What is stored")
	t := newTable("MODULE", "CREATED BY", "SECTIONS", "DEFINITIONS", "INSTANCES", "BY ann", "BY OTHERS")
	var got []string
	for _, m := range modules {
		counts, err := h.count(ctx, m.ModuleID)
		if err != nil {
			return err
		}
		row := append([]string{m.ModuleID, m.CreatedBy}, counts...)
		t.row(row...)
		got = append(got, strings.Join(row, " "))
	}
	want := []string{"my_module ann 0 0 0 0 0", "my_secured_module ann 1 1 900 900 0"}
	if a, b := strings.Join(got, "\n"), strings.Join(want, "\n"); a != b {
		return fmt.Errorf("stored is\n%s\nwant\n%s", a, b)
	}
	return errors.Join(t.show(), h.largest(ctx))
}

// count counts the objects of a module: sections, definitions, instances, and
// the instances by ann and by others.
func (h *house) count(ctx context.Context, moduleID string) ([]string, error) {
	helper := dom.NewDomHelper(h.admin.SendSLNetMessages, moduleID)
	byAnn := dom.InstanceExposers.CreatedBy.Equal("ann")
	var counts []string
	for _, count := range []func() (int64, error){
		func() (int64, error) { return helper.SectionDefinitions.Count(ctx, dom.True()) },
		func() (int64, error) { return helper.DomDefinitions.Count(ctx, dom.True()) },
		func() (int64, error) { return helper.DomInstances.Count(ctx, dom.True()) },
		func() (int64, error) { return helper.DomInstances.Count(ctx, byAnn) },
		func() (int64, error) { return helper.DomInstances.Count(ctx, dom.Not(byAnn)) },
	} {
		n, err := count()
		if err != nil {
			return nil, err
		}
		counts = append(counts, fmt.Sprint(n))
	}
	return counts, nil
}

// largest shows single instances with their values.
func (h *house) largest(ctx context.Context) error {
	helper := dom.NewDomHelper(h.admin.SendSLNetMessages, "my_secured_module")
	sections, err := helper.SectionDefinitions.Read(ctx, dom.True())
	if err != nil {
		return err
	}
	t := newTable("INSTANCE", "CREATED BY", "CUSTOMER", "AMOUNT")
	for _, field := range sections[0].FieldDescriptors {
		if field.Name != "Amount" {
			continue
		}
		list, err := helper.DomInstances.ReadQuery(ctx, dom.NewQuery(dom.True()).OrderByDescending(dom.InstanceExposers.FieldValue(field.ID)).Limit(2))
		if err != nil {
			return err
		}
		for _, i := range list {
			row := []string{i.ID.String(), i.CreatedBy}
			for _, v := range i.Sections[0].FieldValues {
				row = append(row, v.Value.String())
			}
			t.row(row...)
		}
	}
	fmt.Println()
	return t.show()
}

// end stops the daemon and checks what it leaves behind.
func (h *house) end(ctx context.Context, _ options) error {
	title("The end")
	began := time.Now()
	if err := h.stop(); err != nil {
		return err
	}
	fmt.Printf("   SIGTERM stopped the daemon in %s; domovoi check says:\n", round(time.Since(began)))
	found, err := h.command(ctx, "check")
	if err != nil {
		return err
	}
	for line := range strings.Lines(found) {
		fmt.Print("   ", line)
	}
	return nil
}
