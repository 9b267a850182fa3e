package interchange

import (
	"domovoi.dev/sdk/dom"
)

func (r *record) behaviorDefinition(b *dom.BehaviorDefinition) {
	r.ownID("Id", behaviorDefinitionID, (*[16]byte)(&b.ID), &b.ModuleID)
	r.text("Name", &b.Name)
	r.refer("ParentId", behaviorDefinitionID, (*[16]byte)(&b.ParentID), r.c.module)
	r.text("InitialStatusId", &b.InitialStatusID)
	list(r, "Statuses", class{}, &b.Statuses, func(r *record, s *dom.Status) bool {
		r.text("Id", &s.ID)
		r.text("DisplayName", &s.DisplayName)
		return true
	})
	list(r, "StatusSectionDefinitionLinks", class{}, &b.StatusSectionDefinitionLinks, (*record).statusLink)
	list(r, "StatusTransitions", class{}, &b.StatusTransitions, func(r *record, t *dom.StatusTransition) bool {
		r.text("Id", &t.ID)
		r.text("FromStatusId", &t.FromStatusID)
		r.text("ToStatusId", &t.ToStatusID)
		r.integer("FlowLevel", &t.FlowLevel)
		return true
	})
	list(r, "ButtonDefinitions", class{}, &b.ButtonDefinitions, (*record).button)
	list(r, "ActionDefinitions", class{}, &b.ActionDefinitions, (*record).action)
	r.tracking(&b.Tracking, syncLastModified)
}

func (r *record) statusLink(link *dom.StatusSectionDefinitionLink) bool {
	list(r, "FieldDescriptorLinks", class{}, &link.FieldDescriptorLinks, func(r *record, f *dom.FieldDescriptorLink) bool {
		r.refer("FieldDescriptorId", fieldDescriptorID, (*[16]byte)(&f.FieldDescriptorID), "")
		r.flag("Visible", &f.Visible)
		r.flag("RequiredForStatus", &f.RequiredForStatus)
		r.flag("ReadOnly", &f.ReadOnly)
		r.flag("ClientReadOnly", &f.ClientReadOnly)
		return true
	})
	r.object("Id", func(r *record) {
		r.text("StatusId", &link.StatusID)
		r.refer("SectionDefinitionId", sectionDefinitionID, (*[16]byte)(&link.SectionDefinitionID), r.c.module)
	})
	r.flag("AllowMultipleSections", &link.AllowMultipleSections)
	r.flag("IsSoftDeleted", &link.IsSoftDeleted)
	return true
}

var (
	buttonClasses    = []class{slnetClass(nsButtons + "DomInstanceButtonDefinition")}
	actionClasses    = []class{slnetClass(nsActions + "ExecuteScriptDomActionDefinition")}
	conditionClasses = []class{
		slnetClass(nsConditions + "StatusCondition"), slnetClass(nsConditions + "ValidForStatusTransitionCondition"),
	}
)

func (r *record) button(b *dom.ButtonDefinition) bool {
	if r.variant(0, buttonClasses...) < 0 {
		return false
	}
	r.text("Id", &b.ID)
	r.object("Layout", func(r *record) {
		r.text("Text", &b.Layout.Text)
		r.text("Icon", &b.Layout.Icon)
		r.text("ToolTip", &b.Layout.ToolTip)
		r.integer("Order", &b.Layout.Order)
	})
	optional(r, "VisibilityCondition", &b.VisibilityCondition, (*record).condition)
	r.texts("ActionDefinitionIds", &b.ActionDefinitionIDs)
	return true
}

func (r *record) action(a *dom.ActionDefinition) bool {
	if r.variant(0, actionClasses...) < 0 {
		return false
	}
	r.text("Id", &a.ID)
	optional(r, "Condition", &a.Condition, (*record).condition)
	r.text("Script", &a.Script)
	r.flag("Async", &a.Async)
	r.flag("IsInteractive", &a.IsInteractive)
	r.texts("ScriptOptions", &a.ScriptOptions)
	return true
}

func (r *record) condition(c *dom.Condition) bool {
	current := 0
	if c.TransitionID != "" {
		current = 1
	}
	switch r.variant(current, conditionClasses...) {
	case 0:
		r.texts("Statuses", &c.Statuses)
	case 1:
		r.text("TransitionId", &c.TransitionID)
	default:
		return false
	}
	return true
}
