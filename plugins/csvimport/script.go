// Csvimport is a plugin that makes instances of the rows of a CSV file, however
// long that is.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"unicode/utf8"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/rows"
	"domovoi.dev/sdk/slnet"
)

// Params say what is imported, from where, and how it is read.
type Params struct {
	Module     string            `doc:"the module to import into" required:"true"`
	Definition string            `doc:"the name of the DOM definition" required:"true"`
	File       string            `doc:"path of the file, which the manifest must grant"`
	Text       string            `doc:"the CSV itself, instead of a file"`
	Instance   *dom.InstanceID   `doc:"an instance of the module with the file as attachment, instead of a file"`
	Attachment string            `doc:"the name of that attachment"`
	Columns    map[string]string `doc:"the field for each column; without it the columns have the names of fields"`
	Delimiter  string            `doc:"what stands between columns: one character, or tab" default:","`
	Comma      bool              `doc:"numbers are written with a decimal comma"`
	Dates      string            `doc:"how dates are written, as 2 January 2006 15:04:05 in that form" default:"2006-01-02"`
	DryRun     bool              `doc:"read everything and store nothing"`
	MaxErrors  int               `doc:"stop when so many rows were wrong" default:"10" min:"1" max:"1000"`
}

// Result says what became of the rows.
type Result struct {
	Rows, Created, Failed int
	// Stopped says that the rest was not read because of MaxErrors.
	Stopped bool
	// Errors are the first MaxErrors of the rows that failed.
	Errors []RowError
}

// RowError is what is wrong with a row.
type RowError = rows.Error

// progressRows is after how many rows a line of the log tells of the progress.
const progressRows = 1000

// Run imports the rows. A wrong header stores nothing; wrong rows are left out and
// told of, until there are MaxErrors of them. Rows that were stored stay.
func Run(ctx context.Context, engine *sdk.Engine, p Params) (Result, error) {
	i := &importer{
		params:    p,
		instances: engine.DomHelper(p.Module).DomInstances,
		result:    Result{Errors: []RowError{}},
	}
	source, err := i.open(ctx, engine)
	if err != nil {
		return i.result, err
	}
	defer source.Close()
	definition, fields, err := model(ctx, engine.DomHelper(p.Module), p.Definition)
	if err != nil {
		return i.result, err
	}
	i.rows, err = rows.NewReader(source, definition, fields, rows.Options{
		Style: rows.Style{Comma: p.Comma, Dates: p.Dates}, Columns: p.Columns, Delimiter: p.Delimiter,
	})
	if err != nil {
		return i.result, engine.ExitFail(err.Error())
	}
	if err := i.run(ctx, engine); err != nil {
		return i.result, err
	}
	if i.result.Failed > 0 {
		engine.AddError(fmt.Sprintf("%d of %d rows failed; the first: %v", i.result.Failed, i.result.Rows, i.result.Errors[0]))
	}
	return i.result, nil
}

// model reads the definition of a name and its fields.
func model(ctx context.Context, helper *dom.DomHelper, name string) (dom.DefinitionID, *rows.Fields, error) {
	definitions, err := helper.DomDefinitions.Read(ctx, dom.DefinitionExposers.Name.Equal(name))
	if err != nil {
		return dom.DefinitionID{}, nil, err
	}
	if len(definitions) != 1 {
		return dom.DefinitionID{}, nil, slnet.Errorf(slnet.KindNotFound, "the module has %d definitions with the name %q, want one", len(definitions), name)
	}
	sections, err := helper.SectionDefinitions.Read(ctx, dom.True())
	if err != nil {
		return dom.DefinitionID{}, nil, err
	}
	return definitions[0].ID, rows.ReadFields(sections, definitions[0]), nil
}

// importer carries out one import.
type importer struct {
	params    Params
	rows      *rows.Reader
	instances dom.DomInstancesComponent
	result    Result

	batch []*dom.Instance
	lines map[dom.InstanceID]int // where the rows of the batch begin
}

