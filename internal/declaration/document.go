package declaration

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Kind is what a document is about.
type Kind string

// The kinds.
const (
	KindGroup         Kind = "Group"
	KindUser          Kind = "User"
	KindModule        Kind = "Module"
	KindLibrary       Kind = "Library"
	KindScript        Kind = "Script"
	KindPlugin        Kind = "Plugin"
	KindTrigger       Kind = "Trigger"
	KindSchedule      Kind = "Schedule"
	KindWebhook       Kind = "Webhook"
	KindApiDefinition Kind = "ApiDefinition"
)

// Kinds are all kinds in the order in which they are applied: each after those it
// can refer to.
func Kinds() []Kind {
	return []Kind{
		KindGroup, KindUser, KindModule, KindLibrary, KindScript, KindPlugin, KindTrigger, KindSchedule, KindWebhook, KindApiDefinition,
	}
}

// content is what a document says, after its Kind.
type content interface {
	// name is the name of the object.
	name() string
	// complete reads what the document names.
	complete(d *document, r *reader)
	// plan adds the steps that make a daemon have it.
	plan(ctx context.Context, d *document, p *planner) error
}

func newContent(kind Kind) content {
	switch kind {
	case KindGroup:
		return new(group)
	case KindUser:
		return new(user)
	case KindModule:
		return new(module)
	case KindLibrary, KindScript, KindPlugin:
		return new(code)
	case KindTrigger:
		return new(trigger)
	case KindSchedule:
		return new(schedule)
	case KindWebhook:
		return new(webhook)
	case KindApiDefinition:
		return new(apiDefinition)
	}
	return nil
}

// document is one object as a file declares it.
type document struct {
	kind Kind
	name string
	file string
	dir  string // that of the file, in which paths begin
	line int
	// lines are those of the members that are given.
	lines map[string]int
	content
}

// given reports whether the document has a member.
func (d *document) given(member string) bool { return d.lines[member] > 0 }

// problem is one at a member, or of the document as a whole.
func (d *document) problem(member, format string, args ...any) Problem {
	line := d.lines[member]
	if line == 0 {
		line = d.line
	}
	return Problem{d.file, line, fmt.Sprintf("%s %q: %s", d.kind, d.name, fmt.Sprintf(format, args...))}
}

// answers are the members of the answers of a daemon that hold objects, beside the
// lists of the same.
var answers = map[string]Kind{
	"Trigger": KindTrigger, "Schedule": KindSchedule, "Webhook": KindWebhook, "Definition": KindApiDefinition,
	"Group": KindGroup, "User": KindUser, "Script": KindScript,
}

// beside are members of such answers that hold something else.
var beside = []string{"Counts", "Processes"}

// moduleMembers are those of a module in module.json.
var moduleMembers = []string{
	"ModuleSettings", "SectionDefinitions", "DomBehaviorDefinitions", "DomDefinitions", "DomTemplates", "DomInstances",
}

// document reads one document, or the several objects of an answer or a list.
func (r *reader) document(n *yaml.Node, file, dir string) {
	d := &decoder{file: file}
	defer func() { r.problems = append(r.problems, d.problems...) }()
	n = resolve(n)
	if n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			r.document(item, file, dir)
		}
		return
	}
	if n.Kind != yaml.MappingNode {
		d.want(n, "a document", "an object")
		return
	}
	var kind Kind
	switch named := member(n, "Kind"); {
	case named != nil:
		if kind = Kind(named.Value); named.Kind != yaml.ScalarNode || newContent(kind) == nil {
			d.errorf(named, "there is no Kind %q; there are %s", shorten(named.Value), kindNames())
			return
		}
	case slices.ContainsFunc(moduleMembers, func(name string) bool { return member(n, name) != nil }):
		kind = KindModule
	default:
		r.answer(d, n, dir)
		return
	}
	r.object(d, n, kind, dir)
}

func kindNames() string {
	names := make([]string, len(Kinds()))
	for i, k := range Kinds() {
		names[i] = string(k)
	}
	return strings.Join(names, ", ")
}

func member(n *yaml.Node, name string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return resolve(n.Content[i+1])
		}
	}
	return nil
}

// answer reads the objects of an answer.
func (r *reader) answer(d *decoder, n *yaml.Node, dir string) {
	found := false
	d.members(n, "a document without a Kind", func(name, value *yaml.Node) {
		one, isOne := answers[name.Value]
		many, isMany := answers[strings.TrimSuffix(name.Value, "s")]
		switch value = resolve(value); {
		case isOne:
			r.object(d, value, one, dir)
		case isMany && value.Kind == yaml.SequenceNode:
			for _, item := range value.Content {
				r.object(d, resolve(item), many, dir)
			}
		case slices.Contains(beside, name.Value):
			return
		default:
			if !found {
				d.errorf(name, "the document has no Kind; there are %s", kindNames())
			}
		}
		found = true
	})
	if !found {
		d.errorf(n, "the document has no Kind; there are %s", kindNames())
	}
}

// object reads what is said of one object.
func (r *reader) object(d *decoder, n *yaml.Node, kind Kind, dir string) {
	c := newContent(kind)
	doc := &document{kind: kind, file: d.file, dir: dir, line: n.Line, lines: make(map[string]int), content: c}
	before := len(d.problems)
	fields := fieldsOf(reflect.ValueOf(c).Elem())
	d.members(n, string(kind), func(name, value *yaml.Node) {
		doc.lines[name.Value] = name.Line
		if name.Value == "Kind" {
			return
		}
		if field, ok := fields[name.Value]; ok {
			d.value(value, field, string(kind)+"."+name.Value)
			return
		}
		d.unknown(name, string(kind), members(kind))
	})
	if s, ok := c.(*code); ok {
		doc.kind = s.kindOf(kind)
	}
	if doc.name = c.name(); doc.name == "" && kind != KindModule && len(d.problems) == before {
		d.errorf(n, "the %s has no Name", kind)
	}
	r.documents = append(r.documents, doc)
	if len(d.problems) > before {
		doc.content = nil // what is wrong is told; the name counts for what refers to it
	}
}

// sources are paths of what a document is about.
func (d *document) sources() []string {
	switch c := d.content.(type) {
	case *code:
		return []string{d.path(c.Source)}
	case *module:
		return []string{d.path(c.Source)}
	}
	return nil
}

// members are those a person sets of a kind, in the order in which they are told.
func members(kind Kind) []string {
	switch kind {
	case KindGroup:
		return []string{"Name", "Permissions", "ScriptGrants", "ReadOnly", "Members"}
	case KindUser:
		return []string{"Name", "DisplayName", "Groups", "Disabled"}
	case KindModule:
		return append([]string{"Name", "Source", "KeepVanished"}, moduleMembers...)
	case KindLibrary, KindScript, KindPlugin:
		return []string{"Name", "Source", "ManifestFile", "Description", "Timeout", "RunsAs", "Disabled", "Files", "ManifestText"}
	case KindTrigger:
		return triggerForm.members
	case KindSchedule:
		return scheduleForm.members
	case KindWebhook:
		return append(slices.Clone(webhookForm.members), "SecretFile")
	}
	return apiForm.members
}
