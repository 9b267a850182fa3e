package interchange_test

import (
	"archive/zip"
	"bytes"
	"testing"
	"testing/fstest"

	"domovoi.dev/sdk/dom/interchange"
)

// FuzzModuleFile reads any text as module.json. What can be read can be written,
// and is the same when it is read again.
func FuzzModuleFile(f *testing.F) {
	for _, m := range []*interchange.Module{everything(), {ID: "m", Settings: everything().Settings}} {
		b := zipOf(f, m)
		z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
		if err != nil {
			f.Fatal(err)
		}
		file, err := z.Open("module.json")
		if err != nil {
			f.Fatal(err)
		}
		var text bytes.Buffer
		text.ReadFrom(file)
		f.Add(text.Bytes())
	}
	f.Add([]byte(`[{"ModuleSettings":{"ModuleId":"m","DomManagerSettings":{"ModuleBehaviorDefinition":{"Id":null,"A":1}}},"DomTemplates":{"$values":[{"Id":"11111111-0000-4000-8000-000000000001","TemplateData":{"A":[{}]}}]}}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		modules, err := interchange.ReadDir(fstest.MapFS{"module.json": {Data: text}})
		if err != nil {
			return
		}
		var b bytes.Buffer
		if err := interchange.WriteZip(&b, modules); err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		again := readZip(t, b.Bytes())
		if second := zipOf(t, again...); !bytes.Equal(second, b.Bytes()) {
			t.Fatal("written again it is not the same file")
		}
		for i, m := range modules {
			if len(modules) == 1 {
				same(t, again[i], m)
			}
			for _, o := range m.Objects() {
				if changes, err := interchange.Compare(o, o); err != nil || len(changes) > 0 {
					t.Fatalf("%s %s differs from itself: %v, %v", o.Kind(), o.Key(), changes, err)
				}
			}
		}
	})
}

// FuzzZip reads any bytes as a zip.
func FuzzZip(f *testing.F) {
	f.Add(zipOf(f, everything()))
	f.Add(packed(f, map[string]string{"m/m.json": `{"ModuleId":"m"}`, "m/X/y.json": `1`, "m/DomDefinitions/a.json": `{}`}))
	f.Fuzz(func(t *testing.T, b []byte) {
		interchange.ReadZipWithin(bytes.NewReader(b), int64(len(b)), 1<<20, 1<<18, 100)
	})
}
