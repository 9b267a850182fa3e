package main

import (
	"bufio"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// maxRow bounds a row, so that a quote that is never closed does not take the
// memory of a whole file.
const maxRow = 1 << 20

// field is a field of the definition that is imported into.
type field struct {
	section *dom.SectionDefinition
	*dom.FieldDescriptor
}

// model reads the definition of a name and its fields. A field is known by its
// name, and by those of its section and its own with a slash between them; where
// several fields have a name, only by the latter.
func model(ctx context.Context, helper *dom.DomHelper, name string) (dom.DefinitionID, map[string]field, error) {
	definitions, err := helper.DomDefinitions.Read(ctx, dom.DefinitionExposers.Name.Equal(name))
	if err != nil {
		return dom.DefinitionID{}, nil, err
	}
	if len(definitions) != 1 {
		return dom.DefinitionID{}, nil, slnet.Errorf(slnet.KindNotFound, "the module has %d definitions with the name %q, want one", len(definitions), name)
	}
	fields := make(map[string]field)
	var several []string
	for _, link := range definitions[0].SectionDefinitionLinks {
		sections, err := helper.SectionDefinitions.Read(ctx, dom.SectionDefinitionExposers.ID.Equal(link.SectionDefinitionID))
		if err != nil {
			return dom.DefinitionID{}, nil, err
		}
		for _, section := range sections {
			for _, descriptor := range section.FieldDescriptors {
				f := field{section, descriptor}
				if _, ok := fields[f.Name]; ok {
					several = append(several, f.Name)
				}
				fields[f.Name], fields[section.Name+"/"+f.Name] = f, f
			}
		}
	}
	for _, name := range several {
		delete(fields, name)
	}
	return definitions[0].ID, fields, nil
}

// rows makes instances of the rows of a CSV file.
type rows struct {
	definition dom.DefinitionID
	reader     *csv.Reader
	bound      *bound
	header     []string
	columns    map[int]field // by position in a row
	parse      parser
	line       int // where the last row began that could be read
}

// newRows reads the header. What is wrong with it is told all at once.
func newRows(source io.Reader, definition dom.DefinitionID, fields map[string]field, p Params) (*rows, error) {
	r := &rows{definition: definition, bound: &bound{source: source}, columns: make(map[int]field), parse: parser{comma: p.Comma, dates: p.Dates}}
	text := bufio.NewReader(r.bound)
	r.bound.left = maxRow
	if mark, err := text.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = text.Discard(len(mark)) // what was peeked at is there
	}
	r.reader = csv.NewReader(text)
	r.reader.ReuseRecord = true
	var err error
	if r.reader.Comma, err = delimiter(p.Delimiter); err != nil {
		return nil, err
	}
	header, err := r.reader.Read()
	if err == io.EOF {
		return nil, errors.New("there is no header: the CSV is empty")
	}
	if err != nil {
		return nil, fmt.Errorf("the header: %w", err)
	}
	r.header = slices.Clone(header)
	return r, r.choose(fields, p.Columns)
}

// delimiter reads the parameter of that name.
func delimiter(text string) (rune, error) {
	if text == "tab" {
		return '\t', nil
	}
	c, size := utf8.DecodeRuneInString(text)
	if size != len(text) || c == utf8.RuneError || strings.ContainsRune("\"\r\n", c) {
		return 0, fmt.Errorf("the Delimiter %q: want one character, or tab", text)
	}
	return c, nil
}

// choose finds the field of each column.
func (r *rows) choose(fields map[string]field, names map[string]string) error {
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for i, column := range r.header {
		name := column
		if names != nil {
			var ok bool
			if name, ok = names[column]; !ok {
				continue // is not imported
			}
		}
		f, ok := fields[name]
		switch {
		case slices.Contains(r.header[:i], column):
			problem("there are two columns %q", column)
		case !ok:
			problem("the column %q: the definition has no field %q, or several", column, name)
		case f.Kind == dom.FieldStaticText:
			problem("the column %q: the field %q has no values", column, name)
		}
		r.columns[i] = f
	}
	for column := range names {
		if !slices.Contains(r.header, column) {
			problem("there is no column %q", column)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	slices.Sort(problems)
	var known []string
	for name := range fields {
		if !strings.Contains(name, "/") {
			known = append(known, name)
		}
	}
	slices.Sort(known)
	return fmt.Errorf("the header, line 1: %s; the fields are %s", strings.Join(problems, "; "), strings.Join(known, ", "))
}

// next returns the instance of the next row, and the line in which it begins. What
// is wrong with a row is a RowError, and the row after it can be read.
func (r *rows) next() (*dom.Instance, int, error) {
	r.bound.left = maxRow
	record, err := r.reader.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		line, _ := r.reader.FieldPos(0)
		return nil, line, RowError{Line: line, Message: fmt.Sprintf("the row has %d columns, the header %d", len(record), len(r.header))}
	case errors.As(err, &syntax):
		return nil, syntax.StartLine, RowError{Line: syntax.StartLine, Message: fmt.Sprintf("line %d, character %d: %v", syntax.Line, syntax.Column, syntax.Err)}
	case err != nil && err != io.EOF:
		return nil, 0, fmt.Errorf("behind line %d: %w", r.line, err)
	case err != nil:
		return nil, 0, err
	}
	line, _ := r.reader.FieldPos(0)
	r.line = line
	instance := dom.NewInstance(r.definition)
	for i, text := range record {
		f, ok := r.columns[i]
		if !ok || text == "" {
			continue
		}
		value, err := r.parse.value(f.FieldDescriptor, text)
		if err != nil {
			line, _ := r.reader.FieldPos(i)
			return nil, line, RowError{Line: line, Column: r.header[i], Message: err.Error()}
		}
		instance.AddOrUpdateFieldValue(f.section.ID, f.ID, value)
	}
	return instance, line, nil
}

// bound is a reader that fails when more is read than is left.
type bound struct {
	source io.Reader
	left   int
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, slnet.Errorf(slnet.KindTooLarge, "a row is longer than %d bytes; is a quote not closed?", maxRow)
	}
	n, err := b.source.Read(p)
	b.left -= n
	return n, err
}
