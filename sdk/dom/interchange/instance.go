package interchange

import (
	"domovoi.dev/sdk/dom"
)

func (r *record) template(t *dom.Template) {
	r.ownID("Id", templateID, (*[16]byte)(&t.ID), &t.ModuleID)
	r.text("Name", &t.Name)
	optional(r, "TemplateData", &t.TemplateData, func(r *record, data *dom.Instance) bool {
		r.dataID("Id", instanceID, (*[16]byte)(&data.ID), &data.ModuleID)
		r.instanceData(data)
		return true
	})
	r.tracking(&t.Tracking, syncLastModified)
}

func (r *record) instance(i *dom.Instance) {
	r.ownID("Id", instanceID, (*[16]byte)(&i.ID), &i.ModuleID)
	r.instanceData(i)
}

// instanceData is an instance without its id.
func (r *record) instanceData(i *dom.Instance) {
	r.refer("DomDefinitionId", domDefinitionID, (*[16]byte)(&i.DomDefinitionID), r.c.module)
	r.text("StatusId", &i.StatusID)
	if r.c.mode != comparing {
		r.text("Name", &i.Name)
	}
	list(r, "Sections", class{}, &i.Sections, func(r *record, s **dom.Section) bool {
		if r.reading() {
			*s = new(dom.Section)
		}
		r.section(*s)
		return true
	})
	r.tracking(&i.Tracking, syncLastModified)
}

func (r *record) section(s *dom.Section) {
	r.key("ID", sectionID, (*[16]byte)(&s.ID))
	r.refer("SectionDefinitionID", sectionDefinitionID, (*[16]byte)(&s.SectionDefinitionID), r.c.module)
	list(r, "FieldValues", class{}, &s.FieldValues, func(r *record, fv *dom.FieldValue) bool {
		r.key("FieldDescriptorID", fieldDescriptorID, (*[16]byte)(&fv.FieldDescriptorID))
		return r.wrapped("Value", &fv.Value, r.c.fieldTypes[fv.FieldDescriptorID])
	})
}
