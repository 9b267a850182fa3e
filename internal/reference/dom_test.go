package reference_test

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/internal/godoc"
	"domovoi.dev/sdk/dom"
)

const domHead = `# The object model

This page is written by a test from the documentation of the types, from the table of permissions and from the
names of tests: ` + "`DOMOVOI_UPDATE=1 go test ./internal/reference`" + `. What can go wrong is in [errors.md](errors.md),
filters as text are in [filters.md](filters.md).

The members are those of the JSON form, in which objects are seen by the command line, in files and over HTTP. In Go
they have the same names but for initialisms (` + "`ModuleId` is `ModuleID`" + `), and that is how the sentences name
them. A member without a default has to be there or is set by the daemon; an id that is zero is the same as none.
Behind the objects are [the messages](#messages), and [the rows of behaviour](#behavior-row-by-row) with the tests
that show them.
`

// objects are the sections of the page about objects, each with its types.
var objects = []struct {
	title string
	types []string
}{
	{"Module settings", []string{"ModuleSettings", "DomManagerSettings", "FieldAlias", "ScriptSettings", "UpdateTriggerCondition", "InformationEventSettings",
		"NameDefinition", "NameItem", "TTLSettings", "HistorySettings", "StorageSettings", "CachingSettings", "DomManagerSecuritySettings",
		"LinkSecuritySettings", "GroupLink", "DomDefinitionReference", "FieldValueReference", "NetworkAttachmentSettings"}},
	{"Section definitions", []string{"SectionDefinition", "FieldDescriptor", "AutoIncrementOptions", "GenericEnum", "GenericEnumEntry", "ReferenceOptions", "FieldValidator"}},
	{"DOM definitions", []string{"Definition", "SectionDefinitionLink", "ModuleSettingsOverrides"}},
	{"Behavior definitions", []string{"BehaviorDefinition", "Status", "StatusTransition", "StatusSectionDefinitionLink", "FieldDescriptorLink",
		"ActionDefinition", "ButtonDefinition", "ButtonLayout", "Condition"}},
	{"Instances and templates", []string{"Instance", "Section", "FieldValue", "Template"}},
	{"History", []string{"HistoryChange", "SectionChange", "FieldValueChange", "StatusChange"}},
	{"What all objects have", []string{"Tracking"}},
	{"Filters and queries", []string{"Filter", "Query", "Order", "Exposer"}},
}

// TestObjectModel holds docs/dom.md against the source.
func TestObjectModel(t *testing.T) {
	types := sdk(t)
	p := new(page)
	p.line("%s", domHead)
	for _, section := range objects {
		p.line("## %s\n", section.title)
		for _, name := range section.types {
			object(t, p, types, name)
		}
		if section.title == "Section definitions" {
			fieldKinds(p, types["FieldDescriptorKind"])
		}
	}
	p.line("## Enumerations\n")
	for _, name := range []string{"ObjectKind", "FieldType", "ScriptType", "HistoryStorageBehavior", "CachingPolicy", "ValidatorKind", "URIKind", "CrudType", "Comparer"} {
		enumeration(t, p, types, name)
	}
	messages(t, p, types)
	rows(t, p)
	p.hold(t, "dom.md")
}

func object(t *testing.T, p *page, types map[string]*godoc.Type, name string) {
	t.Helper()
	d := types[name]
	if d == nil {
		t.Fatalf("there is no type %s", name)
	}
	p.line("### %s\n\n%s\n", name, strings.Join(paragraphs(d.Doc), "\n\n"))
	members(t, p, types, d, nil)
}

// members writes the members of a type as a table. known has what members of the same
// name are in types before, nil where that says nothing.
func members(t *testing.T, p *page, types map[string]*godoc.Type, d *godoc.Type, known map[string]string) {
	t.Helper()
	fields, embedded, ok := d.Fields()
	if !ok {
		t.Fatalf("%s has no members", d.Name)
	}
	if len(fields) > 0 {
		p.table("member", "type", "default", "what it is")
	}
	last := godoc.Field{}
	for _, f := range fields {
		doc := f.Doc
		if doc != "" {
			last = f
		} else if strings.Contains(last.Doc, goName(f.Name)) {
			doc = "See `" + last.Name + "`."
		}
		if doc == "" {
			doc = known[f.Name]
		}
		if doc == "" {
			t.Errorf("%s.%s has no documentation", d.Name, f.Name)
		}
		if known != nil && !strings.HasPrefix(doc, "See `") {
			known[f.Name] = doc
		}
		p.row("`"+f.Name+"`", typeText(f.Of), defaultOf(types, f), strings.Join(paragraphs(doc), " "))
	}
	p.line("")
	for _, e := range embedded {
		p.line("Besides it has the members of [%s](#%s).\n", e, strings.ToLower(e))
	}
}

var initialism = regexp.MustCompile(`(Id|Ids|Ttl|Uri)($|[A-Z])`)

// goName is the name of a member in Go.
func goName(name string) string {
	return initialism.ReplaceAllStringFunc(name, func(s string) string {
		return strings.NewReplacer("Ids", "IDs", "Id", "ID", "Ttl", "TTL", "Uri", "URI").Replace(s)
	})
}

