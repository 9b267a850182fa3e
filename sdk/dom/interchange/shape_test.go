package interchange_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// library is a module in the documented shape, written by hand: a section
// definition with $type everywhere, other objects without.
func library() fstest.MapFS {
	const (
		nsSections = "Skyline.DataMiner.Net.Sections."
		nsDOM      = "Skyline.DataMiner.Net.Apps.DataMinerObjectModel."
	)
	files := map[string]string{
		"library/library.json": "\uFEFF" + `{
			"ModuleId": "library",
			"DomManagerSettings": {
				"ModuleSections": [], "ModuleBehaviorDefinition": null,
				"ScriptSettings": {"OnUpdateTriggerConditions": [], "OnCreate": "Greet", "OnUpdate": null, "ScriptType": 1},
				"SecuritySettings": {"LinkSecurity": {"GroupLinks": [{"GroupName": "Readers"}]}, "ViewPermissions": 7, "DeleteDomInstancePermission": 0},
				"TtlSettings": {"DomInstanceTtl": "30.01:02:03.5", "DomTemplateTtl": "00:00:00"},
				"StorageSettings": {"CachingSettings": {"DomDefinitionCachingPolicy": 2}},
				"DomInstanceHistorySettings": {"StorageBehavior": 9}
			},
			"TrackLastModified": "2024-05-01T10:00:00.1234567+02:00", "CreatedAt": "2024-05-01T08:00:00"}`,
		"library/SectionDefinitions/11111111-0000-4000-8000-000000000001.json": `{
			"$type": "` + nsSections + `CustomSectionDefinition, SLNetTypes",
			"ID": {"$type": "` + nsSections + `SectionDefinitionID, SLNetTypes", "Id": "11111111-0000-4000-8000-000000000001", "ModuleId": "library"},
			"Name": "Book",
			"FieldDescriptors": {"$type": "System.Collections.Generic.List` + "`" + `1[[` + nsSections + `FieldDescriptor, SLNetTypes]], mscorlib", "$values": [
				{"$type": "` + nsSections + `FieldDescriptor, SLNetTypes", "ID": {"Id": "22222222-0000-4000-8000-000000000001"}, "Name": "Pages",
				 "Validators": {"$type": "x", "$values": []}, "FieldType": "System.Int64, mscorlib, Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
				 "IsOptional": true, "Tooltip": null, "DefaultValue": {"$type": "` + nsSections + "ValueWrapper`" + `1[[System.Int64, mscorlib]], SLNetTypes", "Value": 100}},
				{"$type": "` + nsSections + `TicketFieldDescriptor, SLNetTypes", "ID": {"Id": "22222222-0000-4000-8000-000000000002"}},
				{"$type": "` + nsSections + `GenericEnumFieldDescriptor, SLNetTypes", "ID": {"Id": "22222222-0000-4000-8000-000000000003"}, "Name": "Shelf",
				 "Validators": [{"$type": "` + nsSections + `GenericEnumValidator, SLNetTypes"}, {"$type": "` + nsSections + `RegexValidator, SLNetTypes", "RegexPattern": "x", "RegexOptions": 9}],
				 "GenericEnumInstance": {"EnumName": "Shelves", "Entries": {"$values": [{"DisplayName": "A", "Value": 1}]}},
				 "FieldType": "System.Collections.Generic.List` + "`1[[Skyline.DataMiner.Net.GenericEnums.GenericEnum`" + `1[[System.Int32, mscorlib, Version=4.0.0.0]], SLNetTypes, Version=1.0.0.0]], mscorlib"}
			]},
			"SectionValidators": {"$type": "x", "$values": []}, "ReservationLinkInfo": null, "IsHidden": true, "Flavour": "salty",
			"SyncLastModified": "2024-05-01T08:00:00.5Z"}`,
		"library/DomDefinitions/33333333-0000-4000-8000-000000000001.json": `{
			"id": {"id": "33333333-0000-4000-8000-000000000001", "MODULEID": "library"}, "Name": "Book",
			"SectionDefinitionLinks": [{"SectionDefinitionID": {"Id": "11111111-0000-4000-8000-000000000001", "ModuleId": "elsewhere"}, "IsOptional": true}],
			"VisualStructure": null, "BehaviorDefinitionId": null, "ModuleSettingsOverrides": null}`,
		"library/DomInstances/44444444-0000-4000-8000-000000000001.json": `{
			"ID": "44444444-0000-4000-8000-000000000001", "DomDefinitionId": {"Id": "33333333-0000-4000-8000-000000000001"},
			"Sections": [{"ID": {"Id": "55555555-0000-4000-8000-000000000001"}, "SectionDefinitionID": {"Id": "11111111-0000-4000-8000-000000000001"}, "FieldValues": [
				{"FieldDescriptorID": {"Id": "22222222-0000-4000-8000-000000000001"}, "Value": {"Value": 320}},
				{"FieldDescriptorID": {"Id": "22222222-0000-4000-8000-000000000003"}, "Value": {"$type": "` + nsSections + "ListValueWrapper`" + `1[[System.Int32, mscorlib]], SLNetTypes", "Values": {"$values": [1]}}}
			]}]}`,
		"library/Pictures/cover.json": `{"Color": "blue"}`,
		"library/README.md":           "not JSON",
	}
	fsys := make(fstest.MapFS)
	for name, text := range files {
		fsys[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return fsys
}

func TestReadTheDocumentedShape(t *testing.T) {
	modules, err := interchange.ReadDir(library())
	if err != nil {
		t.Fatal(err)
	}
	m := modules[0]
	s := m.Settings.DomManagerSettings
	section := m.SectionDefinitions[0]
	pages, shelf := section.FieldDescriptors[0], section.FieldDescriptors[1]
	instance := m.Instances[0]
	for _, test := range []struct{ got, want any }{
		{m.ID, "library"},
		{s.ScriptSettings.OnCreate, "Greet"},
		{s.ScriptSettings.ScriptType, dom.ScriptFullCrudMeta},
		{s.TTLSettings.DomInstanceTTL, 30*24*time.Hour + time.Hour + 2*time.Minute + 3500*time.Millisecond},
		{s.StorageSettings.CachingSettings.DomDefinition, dom.CachingFull},
		{m.Settings.LastModified, time.Date(2024, 5, 1, 8, 0, 0, 123_456_700, time.UTC)},
		{m.Settings.CreatedAt, time.Date(2024, 5, 1, 8, 0, 0, 0, time.UTC)},
		{m.Settings.DomManagerSettings.SecuritySettings.GroupLinks()[0].GroupName, "Readers"},
		{section.ID.String(), "11111111-0000-4000-8000-000000000001"},
		{section.ModuleID, "library"},
		{pages.FieldType, dom.TypeLong},
		{pages.DefaultValue.Any(), int64(100)},
		{shelf.FieldType, dom.TypeListEnumInt},
		{shelf.GenericEnum.Entries[0].Value.Any(), int32(1)},
		{shelf.Validators[0].IgnoreCase, true},
		{m.Definitions[0].SectionDefinitionLinks[0].IsOptional, true},
		{m.Definitions[0].ModuleID, "library"},
		{instance.Sections[0].FieldValues[0].Value.Any(), int64(320)},
		{fmt.Sprint(instance.Sections[0].FieldValues[1].Value.Any()), "[1]"},
	} {
		if test.got != test.want {
			t.Errorf("got %v, want %v", test.got, test.want)
		}
	}
	var unknown []string
	for _, u := range m.Unknown {
		unknown = append(unknown, u.String()+" "+string(u.Value))
	}
	got := strings.Join(unknown, "\n")
	want := strings.Join([]string{
		`ModuleSettings library DomManagerSettings.DomInstanceHistorySettings.StorageBehavior 9`,
		`SectionDefinition 11111111-0000-4000-8000-000000000001 FieldDescriptors[1] {"$type":"Skyline.DataMiner.Net.Sections.TicketFieldDescriptor, SLNetTypes","ID":{"Id":"22222222-0000-4000-8000-000000000002"}}`,
		`SectionDefinition 11111111-0000-4000-8000-000000000001 FieldDescriptors[2].Validators[0] {"$type":"Skyline.DataMiner.Net.Sections.GenericEnumValidator, SLNetTypes"}`,
		`SectionDefinition 11111111-0000-4000-8000-000000000001 FieldDescriptors[2].Validators[1].RegexOptions 9`,
		`SectionDefinition 11111111-0000-4000-8000-000000000001 IsHidden true`,
		`SectionDefinition 11111111-0000-4000-8000-000000000001 Flavour "salty"`,
		`DomDefinition 33333333-0000-4000-8000-000000000001 SectionDefinitionLinks[0].SectionDefinitionID.ModuleId "elsewhere"`,
		`["Pictures/cover"] {"Color":"blue"}`,
	}, "\n")
	if got != want {
		t.Errorf("got unknown\n%s\nwant\n%s", got, want)
	}

	// Nothing of it is lost.
	same(t, readZip(t, zipOf(t, m))[0], m)
	dir := t.TempDir()
	if err := interchange.WriteDir(dir, modules); err != nil {
		t.Fatal(err)
	}
	again, err := interchange.Read(dir)
	if err != nil {
		t.Fatal(err)
	}
	same(t, again[0], m)
}

// packed is a zip of files.
func packed(t testing.TB, files map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, text := range files {
		f, err := z.Create(name)
		if err != nil {
			t.Fatal(err)
		}
		f.Write([]byte(text))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestDamagedFiles has what is wrong with a module.json, and where.
func TestDamagedFiles(t *testing.T) {
	const settings = `[{"ModuleSettings":{"ModuleId":"m"},`
	section := func(descriptor string) string {
		return settings + `"SectionDefinitions":[{"ID":{"Id":"11111111-0000-4000-8000-000000000001"},"FieldDescriptors":[` + descriptor + `]}]}]`
	}
	instance := func(value string) string {
		return settings + `"DomInstances":[{"Id":"11111111-0000-4000-8000-000000000001","Sections":[{"ID":"11111111-0000-4000-8000-000000000002","FieldValues":[` +
			`{"FieldDescriptorID":"11111111-0000-4000-8000-000000000003","Value":` + value + `}]}]}]}]`
	}
	for _, test := range []struct{ text, path string }{
		{``, ``},
		{`{`, ``},
		{`7`, ``},
		{`[`, ``},
		{`[]`, ``},
		{`[7]`, `[0]`},
		{`[{]`, `[0]`},
		{`[{"ModuleSettings":{"ModuleId":"m"}}] more`, ``},
		{`[{}]`, ``},
		{`[{"ModuleSettings":{}}]`, `[0].ModuleSettings`},
		{`[{"ModuleSettings":7}]`, `[0].ModuleSettings`},
		{`[{"ModuleSettings":{"ModuleId":"m","ModuleID":"m"}}]`, `[0].ModuleSettings.ModuleID`},
		{`[{"ModuleSettings":{"ModuleId":"m","A":1,"A":2}}]`, `[0].ModuleSettings`},
		{`[{"ModuleSettings":{"ModuleId":"m"}},{"ModuleSettings":{"ModuleId":"m"}}]`, ``},
		{settings + `"modulesettings":{"ModuleId":"m"}}]`, `[0].modulesettings`},
		{settings + `"SectionDefinitions":7}]`, `[0].SectionDefinitions`},
		{settings + `"SectionDefinitions":{"A":[]}}]`, `[0].SectionDefinitions.A`},
		{settings + `"SectionDefinitions":[{"Name":"x"}]}]`, `[0].SectionDefinitions[0].ID`},
		{settings + `"SectionDefinitions":[{"ID":"x"}]}]`, `[0].SectionDefinitions[0].ID`},
		{settings + `"SectionDefinitions":[{"$type":"A.StaticSectionDefinition, B","ID":"11111111-0000-4000-8000-000000000001"}]}]`, `[0].SectionDefinitions[0]`},
		{settings + `"SectionDefinitions":[{"ID":"00000000-0000-0000-0000-000000000000"}]}]`, `[0].SectionDefinitions[0].ID`},
		{settings + `"SectionDefinitions":[{"ID":"11111111-0000-4000-8000-000000000001"},{"ID":"11111111-0000-4000-8000-000000000001"}]}]`, `[0].SectionDefinitions[1]`},
		{settings + `"SectionDefinitions":[{"ID":"11111111-0000-4000-8000-000000000001" "Name":1}]}]`, `[0].SectionDefinitions[0]`},
		{settings + "\"SectionDefinitions\":[{\"Name\":\"\xff\"}]}]", `[0].SectionDefinitions[0]`},
		{settings + `"Deep":` + strings.Repeat("[", 100) + strings.Repeat("]", 100) + `}]`, `[0].Deep`},
		{section(`null`), `[0].SectionDefinitions[0].FieldDescriptors[0]`},
		{section(`{}`), `[0].SectionDefinitions[0].FieldDescriptors[0]`},
		{section(`{"$type":7}`), `[0].SectionDefinitions[0].FieldDescriptors[0].$type`},
		{section(`{"$type":"FieldDescriptor"}`), `[0].SectionDefinitions[0].FieldDescriptors[0].ID`},
		{section(`{"$type":"FieldDescriptor","ID":{"Id":"11111111-0000-4000-8000-000000000001"},"IsHidden":"no"}`), `[0].SectionDefinitions[0].FieldDescriptors[0].IsHidden`},
		{section(`{"$type":"FieldDescriptor","ID":{"Id":"11111111-0000-4000-8000-000000000001"},"Validators":7}`), `[0].SectionDefinitions[0].FieldDescriptors[0].Validators`},
		{section(`{"$type":"FieldDescriptor","ID":{"Id":"11111111-0000-4000-8000-000000000001"},"Validators":{"$ref":"1"}}`), `[0].SectionDefinitions[0].FieldDescriptors[0].Validators`},
		{instance(`null`), `[0].DomInstances[0].Sections[0].FieldValues[0]`},
		{instance("{\"$type\":\"ValueWrapper`1[[System.Int32]]\",\"Value\":2147483648}"), `[0].DomInstances[0].Sections[0].FieldValues[0].Value.Value`},
		{instance("{\"$type\":\"ValueWrapper`1[[System.DateTime]]\",\"Value\":\"10000-01-01T00:00:00Z\"}"), `[0].DomInstances[0].Sections[0].FieldValues[0].Value.Value`},
		{instance("{\"$type\":\"ValueWrapper`1[[System.TimeSpan]]\",\"Value\":\"25:00:00\"}"), `[0].DomInstances[0].Sections[0].FieldValues[0].Value.Value`},
		{instance("{\"$type\":\"ListValueWrapper`1[[System.Guid]]\",\"Values\":[\"x\"]}"), `[0].DomInstances[0].Sections[0].FieldValues[0].Value.Values[0]`},
		{`[{"ModuleSettings":{"ModuleId":"m","DomManagerSettings":{"TtlSettings":{"DomInstanceTtl":"200000.00:00:00"}}}}]`, `[0].ModuleSettings.DomManagerSettings.TtlSettings.DomInstanceTtl`},
	} {
		b := packed(t, map[string]string{"module.json": test.text})
		_, err := interchange.ReadZip(bytes.NewReader(b), int64(len(b)))
		var at *interchange.Error
		if !errors.As(err, &at) || !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%.100s: got %v", test.text, err)
			continue
		}
		if at.Path != test.path || at.Message == "" {
			t.Errorf("%.100s: got the path %q of %v, want %q", test.text, at.Path, err, test.path)
		}
	}
}

func TestDamagedFolders(t *testing.T) {
	for name, change := range map[string]func(fsys fstest.MapFS){
		"library/library.json": func(fsys fstest.MapFS) { fsys["library/library.json"].Data = []byte(`{"ModuleId":`) },
		"library/more.json":    func(fsys fstest.MapFS) { fsys["library/more.json"] = &fstest.MapFile{Data: []byte(`{"ModuleId":"m"}`)} },
		"library/DomDefinitions/x.json": func(fsys fstest.MapFS) {
			fsys["library/DomDefinitions/x.json"] = &fstest.MapFile{Data: []byte(`[]`)}
		},
		"library/DomDefinitions/in": func(fsys fstest.MapFS) {
			fsys["library/DomDefinitions/in/x.json"] = &fstest.MapFile{Data: []byte(`{}`)}
		},
		"library/Pictures/cover.json": func(fsys fstest.MapFS) { fsys["library/Pictures/cover.json"].Data = []byte(`<xml/>`) },
	} {
		fsys := library()
		change(fsys)
		_, err := interchange.ReadDir(fsys)
		var at *interchange.Error
		if !errors.As(err, &at) || at.File != name {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, fsys := range []fstest.MapFS{{}, {"a/b/c.json": {Data: []byte(`{}`)}}} {
		if _, err := interchange.ReadDir(fsys); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("a folder without modules: got %v", err)
		}
	}
}

// TestLinksOutOfTheFolder are not followed.
func TestLinksOutOfTheFolder(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	os.WriteFile(outside+"/secret.json", []byte(`{"ModuleId":"m"}`), 0o600)
	if err := os.Symlink(outside+"/secret.json", dir+"/m.json"); err != nil {
		t.Skip(err)
	}
	var at *interchange.Error
	if _, err := interchange.Read(dir); !errors.As(err, &at) {
		t.Errorf("got %v", err)
	}
}

func TestZipTricks(t *testing.T) {
	for _, name := range []string{"../module.json", "/module.json", `a\module.json`, "a/../module.json", "c:module.json", ""} {
		b := packed(t, map[string]string{name: `[]`})
		if _, err := interchange.ReadZip(bytes.NewReader(b), int64(len(b))); !errors.Is(err, slnet.KindInvalid) {
			t.Errorf("%q: got %v", name, err)
		}
	}
	b := packed(t, map[string]string{"module.json": `[{"ModuleSettings":{"ModuleId":"m"}}]`})
	for i := range b {
		damaged := bytes.Clone(b)
		damaged[i] ^= 0x55
		interchange.ReadZip(bytes.NewReader(damaged), int64(len(damaged)))
		interchange.ReadZip(bytes.NewReader(b[:i]), int64(i))
	}
}

func TestLimits(t *testing.T) {
	one := zipOf(t, everything())
	read := func(b []byte, total, object int64, files int) error {
		_, err := interchange.ReadZipWithin(bytes.NewReader(b), int64(len(b)), total, object, files)
		return err
	}
	if err := read(one, 1<<20, 1<<20, 10); err != nil {
		t.Fatal(err)
	}
	bomb := packed(t, map[string]string{"module.json": `[{"ModuleSettings":{"ModuleId":"` + strings.Repeat("m", 1<<20) + `"}}]`})
	for name, err := range map[string]error{
		"total":  read(one, 1000, 1<<20, 10),
		"object": read(one, 1<<20, 100, 10),
		"files":  read(packed(t, map[string]string{"m/a.json": "{}", "m/b.json": "{}", "m/c.json": "{}"}), 1<<20, 1<<20, 2),
		"bomb":   read(bomb, 1<<19, 1<<20, 10),
		"long":   read(bomb, 1<<22, 1<<19, 10),
	} {
		if !errors.Is(err, slnet.KindTooLarge) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}
