package dom

import (
	"bytes"
	"encoding/json"
	"slices"
	"time"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/sdk/slnet"
)

// ObjectKind names a kind of persisted object.
type ObjectKind string

// The kinds of objects.
const (
	KindModuleSettings     ObjectKind = "ModuleSettings"
	KindSectionDefinition  ObjectKind = "SectionDefinition"
	KindBehaviorDefinition ObjectKind = "DomBehaviorDefinition"
	KindDefinition         ObjectKind = "DomDefinition"
	KindTemplate           ObjectKind = "DomTemplate"
	KindInstance           ObjectKind = "DomInstance"

	// KindHistoryChange is the kind of history records, which are read only.
	KindHistoryChange ObjectKind = "HistoryChange"
	// KindStatusChange is what the events of status transitions are about. It is
	// not stored, and here to be filtered.
	KindStatusChange ObjectKind = "DomInstanceStatusChange"
)

// ObjectKinds are the kinds of objects that can be created, in the order in
// which a module is built up.
func ObjectKinds() []ObjectKind {
	return []ObjectKind{KindModuleSettings, KindSectionDefinition, KindBehaviorDefinition, KindDefinition, KindTemplate, KindInstance}
}

// Object is a persisted object: *ModuleSettings, *SectionDefinition,
// *BehaviorDefinition, *Definition, *Template, *Instance or *HistoryChange.
type Object interface {
	msgp.Marshaler
	msgp.Unmarshaler
	msgp.Sizer
	// Kind is the object's kind.
	Kind() ObjectKind
	// Key is the text form of the object's id: a GUID, or the module id of
	// module settings. It is unique among the objects of its kind and module.
	Key() string
	// GetTracking gives access to who made and changed the object, and when.
	GetTracking() *Tracking

	// expose returns the values a filter sees behind an exposer.
	expose(e Exposer) []Value
}

// NewObject returns an empty object of a kind, or an error that names the known
// kinds.
func NewObject(kind ObjectKind) (Object, error) {
	switch kind {
	case KindModuleSettings:
		return new(ModuleSettings), nil
	case KindSectionDefinition:
		return new(SectionDefinition), nil
	case KindBehaviorDefinition:
		return new(BehaviorDefinition), nil
	case KindDefinition:
		return new(Definition), nil
	case KindTemplate:
		return new(Template), nil
	case KindHistoryChange:
		return new(HistoryChange), nil
	case KindInstance:
		return new(Instance), nil
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "unknown kind of object %q; the kinds are %v", kind, ObjectKinds())
}

// Tracking says who made and who last changed an object, and when, and counts
// its versions. The server sets it; what a client sends is overwritten. It is
// what the interface ITrackBase of the original gives access to.
type Tracking struct {
	// CreatedAt is when it was created, in UTC.
	CreatedAt time.Time `json:"CreatedAt,omitzero"`
	// CreatedBy is the name that the user had who created it.
	CreatedBy string `json:"CreatedBy,omitempty"`
	// LastModified is when it was last changed, at first when it was created.
	LastModified time.Time `json:"LastModified,omitzero"`
	// LastModifiedBy is the name that the user had who last changed it.
	LastModifiedBy string `json:"LastModifiedBy,omitempty"`
	// Revision counts the versions of the object from 1. It is 0 before the
	// object is saved.
	Revision int64 `json:"Revision,omitempty"`
}

// GetTracking implements Object.
func (t *Tracking) GetTracking() *Tracking { return t }

func (t *Tracking) expose(e Exposer) []Value {
	switch e.Name {
	case exposeCreatedAt:
		return []Value{ValueOf(t.CreatedAt)}
	case exposeCreatedBy:
		return []Value{ValueOf(t.CreatedBy)}
	case exposeLastModified:
		return []Value{ValueOf(t.LastModified)}
	case exposeLastModifiedBy:
		return []Value{ValueOf(t.LastModifiedBy)}
	}
	return nil
}

// FormatVersion is the version of the canonical form of objects. A program
// refuses objects of a newer version.
const FormatVersion = 1

// EncodeObject returns the canonical form: a MessagePack array of the format
// version and the object. Equal objects have equal bytes. The error names the
// field that holds no valid value.
func EncodeObject(o Object) (slnet.Raw, error) {
	b := append(make([]byte, 0, 2+o.Msgsize()), 0x92, FormatVersion)
	err := checkNoNil(o)
	if err == nil {
		b, err = o.MarshalMsg(b)
	}
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "%s %s cannot be saved: %v", o.Kind(), o.Key(), err)
	}
	return b, nil
}

// checkNoNil refuses lists with nil in them, so that nobody else has to.
func checkNoNil(o Object) error {
	switch o := o.(type) {
	case *SectionDefinition:
		if i := slices.Index(o.FieldDescriptors, nil); i >= 0 {
			return slnet.Errorf(slnet.KindInvalid, "field descriptor %d is nil", i+1)
		}
	case *Template:
		if o.TemplateData != nil {
			return checkNoNil(o.TemplateData)
		}
	case *Instance:
		if i := slices.Index(o.Sections, nil); i >= 0 {
			return slnet.Errorf(slnet.KindInvalid, "section %d is nil", i+1)
		}
	}
	return nil
}

// DecodeObject reads the canonical form.
func DecodeObject(kind ObjectKind, raw slnet.Raw) (Object, error) {
	o, err := NewObject(kind)
	if err != nil {
		return nil, err
	}
	return o, decodeInto(o, raw)
}

func decodeInto(o Object, raw slnet.Raw) error {
	n, body, err := msgp.ReadArrayHeaderBytes(raw)
	if err != nil || n != 2 {
		return slnet.Errorf(slnet.KindInvalid, "malformed %s: want an array of format version and object", o.Kind())
	}
	version, body, err := msgp.ReadIntBytes(body)
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "malformed %s: no format version: %v", o.Kind(), err)
	}
	if version != FormatVersion {
		return slnet.Errorf(slnet.KindInvalid, "%s has format version %d, this program reads %d", o.Kind(), version, FormatVersion)
	}
	rest, err := o.UnmarshalMsg(body)
	if err == nil {
		err = checkNoNil(o)
	}
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "malformed %s: %v", o.Kind(), err)
	}
	if len(rest) > 0 {
		return slnet.Errorf(slnet.KindInvalid, "malformed %s: %d bytes follow the object", o.Kind(), len(rest))
	}
	return nil
}

// rawToJSON turns the canonical form into the form for people.
func rawToJSON(kind ObjectKind, raw slnet.Raw) (json.RawMessage, error) {
	if len(raw) == 0 {
		return nil, nil
	}
	o, err := DecodeObject(kind, raw)
	if err != nil {
		return nil, err
	}
	return json.Marshal(o)
}

// jsonToRaw turns the form for people into the canonical form. Unknown fields
// are refused.
func jsonToRaw(kind ObjectKind, b json.RawMessage) (slnet.Raw, error) {
	if len(b) == 0 || bytes.Equal(b, []byte("null")) {
		return nil, nil
	}
	o, err := NewObject(kind)
	if err != nil {
		return nil, err
	}
	if err := slnet.StrictJSON(b, o); err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "malformed %s: %v", kind, err)
	}
	return EncodeObject(o)
}
