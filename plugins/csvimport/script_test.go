package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/rows"
	"domovoi.dev/sdk/slnet"
)

func TestMain(m *testing.M) { daemontest.Main(m) }

// house is a daemon with the plugin and a module to import into.
type house struct {
	*daemontest.Daemon
	admin  slnet.Connection
	folder string // granted to the plugin
	helper *dom.DomHelper
}

func openHouse(t *testing.T) *house {
	t.Helper()
	binary := scripttest.Build(t, ".")
	h := &house{Daemon: daemontest.Start(t), folder: t.TempDir()}
	h.admin = h.Administrator()
	daemontest.DeployPluginAs(t, h.admin, "csvimport", binary, "grants: {files: {read: ["+h.folder+"]}}\nlimits: {memory: 64MiB}\n")

	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(dom.NewModuleSettingsHelper(h.admin.SendSLNetMessages).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: "shop"}))
	h.helper = dom.NewDomHelper(h.admin.SendSLNetMessages, "shop")
	optional := func(name string, fieldType dom.FieldType) *dom.FieldDescriptor {
		f := dom.NewFieldDescriptor(name, fieldType)
		f.IsOptional = true
		return f
	}
	priority := optional("Priority", dom.TypeEnumInt)
	priority.Kind, priority.GenericEnum = dom.FieldGenericEnum, dom.NewGenericEnum("Priority")
	for value, name := range []string{"Low", "High"} {
		if err := priority.GenericEnum.AddEntry(name, value); err != nil {
			t.Fatal(err)
		}
	}
	order := dom.NewSectionDefinition("Order", dom.NewFieldDescriptor("Customer", dom.TypeString), optional("Amount", dom.TypeDouble),
		optional("Count", dom.TypeLong), optional("Day", dom.TypeDateTime), optional("Wait", dom.TypeTimeSpan),
		optional("Paid", dom.TypeBool), priority, optional("Tags", dom.TypeListString))
	delivery := dom.NewSectionDefinition("Delivery", optional("Day", dom.TypeDateTime))
	must(h.helper.SectionDefinitions.Create(t.Context(), order))
	must(h.helper.SectionDefinitions.Create(t.Context(), delivery))
	must(h.helper.DomDefinitions.Create(t.Context(), dom.NewDefinition("Order",
		dom.SectionDefinitionLink{SectionDefinitionID: order.ID}, dom.SectionDefinitionLink{SectionDefinitionID: delivery.ID, IsOptional: true})))
	return h
}

// run imports, with further parameters than module and definition.
func (h *house) run(t *testing.T, parameters map[string]any) (slnet.Run, Result) {
	t.Helper()
	input := map[string]any{"Module": "shop", "Definition": "Order"}
	for name, value := range parameters {
		input[name] = value
	}
	b, err := json.Marshal(input)
	if err != nil {
		t.Fatal(err)
	}
	run := daemontest.Send[*slnet.RunResponse](t, h.admin, &slnet.ExecuteScriptMessage{ScriptName: "csvimport", Input: slnet.JSON(b)}).Run
	var result Result
	if len(run.Result) > 0 {
		if err := json.Unmarshal(run.Result, &result); err != nil {
			t.Fatal(err)
		}
	}
	return run, result
}

// empty deletes all instances, and returns them as the texts of their values.
func (h *house) empty(t *testing.T) (rows []string) {
	t.Helper()
	found, err := h.helper.DomInstances.ReadQuery(t.Context(), dom.NewQuery(dom.True()).OrderBy(dom.InstanceExposers.CreatedAt))
	if err != nil {
		t.Fatal(err)
	}
	for _, instance := range found {
		var values []string
		for _, section := range instance.Sections {
			for _, v := range section.FieldValues {
				values = append(values, v.Value.String())
			}
		}
		rows = append(rows, strings.Join(values, ","))
		if err := h.helper.DomInstances.Delete(t.Context(), instance); err != nil {
			t.Fatal(err)
		}
	}
	return rows
}

func TestImports(t *testing.T) {
	h := openHouse(t)
	t.Run("rows", func(t *testing.T) { testRows(t, h) })
	t.Run("what is wrong with the whole", func(t *testing.T) { testRefused(t, h) })
	t.Run("an attachment", func(t *testing.T) { testAttachment(t, h) })
	t.Run("bounded memory", func(t *testing.T) { testBoundedMemory(t, h) })
}

