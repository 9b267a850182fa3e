package rows

import (
	"bufio"
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

// MaxRow bounds a row, so that a quote that is never closed does not take the
// memory of a whole file.
const MaxRow = 1 << 20

// The columns that are not about fields.
const (
	// ColumnID has the id of the instance. A row without one is a new instance.
	ColumnID = "DomInstanceId"
	// ColumnStatus has the status of the instance.
	ColumnStatus = "StatusId"
)

// Error is what is wrong with a row.
type Error struct {
	// Line is where the row begins, counted from 1 with the header.
	Line int
	// Column is the name of the column, empty where it is about the whole row.
	Column  string
	Message string
}

func (e Error) Error() string {
	if e.Column == "" {
		return fmt.Sprintf("line %d: %s", e.Line, e.Message)
	}
	return fmt.Sprintf("line %d, column %q: %s", e.Line, e.Column, e.Message)
}

// Options say how a CSV file is read.
type Options struct {
	Style
	// Columns are the fields for the columns, others are not read; without it the
	// columns have the names of fields.
	Columns map[string]string
	// Delimiter stands between columns: one character, or tab. Empty means a comma.
	Delimiter string
	// Identified lets a file have the columns ColumnID and ColumnStatus.
	Identified bool
}

// Reader makes instances of the rows of a CSV file, one at a time however long
// the file is.
type Reader struct {
	definition dom.DefinitionID
	reader     *csv.Reader
	bound      *bound
	header     []string
	columns    map[int]column
	style      Style
	line       int // where the last row began that could be read
}

// column is what a column holds: a field, or with an empty field one of
// ColumnID and ColumnStatus.
type column struct {
	name  string
	field *Field
}

// NewReader reads the header. What is wrong with it is told all at once.
func NewReader(source io.Reader, definition dom.DefinitionID, fields *Fields, o Options) (*Reader, error) {
	r := &Reader{definition: definition, bound: &bound{source: source}, columns: make(map[int]column), style: o.Style}
	text := bufio.NewReader(r.bound)
	r.bound.left = MaxRow
	if mark, err := text.Peek(3); err == nil && string(mark) == "\uFEFF" {
		_, _ = text.Discard(len(mark)) // what was peeked at is there
	}
	r.reader = csv.NewReader(text)
	r.reader.ReuseRecord = true
	var err error
	if r.reader.Comma, err = Delimiter(o.Delimiter); err != nil {
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
	return r, r.choose(fields, o)
}

// Delimiter reads the option of that name.
func Delimiter(text string) (rune, error) {
	switch text {
	case "":
		return ',', nil
	case "tab":
		return '\t', nil
	}
	c, size := utf8.DecodeRuneInString(text)
	if size != len(text) || c == utf8.RuneError || strings.ContainsRune("\"\r\n", c) {
		return 0, fmt.Errorf("the Delimiter %q: want one character, or tab", text)
	}
	return c, nil
}

// choose finds the field of each column.
func (r *Reader) choose(fields *Fields, o Options) error {
	names := o.Columns
	var problems []string
	problem := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	for i, title := range r.header {
		name := title
		if names != nil {
			var ok bool
			if name, ok = names[title]; !ok {
				continue // is not imported
			}
		}
		f := fields.Find(name)
		switch {
		case slices.Contains(r.header[:i], title):
			problem("there are two columns %q", title)
		case o.Identified && (name == ColumnID || name == ColumnStatus):
		case f == nil:
			problem("the column %q: the definition has no field %q, or several", title, name)
		case f.Kind == dom.FieldStaticText:
			problem("the column %q: the field %q has no values", title, name)
		}
		r.columns[i] = column{name, f}
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
	return fmt.Errorf("the header, line 1: %s; the fields are %s", strings.Join(problems, "; "), fields.names())
}

// Next returns the instance of the next row, and the line in which it begins; io.EOF
// behind the last. What is wrong with a row is an Error, and the row after it can be read.
func (r *Reader) Next() (*dom.Instance, int, error) {
	r.bound.left = MaxRow
	record, err := r.reader.Read()
	var syntax *csv.ParseError
	switch {
	case errors.Is(err, csv.ErrFieldCount):
		line, _ := r.reader.FieldPos(0)
		return nil, line, Error{Line: line, Message: fmt.Sprintf("the row has %d columns, the header %d", len(record), len(r.header))}
	case errors.As(err, &syntax):
		return nil, syntax.StartLine, Error{Line: syntax.StartLine, Message: fmt.Sprintf("line %d, character %d: %v", syntax.Line, syntax.Column, syntax.Err)}
	case err != nil && err != io.EOF:
		return nil, 0, fmt.Errorf("behind line %d: %w", r.line, err)
	case err != nil:
		return nil, 0, err
	}
	line, _ := r.reader.FieldPos(0)
	r.line = line
	instance := dom.NewInstance(r.definition)
	for i, text := range record {
		c, ok := r.columns[i]
		if !ok || text == "" {
			continue
		}
		if err := c.set(instance, r.style, text); err != nil {
			line, _ := r.reader.FieldPos(i)
			return nil, line, Error{Line: line, Column: r.header[i], Message: err.Error()}
		}
	}
	return instance, line, nil
}

// set reads a text into what the column holds.
func (c column) set(instance *dom.Instance, style Style, text string) error {
	var err error
	switch {
	case c.field != nil:
		var value dom.Value
		if value, err = style.Value(c.field.FieldDescriptor, text); err == nil {
			instance.AddOrUpdateFieldValue(c.field.Section.ID, c.field.ID, value)
		}
	case c.name == ColumnID:
		instance.ID, err = dom.ParseInstanceID(text)
	default:
		instance.StatusID = text
	}
	return err
}

// Identifies reports whether the file has the column ColumnID.
func (r *Reader) Identifies() bool {
	for _, c := range r.columns {
		if c.field == nil && c.name == ColumnID {
			return true
		}
	}
	return false
}

// Complete gives an instance of a row what the stored one has beside it: the
// fields and sections that are no columns, and the status where that is none. It
// fails where the stored one has several sections for a column.
func (r *Reader) Complete(row, stored *dom.Instance) error {
	merged := *stored
	merged.Sections = nil
	for _, s := range stored.Sections {
		section := *s
		section.FieldValues = slices.Clone(s.FieldValues)
		merged.Sections = append(merged.Sections, &section)
	}
	for _, c := range r.columns {
		switch {
		case c.field == nil:
			if c.name == ColumnStatus && row.StatusID != "" {
				merged.StatusID = row.StatusID
			}
			continue
		case len(merged.SectionsOf(c.field.Section.ID)) > 1:
			return fmt.Errorf("the instance has several sections %q, of which a row can be only one", c.field.Section.Name)
		}
		if value, ok := row.GetFieldValue(c.field.Section.ID, c.field.ID); ok {
			merged.AddOrUpdateFieldValue(c.field.Section.ID, c.field.ID, value)
		} else {
			merged.RemoveFieldValue(c.field.Section.ID, c.field.ID)
		}
	}
	*row = merged
	return nil
}

// bound is a reader that fails when more is read than is left.
type bound struct {
	source io.Reader
	left   int
}

func (b *bound) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, slnet.Errorf(slnet.KindTooLarge, "a row is longer than %d bytes; is a quote not closed?", MaxRow)
	}
	n, err := b.source.Read(p)
	b.left -= n
	return n, err
}
