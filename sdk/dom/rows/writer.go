package rows

import (
	"encoding/csv"
	"io"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Writer writes instances of one definition as the rows of a CSV file that a
// Reader with the zero Style reads. It has the columns ColumnID, ColumnStatus, and
// one for each field that can have values.
type Writer struct {
	csv    *csv.Writer
	fields []*Field
}

// NewWriter writes the header.
func NewWriter(w io.Writer, fields *Fields) (*Writer, error) {
	writer := &Writer{csv: csv.NewWriter(w)}
	header := []string{ColumnID, ColumnStatus}
	for _, f := range fields.All {
		if f.Kind != dom.FieldStaticText {
			writer.fields = append(writer.fields, f)
			header = append(header, f.Name)
		}
	}
	return writer, writer.csv.Write(header)
}

// Write writes an instance. It fails for one that a row cannot hold: with several
// sections of one section definition, or values of fields that are not among the
// columns. An empty text becomes an empty cell, which is read as no value.
func (w *Writer) Write(instance *dom.Instance) error {
	row := []string{instance.Key(), instance.StatusID}
	values := 0
	for _, s := range instance.Sections {
		if len(instance.SectionsOf(s.SectionDefinitionID)) > 1 {
			return slnet.Errorf(slnet.KindInvalid, "the instance %s has several sections of the definition %s, of which a row can be only one; JSON lines hold them all",
				instance.ID, s.SectionDefinitionID)
		}
		values += len(s.FieldValues)
	}
	for _, f := range w.fields {
		text := ""
		if value, ok := instance.GetFieldValue(f.Section.ID, f.ID); ok {
			text = Text(f.FieldDescriptor, value)
			values--
		}
		row = append(row, text)
	}
	if values != 0 {
		return slnet.Errorf(slnet.KindInvalid, "the instance %s has values of fields that its definition does not have; JSON lines hold them all", instance.ID)
	}
	return w.csv.Write(row)
}

// Flush hands on what was written, and says whether all of it could be.
func (w *Writer) Flush() error {
	w.csv.Flush()
	return w.csv.Error()
}