func testRows(t *testing.T, h *house) {
	wrong := func(line int, column, message string) RowError { return RowError{line, column, message} }
	for _, c := range []struct {
		name   string
		csv    string
		more   map[string]any
		rows   []string // what is stored
		errors []RowError
	}{
		{name: "all types", csv: "Customer,Amount,Count,Order/Day,Wait,Paid,Priority,Tags,Delivery/Day\n" +
			"acme,12.5,3,2026-01-31,90m,yes,high,a| b,2026-02-01\n",
			rows: []string{"acme,12.5,3,2026-01-31T00:00:00.0000000Z,01:30:00,True,1,a;b,2026-02-01T00:00:00.0000000Z"}},
		{name: "quotes, byte order mark and CRLF", csv: "\uFEFFCustomer,Amount\r\n\"acme, \"\"the\"\"\nfirst\",1\r\n\r\n",
			rows: []string{"acme, \"the\"\nfirst,1"}},
		{name: "a mapping, semicolons, commas and dates", csv: "Kunde;Betrag;Tag;Farbe\nmüller;1,5;31.01.2026;rot\n",
			more: map[string]any{"Delimiter": ";", "Comma": true, "Dates": "02.01.2006",
				"Columns": map[string]string{"Kunde": "Customer", "Betrag": "Amount", "Tag": "Order/Day"}},
			rows: []string{"müller,1.5,2026-01-31T00:00:00.0000000Z"}},
		{name: "tabs, and cells without a value", csv: "Customer\tAmount\tCount\nacme\t\t7\n", more: map[string]any{"Delimiter": "tab"}, rows: []string{"acme,7"}},
		{name: "only a header", csv: "Customer\n"},
		{name: "a dry run", csv: "Customer,Amount\nacme,1\nben,x\n", more: map[string]any{"DryRun": true},
			errors: []RowError{wrong(3, "Amount", `"x" is not a number such as 1234.5`)}},
		{name: "wrong rows", csv: "Customer,Amount,Count,Priority,Paid\na,1,2,Low,no\nb,1.5x,,,\nc,,1.5,,\nd,,,urgent,\ne,,,,maybe\nf\ng,NaN,,,\n\"h\"x,,,,\ni,1e999,,,\nj,,,,\n",
			rows: []string{"a,1,2,0,False", "j"},
			errors: []RowError{
				wrong(3, "Amount", `"1.5x" is not a number such as 1234.5`),
				wrong(4, "Count", `"1.5" is not a whole number`),
				wrong(5, "Priority", `"urgent" is none of Low, High`),
				wrong(6, "Paid", `"maybe" is not true or false, yes or no, 1 or 0`),
				wrong(7, "", "the row has 1 columns, the header 5"),
				wrong(8, "Amount", `"NaN" is not a number such as 1234.5`),
				wrong(9, "", `line 9, character 3: extraneous or missing " in quoted-field`),
				wrong(10, "Amount", `"1e999" is too large`),
			}},
		{name: "a text that is no UTF-8", csv: "Customer\n\xff\n", errors: []RowError{wrong(2, "Customer", "the text is not UTF-8")}},
		{name: "what the daemon refuses", csv: "Customer,Amount\n,1\nacme,2\n", rows: []string{"acme,2"},
			errors: []RowError{wrong(2, "", string(dom.ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition))}},
		{name: "nothing the daemon takes", csv: "Customer,Amount\n,1\n,2\n", errors: []RowError{
			wrong(2, "", string(dom.ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition)),
			wrong(3, "", string(dom.ErrDomInstanceDoesNotContainAllRequiredFieldsForSectionDefinition))}},
		{name: "too many errors", csv: "Customer,Amount\na,1\nb,x\nc,x\nd,1\n", more: map[string]any{"MaxErrors": 2}, rows: []string{"a,1"},
			errors: []RowError{wrong(3, "Amount", `"x" is not a number such as 1234.5`), wrong(4, "Amount", `"x" is not a number such as 1234.5`)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(h.folder, "import.csv")
			if err := os.WriteFile(file, []byte(c.csv), 0o600); err != nil {
				t.Fatal(err)
			}
			parameters := map[string]any{"File": file}
			for name, value := range c.more {
				parameters[name] = value
			}
			run, result := h.run(t, parameters)
			if succeeded := run.State == slnet.RunSucceeded; succeeded != (len(c.errors) == 0) {
				t.Errorf("the run %s: %v %s", run.State, run.Errors, run.ExitReason)
			}
			if result.Created != len(c.rows) || result.Failed != len(c.errors) || len(result.Errors) != len(c.errors) {
				t.Fatalf("the result is %+v", result)
			}
			for i, got := range result.Errors {
				want := c.errors[i]
				if got.Line != want.Line || got.Column != want.Column || !strings.Contains(got.Message, want.Message) {
					t.Errorf("the error is %v, want %v", got, want)
				}
			}
			stored := h.empty(t)
			left := make(map[string]bool)
			for _, row := range stored {
				left[row] = true
			}
			for _, want := range c.rows {
				if !left[want] || len(stored) != len(c.rows) {
					t.Errorf("stored are %q, want %q", stored, c.rows)
				}
			}
		})
	}

}

