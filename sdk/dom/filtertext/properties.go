package filtertext

import (
	"slices"

	"domovoi.dev/sdk/dom"
)

// property is a base property of the objects of a kind: its name in texts, what
// exposes it, and the kind of its values.
type property struct {
	word    string
	exposer dom.Exposer
	kind    dom.ValueKind
}

// properties is the one table of the words for base properties.
var properties = map[dom.ObjectKind][]property{
	dom.KindInstance: {
		{"id", dom.InstanceExposers.ID, dom.KindGuid},
		{"name", dom.InstanceExposers.Name, dom.KindString},
		{"definition", dom.InstanceExposers.DomDefinitionID, dom.KindGuid},
		{"status", dom.InstanceExposers.StatusID, dom.KindString},
		{"section", dom.InstanceExposers.SectionIDs, dom.KindGuid},
		{"sectiondefinition", dom.InstanceExposers.SectionDefinitionIDs, dom.KindGuid},
		{"created", dom.InstanceExposers.CreatedAt, dom.KindDateTime},
		{"createdby", dom.InstanceExposers.CreatedBy, dom.KindString},
		{"modified", dom.InstanceExposers.LastModified, dom.KindDateTime},
		{"modifiedby", dom.InstanceExposers.LastModifiedBy, dom.KindString},
	},
	dom.KindDefinition: {
		{"id", dom.DefinitionExposers.ID, dom.KindGuid},
		{"name", dom.DefinitionExposers.Name, dom.KindString},
		{"sectiondefinition", dom.DefinitionExposers.SectionDefinitionIDs, dom.KindGuid},
		{"behavior", dom.DefinitionExposers.DomBehaviorDefinitionID, dom.KindGuid},
		{"created", dom.DefinitionExposers.CreatedAt, dom.KindDateTime},
		{"createdby", dom.DefinitionExposers.CreatedBy, dom.KindString},
		{"modified", dom.DefinitionExposers.LastModified, dom.KindDateTime},
		{"modifiedby", dom.DefinitionExposers.LastModifiedBy, dom.KindString},
	},
	dom.KindSectionDefinition: {
		{"id", dom.SectionDefinitionExposers.ID, dom.KindGuid},
		{"name", dom.SectionDefinitionExposers.Name, dom.KindString},
		{"fieldid", dom.SectionDefinitionExposers.FieldDescriptorIDs, dom.KindGuid},
		{"fieldname", dom.SectionDefinitionExposers.FieldDescriptorNames, dom.KindString},
		{"created", dom.SectionDefinitionExposers.CreatedAt, dom.KindDateTime},
		{"createdby", dom.SectionDefinitionExposers.CreatedBy, dom.KindString},
		{"modified", dom.SectionDefinitionExposers.LastModified, dom.KindDateTime},
		{"modifiedby", dom.SectionDefinitionExposers.LastModifiedBy, dom.KindString},
	},
	dom.KindBehaviorDefinition: {
		{"id", dom.BehaviorDefinitionExposers.ID, dom.KindGuid},
		{"name", dom.BehaviorDefinitionExposers.Name, dom.KindString},
		{"parent", dom.BehaviorDefinitionExposers.ParentID, dom.KindGuid},
		{"created", dom.BehaviorDefinitionExposers.CreatedAt, dom.KindDateTime},
		{"createdby", dom.BehaviorDefinitionExposers.CreatedBy, dom.KindString},
		{"modified", dom.BehaviorDefinitionExposers.LastModified, dom.KindDateTime},
		{"modifiedby", dom.BehaviorDefinitionExposers.LastModifiedBy, dom.KindString},
	},
	dom.KindTemplate: {
		{"id", dom.TemplateExposers.ID, dom.KindGuid},
		{"name", dom.TemplateExposers.Name, dom.KindString},
		{"created", dom.TemplateExposers.CreatedAt, dom.KindDateTime},
		{"createdby", dom.TemplateExposers.CreatedBy, dom.KindString},
		{"modified", dom.TemplateExposers.LastModified, dom.KindDateTime},
		{"modifiedby", dom.TemplateExposers.LastModifiedBy, dom.KindString},
	},
	dom.KindModuleSettings: {
		{"module", dom.ModuleSettingsExposers.ModuleID, dom.KindString},
		{"created", dom.ModuleSettingsExposers.CreatedAt, dom.KindDateTime},
		{"createdby", dom.ModuleSettingsExposers.CreatedBy, dom.KindString},
		{"modified", dom.ModuleSettingsExposers.LastModified, dom.KindDateTime},
		{"modifiedby", dom.ModuleSettingsExposers.LastModifiedBy, dom.KindString},
	},
	dom.KindHistoryChange: {
		{"id", dom.HistoryExposers.ID, dom.KindGuid},
		{"subject", dom.HistoryExposers.SubjectID, dom.KindString},
		{"time", dom.HistoryExposers.Time, dom.KindDateTime},
		{"user", dom.HistoryExposers.FullUsername, dom.KindString},
		{"dma", dom.HistoryExposers.DmaID, dom.KindLong},
		{"run", dom.HistoryExposers.RunID, dom.KindGuid},
	},
	dom.KindStatusChange: {
		{"instance", dom.StatusChangeExposers.DomInstanceID, dom.KindGuid},
		{"from", dom.StatusChangeExposers.FromStatusID, dom.KindString},
		{"to", dom.StatusChangeExposers.ToStatusID, dom.KindString},
		{"user", dom.StatusChangeExposers.Username, dom.KindString},
	},
}

// suggestProperty says which properties are near to one that is unknown.
func (n Names) suggestProperty(word string) string {
	var words []string
	for _, p := range properties[n.kind()] {
		words = append(words, p.word)
	}
	return suggest(word, "properties", words)
}

// findProperty finds the property of a kind for which is holds.
func findProperty(kind dom.ObjectKind, is func(property) bool) (property, bool) {
	list := properties[kind]
	if i := slices.IndexFunc(list, is); i >= 0 {
		return list[i], true
	}
	return property{}, false
}