// open opens what is imported.
func (i *importer) open(ctx context.Context, engine *sdk.Engine) (io.ReadCloser, error) {
	p := i.params
	given := 0
	for _, is := range []bool{p.File != "", p.Text != "", p.Attachment != ""} {
		if is {
			given++
		}
	}
	switch {
	case given != 1 || (p.Attachment != "") != (p.Instance != nil):
		return nil, engine.ExitFail("what is to be imported? Give a File, or a Text, or an Instance and its Attachment")
	case p.Text != "":
		return io.NopCloser(strings.NewReader(p.Text)), nil
	case p.Attachment != "":
		content, err := i.instances.Attachments().Get(ctx, *p.Instance, p.Attachment)
		return io.NopCloser(bytes.NewReader(content)), err
	}
	file, err := os.Open(p.File)
	if errors.Is(err, os.ErrPermission) {
		return nil, engine.ExitFail(fmt.Sprintf("%v; the manifest must grant it: grants: {files: {read: [%s]}}", err, p.File))
	}
	return file, err
}

// run reads the rows and stores them, a batch at a time.
func (i *importer) run(ctx context.Context, engine *sdk.Engine) error {
	for {
		instance, line, err := i.rows.Next()
		if err == io.EOF {
			break
		}
		i.result.Rows++
		var wrong RowError
		switch {
		case errors.As(err, &wrong):
			i.fail(wrong)
		case err != nil:
			return err
		default:
			i.add(instance, line)
		}
		if len(i.batch) == i.instances.MaxAmountBulkOperation() {
			if err := i.store(ctx); err != nil {
				return err
			}
			engine.KeepAlive()
		}
		if i.result.Rows%progressRows == 0 {
			engine.Log.Info("progress", "rows", i.result.Rows, "created", i.result.Created, "failed", i.result.Failed)
		}
		if i.result.Stopped = i.result.Failed >= i.params.MaxErrors; i.result.Stopped {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	err := i.store(ctx)
	engine.Log.Info("imported", "rows", i.result.Rows, "created", i.result.Created, "failed", i.result.Failed)
	return err
}

func (i *importer) add(instance *dom.Instance, line int) {
	if i.params.DryRun {
		return
	}
	if i.lines == nil {
		i.lines = make(map[dom.InstanceID]int)
	}
	i.batch = append(i.batch, instance)
	i.lines[instance.ID] = line
}

// store stores the batch in one request.
func (i *importer) store(ctx context.Context) error {
	if len(i.batch) == 0 {
		return nil
	}
	batch, lines := i.batch, i.lines
	i.batch, i.lines = nil, nil
	stored, err := i.instances.CreateOrUpdate(ctx, batch)
	var some *dom.BulkCrudFailedError
	var all *slnet.CrudFailedError
	switch {
	case errors.As(err, &some):
		stored = some.Result
	case errors.As(err, &all):
		return i.storeSingly(ctx, batch, lines)
	case err != nil:
		return err
	}
	i.result.Created += len(stored.SuccessfulIDs)
	for _, id := range stored.UnsuccessfulIDs {
		trace := stored.TraceDataPerItem[id]
		i.fail(RowError{Line: lines[id], Message: trace.String()})
	}
	return nil
}

// storeSingly finds out what is wrong with each row of a batch of which none could
// be stored.
func (i *importer) storeSingly(ctx context.Context, batch []*dom.Instance, lines map[dom.InstanceID]int) error {
	for _, instance := range batch {
		_, err := i.instances.Create(ctx, instance)
		var refused *slnet.CrudFailedError
		switch {
		case errors.As(err, &refused):
			i.fail(RowError{Line: lines[instance.ID], Message: refused.TraceData.String()})
		case err != nil:
			return err
		default:
			i.result.Created++
		}
	}
	return nil
}

// fail counts a row that failed. The first of them are told by their lines.
func (i *importer) fail(e RowError) {
	i.result.Failed++
	if !utf8.ValidString(e.Message) {
		e.Message = strings.ToValidUTF8(e.Message, "\uFFFD")
	}
	at, _ := slices.BinarySearchFunc(i.result.Errors, e, func(a, b RowError) int { return a.Line - b.Line })
	i.result.Errors = slices.Insert(i.result.Errors, at, e)
	if len(i.result.Errors) > i.params.MaxErrors {
		i.result.Errors = i.result.Errors[:i.params.MaxErrors]
	}
}
