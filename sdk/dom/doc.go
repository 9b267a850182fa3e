// Package dom is the DOM object model: module settings, section definitions
// with their field descriptors, DOM definitions, behavior definitions with
// statuses, templates and instances; the filters that select them; and the
// helpers through which scripts and programs create, read, update and delete
// them. Names and behaviour follow the DataMiner Object Models concept.
package dom

//go:generate go -C ../../tools run ./msgpgen -package ../sdk/dom "tuple Section FieldValue Instance" "ignore ActionResult Value RawObject Matcher PagingHelper DomInstancePages DomInstanceHistoryPages DomDefinitionPages SectionDefinitionPages DomBehaviorDefinitionPages DomTemplatePages ModuleSettingsPages PartialObjectPages InstanceExposerSet DefinitionExposerSet SectionDefinitionExposerSet ModuleSettingsExposerSet BehaviorDefinitionExposerSet TemplateExposerSet StatusChangeExposerSet HistoryExposerSet FieldValueDifference FieldValueDifferences InstanceDifferences PartialObject DomCache BulkResult BulkCrudFailedError Attachments AutoIncrementersComponent DomBehaviorDefinitionsComponent DomTemplatesComponent DomInstanceHistoryComponent ModuleSettingsHelper DomHelper ModuleSettingsComponent SectionDefinitionsComponent DomDefinitionsComponent DomInstancesComponent"