// What is wrong with the whole is told before anything is stored.
func testRefused(t *testing.T, h *house) {
	quote := filepath.Join(h.folder, "quote.csv")
	if err := os.WriteFile(quote, append([]byte("Customer\nacme\n\""), bytes.Repeat([]byte("x\n"), rows.MaxRow)...), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, want string
		parameters map[string]any
	}{
		{"an unknown column", `line 1: the column "Colour": the definition has no field "Colour"`, map[string]any{"Text": "Customer,Colour\na,b\n"}},
		{"a field of two sections", `the column "Day": the definition has no field "Day", or several`, map[string]any{"Text": "Customer,Day\n"}},
		{"a column twice", `there are two columns "Customer"`, map[string]any{"Text": "Customer,Customer\na,b\n"}},
		{"a mapping of no column", `there is no column "Kunde"`, map[string]any{"Text": "Customer\na\n", "Columns": map[string]string{"Kunde": "Customer"}}},
		{"nothing", "there is no header: the CSV is empty", map[string]any{"Text": "\n"}},
		{"a broken header", "the header: ", map[string]any{"Text": "\"Customer\nacme\n"}},
		{"a delimiter of two", "want one character, or tab", map[string]any{"Text": "Customer\n", "Delimiter": ";;"}},
		{"no source", "Give a File, or a Text", nil},
		{"two sources", "Give a File, or a Text", map[string]any{"Text": "Customer\n", "File": "/x"}},
		{"a file that is not granted", "the manifest must grant it", map[string]any{"File": "/etc/passwd"}},
		{"no such file", "no such file", map[string]any{"File": filepath.Join(h.folder, "nothing")}},
		{"no such definition", `0 definitions with the name "Invoice"`, map[string]any{"Text": "Customer\n", "Definition": "Invoice"}},
		{"a quote that is never closed", "behind line 2: a row is longer", map[string]any{"File": quote, "DryRun": true}},
	} {
		t.Run(c.name, func(t *testing.T) {
			run, result := h.run(t, c.parameters)
			text := run.ExitReason
			for _, e := range run.Errors {
				text += e.Message
			}
			if run.State != slnet.RunFailed || !strings.Contains(text, c.want) || result.Created != 0 {
				t.Errorf("the run %s: %s, want %q", run.State, text, c.want)
			}
		})
	}
	if n := len(h.empty(t)); n != 0 {
		t.Errorf("%d rows were stored", n)
	}
}

func testAttachment(t *testing.T, h *house) {
	run, result := h.run(t, map[string]any{"Text": "Customer\nacme\n"})
	if result.Created != 1 {
		t.Fatalf("the run %s: %v", run.State, run.Errors)
	}
	instances, err := h.helper.DomInstances.Read(t.Context(), dom.True())
	if err != nil {
		t.Fatal(err)
	}
	if err := h.helper.DomInstances.Attachments().Add(t.Context(), instances[0].ID, "more.csv", []byte("Customer\nben\ncarl\n")); err != nil {
		t.Fatal(err)
	}
	if run, result := h.run(t, map[string]any{"Instance": instances[0].ID, "Attachment": "more.csv"}); result.Created != 2 {
		t.Errorf("the run %s with %+v: %v", run.State, result, run.Errors)
	}
	if run, _ := h.run(t, map[string]any{"Instance": instances[0].ID, "Attachment": "less.csv"}); run.State != slnet.RunFailed {
		t.Errorf("without an attachment the run %s", run.State)
	}
	h.empty(t)
}

// The process of an import of any length has 64 MiB, see openHouse.
func testBoundedMemory(t *testing.T, h *house) {
	rows := 2_000
	if os.Getenv("DOMOVOI_STRESS") != "" {
		rows = 100_000
		t.Logf("%d rows are stored", rows)
	}
	file := filepath.Join(h.folder, "large.csv")
	var text bytes.Buffer
	text.WriteString("Customer,Amount\n")
	for i := range rows {
		fmt.Fprintf(&text, "customer %d,%d.5\n", i%100, i)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	run, result := h.run(t, map[string]any{"File": file})
	if run.State != slnet.RunSucceeded || result.Created != rows {
		t.Fatalf("the run %s with %+v: %v", run.State, result, run.Errors)
	}
	log := daemontest.Send[*slnet.RunLogResponse](t, h.admin, &slnet.GetRunLogMessage{ID: run.ID}).Lines
	if n := rows/progressRows + 1; len(log) != n || !strings.HasPrefix(log[0].Text, "progress rows=1000 created=1000") {
		t.Errorf("the log has %d lines, want %d that tell of the progress: %v", len(log), n, log)
	}

	// Twice what the process may have.
	cell := strings.Repeat("x", 1000)
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	fmt.Fprintln(f, "Customer,Amount")
	for range 128 {
		if _, err := f.WriteString(strings.Repeat(cell+",1\n", 1024)); err != nil {
			t.Fatal(err)
		}
	}
	if run, result := h.run(t, map[string]any{"File": file, "DryRun": true}); run.State != slnet.RunSucceeded || result.Rows != 128*1024 {
		t.Errorf("the run %s with %+v: %v", run.State, result, run.Errors)
	}
}