// typeText is a type in words.
func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return typeText(e.X)
	case *ast.ArrayType:
		if godoc.Last(e.Elt) == "byte" {
			return "bytes"
		}
		return "list of " + typeText(e.Elt)
	case *ast.MapType:
		return "map of " + typeText(e.Value)
	}
	name := godoc.Last(e)
	switch name {
	case "string":
		return "text"
	case "bool":
		return "boolean"
	case "int", "int32", "int64":
		return "integer"
	case "UUID":
		return "GUID"
	case "Time":
		return "time"
	case "Duration":
		return "duration in ns"
	case "Raw":
		return "object"
	}
	if linked(name) {
		return fmt.Sprintf("[%s](#%s)", name, strings.ToLower(name))
	}
	return name
}

// linked reports whether a type has a heading on the page.
func linked(name string) bool {
	for _, s := range objects {
		if slices.Contains(s.types, name) {
			return true
		}
	}
	return false
}

// defaultOf is what a member is that is left out, empty where it should not be.
func defaultOf(types map[string]*godoc.Type, f godoc.Field) string {
	if !f.Optional {
		return ""
	}
	switch e := f.Of.(type) {
	case *ast.StarExpr, *ast.ArrayType, *ast.MapType:
		return "none"
	case *ast.Ident:
		switch e.Name {
		case "string":
			return "empty"
		case "bool":
			return "false"
		case "int", "int32", "int64":
			return "0"
		}
		if d := types[e.Name]; d != nil {
			for _, c := range d.Constants {
				if c.Value == `""` {
					return "`\"\"`, " + c.Name
				}
			}
			if _, ok := d.Of.(*ast.StructType); ok {
				return "its defaults"
			}
			return "0"
		}
	case *ast.SelectorExpr:
		if e.Sel.Name == "Duration" {
			return "0"
		}
	}
	return ""
}

// fieldKinds writes which types the kinds of fields can have.
func fieldKinds(p *page, kinds *godoc.Type) {
	p.line("### Kinds of fields\n\n%s\n", strings.Join(paragraphs(kinds.Doc), "\n\n"))
	p.table("kind", "types", "what it is")
	for _, c := range kinds.Constants {
		var types []string
		for _, fieldType := range dom.FieldDescriptorKind(c.Text()).FieldTypes() {
			types = append(types, "`"+string(fieldType)+"`")
		}
		p.row("`"+c.Value[1:len(c.Value)-1]+"`", strings.Join(types, ", "), strings.Join(paragraphs(c.Doc), " "))
	}
	p.line("")
}

func enumeration(t *testing.T, p *page, types map[string]*godoc.Type, name string) {
	t.Helper()
	d := types[name]
	if d == nil || len(d.Constants) == 0 {
		t.Fatalf("there is no enumeration %s", name)
	}
	p.line("### %s\n\n%s\n", name, strings.Join(paragraphs(d.Doc), "\n\n"))
	p.table("value", "constant", "what it is")
	for _, c := range d.Constants {
		p.row("`"+c.Value+"`", "`"+c.Name+"`", strings.Join(paragraphs(c.Doc), " "))
	}
	p.line("")
}

// messages writes the messages of sdk/dom with their members and who may send them.
func messages(t *testing.T, p *page, types map[string]*godoc.Type) {
	t.Helper()
	permissions := readPermissions(t)
	p.line(`## Messages

Everything goes through messages; the helpers of the SDK, the command line and the console send them. What the settings
of a module ask for comes on top of the permission: see [DomManagerSecuritySettings](#dommanagersecuritysettings) and
[link-security.md](link-security.md). A kind of objects that is not instances is the model of the module.
`)
	seen, known := make(map[string]bool), make(map[string]string)
	for _, m := range dom.Messages() {
		message := m.New()
		name := strings.TrimPrefix(fmt.Sprintf("%T", message), "*dom.")
		if seen[name] {
			continue
		}
		seen[name] = true
		d := types[name]
		p.line("### %s\n\n%s\n", name, strings.Join(paragraphs(d.Doc), "\n\n"))
		for _, line := range permissions[name] {
			p.line("%s\n", line)
		}
		members(t, p, types, d, known)
	}
}

var permissionName = regexp.MustCompile(`^[A-Z][A-Za-z]+$`)

// readPermissions are sentences that say who may send a message, by its name, from the
// table that the tests of the router keep.
func readPermissions(t *testing.T) map[string][]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, "runtime", "testdata", "permissions.txt"))
	if err != nil {
		t.Fatal(err)
	}
	sentences := make(map[string][]string)
	for line := range strings.Lines(string(data)) {
		about, who, _ := strings.Cut(strings.TrimSpace(line), ":")
		name, kind, _ := strings.Cut(about, " ")
		of := ""
		if kind != "" {
			of = " about a " + kind
		}
		sentences[name] = append(sentences[name], fmt.Sprintf("May be sent%s by %s.", of, senders(strings.Fields(who))))
	}
	return sentences
}

// senders says in words who may send a message.
func senders(who []string) string {
	var permissions []string
	for _, w := range who {
		if permissionName.MatchString(w) && w != "Administrators" {
			permissions = append(permissions, "`"+w+"`")
		}
	}
	switch {
	case len(who) == 0:
		return "runs only"
	case who[0] == "all" && slices.Contains(who, "read-only"):
		return "every user who is not limited to reading"
	case who[0] == "all":
		return "every user"
	case len(permissions) > 0:
		return "users with the permission " + strings.Join(permissions, " or ")
	}
	return "Administrators"
}
