package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/rows"
	"domovoi.dev/sdk/slnet"
)

// instanceImport is one invocation of the command of that name.
type instanceImport struct {
	*app
	definition, format, delimiter, errorsTo string
	skip                                    int64

	helper *dom.DomHelper
	next   func() (*dom.Instance, int, error)
	csv    *rows.Reader // nil for JSON lines

	batch  []*dom.Instance
	lines  map[dom.InstanceID]int // where the rows of the batch begin
	errors *json.Encoder          // nil without a file of errors
	// unwritten is why errors could not be written.
	unwritten error
	result    importResult
	// done is how many rows at the begin of the file need not be looked at again.
	done int64
}

// importResult says what became of the rows of a file.
type importResult struct {
	// Rows are those that were looked at, with those that were skipped.
	Rows    int64 `json:"Rows"`
	Skipped int64 `json:"Skipped,omitempty"`
	Stored  int64 `json:"Stored"`
	Failed  int64 `json:"Failed"`
	// Errors are the first of the rows that failed.
	Errors []rows.Error `json:"Errors,omitempty"`
}

// mostRowErrors is how many wrong rows are shown; a file of errors has them all.
const mostRowErrors = 10

// maxLine bounds a line of JSON.
const maxLine = 32 << 20

func (a *app) instanceImportCommand() *cobra.Command {
	i := &instanceImport{app: a, lines: make(map[dom.InstanceID]int)}
	c := a.leaf("import MODULE FILE", "Create and update instances from CSV or JSON lines", i.run)
	c.Long = `Creates and updates instances from CSV or JSON lines, as "instance export" writes them;
FILE may be - for the standard input. It is read and stored a hundred rows at a time.

The columns of CSV have the names of fields. A row with an id in the column
DomInstanceId updates the instance of that id: fields that are no columns stay,
and an empty cell takes the value away. A row without one makes a new instance.
A JSON line replaces the instance of its id, or makes it.

A row that is wrong, or that the daemon refuses, does not hold up the others: it is
told of, and --errors writes all of them into a file, as JSON lines. An import that was
interrupted says how many rows are done; --skip leaves these out.`
	c.Example = `  domovoi instance import invoices new.csv --definition Invoice --errors wrong.jsonl`
	c.Flags().StringVar(&i.definition, "definition", "", "the definition of the rows of CSV, given by `name or id`")
	c.Flags().StringVar(&i.delimiter, "delimiter", ",", "the `character` between columns, or tab")
	c.Flags().StringVar(&i.errorsTo, "errors", "", "`file` for what is wrong with rows")
	c.Flags().Int64Var(&i.skip, "skip", 0, "leave out so many rows at the begin")
	c.MarkFlagFilename("errors")
	c.RegisterFlagCompletionFunc("definition", cobra.NoFileCompletions)
	a.formatFlag(c, &i.format)
	c.ValidArgsFunction = func(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 0 {
			return a.completions(command, moduleNames)
		}
		return nil, cobra.ShellCompDirectiveDefault // files
	}
	return c
}

func (i *instanceImport) run(ctx context.Context, args []string) error {
	format, err := formatOf(i.format, args[1])
	if err != nil {
		return err
	}
	if i.skip < 0 {
		return slnet.Errorf(slnet.KindInvalid, "--skip is %d, want at least 0", i.skip)
	}
	source := &counted{Reader: i.stdin}
	if args[1] != "-" {
		file, err := os.Open(args[1])
		if err != nil {
			return err
		}
		defer file.Close()
		source.Reader = file
		if info, err := file.Stat(); err == nil {
			source.size = info.Size()
		}
	}
	if i.errorsTo != "" {
		file, err := os.Create(i.errorsTo)
		if err != nil {
			return err
		}
		defer file.Close()
		i.errors = json.NewEncoder(file)
	}
	err = i.withNames(ctx, args[0], func(helper *dom.DomHelper, n *names) error {
		i.helper = helper
		if err := i.open(source, n, format); err != nil {
			return fmt.Errorf("%s: %w", args[1], err)
		}
		return i.rows(ctx, source)
	})
	if i.next == nil {
		return err
	}
	if shown := i.answer(i.result, i.show); err == nil {
		err = shown
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w; %d rows are done, --skip %d goes on behind them", err, i.done, i.done)
	case i.result.Failed > 0:
		return slnet.Errorf(slnet.KindInvalid, "%d of %d rows were not stored", i.result.Failed, i.result.Rows)
	}
	return nil
}

