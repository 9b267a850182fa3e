package interchange

import (
	"slices"

	"domovoi.dev/sdk/dom"
)

var (
	sectionDefinitionClass = slnetClass(nsSections + "CustomSectionDefinition")
	fieldDescriptorClass   = slnetClass(nsSections + "FieldDescriptor")
)

func (r *record) sectionDefinition(s *dom.SectionDefinition) {
	if r.class != "" && r.class != sectionDefinitionClass.key() {
		r.c.fail(r.at, "want a %s, got a %s", sectionDefinitionClass.key(), r.class)
		return
	}
	r.is(sectionDefinitionClass)
	r.ownID("ID", sectionDefinitionID, (*[16]byte)(&s.ID), &s.ModuleID)
	r.text("Name", &s.Name)
	list(r, "FieldDescriptors", fieldDescriptorClass, &s.FieldDescriptors, func(r *record, fd **dom.FieldDescriptor) bool {
		if r.reading() {
			*fd = new(dom.FieldDescriptor)
		}
		return r.fieldDescriptor(*fd)
	})
	r.fixed("SectionValidators", r.c.wrap(slnetClass(nsSections+"ISectionValidator"), new(array)))
	r.fixed("ReservationLinkInfo", nil)
	r.fixed("IsHidden", false)
	r.tracking(&s.Tracking, syncLastModified)
}

// fieldKinds are the types of field descriptors.
var fieldKinds = []dom.FieldDescriptorKind{
	dom.FieldPlain, dom.FieldAutoIncrement, dom.FieldGenericEnum, dom.FieldDomInstance, dom.FieldDomInstanceValue,
	dom.FieldElement, dom.FieldResource, dom.FieldReservation, dom.FieldServiceDefinition,
	dom.FieldStaticText, dom.FieldUser, dom.FieldGroup,
}

var fieldClasses = func() (classes []class) {
	for _, kind := range fieldKinds {
		classes = append(classes, slnetClass(nsSections+string(kind)+"FieldDescriptor"))
	}
	return classes
}()

func (r *record) fieldDescriptor(fd *dom.FieldDescriptor) bool {
	i := r.variant(slices.Index(fieldKinds, fd.Kind), fieldClasses...)
	if i < 0 {
		if !r.reading() {
			r.c.fail(r.at, "%q is no kind of field", fd.Kind)
		}
		return false
	}
	fd.Kind = fieldKinds[i]
	r.key("ID", fieldDescriptorID, (*[16]byte)(&fd.ID))
	r.text("Name", &fd.Name)
	list(r, "Validators", slnetClass(nsSections+"IFieldValidator"), &fd.Validators, (*record).validator)
	r.fieldOptions(fd)
	r.fieldType(&fd.FieldType)
	r.flag("IsOptional", &fd.IsOptional)
	r.flag("IsHidden", &fd.IsHidden)
	r.flag("IsReadonly", &fd.IsReadonly)
	r.text("Tooltip", &fd.Tooltip)
	r.defaultValue(&fd.DefaultValue, fd.FieldType)
	r.flag("IsSoftDeleted", &fd.IsSoftDeleted)
	return true
}

// fieldOptions are the members that only one kind of field has.
func (r *record) fieldOptions(fd *dom.FieldDescriptor) {
	switch fd.Kind {
	case dom.FieldAutoIncrement:
		options := orNew(&fd.AutoIncrement, r.reading())
		r.textOrNull("IDFormat", &options.IDFormat)
		r.guid("AutoIncrementerID", (*[16]byte)(&options.AutoIncrementerID))
	case dom.FieldGenericEnum:
		enum := orNew(&fd.GenericEnum, r.reading())
		r.object("GenericEnumInstance", func(r *record) { r.genericEnum(enum, fd.FieldType) })
	case dom.FieldStaticText:
		r.text("StaticText", &fd.StaticText)
	case dom.FieldReservation, dom.FieldGroup, dom.FieldPlain:
	default:
		r.referenceOptions(fd.Kind, orNew(&fd.Reference, r.reading()))
	}
}

// orNew returns what *p points to, or something new, which is set when it is
// about to be read.
func orNew[T any](p **T, set bool) *T {
	if *p != nil {
		return *p
	}
	v := new(T)
	if set {
		*p = v
	}
	return v
}

