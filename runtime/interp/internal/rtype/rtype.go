// Package rtype makes Go types while a program runs: types with a name and with
// methods, which package reflect cannot make. A script's own types are such
// types wherever compiled code meets them, so that fmt, encoding/json, errors
// and sort see in them what they would see in compiled ones.
//
// It writes the structures in which the runtime keeps types. Their layout is
// that of internal/abi and changes with versions of Go; the tests of this
// package fail when it has.
package rtype

import (
	"fmt"
	"reflect"
	"sort"
	"unsafe"
)

// The layout of types in memory, as internal/abi has it.
type (
	header struct {
		size, ptrBytes    uintptr
		hash              uint32
		flags             uint8
		align, fieldAlign uint8
		kind              uint8
		equal             func(unsafe.Pointer, unsafe.Pointer) bool
		gcData            *byte
		str, ptrToThis    int32
	}
	uncommon struct {
		pkgPath        int32
		mcount, xcount uint16
		moff           uint32
		_              uint32
	}
	method struct{ name, mtyp, ifn, tfn int32 }
	elem   struct { // of pointers, slices
		header
		elem unsafe.Pointer
	}
	channel struct {
		header
		elem unsafe.Pointer
		dir  int
	}
	array struct {
		header
		elem, slice unsafe.Pointer
		len         uintptr
	}
	function struct {
		header
		in, out uint16
	}
	mapping struct {
		header
		key, elem, group             unsafe.Pointer
		hasher                       func(unsafe.Pointer, uintptr) uintptr
		groupSize, slotSize, elemOff uintptr
		flags                        uint32
	}
	structure struct {
		header
		pkgPath *byte
		fields  []field
	}
	field struct {
		name   *byte
		typ    unsafe.Pointer
		offset uintptr
	}
)

const (
	flagUncommon, flagExtraStar, flagNamed = 1 << 0, 1 << 1, 1 << 2
)

//go:linkname addReflectOff reflect.addReflectOff
//go:noescape
func addReflectOff(ptr unsafe.Pointer) int32

// keep holds on to what only the runtime's own tables refer to.
var keep []any

func pointerOf(t reflect.Type) unsafe.Pointer {
	return (*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1]
}

// typeOf makes a reflect.Type of a type in memory.
func typeOf(p unsafe.Pointer) reflect.Type {
	t := reflect.TypeFor[int]()
	(*[2]unsafe.Pointer)(unsafe.Pointer(&t))[1] = p
	return t
}

// name encodes a name as the runtime keeps names.
func name(n, tag string, exported, embedded bool) *byte {
	varint := func(b []byte, n int) []byte {
		for n >= 0x80 {
			b = append(b, byte(n)|0x80)
			n >>= 7
		}
		return append(b, byte(n))
	}
	b := []byte{0}
	if exported {
		b[0] |= 1
	}
	if tag != "" {
		b[0] |= 2
	}
	if embedded {
		b[0] |= 8
	}
	b = append(varint(b, len(n)), n...)
	if tag != "" {
		b = append(varint(b, len(tag)), tag...)
	}
	keep = append(keep, b)
	return &b[0]
}

func nameOff(n string, exported bool) int32 {
	return addReflectOff(unsafe.Pointer(name(n, "", exported, false)))
}

// Field is a field of a struct type to be.
type Field struct {
	Name     string
	Tag      string
	Exported bool
	Embedded bool
	Type     reflect.Type
}

// Method is an exported method of a type. Func takes the receiver as the first
// argument, as unsafe.Pointer: the word that interfaces hold.
type Method struct {
	Name string
	Type reflect.Type // without receiver
	Func reflect.Value
}

// maxMethods is how many methods one type can have.
const maxMethods = 200

// Type is a type under construction. Type may be used before Complete, in
// pointers, slices, maps and functions.
type Type struct {
	Type, Pointer reflect.Type
	pkg           string
	body          unsafe.Pointer
	hdr           *header
	unc, punc     *uncommon
	methods, pm   *[maxMethods]method
}