func (i *instanceImport) show(t *table) {
	t.field("Rows", fmt.Sprint(i.result.Rows))
	if i.result.Skipped > 0 {
		t.field("Skipped", fmt.Sprint(i.result.Skipped))
	}
	t.field("Stored", fmt.Sprint(i.result.Stored))
	t.field("Failed", fmt.Sprint(i.result.Failed))
	for _, e := range i.result.Errors {
		fmt.Fprintf(i.stderr, "%s\n", oneLine(e.Error()))
	}
	if more := i.result.Failed - int64(len(i.result.Errors)); more > 0 {
		fmt.Fprintf(i.stderr, "and %d more rows; --errors FILE writes all of them\n", more)
	}
}

// open prepares reading the rows.
func (i *instanceImport) open(source io.Reader, n *names, format string) error {
	if format == formatJSONL {
		if i.definition != "" {
			return slnet.Errorf(slnet.KindInvalid, "each JSON line says its definition; --definition is for CSV")
		}
		i.next = jsonLines(source)
		return nil
	}
	if i.definition == "" {
		return slnet.Errorf(slnet.KindInvalid, "of which definition are the rows? Give --definition")
	}
	id, err := n.findDefinition(i.definition)
	if err != nil {
		return err
	}
	fields, err := n.fieldsOf(id)
	if err != nil {
		return err
	}
	if i.csv, err = rows.NewReader(source, id, fields, rows.Options{Delimiter: i.delimiter, Identified: true}); err != nil {
		return slnet.Errorf(slnet.KindInvalid, "%v", err)
	}
	i.next = i.csv.Next
	return nil
}

// jsonLines reads an instance from each line that is not empty.
func jsonLines(source io.Reader) func() (*dom.Instance, int, error) {
	lines := bufio.NewScanner(source)
	lines.Buffer(nil, maxLine)
	line := 0
	return func() (*dom.Instance, int, error) {
		for lines.Scan() {
			line++
			if len(bytes.TrimSpace(lines.Bytes())) == 0 {
				continue
			}
			instance := new(dom.Instance)
			d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
			d.DisallowUnknownFields()
			err := d.Decode(instance)
			if err == nil && d.More() {
				err = errors.New("there is more behind the instance")
			}
			if err != nil {
				return nil, line, rows.Error{Line: line, Message: "no instance in JSON: " + strings.TrimPrefix(err.Error(), "json: ")}
			}
			if instance.ID == (dom.InstanceID{}) {
				instance.ID = dom.NewInstanceID()
			}
			return instance, line, nil
		}
		if err := lines.Err(); err != nil {
			return nil, line, fmt.Errorf("behind line %d: %w", line, err)
		}
		return nil, line, io.EOF
	}
}

// rows reads the rows and stores them, a batch at a time.
func (i *instanceImport) rows(ctx context.Context, source *counted) error {
	began := time.Now()
	progress := i.progress()
	defer progress.clear()
	for {
		instance, line, err := i.next()
		if err == io.EOF {
			return i.store(ctx, i.result.Rows)
		}
		var wrong rows.Error
		if err != nil && !errors.As(err, &wrong) {
			return errors.Join(err, i.store(ctx, i.result.Rows))
		}
		i.result.Rows++
		switch {
		case i.result.Rows <= i.skip:
			i.result.Skipped++
			i.done = i.result.Rows
			continue
		case err != nil:
			// Behind those before it, so that those that are done are the first.
			if err := i.store(ctx, i.result.Rows-1); err != nil {
				return err
			}
			i.fail(wrong)
			i.done = i.result.Rows
			continue
		}
		if _, twice := i.lines[instance.ID]; twice || len(i.batch) == i.helper.DomInstances.MaxAmountBulkOperation() {
			if err := i.store(ctx, i.result.Rows-1); err != nil {
				return err
			}
			progress.show(farText("rows", i.result.Rows, source.read, source.size, time.Since(began)))
		}
		i.batch = append(i.batch, instance)
		i.lines[instance.ID] = line
	}
}

