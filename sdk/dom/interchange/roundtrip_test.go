package interchange_test

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
)

func zipOf(t testing.TB, modules ...*interchange.Module) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := interchange.WriteZip(&b, modules); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func readZip(t testing.TB, b []byte) []*interchange.Module {
	t.Helper()
	modules, err := interchange.ReadZip(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return modules
}

// encoded are the objects of a module in their canonical form, by kind and id.
func encoded(t testing.TB, m *interchange.Module) map[string]string {
	t.Helper()
	objects := make(map[string]string)
	for _, o := range m.Objects() {
		b, err := json.Marshal(o)
		if err != nil {
			t.Fatal(err)
		}
		objects[string(o.Kind())+" "+o.Key()] = string(b)
	}
	return objects
}

// same fails unless both modules are the same, tracking and unknown included.
func same(t testing.TB, got, want *interchange.Module) {
	t.Helper()
	is, was := encoded(t, got), encoded(t, want)
	for name := range was {
		if is[name] != was[name] {
			t.Errorf("%s:\n got %s\nwant %s", name, is[name], was[name])
		}
	}
	if len(is) != len(was) {
		t.Errorf("got %d objects, want %d", len(is), len(was))
	}
	if got.ID != want.ID || len(got.Unknown) != len(want.Unknown) {
		t.Errorf("got module %q with %v, want %q with %v", got.ID, got.Unknown, want.ID, want.Unknown)
	}
}

func TestRoundTrip(t *testing.T) {
	for name, m := range map[string]*interchange.Module{
		"everything": everything(), "service management": serviceManagement(), "empty": {ID: "empty", Settings: &dom.ModuleSettings{ModuleID: "empty"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := zipOf(t, m)
			again := readZip(t, b)[0]
			same(t, again, m)
			if !bytes.Equal(zipOf(t, again), b) {
				t.Error("written again it is not the same file")
			}

			dir := t.TempDir()
			if err := interchange.WriteDir(dir, []*interchange.Module{again}); err != nil {
				t.Fatal(err)
			}
			for _, root := range []string{dir, filepath.Join(dir, m.ID)} {
				modules, err := interchange.Read(root)
				if err != nil {
					t.Fatal(err)
				}
				same(t, modules[0], m)
			}
		})
	}
}

func TestServiceManagementHasItsSize(t *testing.T) {
	m := serviceManagement()
	b := m.BehaviorDefinitions[0]
	fields := 0
	for _, link := range b.StatusSectionDefinitionLinks {
		fields += len(link.FieldDescriptorLinks)
	}
	got := []int{
		len(m.Definitions), len(m.SectionDefinitions), len(m.BehaviorDefinitions),
		len(b.Statuses), len(b.StatusTransitions), len(b.StatusSectionDefinitionLinks), fields,
	}
	want := []int{15, 23, 3, 12, 17, 48, 180}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

func TestSeveralModules(t *testing.T) {
	a, b := everything(), serviceManagement()
	modules := readZip(t, zipOf(t, a, b))
	if len(modules) != 2 || modules[0].ID != b.ID || modules[1].ID != a.ID {
		t.Fatalf("got %d modules", len(modules))
	}
	same(t, modules[0], b)
	same(t, modules[1], a)

	dir := t.TempDir()
	if err := interchange.WriteDir(dir, modules); err != nil {
		t.Fatal(err)
	}
	os.MkdirAll(filepath.Join(dir, ".git", "DomDefinitions"), 0o755)
	os.MkdirAll(filepath.Join(dir, "docs"), 0o755)
	os.WriteFile(filepath.Join(dir, a.ID, "README.md"), []byte("for people"), 0o644)
	again, err := interchange.Read(dir)
	if err != nil || len(again) != 2 {
		t.Fatalf("got %d modules, %v", len(again), err)
	}
}

// TestFolderFormPackedUp reads the folder form from a zip.
func TestFolderFormPackedUp(t *testing.T) {
	m := everything()
	dir := t.TempDir()
	if err := interchange.WriteDir(dir, []*interchange.Module{m}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if err := z.AddFS(os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	z.Close()
	same(t, readZip(t, b.Bytes())[0], m)
}

func TestWriteDirRemovesFilesOfVanishedObjects(t *testing.T) {
	m := everything()
	dir := t.TempDir()
	write := func() {
		t.Helper()
		if err := interchange.WriteDir(dir, []*interchange.Module{m}); err != nil {
			t.Fatal(err)
		}
	}
	write()
	folder := filepath.Join(dir, m.ID, "SectionDefinitions")
	gone := filepath.Join(folder, m.SectionDefinitions[1].Key()+".json")
	notes := filepath.Join(folder, "notes.json")
	if err := os.WriteFile(notes, []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	m.SectionDefinitions = m.SectionDefinitions[:1]
	write()
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Errorf("the file of the section is still there: %v", err)
	}
	if _, err := os.Stat(notes); err != nil {
		t.Errorf("a file that is no object's was touched: %v", err)
	}
}

// TestUnknownIsPutBack adds members and items that nobody knows everywhere, and
// finds them again at their places.
func TestUnknownIsPutBack(t *testing.T) {
	m := everything()
	section := m.SectionDefinitions[0].Key()
	m.Unknown = []interchange.Unknown{
		{Path: "Extras", Value: json.RawMessage(`{"a":[1,{"b":null}]}`)},
		{Path: `["More/things"]`, Value: json.RawMessage(`[1]`)},
		{Kind: dom.KindModuleSettings, Key: m.ID, Path: "DomManagerSettings.SecuritySettings.LinkSecurity.GroupLinks[0].Hours", Value: json.RawMessage(`{"From":9}`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "FieldDescriptors[3]", Value: json.RawMessage(`{"$type":"Future.RecordFieldDescriptor, SLNetTypes","ID":{"Id":"x"}}`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "FieldDescriptors[1]", Value: json.RawMessage(`{"$type":"Future.RecordFieldDescriptor, SLNetTypes","ID":{"Id":"y"}}`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "FieldDescriptors[2].Colour", Value: json.RawMessage(`"red"`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "FieldDescriptors[0].Validators[0].RegexOptions", Value: json.RawMessage(`513`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "SectionValidators", Value: json.RawMessage(`{"$type":"x","$values":[{"StartTimeID":null}]}`)},
		{Kind: dom.KindDefinition, Key: m.Definitions[0].Key(), Path: "VisualStructure", Value: json.RawMessage(`{"IsHidden":true}`)},
		{Kind: dom.KindDefinition, Key: m.Definitions[0].Key(), Path: "BehaviorDefinitionId.ModuleId", Value: json.RawMessage(`"another"`)},
		{Kind: dom.KindDefinition, Key: m.Definitions[0].Key(), Path: `["odd.name[0]"]`, Value: json.RawMessage(`0`)},
		{Kind: dom.KindInstance, Key: m.Instances[0].Key(), Path: "Sections[1].FieldValues[1]", Value: json.RawMessage(`{"FieldDescriptorID":{"Id":"` + section + `"},"Value":{"$type":"A.ValueWrapper` + "`" + `1[[System.Byte, mscorlib]], B","Value":1}}`)},
	}
	again := readZip(t, zipOf(t, m))[0]
	same(t, again, m)
	for _, want := range m.Unknown {
		found := false
		for _, got := range again.Unknown {
			found = found || got.String() == want.String() && string(got.Value) == string(want.Value)
		}
		if !found {
			t.Errorf("%s is not there again: %v", want, again.Unknown)
		}
	}

	dir := t.TempDir()
	if err := interchange.WriteDir(dir, []*interchange.Module{again}); err != nil {
		t.Fatal(err)
	}
	modules, err := interchange.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	same(t, modules[0], m)
}

func TestUnknownWithoutAPlace(t *testing.T) {
	section := everything().SectionDefinitions[0].Key()
	for _, u := range []interchange.Unknown{
		{Kind: dom.KindSectionDefinition, Key: "no such", Path: "A", Value: json.RawMessage(`1`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "FieldDescriptors[99]", Value: json.RawMessage(`1`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "FieldDescriptors[99].A", Value: json.RawMessage(`1`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "Name.A", Value: json.RawMessage(`1`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "Nothing.A", Value: json.RawMessage(`1`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "[1", Value: json.RawMessage(`1`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "", Value: json.RawMessage(`1`)},
		{Kind: dom.KindSectionDefinition, Key: section, Path: "A", Value: json.RawMessage(`{`)},
		{Path: "DomInstances", Value: json.RawMessage(`[]`)},
	} {
		m := everything()
		m.Unknown = []interchange.Unknown{u}
		if err := interchange.WriteZip(new(bytes.Buffer), []*interchange.Module{m}); err == nil {
			t.Errorf("%s: %s was written", u, u.Value)
		}
	}
	for _, path := range []string{"../up", "a/../b", "/root", ".hidden", `a\b`, "everything"} {
		m := everything()
		m.Unknown = []interchange.Unknown{{Path: `["` + strings.ReplaceAll(path, `\`, `\\`) + `"]`, Value: json.RawMessage(`1`)}}
		if path == "everything" {
			m.Unknown[0].Path = path
		}
		if err := interchange.WriteDir(t.TempDir(), []*interchange.Module{m}); err == nil {
			t.Errorf("a file %s was written", path)
		}
	}
}

func TestModuleIDsThatAreNoFolders(t *testing.T) {
	for _, id := range []string{"", "..", "a/b", `a\b`, ".git", "c:"} {
		m := &interchange.Module{ID: id, Settings: &dom.ModuleSettings{ModuleID: id}}
		if err := interchange.WriteDir(t.TempDir(), []*interchange.Module{m}); err == nil {
			t.Errorf("the module %q was written", id)
		}
	}
}

func TestPaths(t *testing.T) {
	for _, path := range []string{"A", "A.B[2].C", "A[0][1]", `["a b"].C`, `A["x]\""]`, "$type"} {
		if got, ok := interchange.ParsePath(path); !ok || got != path {
			t.Errorf("%s: got %s, %v", path, got, ok)
		}
	}
	for _, path := range []string{"", ".A", "A.", "A..B", "A[", "A[-1]", "A[01]", "A[x]", `["A"]`, "A B", `["a`, `[""]`} {
		if _, ok := interchange.ParsePath(path); ok {
			t.Errorf("%q is taken for a path", path)
		}
	}
}

func TestClassNames(t *testing.T) {
	for name, want := range map[string]string{
		"System.String": "String",
		"System.Guid, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089":                    "Guid",
		"System.Collections.Generic.List`1[[A.GenericEnum`1[[System.Int32, mscorlib, Version=4]], B, V=1]], mscorlib": "List<GenericEnum<Int32>>",
		"A.Outer+Inner, B": "Inner",
		"A.Map`2[[System.String, mscorlib],[System.Int32, mscorlib]], B": "Map<String,Int32>",
	} {
		if got, ok := interchange.ClassKey(name); !ok || got != want {
			t.Errorf("%s: got %s, %v, want %s", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "A[", "A[[", "A[[B]", "A[[B]]x", "A]", ",B", strings.Repeat("A[[", 100)} {
		if key, ok := interchange.ClassKey(name); ok {
			t.Errorf("%q is taken for the type %q", name, key)
		}
	}
}

func TestRename(t *testing.T) {
	m := serviceManagement()
	m.Unknown = []interchange.Unknown{{Kind: dom.KindModuleSettings, Key: m.ID, Path: "A", Value: json.RawMessage(`1`)}}
	m.Rename("copy")
	b := zipOf(t, m)
	if again := readZip(t, b)[0]; again.ID != "copy" {
		t.Errorf("got %q", again.ID)
	}
	z, _ := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	f, _ := z.Open("module.json")
	var text bytes.Buffer
	text.ReadFrom(f)
	if strings.Contains(text.String(), "(slc)services") {
		t.Error("the old name is still there")
	}
}
