package interchange

import (
	"bytes"
	"context"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// pageSize is how many instances are read at once.
const pageSize = 500

// ExportOptions say what of a module is exported.
type ExportOptions struct {
	// Instances adds the instances to the model and the templates.
	Instances bool
}

// Export reads a module from a daemon.
func Export(ctx context.Context, send slnet.SendFunc, moduleID string, options ExportOptions) (*Module, error) {
	s, err := readStored(ctx, send, moduleID)
	if err != nil {
		return nil, err
	}
	if s.settings == nil {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no module %q", moduleID)
	}
	m := &Module{
		ID: moduleID, Settings: s.settings,
		SectionDefinitions: s.sections, BehaviorDefinitions: s.behaviors, Definitions: s.definitions, Templates: s.templates,
	}
	if options.Instances {
		m.Instances, err = s.allInstances(ctx)
	}
	return m, err
}

// stored is a module in a daemon.
type stored struct {
	helper *dom.DomHelper

	settings    *dom.ModuleSettings // nil when there is no such module
	sections    []*dom.SectionDefinition
	behaviors   []*dom.BehaviorDefinition
	definitions []*dom.Definition
	templates   []*dom.Template
}

// readStored reads all but the instances.
func readStored(ctx context.Context, send slnet.SendFunc, moduleID string) (*stored, error) {
	s := &stored{helper: dom.NewDomHelper(send, moduleID)}
	settings, err := dom.NewModuleSettingsHelper(send).ModuleSettings.Read(ctx, dom.ModuleSettingsExposers.ModuleID.Equal(moduleID).Ordinal())
	if err != nil || len(settings) == 0 {
		return s, err
	}
	s.settings = settings[0]
	if s.sections, err = s.helper.SectionDefinitions.Read(ctx, dom.True()); err != nil {
		return nil, err
	}
	if s.behaviors, err = s.helper.DomBehaviorDefinitions.Read(ctx, dom.True()); err != nil {
		return nil, err
	}
	if s.definitions, err = s.helper.DomDefinitions.Read(ctx, dom.True()); err != nil {
		return nil, err
	}
	s.templates, err = s.helper.DomTemplates.Read(ctx, dom.True())
	return s, err
}

// allInstances reads the instances, by their ids. It asks for those of each
// definition, as a module with link security demands. Of definitions that the user
// has access to by value, it gets those the user can read.
func (s *stored) allInstances(ctx context.Context) ([]*dom.Instance, error) {
	var all []*dom.Instance
	for _, d := range s.definitions {
		list, err := s.helper.DomInstances.PreparePaging(dom.InstanceExposers.DomDefinitionID.Equal(d.ID), pageSize).GetAll(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, list...)
	}
	slices.SortFunc(all, func(a, b *dom.Instance) int { return bytes.Compare(a.ID[:], b.ID[:]) })
	return all, nil
}

// inDefinitions selects the instances of all definitions, which is every one.
func (s *stored) inDefinitions() dom.Filter {
	filters := make([]dom.Filter, len(s.definitions))
	for i, d := range s.definitions {
		filters[i] = dom.InstanceExposers.DomDefinitionID.Equal(d.ID)
	}
	return dom.Or(filters...)
}

// instances reads those of the given instances that are there, by id.
func (s *stored) instances(ctx context.Context, wanted []*dom.Instance) (map[dom.InstanceID]*dom.Instance, error) {
	found := make(map[dom.InstanceID]*dom.Instance)
	if s.settings == nil {
		return found, nil
	}
	for len(wanted) > 0 {
		page := wanted[:min(pageSize, len(wanted))]
		wanted = wanted[len(page):]
		ids := make([]dom.Filter, len(page))
		for i, instance := range page {
			ids[i] = dom.InstanceExposers.ID.Equal(instance.ID)
		}
		list, err := s.helper.DomInstances.Read(ctx, dom.Or(ids...))
		if err != nil {
			return nil, err
		}
		for _, instance := range list {
			found[instance.ID] = instance
		}
	}
	return found, nil
}