// tail is what follows the kind's own part of a type.
type tail struct {
	uncommon
	types   [64]unsafe.Pointer
	methods [maxMethods]method
}

var hashes uint32 = 0x5bd1e995

// New begins a type with a name, written as fmt prints it. Its memory is as
// that of shape, a type of the same kind.
func New(pkg, typeName string, shape reflect.Type) *Type {
	t := &Type{pkg: pkg}
	src := pointerOf(shape)
	switch shape.Kind() {
	case reflect.Struct:
		m := &struct {
			structure
			tail
		}{structure: *(*structure)(src)}
		m.pkgPath = name(pkg, "", false, false)
		t.set(unsafe.Pointer(m), &m.header, &m.uncommon, &m.methods, m)
	case reflect.Slice, reflect.Pointer:
		m := &struct {
			elem
			tail
		}{elem: *(*elem)(src)}
		t.set(unsafe.Pointer(m), &m.header, &m.uncommon, &m.methods, m)
	case reflect.Chan:
		m := &struct {
			channel
			tail
		}{channel: *(*channel)(src)}
		t.set(unsafe.Pointer(m), &m.header, &m.uncommon, &m.methods, m)
	case reflect.Array:
		m := &struct {
			array
			tail
		}{array: *(*array)(src)}
		t.set(unsafe.Pointer(m), &m.header, &m.uncommon, &m.methods, m)
	case reflect.Func:
		m := &struct {
			function
			tail
		}{function: *(*function)(src)}
		t.set(unsafe.Pointer(m), &m.header, &m.uncommon, &m.methods, m)
	case reflect.Map:
		m := &struct {
			mapping
			tail
		}{mapping: *(*mapping)(src)}
		t.set(unsafe.Pointer(m), &m.header, &m.uncommon, &m.methods, m)
	default:
		m := &struct {
			header
			tail
		}{header: *(*header)(src)}
		t.set(unsafe.Pointer(m), &m.header, &m.uncommon, &m.methods, m)
	}
	hashes = hashes*16777619 ^ 0x9e3779b9
	t.hdr.hash = hashes
	t.hdr.str = nameOff(typeName, true)
	t.hdr.flags = t.hdr.flags&^flagExtraStar | flagUncommon | flagNamed
	t.unc.pkgPath = nameOff(pkg, false)
	t.Type = typeOf(t.body)

	p := &struct {
		elem
		tail
	}{elem: *(*elem)(pointerOf(reflect.TypeFor[*unsafe.Pointer]()))}
	p.elem.elem = t.body
	p.hash = hashes ^ 0x2a2a2a2a
	p.str = nameOff("*"+typeName, false)
	p.flags = p.flags&^(flagExtraStar|flagNamed) | flagUncommon
	p.ptrToThis = 0
	p.pkgPath = t.unc.pkgPath
	t.punc, t.pm = &p.uncommon, &p.methods
	p.moff = uint32(uintptr(unsafe.Pointer(&p.methods)) - uintptr(unsafe.Pointer(&p.uncommon)))
	t.Pointer = typeOf(unsafe.Pointer(p))
	t.hdr.ptrToThis = addReflectOff(unsafe.Pointer(p))
	keep = append(keep, p)
	return t
}

func (t *Type) set(body unsafe.Pointer, h *header, u *uncommon, m *[maxMethods]method, whole any) {
	t.body, t.hdr, t.unc, t.methods = body, h, u, m
	u.moff = uint32(uintptr(unsafe.Pointer(m)) - uintptr(unsafe.Pointer(u)))
	keep = append(keep, whole)
}

