package interchange

import (
	"domovoi.dev/sdk/dom"
)

func (r *record) definition(d *dom.Definition) {
	r.is(slnetClass(nsDOM + "DomDefinition"))
	r.ownID("Id", domDefinitionID, (*[16]byte)(&d.ID), &d.ModuleID)
	module := r.c.module
	list(r, "SectionDefinitionLinks", class{}, &d.SectionDefinitionLinks, func(r *record, link *dom.SectionDefinitionLink) bool {
		r.refer("SectionDefinitionID", sectionDefinitionID, (*[16]byte)(&link.SectionDefinitionID), module)
		r.flag("IsSoftDeleted", &link.IsSoftDeleted)
		r.flag("IsOptional", &link.IsOptional)
		r.flag("AllowMultipleSections", &link.AllowMultipleSections)
		return true
	})
	r.text("Name", &d.Name)
	r.fixed("VisualStructure", &object{[]member{{"SectionDefinitionInfos", new(array)}, {"IsHidden", false}}})
	r.refer("BehaviorDefinitionId", behaviorDefinitionID, (*[16]byte)(&d.DomBehaviorDefinitionID), module)
	r.object("ModuleSettingsOverrides", func(r *record) {
		overrides := &d.ModuleSettingsOverrides
		optional(r, "NameDefinition", &overrides.NameDefinition, func(r *record, n *dom.NameDefinition) bool {
			r.nameDefinition(n)
			return true
		})
		optional(r, "ScriptSettings", &overrides.ScriptSettings, func(r *record, s *dom.ScriptSettings) bool {
			r.scriptSettings(s)
			return true
		})
		optional(r, "HistorySettings", &overrides.HistorySettings, func(r *record, s *dom.HistorySettings) bool {
			r.historySettings(s)
			return true
		})
	})
	r.tracking(&d.Tracking, syncLastModified)
}
