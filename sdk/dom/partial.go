package dom

import (
	"context"
	"slices"

	"domovoi.dev/sdk/slnet"
)

// PartialObject holds selected values of an object. (RN 43852)
type PartialObject struct {
	key      string
	selected []Exposer
	values   [][]Value
}

// Key is the text form of the object's id.
func (p *PartialObject) Key() string { return p.key }

// InstanceID is the id of an instance.
func (p *PartialObject) InstanceID() InstanceID {
	id, _ := ParseInstanceID(p.key) // the server sends no other
	return id
}

// GetValues returns the values behind an exposer, none when there are none. An
// exposer that was not selected is an error (row SEL-02).
func (p *PartialObject) GetValues(e Exposer) ([]Value, error) {
	for i, selected := range p.selected {
		if selected == e {
			return slices.Clone(p.values[i]), nil
		}
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "%s was not selected", e)
}

// GetValue returns the value behind an exposer, the zero Value when there is
// none. Several values are an error (row SEL-03).
func (p *PartialObject) GetValue(e Exposer) (Value, error) {
	values, err := p.GetValues(e)
	switch {
	case err != nil || len(values) == 0:
		return Value{}, err
	case len(values) > 1:
		return Value{}, slnet.Errorf(slnet.KindConflict, "%s has %d values; use GetValues", e, len(values))
	}
	return values[0], nil
}

// TryGetValue returns the value behind an exposer, and whether there is exactly
// one.
func (p *PartialObject) TryGetValue(e Exposer) (Value, bool) {
	v, err := p.GetValue(e)
	return v, err == nil && v.kind != KindInvalid
}

// TryGetValues returns the values behind an exposer, and whether there are any.
func (p *PartialObject) TryGetValues(e Exposer) ([]Value, bool) {
	values, err := p.GetValues(e)
	return values, err == nil && len(values) > 0
}

// SelectValues returns the selected values of an object, in the form they are
// sent in. The exposers must be ones of the object's kind.
func SelectValues(o Object, selected []Exposer) SelectedRow {
	row := SelectedRow{Key: o.Key(), Values: make([][]Value, len(selected))}
	for i, e := range selected {
		row.Values[i] = o.expose(e)
	}
	return row
}

// CheckSelect returns an error when the values behind the exposers cannot be
// selected from objects of a kind (row SEL-05).
func CheckSelect(kind ObjectKind, selected []Exposer) error {
	for _, e := range selected {
		if err := checkExposer(kind, e); err != nil {
			return err
		}
		if e.Name == exposeFieldValue && e.FieldID.IsZero() {
			return slnet.Errorf(slnet.KindInvalid, "all field values cannot be selected; name the fields, or read the whole objects")
		}
	}
	return nil
}

func (c component) readSelected(ctx context.Context, query Query, selected []Exposer) ([]*PartialObject, error) {
	err := query.Check(c.kind, nil)
	if err == nil {
		err = CheckSelect(c.kind, selected)
	}
	if err == nil && len(selected) == 0 {
		err = slnet.Errorf(slnet.KindInvalid, "nothing is selected; name at least one exposer")
	}
	if err != nil {
		c.note(slnet.TraceData{}, err)
		return nil, err
	}
	request := &ManagerStoreReadRequest{ModuleID: c.moduleID, Kind: c.kind, Query: query, Select: selected}
	response, err := ask[*ManagerStoreSelectResponse](ctx, c, request)
	if err != nil {
		return nil, err
	}
	c.note(response.TraceData, nil)
	if !response.TraceData.HasSucceeded() {
		return nil, &slnet.CrudFailedError{TraceData: response.TraceData}
	}
	return partialObjects(request, selected, response.Rows)
}

// partialObjects makes the selected values of an answer accessible.
func partialObjects(request slnet.Message, selected []Exposer, rows []SelectedRow) ([]*PartialObject, error) {
	list := make([]*PartialObject, len(rows))
	for i, row := range rows {
		if len(row.Values) != len(selected) {
			return nil, slnet.Errorf(slnet.KindInternal, "%s was answered with %d of %d values", request.MessageName(), len(row.Values), len(selected))
		}
		list[i] = &PartialObject{row.Key, selected, row.Values}
	}
	return list, nil
}
