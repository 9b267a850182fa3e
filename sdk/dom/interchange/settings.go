package interchange

import (
	"domovoi.dev/sdk/dom"
)

// triggerConditions are the classes of conditions: that of the original, and one it
// does not know.
var triggerConditions = []class{
	slnetClass(nsSettings + "FieldValueUpdatedTriggerCondition"),
	slnetClass(nsSettings + "StatusUpdatedTriggerCondition"),
}

func (r *record) moduleSettings(s *dom.ModuleSettings) {
	if r.c.mode != comparing {
		r.text("ModuleId", &s.ModuleID)
	}
	if r.reading() {
		if s.ModuleID == "" {
			r.c.fail(r.at, "ModuleId is missing")
		}
		r.c.module = s.ModuleID
	}
	r.object("DomManagerSettings", func(r *record) { r.managerSettings(&s.DomManagerSettings) })
	r.tracking(&s.Tracking, trackLastModified)
}

func (r *record) permission(name string, p *dom.Permission) {
	number := int64(*p)
	r.integer(name, &number)
	*p = dom.Permission(number)
}

func (r *record) managerSettings(s *dom.DomManagerSettings) {
	module := r.c.module
	references(r, "ModuleSections", sectionDefinitionID, &s.ModuleSections, module)
	r.refer("ModuleBehaviorDefinition", behaviorDefinitionID, (*[16]byte)(&s.ModuleBehaviorDefinition), module)
	r.object("ScriptSettings", func(r *record) { r.scriptSettings(&s.ScriptSettings) })
	r.object("SecuritySettings", func(r *record) {
		r.linkSecurity(&s.SecuritySettings.LinkSecurity)
		r.permission("ViewPermissions", &s.SecuritySettings.ViewPermissions)
		r.permission("CreateAndUpdateDomInstancePermission", &s.SecuritySettings.CreateAndUpdateDomInstancePermission)
		r.permission("DeleteDomInstancePermission", &s.SecuritySettings.DeleteDomInstancePermission)
		r.permission("ConfigurePermission", &s.SecuritySettings.ConfigurePermission)
	})
	list(r, "FieldAlias", class{}, &s.FieldAliases, func(r *record, alias *dom.FieldAlias) bool {
		r.text("Name", &alias.Name)
		r.refer("FieldDescriptorID", fieldDescriptorID, (*[16]byte)(&alias.FieldDescriptorID), "")
		return true
	})
	r.object("InformationEventSettings", func(r *record) { r.flag("Enable", &s.InformationEventSettings.Enable) })
	r.moduleNameDefinition(&s.DomInstanceNameDefinition)
	r.object("TtlSettings", func(r *record) {
		r.span("DomInstanceTtl", &s.TTLSettings.DomInstanceTTL)
		r.span("DomInstanceHistoryTtl", &s.TTLSettings.DomInstanceHistoryTTL)
		r.span("DomTemplateTtl", &s.TTLSettings.DomTemplateTTL)
	})
	r.object("StorageSettings", func(r *record) {
		r.object("CachingSettings", func(r *record) { r.cachingSettings(&s.StorageSettings.CachingSettings) })
		r.indexed("IndexedFields", &s.StorageSettings.IndexedFields)
		r.indexed("TextSearchFields", &s.StorageSettings.TextSearchFields)
	})
	r.object("DomInstanceHistorySettings", func(r *record) { r.historySettings(&s.DomInstanceHistorySettings) })
	r.object("DomInstanceAttachmentSettings", func(r *record) {
		r.text("NetworkSharePath", &s.DomInstanceNetworkAttachmentSettings.NetworkSharePath)
		r.guid("CredentialId", (*[16]byte)(&s.DomInstanceNetworkAttachmentSettings.CredentialID))
	})
}

// indexed is a list of fields that only Domovoi knows. It is not written when it
// is empty, so that files without it are as others write them.
func (r *record) indexed(name string, fields *[]dom.FieldDescriptorID) {
	if r.reading() || len(*fields) > 0 {
		references(r, name, fieldDescriptorID, fields, "")
	}
}

func (r *record) cachingSettings(s *dom.CachingSettings) {
	for _, policy := range []struct {
		name string
		at   *dom.CachingPolicy
	}{
		{"DomDefinitionCachingPolicy", &s.DomDefinition},
		{"DomBehaviorDefinitionCachingPolicy", &s.DomBehaviorDefinition},
		{"SectionDefinitionCachingPolicy", &s.SectionDefinition},
	} {
		enum(r, policy.name, policy.at, dom.CachingDefault, dom.CachingDisabled, dom.CachingFull)
	}
}

func (r *record) scriptSettings(s *dom.ScriptSettings) {
	list(r, "OnUpdateTriggerConditions", class{}, &s.OnUpdateTriggerConditions, func(r *record, c *dom.UpdateTriggerCondition) bool {
		at := 0
		if c.StatusID != "" {
			at = 1
		}
		switch r.variant(at, triggerConditions...) {
		case 0:
			r.refer("FieldDescriptorId", fieldDescriptorID, (*[16]byte)(&c.FieldDescriptorID), "")
		case 1:
			r.text("StatusId", &c.StatusID)
		default:
			return false
		}
		return true
	})
	r.text("OnCreate", &s.OnCreate)
	r.text("OnUpdate", &s.OnUpdate)
	r.text("OnDelete", &s.OnDelete)
	enum(r, "ScriptType", &s.ScriptType, dom.ScriptIDOnly, dom.ScriptFullCrudMeta)
}

func (r *record) historySettings(s *dom.HistorySettings) {
	enum(r, "StorageBehavior", &s.StorageBehavior, dom.HistoryEnabledAsync, dom.HistoryEnabledSync, dom.HistoryDisabled)
}

// moduleNameDefinition is the name definition of a module, which is always
// written: empty means the same as none.
func (r *record) moduleNameDefinition(p **dom.NameDefinition) {
	n := new(dom.NameDefinition)
	if *p != nil {
		n = *p
	}
	r.object("DomInstanceNameDefinition", func(r *record) { r.nameDefinition(n) })
	if r.reading() && len(n.ConcatenationItems) > 0 {
		*p = n
	}
}

var nameItems = []class{
	slnetClass(nsConcat + "StaticValueConcatenationItem"),
	slnetClass(nsConcat + "FieldValueConcatenationItem"),
}

func (r *record) nameDefinition(n *dom.NameDefinition) {
	list(r, "ConcatenationItems", class{}, &n.ConcatenationItems, func(r *record, item *dom.NameItem) bool {
		current := 0
		if !item.FieldDescriptorID.IsZero() {
			current = 1
		}
		switch r.variant(current, nameItems...) {
		case 0:
			r.text("Value", &item.Value)
		case 1:
			r.key("FieldDescriptorId", fieldDescriptorID, (*[16]byte)(&item.FieldDescriptorID))
		default:
			return false
		}
		return true
	})
}