func (r *record) referenceOptions(kind dom.FieldDescriptorKind, options *dom.ReferenceOptions) {
	switch kind {
	case dom.FieldDomInstance, dom.FieldDomInstanceValue:
		r.referencedModule(&options.ModuleID)
		module := options.ModuleID
		if module == "" {
			module = r.c.module
		}
		references(r, "DomDefinitionIds", domDefinitionID, &options.DomDefinitionIDs, module)
		if kind == dom.FieldDomInstanceValue {
			r.refer("FieldDescriptorId", fieldDescriptorID, (*[16]byte)(&options.FieldDescriptorID), "")
		}
	case dom.FieldElement:
		r.integers("ViewIds", &options.ViewIDs)
	case dom.FieldResource:
		r.guids("ResourcePoolIds", &options.ResourcePoolIDs)
	case dom.FieldServiceDefinition:
		r.serviceDefinitionFilter(&options.ServiceDefinitionFilter)
	case dom.FieldUser:
		r.texts("GroupNames", &options.GroupNames)
	}
}

// referencedModule is the module that a field refers to. Its own module by name
// is the same as none.
func (r *record) referencedModule(module *string) {
	name := *module
	if r.c.mode == comparing && name == r.c.module {
		name = ""
	}
	r.textOrNull("ModuleId", &name)
	if r.reading() {
		*module = name
	}
}

// serviceDefinitionFilter is text in Domovoi. The filter of the original is an
// object, which is kept.
func (r *record) serviceDefinitionFilter(filter *string) {
	const name = "ServiceDefinitionFilter"
	if r.reading() {
		if v, ok := r.take(name); ok {
			if *filter, ok = v.(string); !ok {
				r.c.keep(r.at.member(name), v)
			}
		}
		return
	}
	r.textOrNull(name, filter)
}

// genericEnum is an enumeration; its values are of the type its name says, and
// as they look when it says none.
func (r *record) genericEnum(e *dom.GenericEnum, fieldType dom.FieldType) {
	of := system("String")
	if fieldType.ElementKind() == dom.KindInt {
		of = system("Int32")
	}
	entry := slnetClass(nsEnums+"GenericEnumEntry`1", of)
	r.is(enumClass(of))
	r.text("EnumName", &e.EnumName)
	list(r, "Entries", entry, &e.Entries, func(r *record, e *dom.GenericEnumEntry) bool {
		r.is(entry)
		r.text("DisplayName", &e.DisplayName)
		r.enumValue("Value", &e.Value)
		r.flag("IsHidden", &e.IsHidden)
		r.flag("IsSoftDeleted", &e.IsSoftDeleted)
		return true
	})
}

var validatorKinds = []dom.ValidatorKind{dom.ValidatorRegex, dom.ValidatorEmail, dom.ValidatorURI, dom.ValidatorUserName}

var validatorClasses = []class{
	slnetClass(nsSections + "RegexValidator"), slnetClass(nsSections + "EmailAddressValidator"),
	slnetClass(nsSections + "UriValidator"), slnetClass(nsSections + "UserNameValidator"),
}

func (r *record) validator(v *dom.FieldValidator) bool {
	i := r.variant(slices.Index(validatorKinds, v.Kind), validatorClasses...)
	if i < 0 {
		if !r.reading() {
			r.c.fail(r.at, "%q is no kind of validator", v.Kind)
		}
		return false
	}
	v.Kind = validatorKinds[i]
	switch v.Kind {
	case dom.ValidatorRegex:
		r.text("RegexPattern", &v.Pattern)
		r.regexOptions(&v.IgnoreCase)
	case dom.ValidatorURI:
		kind := v.URIKind
		if kind == "" {
			kind = dom.URIAny
		}
		enum(r, "Kind", &kind, dom.URIAny, dom.URIAbsolute, dom.URIRelative)
		if r.reading() {
			v.URIKind = kind
		}
		r.texts("AcceptedUriSchemes", &v.AcceptedSchemes)
		r.fixed("CheckWellFormed", false)
	}
	return true
}

// regexOptions are a set of flags, of which 1 is IgnoreCase. The whole set is
// kept when it has others.
func (r *record) regexOptions(ignoreCase *bool) {
	var flags int64
	if *ignoreCase {
		flags = 1
	}
	r.integer("RegexOptions", &flags)
	*ignoreCase = flags&1 != 0
	if r.reading() && flags&^1 != 0 {
		r.c.keep(r.at.member("RegexOptions"), number(flags))
	}
}
