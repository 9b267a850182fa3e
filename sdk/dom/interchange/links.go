package interchange

import (
	"encoding/json"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

// linkSecurity is always written: without links it means the same as none.
func (r *record) linkSecurity(p **dom.LinkSecuritySettings) {
	s := new(dom.LinkSecuritySettings)
	if *p != nil {
		s = *p
	}
	r.object("LinkSecurity", func(r *record) {
		list(r, "GroupLinks", class{}, &s.GroupLinks, (*record).groupLink)
	})
	if r.reading() && len(s.GroupLinks) > 0 {
		*p = s
	}
}

func (r *record) groupLink(l *dom.GroupLink) bool {
	r.text("GroupName", &l.GroupName)
	list(r, "DomDefinitionReferences", class{}, &l.DomDefinitionReferences, func(r *record, d *dom.DomDefinitionReference) bool {
		r.plainID("DomDefinitionId", (*[16]byte)(&d.DomDefinitionID), r.c.module)
		r.flag("ReadOnly", &d.ReadOnly)
		return true
	})
	list(r, "FieldValueReferences", class{}, &l.FieldValueReferences, func(r *record, f *dom.FieldValueReference) bool {
		r.plainID("DomDefinitionId", (*[16]byte)(&f.DomDefinitionID), r.c.module)
		r.plainID("FieldDescriptorId", (*[16]byte)(&f.FieldDescriptorID), "")
		r.referencedValues("Values", &f.Values)
		r.flag("ReadOnly", &f.ReadOnly)
		return true
	})
	return true
}

// plainID is a reference that is written as a plain Guid, and read in the long
// form too.
func (r *record) plainID(name string, id *[16]byte, module string) {
	if !r.reading() {
		r.guid(name, id)
		return
	}
	if v, ok := r.take(name); ok {
		r.c.readReference(r.at.member(name), v, id, module)
	}
}

// referencedKinds are the kinds of values that a reference can have.
var referencedKinds = []dom.ValueKind{dom.KindGuid, dom.KindInt, dom.KindString}

// referencedValues is a list of Guids, ints or strings. Its $type says which. In a
// list without one, numbers are ints, and texts that are Guids are taken for such.
func (r *record) referencedValues(name string, values *[]dom.Value) {
	if r.reading() {
		of := r.referencedClass(name)
		r.each(name, func(at *path, v tree) {
			value, ok := referencedValue(v, of)
			if !ok {
				r.c.want(at, "a Guid, a whole number of 32 bits or a text, all values of one type", v)
			}
			*values = append(*values, value)
		})
		return
	}
	out := new(array)
	for _, v := range *values {
		var item tree = strings.ToValidUTF8(v.String(), "\uFFFD")
		if v.Kind() == dom.KindInt {
			item = number(v.Long())
		}
		out.items = append(out.items, item)
	}
	if len(*values) == 0 || r.c.mode == comparing {
		r.put(name, out)
		return
	}
	of := listClass(valueClass((*values)[0].Kind()))
	r.put(name, &object{[]member{{"$type", of.String()}, {"$values", out}}})
}

// referencedClass is the key of the type of the items that a list has by its
// $type, "" when it has none.
func (r *record) referencedClass(name string) string {
	for _, m := range r.in.members {
		o, ok := m.value.(*object)
		if !ok || !strings.EqualFold(m.name, name) {
			continue
		}
		for _, inner := range o.members {
			text, _ := inner.value.(string)
			if c, ok := parseClass(text); ok && inner.name == "$type" && len(c.args) == 1 {
				return c.args[0].key()
			}
		}
	}
	return ""
}

func referencedValue(v tree, of string) (dom.Value, bool) {
	for _, kind := range referencedKinds {
		if of != "" && of != valueClass(kind).key() {
			continue
		}
		switch v := v.(type) {
		case json.Number:
			if n, ok := wholeNumber(v); ok && kind == dom.KindInt && n == int64(int32(n)) {
				return dom.ValueOf(int32(n)), true
			}
		case string:
			if id, err := uuid.Parse(v); err == nil && kind == dom.KindGuid {
				return dom.ValueOf(id), true
			}
			if kind == dom.KindString {
				return dom.ValueOf(v), true
			}
		}
	}
	return dom.Value{}, false
}