// Complete gives a type that is no struct what it consists of: an unnamed type
// of its kind.
func (t *Type) Complete(u reflect.Type) {
	src := pointerOf(u)
	h := *t.hdr
	switch u.Kind() {
	case reflect.Slice, reflect.Pointer:
		*(*elem)(t.body) = *(*elem)(src)
	case reflect.Chan:
		*(*channel)(t.body) = *(*channel)(src)
	case reflect.Array:
		*(*array)(t.body) = *(*array)(src)
	case reflect.Map:
		*(*mapping)(t.body) = *(*mapping)(src)
	case reflect.Func:
		*(*function)(t.body) = *(*function)(src)
		types := (*tailOfFunc)(t.body)
		if u.NumIn()+u.NumOut() > len(types.types) {
			panic("a function type with too many parameters")
		}
		for i := range u.NumIn() {
			types.types[i] = pointerOf(u.In(i))
		}
		for i := range u.NumOut() {
			types.types[u.NumIn()+i] = pointerOf(u.Out(i))
		}
	default:
		return
	}
	restored := (*header)(t.body)
	restored.hash, restored.str, restored.ptrToThis, restored.flags = h.hash, h.str, h.ptrToThis, h.flags
}

type tailOfFunc struct {
	function
	tail
}

// Fields gives a struct type its fields, which are as those of the shape it was
// made with but for their names and types.
func (t *Type) Fields(fields []Field) {
	s := (*structure)(t.body)
	old := s.fields
	s.fields = make([]field, len(old))
	for i, f := range fields {
		s.fields[i] = field{name(f.Name, f.Tag, f.Exported, f.Embedded), pointerOf(f.Type), old[i].offset}
	}
}

// Methods gives the type its methods, and those of pointers to it.
func (t *Type) Methods(value, pointer []Method) error {
	if err := fill(t.unc, t.methods, value); err != nil {
		return err
	}
	return fill(t.punc, t.pm, pointer)
}

func fill(u *uncommon, table *[maxMethods]method, list []Method) error {
	if len(list) > maxMethods {
		return fmt.Errorf("a type has %d methods, at most %d can be interpreted", len(list), maxMethods)
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Name < list[j].Name })
	for i, m := range list {
		code, err := entry(m.Func)
		if err != nil {
			return err
		}
		off := addReflectOff(code)
		table[i] = method{nameOff(m.Name, true), addReflectOff(pointerOf(m.Type)), off, off}
	}
	u.mcount, u.xcount = uint16(len(list)), uint16(len(list))
	return nil
}

// As returns v as a value of a type with the same memory.
func As(v reflect.Value, t reflect.Type) reflect.Value {
	if v.Type() == t {
		return v
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return reflect.NewAt(t, p.UnsafePointer()).Elem()
}

// Retype returns the same data under another dynamic type of the same memory.
func Retype(v any, t reflect.Type) any {
	(*[2]unsafe.Pointer)(unsafe.Pointer(&v))[0] = pointerOf(t)
	return v
}

// Direct reports whether an interface holds values of the type in its own word.
func Direct(t reflect.Type) bool { return (*header)(pointerOf(t)).flags&(1<<5) != 0 }

// entry returns code that calls a function made by reflect.MakeFunc.
func entry(f reflect.Value) (unsafe.Pointer, error) {
	if used == len(closures) {
		return nil, fmt.Errorf("the types of a script have more than %d methods that compiled code could call", len(closures))
	}
	v := f.Interface()
	keep = append(keep, v)
	closures[used] = (*[2]unsafe.Pointer)(unsafe.Pointer(&v))[1]
	used++
	return entries[used-1], nil
}

var used int

// Copy returns a pointer to a copy of a value, by the word in which an
// interface holds it.
func Copy(word unsafe.Pointer, t reflect.Type) unsafe.Pointer {
	p := reflect.New(t)
	if Direct(t) {
		*(*unsafe.Pointer)(p.UnsafePointer()) = word
	} else {
		p.Elem().Set(reflect.NewAt(t, word).Elem())
	}
	return p.UnsafePointer()
}
