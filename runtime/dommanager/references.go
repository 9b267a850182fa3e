package dommanager

import (
	"context"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScriptReferences returns what in the modules starts a script with a name for
// which is reports true: module settings, definitions, and actions of behavior
// definitions.
func ScriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	settings := func(s dom.ScriptSettings, reference slnet.ScriptReference) {
		for _, event := range []struct{ place, script string }{{"OnCreate", s.OnCreate}, {"OnUpdate", s.OnUpdate}, {"OnDelete", s.OnDelete}} {
			if event.script != "" && is(event.script) {
				reference.Place = event.place
				list = append(list, reference)
			}
		}
	}
	var modules []string
	err = r.Each(ctx, dom.KindModuleSettings, "", func(o dom.Object) {
		m := o.(*dom.ModuleSettings)
		modules = append(modules, m.ModuleID)
		settings(m.DomManagerSettings.ScriptSettings, slnet.ScriptReference{Kind: slnet.ReferenceModuleSettings, ModuleID: m.ModuleID})
	})
	if err != nil {
		return nil, err
	}
	for _, module := range modules {
		err := r.Each(ctx, dom.KindDefinition, module, func(o dom.Object) {
			d := o.(*dom.Definition)
			if d.ModuleSettingsOverrides.ScriptSettings != nil {
				settings(*d.ModuleSettingsOverrides.ScriptSettings, slnet.ScriptReference{Kind: slnet.ReferenceDefinition, Name: d.Name, ModuleID: module})
			}
		})
		if err != nil {
			return nil, err
		}
		err = r.Each(ctx, dom.KindBehaviorDefinition, module, func(o dom.Object) {
			b := o.(*dom.BehaviorDefinition)
			for _, action := range b.ActionDefinitions {
				if action.Script != "" && is(action.Script) {
					list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceBehaviorDefinition, Name: b.Name, ModuleID: module, Place: action.ID})
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}
