package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) moduleCommand() *cobra.Command {
	c := a.group("module", "Look at DOM modules, change them, carry them from one daemon to another",
		a.leaf("list", "List the modules", a.moduleList),
		a.completes(a.leaf("show ID", "Show a module: its settings, definitions and sections", a.moduleShow), moduleNames),
		a.completes(a.leaf("security ID", "Show who has access to the instances of a module, and links that lead nowhere", a.moduleSecurity), moduleNames),
		a.moduleIndexingCommand(), a.moduleExportCommand(), a.moduleImportCommand())
	c.AddCommand(a.moduleWriteCommands()...)
	return c
}

// objects is the JSON form of a list of objects, that of the message which
// carries them.
type objects struct {
	Kind    dom.ObjectKind
	Objects any
}

func (a *app) moduleList(ctx context.Context, _ []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	modules, err := dom.NewModuleSettingsHelper(c.SendSLNetMessages).ModuleSettings.Read(ctx, dom.True())
	if err != nil {
		return err
	}
	return a.answer(objects{dom.KindModuleSettings, modules}, func(t *table) {
		t.header("MODULE", "CREATED", "BY", "CHANGED", "BY")
		for _, m := range modules {
			t.row(m.ModuleID, timeText(m.CreatedAt), m.CreatedBy, timeText(m.LastModified), m.LastModifiedBy)
		}
	})
}

// module is what is shown of one module.
type module struct {
	ModuleSettings     *dom.ModuleSettings
	SectionDefinitions []*dom.SectionDefinition
	DomDefinitions     []*dom.Definition
	// DomInstances counts the instances by the id of their definition, those that
	// the user has access to. Definitions without access are left out.
	DomInstances map[string]int64
}

func (a *app) moduleShow(ctx context.Context, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	m, err := readModule(ctx, c.SendSLNetMessages, args[0])
	if err != nil {
		return err
	}
	return a.answer(m, m.show)
}

func readSettings(ctx context.Context, send slnet.SendFunc, id string) (*dom.ModuleSettings, error) {
	settings, err := dom.NewModuleSettingsHelper(send).ModuleSettings.Read(ctx, dom.ModuleSettingsExposers.ModuleID.Equal(id))
	if err != nil {
		return nil, err
	}
	if len(settings) == 0 {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no module %q; \"domovoi module list\" shows them", id)
	}
	return settings[0], nil
}

func readModule(ctx context.Context, send slnet.SendFunc, id string) (*module, error) {
	settings, err := readSettings(ctx, send, id)
	if err != nil {
		return nil, err
	}
	m := &module{ModuleSettings: settings, DomInstances: make(map[string]int64)}
	helper := dom.NewDomHelper(send, id)
	if m.SectionDefinitions, err = helper.SectionDefinitions.Read(ctx, dom.True()); err != nil {
		return nil, err
	}
	if m.DomDefinitions, err = helper.DomDefinitions.Read(ctx, dom.True()); err != nil {
		return nil, err
	}
	for _, d := range m.DomDefinitions {
		n, err := helper.DomInstances.Count(ctx, dom.InstanceExposers.DomDefinitionID.Equal(d.ID))
		if errors.Is(err, dom.ErrNoPermission) {
			continue
		}
		if err != nil {
			return nil, err
		}
		m.DomInstances[d.Key()] = n
	}
	return m, nil
}

func (m *module) show(t *table) {
	s := m.ModuleSettings
	t.field("Module", s.ModuleID)
	t.field("Created", timeText(s.CreatedAt)+" by "+s.CreatedBy)
	if s.Revision > 1 {
		t.field("Changed", timeText(s.LastModified)+" by "+s.LastModifiedBy)
	}
	if p := s.DomManagerSettings.SecuritySettings.DeleteDomInstancePermission; p != dom.PermissionNone {
		t.field("Deleting instances needs", p.String())
	}
	if n := len(s.DomManagerSettings.SecuritySettings.GroupLinks()); n > 0 {
		t.field("Group links", fmt.Sprint(n))
	}
	t.field("Information events", yes(s.DomManagerSettings.InformationEventSettings.Enable))
	t.w.Flush()

	fmt.Fprintln(t.w)
	t.header("DEFINITION", "ID", "INSTANCES", "SECTIONS")
	names := make(map[dom.SectionDefinitionID]string)
	for _, section := range m.SectionDefinitions {
		names[section.ID] = section.Name
	}
	for _, d := range m.DomDefinitions {
		var sections []string
		for _, link := range d.SectionDefinitionLinks {
			sections = append(sections, nameOr(names[link.SectionDefinitionID], link.SectionDefinitionID.String()))
		}
		count := "no access"
		if n, ok := m.DomInstances[d.Key()]; ok {
			count = fmt.Sprint(n)
		}
		t.row(d.Name, d.ID.String(), count, strings.Join(sections, ", "))
	}
	t.w.Flush()

	fmt.Fprintln(t.w)
	t.header("SECTION", "FIELD", "TYPE", "ID")
	for _, section := range m.SectionDefinitions {
		t.row(section.Name, "", "", section.ID.String())
		for _, field := range section.FieldDescriptors {
			t.row(" ", field.Name, string(field.FieldType), field.ID.String())
		}
	}
}

func nameOr(name, id string) string {
	if name == "" {
		return id
	}
	return name
}
