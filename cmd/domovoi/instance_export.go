package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/rows"
	"domovoi.dev/sdk/slnet"
)

// The forms of files of instances.
const (
	formatCSV   = "csv"
	formatJSONL = "jsonl"
)

// formatOf is the form of a file: what the flag says, or the ending of its name.
func formatOf(flag, name string) (string, error) {
	ending := strings.ToLower(strings.TrimPrefix(filepath.Ext(name), "."))
	switch {
	case flag == formatCSV || flag == "" && ending == "csv":
		return formatCSV, nil
	case flag == formatJSONL || flag == "" && (ending == "jsonl" || ending == "ndjson"):
		return formatJSONL, nil
	case flag == "":
		return "", slnet.Errorf(slnet.KindInvalid, "is it CSV or JSON lines? Give --format %s or %s", formatCSV, formatJSONL)
	}
	return "", slnet.Errorf(slnet.KindInvalid, "unknown format %q; the formats are %s and %s", flag, formatCSV, formatJSONL)
}

func (a *app) formatFlag(c *cobra.Command, format *string) {
	c.Flags().StringVar(format, "format", "", "`form` of the file, csv or jsonl; by the ending of its name without it")
	c.RegisterFlagCompletionFunc("format", cobra.FixedCompletions([]string{formatCSV, formatJSONL}, cobra.ShellCompDirectiveNoFileComp))
}

func (a *app) instanceExportCommand() *cobra.Command {
	var s selection
	var to, format string
	c := a.leaf("export MODULE", "Write instances as CSV or JSON lines", func(ctx context.Context, args []string) error {
		form, err := formatOf(format, to)
		if err != nil {
			return err
		}
		return a.withNames(ctx, args[0], func(helper *dom.DomHelper, n *names) error {
			return a.instanceExport(ctx, helper, n, s, to, form)
		})
	})
	c.Long = `Writes instances in the form "instance import" reads: CSV with a column for each field
of one definition, or JSON lines, which hold everything there is of instances of any
definition. The instances are read a page at a time, however many there are.

A file that is there already is replaced when all is written. An empty text becomes
an empty cell of CSV, which is read as no value.`
	c.Example = `  domovoi instance export invoices --definition Invoice --filter 'Amount > 100' --to dear.csv`
	s.flags(c)
	c.Flags().StringVar(&s.order, "order", "", "as in \"instance list\"")
	c.RegisterFlagCompletionFunc("order", cobra.NoFileCompletions)
	c.Flags().StringVar(&to, "to", "", "`file` to write, instead of the standard output")
	c.MarkFlagFilename("to", formatCSV, formatJSONL)
	a.formatFlag(c, &format)
	return a.completes(c, moduleNames)
}

func (a *app) instanceExport(ctx context.Context, helper *dom.DomHelper, n *names, s selection, to, format string) error {
	query, err := n.query(s)
	if err != nil {
		return err
	}
	var fields *rows.Fields
	if format == formatCSV {
		if s.definition == "" {
			return slnet.Errorf(slnet.KindInvalid, "the columns of CSV are the fields of one definition; give --definition, or --format %s", formatJSONL)
		}
		id, err := n.findDefinition(s.definition)
		if err != nil {
			return err
		}
		if fields, err = n.fieldsOf(id); err != nil {
			return err
		}
	}
	total, err := helper.DomInstances.Count(ctx, query.Filter)
	if err != nil {
		return err
	}
	var written int64
	began := time.Now()
	progress := a.progress()
	export := func(w io.Writer) error {
		write, flush, err := instanceWriter(w, format, fields)
		if err != nil {
			return err
		}
		pages := helper.DomInstances.PreparePagingQuery(query, 0)
		for {
			more, err := pages.MoveToNextPage(ctx)
			if err != nil || !more {
				progress.clear()
				if err != nil {
					return err
				}
				return flush()
			}
			page, err := pages.GetCurrentPage()
			if err != nil {
				return err
			}
			for _, i := range page {
				if err := write(i); err != nil {
					return err
				}
			}
			written += int64(len(page))
			progress.show(farText("instances", written, written, total, time.Since(began)))
		}
	}
	if to == "" {
		return export(a.stdout)
	}
	if err := writeWhole(to, export); err != nil {
		return err
	}
	fmt.Fprintf(a.stderr, "wrote %d instances to %s\n", written, to)
	return nil
}

// writeWhole writes a file, which has its name only when all is written.
func writeWhole(name string, write func(io.Writer) error) error {
	file, err := os.CreateTemp(filepath.Dir(name), ".domovoi-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name()) // nothing to remove once it was renamed
	err = write(file)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}

// instanceWriter writes instances to w in a form.
func instanceWriter(w io.Writer, format string, fields *rows.Fields) (write func(*dom.Instance) error, flush func() error, err error) {
	if format == formatCSV {
		writer, err := rows.NewWriter(w, fields)
		if err != nil {
			return nil, nil, err
		}
		return writer.Write, writer.Flush, nil
	}
	buffer := bufio.NewWriter(w)
	e := json.NewEncoder(buffer)
	e.SetEscapeHTML(false)
	return func(i *dom.Instance) error { return e.Encode(i) }, buffer.Flush, nil
}