// store stores the batch in one request, those of its rows that can be stored. The
// first rows of the file are done then.
func (i *instanceImport) store(ctx context.Context, done int64) error {
	batch, err := i.complete(ctx, i.batch)
	if err != nil {
		return err
	}
	if err := i.send(ctx, batch); err != nil {
		return err
	}
	i.batch = i.batch[:0]
	clear(i.lines)
	i.done = done
	return i.unwritten
}

func (i *instanceImport) send(ctx context.Context, batch []*dom.Instance) error {
	if len(batch) == 0 {
		return nil
	}
	stored, err := i.helper.DomInstances.CreateOrUpdate(ctx, batch)
	var some *dom.BulkCrudFailedError
	var all *slnet.CrudFailedError
	switch {
	case errors.As(err, &some):
		stored = some.Result
	case errors.As(err, &all) && len(batch) > 1:
		// Which row has which error is not told; one by one it is.
		for at := range batch {
			if err := i.send(ctx, batch[at:at+1]); err != nil {
				return err
			}
		}
		return nil
	case errors.As(err, &all):
		i.fail(rows.Error{Line: i.lines[batch[0].ID], Message: all.TraceData.String()})
		return nil
	case err != nil:
		return err
	}
	i.result.Stored += int64(len(stored.SuccessfulIDs))
	for _, id := range stored.UnsuccessfulIDs {
		trace := stored.TraceDataPerItem[id]
		i.fail(rows.Error{Line: i.lines[id], Message: trace.String()})
	}
	return nil
}

// complete gives the rows of CSV what the stored instances have beside them, and
// leaves out those with which that cannot be done.
func (i *instanceImport) complete(ctx context.Context, batch []*dom.Instance) ([]*dom.Instance, error) {
	if len(batch) == 0 || i.csv == nil || !i.csv.Identifies() {
		return batch, nil
	}
	var ids []dom.Filter
	for _, instance := range batch {
		ids = append(ids, dom.InstanceExposers.ID.Equal(instance.ID))
	}
	found, err := i.helper.DomInstances.Read(ctx, dom.Or(ids...))
	if err != nil {
		return nil, err
	}
	stored := make(map[dom.InstanceID]*dom.Instance, len(found))
	for _, instance := range found {
		stored[instance.ID] = instance
	}
	var complete []*dom.Instance
	for _, instance := range batch {
		before := stored[instance.ID]
		switch {
		case before == nil:
		case before.DomDefinitionID != instance.DomDefinitionID:
			i.fail(rows.Error{Line: i.lines[instance.ID], Column: rows.ColumnID, Message: "the instance is of another definition"})
			continue
		default:
			if err := i.csv.Complete(instance, before); err != nil {
				i.fail(rows.Error{Line: i.lines[instance.ID], Message: err.Error()})
				continue
			}
		}
		complete = append(complete, instance)
	}
	return complete, nil
}

// fail counts a row that failed, and tells of it.
func (i *instanceImport) fail(e rows.Error) {
	i.result.Failed++
	if len(i.result.Errors) < mostRowErrors {
		i.result.Errors = append(i.result.Errors, e)
	}
	if i.errors != nil && i.unwritten == nil {
		i.unwritten = i.errors.Encode(e)
	}
}

// counted counts what is read; size is 0 where the whole is not known.
type counted struct {
	io.Reader
	read, size int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	return n, err
}
