package interchange

import (
	"github.com/google/uuid"
)

// The types of ids.
var (
	sectionDefinitionID  = slnetClass(nsSections + "SectionDefinitionID")
	fieldDescriptorID    = slnetClass(nsSections + "FieldDescriptorID")
	sectionID            = slnetClass(nsSections + "SectionID")
	domDefinitionID      = slnetClass(nsDOM + "DomDefinitionId")
	behaviorDefinitionID = slnetClass(nsDOM + "DomBehaviorDefinitionId")
	templateID           = slnetClass(nsDOM + "DomTemplateId")
	instanceID           = slnetClass(nsDOM + "DomInstanceId")
)

// ownID is the id of the object itself, with its module.
func (r *record) ownID(name string, of class, id *[16]byte, module *string) {
	r.dataID(name, of, id, module)
	if r.reading() && uuid.UUID(*id) == uuid.Nil {
		r.c.fail(r.at.member(name), "the object has no id")
	}
}

// dataID is an ownID that may be empty.
func (r *record) dataID(name string, of class, id *[16]byte, module *string) {
	c := r.c
	switch c.mode {
	case comparing:
		r.put(name, uuid.UUID(*id).String())
	case writing:
		r.put(name, c.writeID(of, *id, c.module))
	default:
		if v, ok := r.take(name); ok {
			c.readID(r.at.member(name), v, id, module)
		}
		if *module != "" {
			c.module = *module
		}
	}
}

// key is the id of a part of an object. It is required and has no module.
func (r *record) key(name string, of class, id *[16]byte) {
	r.refer(name, of, id, "")
	if r.reading() && uuid.UUID(*id) == uuid.Nil {
		r.c.fail(r.at.member(name), "want an id that is not empty")
	}
}

// refer is a reference to an object of a module, "" for ids that have none; an
// empty id is null.
func (r *record) refer(name string, of class, id *[16]byte, module string) {
	if !r.reading() {
		var v tree
		if uuid.UUID(*id) != uuid.Nil {
			v = r.c.writeID(of, *id, module)
		}
		r.put(name, v)
		return
	}
	if v, ok := r.take(name); ok {
		r.c.readReference(r.at.member(name), v, id, module)
	}
}

// readReference reads an id and keeps the module it names, unless it is the one
// that will be written.
func (c *codec) readReference(at *path, v tree, id *[16]byte, expected string) {
	var module string
	c.readID(at, v, id, &module)
	if module != "" && module != expected && uuid.UUID(*id) != uuid.Nil {
		c.keep(at.member("ModuleId"), module)
	}
}

// references is a list of references to objects of a module.
func references[T ~[16]byte](r *record, name string, of class, ids *[]T, module string) {
	if !r.reading() {
		out := new(array)
		for _, id := range *ids {
			out.items = append(out.items, r.c.writeID(of, id, module))
		}
		r.put(name, r.c.wrap(of, out))
		return
	}
	r.each(name, func(at *path, v tree) {
		var id [16]byte
		r.c.readReference(at, v, &id, module)
		*ids = append(*ids, T(id))
	})
}

// readID reads {Id, ModuleId}, or a plain Guid.
func (c *codec) readID(at *path, v tree, id *[16]byte, module *string) {
	if _, ok := v.(*object); !ok {
		c.parseGUID(at, v, id)
		return
	}
	r := c.open(at, v)
	r.guid("Id", id)
	r.text("ModuleId", module)
	r.close()
}

func (c *codec) writeID(of class, id [16]byte, module string) tree {
	text := uuid.UUID(id).String()
	if c.mode == comparing {
		return text
	}
	o := new(object)
	if c.typed {
		o.set("$type", of.String())
	}
	o.set("Id", text)
	if module != "" {
		o.set("ModuleId", module)
	}
	return o
}
