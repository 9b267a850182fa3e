// Package interchange reads and writes DOM modules in the JSON in which
// DataMiner solutions ship them, compares objects, and imports a module into a
// daemon by a plan that can be looked at first.
//
// # The shape
//
// A module is its settings, section definitions, behavior definitions, DOM
// definitions, templates and instances. It comes in one of two forms:
//
//   - a zip with one file, module.json: an array with an object for each
//     module, {ModuleSettings, SectionDefinitions, DomBehaviorDefinitions,
//     DomDefinitions, DomTemplates, DomInstances};
//   - a folder for each module, with the settings in <module>.json and each
//     other object in a file of its own, such as SectionDefinitions/<guid>.json.
//     Such folders may stand side by side in one root.
//
// The JSON is that of the .NET types. Ids are objects {Id, ModuleId}.
// Enumerations are numbers. Times have up to seven decimals; one without a zone
// is in UTC. TimeSpans are [-][d.]hh:mm:ss[.fffffff]. What can be of several
// types has a member $type, "Namespace.Type, Assembly"; a list of a named type
// is {$type, $values}. Section definitions have $type everywhere, other objects
// only where it decides something. Reading accepts all of this in every place,
// names of members in any case, null for what is absent, and a type by its name
// without the namespace.
//
// No published file has values of instances, references other than to
// instances, validators, static parts of names or trigger conditions. Their
// shape here follows the .NET types: a value is
//
//	{"$type": "Skyline.DataMiner.Net.Sections.ValueWrapper`1[[System.String, mscorlib]], SLNetTypes", "Value": "x"}
//	{"$type": "Skyline.DataMiner.Net.Sections.ListValueWrapper`1[[System.Guid, mscorlib]], SLNetTypes", "Values": [...]}
//
// # What is not known
//
// Members and types that this package does not know, and those it knows but
// whose content Domovoi has no place for (section validators), are kept as
// Unknown beside the objects. Writing puts them back where they were.
//
// Revisions belong to a server and are not part of the form.
package interchange
