package dom

import (
	"encoding/binary"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/sdk/slnet"
)

// RawObject reads single values of an object in its canonical form. Of an
// instance it reads only what it is asked for; objects of other kinds, which are
// few, it decodes. It is for one goroutine, and reads bytes that must not change
// until the next Reset.
type RawObject struct {
	kind    ObjectKind
	raw     slnet.Raw
	decoded Object // nil for instances
	// sections and fields say where the values of an instance are; they are found
	// with the first value that is asked for.
	parsed      bool
	sections    []rawSection
	fields      []rawField
	status, end int
	err         error
	values      []Value // what expose returned last
}

// rawSection is where a section's id begins; its definition's id follows.
type rawSection struct{ id, definition int }

// rawField is where the id and the value of a field begin, and its section.
type rawField struct{ section, id, value int }

// Reset makes o read another object.
func (o *RawObject) Reset(kind ObjectKind, raw slnet.Raw) {
	o.kind, o.raw, o.decoded, o.parsed, o.err = kind, raw, nil, false, nil
	o.sections, o.fields = o.sections[:0], o.fields[:0]
}

// Err says what is wrong with the bytes; what was read from them since the last
// Reset counts for nothing then.
func (o *RawObject) Err() error { return o.err }

// Values returns what a filter sees behind an exposer. The slice is valid until
// the next call of a method.
func (o *RawObject) Values(e Exposer) []Value { return o.expose(e) }

// Select returns the selected values in the form they are sent in.
func (o *RawObject) Select(key string, selected []Exposer) SelectedRow {
	row := SelectedRow{Key: key, Values: make([][]Value, len(selected))}
	for i, e := range selected {
		row.Values[i] = append([]Value(nil), o.expose(e)...)
	}
	return row
}

// The fixed places of the canonical form of an instance: two bytes of format, a
// byte for the array, and the ids with two bytes before each.
const (
	rawInstanceID         = 2 + 1 + 2
	rawInstanceDefinition = rawInstanceID + 16 + 2
	rawInstanceStatus     = rawInstanceDefinition + 16
)

func (o *RawObject) expose(e Exposer) []Value {
	if o.kind != KindInstance {
		return o.decode().expose(e)
	}
	if o.err == nil && (len(o.raw) < rawInstanceStatus || o.raw[1] != FormatVersion) {
		_, o.err = DecodeObject(o.kind, o.raw) // says what is wrong
	}
	if o.err != nil {
		return nil
	}
	o.values = o.values[:0]
	switch e.Name {
	case exposeID:
		return o.one(o.guid(rawInstanceID))
	case exposeDomDefinitionID:
		return o.one(o.guid(rawInstanceDefinition))
	}
	if !o.parsed {
		o.parsed = true
		if o.err = o.parse(); o.err != nil {
			return nil
		}
	}
	switch e.Name {
	case exposeStatusID, exposeName:
		return o.exposeText(e)
	case exposeSectionIDs:
		for _, s := range o.sections {
			o.values = append(o.values, o.guid(s.id))
		}
		return o.values
	case exposeSectionDefinitionIDs:
		for _, s := range o.sections {
			o.values = append(o.values, o.guid(s.definition))
		}
		return o.values
	case exposeFieldValue:
		return o.exposeField(e.FieldID)
	case exposeKeyExists:
		return o.one(ValueOf(len(o.exposeField(e.FieldID)) > 0))
	}
	return o.exposeTracking(e)
}

func (o *RawObject) decode() Object {
	if o.decoded == nil {
		if o.decoded, o.err = DecodeObject(o.kind, o.raw); o.err != nil {
			o.decoded = new(Template) // exposes nothing that counts
		}
	}
	return o.decoded
}

func (o *RawObject) one(v Value) []Value {
	o.values = append(o.values[:0], v)
	return o.values
}

func (o *RawObject) guid(at int) Value { return Value{kind: KindGuid, str: string(o.raw[at : at+16])} }

// exposeText exposes the status or the name, which stand one behind the other.
func (o *RawObject) exposeText(e Exposer) []Value {
	status, rest, err := msgp.ReadStringZC(o.raw[o.status:])
	if err == nil && e.Name == exposeName {
		status, _, err = msgp.ReadStringZC(rest)
	}
	switch {
	case err != nil:
		o.err = err
		return nil
	case e.Name == exposeStatusID && len(status) == 0:
		return nil
	}
	return o.one(Value{kind: KindString, str: string(status)})
}

// exposeField exposes the values of a field. Of a field that stands in a section
// twice the first counts, as in GetFieldValueByID.
func (o *RawObject) exposeField(id FieldDescriptorID) []Value {
	section := -1
	for _, f := range o.fields {
		if f.section == section || [16]byte(o.raw[f.id:f.id+16]) != id {
			continue
		}
		section = f.section
		v, _, err := readValue(o.raw[f.value:], true)
		if err != nil {
			o.err = err
			return nil
		}
		switch v.kind {
		case KindInvalid:
		case KindList:
			o.values = append(o.values, v.list...)
		default:
			o.values = append(o.values, v)
		}
	}
	return o.values
}

func (o *RawObject) exposeTracking(e Exposer) []Value {
	var t Tracking
	var b []byte
	_, b, o.err = msgp.ReadStringZC(o.raw[o.end:]) // the module id
	if o.err == nil {
		t.CreatedAt, b, o.err = msgp.ReadTimeUTCBytes(b)
	}
	if o.err == nil {
		t.CreatedBy, b, o.err = msgp.ReadStringBytes(b)
	}
	if o.err == nil {
		t.LastModified, b, o.err = msgp.ReadTimeUTCBytes(b)
	}
	if o.err == nil {
		t.LastModifiedBy, _, o.err = msgp.ReadStringBytes(b)
	}
	if o.err != nil {
		return nil
	}
	return t.expose(e)
}

// parse finds the sections and fields of an instance. It checks the shape of
// what it passes, not the content.
func (o *RawObject) parse() error {
	p := rawParser{b: o.raw, at: rawInstanceStatus}
	o.status = p.at
	p.skip() // status
	p.skip() // name
	for range p.array() {
		if p.array() != 3 {
			return errMalformedInstance
		}
		s := rawSection{id: p.guid()}
		s.definition = p.guid()
		o.sections = append(o.sections, s)
		for range p.array() {
			if p.array() != 2 {
				return errMalformedInstance
			}
			f := rawField{section: len(o.sections), id: p.guid()}
			f.value = p.at
			p.skip()
			o.fields = append(o.fields, f)
			if p.failed {
				return errMalformedInstance
			}
		}
	}
	o.end = p.at
	if p.failed {
		return errMalformedInstance
	}
	return nil
}

var errMalformedInstance = slnet.Errorf(slnet.KindInvalid, "malformed %s", KindInstance)

// rawParser walks over MessagePack. After a failure it stands still.
type rawParser struct {
	b      []byte
	at     int
	failed bool
}

// take moves over n bytes.
func (p *rawParser) take(n int) {
	if p.failed || n > len(p.b)-p.at {
		p.failed = true
		return
	}
	p.at += n
}

func (p *rawParser) peek() byte {
	if p.failed || p.at >= len(p.b) {
		p.failed = true
		return 0xc0
	}
	return p.b[p.at]
}

// array moves over the header of an array and returns its length.
func (p *rawParser) array() int {
	n, rest, err := msgp.ReadArrayHeaderBytes(p.b[p.at:])
	if p.failed || err != nil || int(n) > len(rest) {
		p.failed = true
		return 0
	}
	p.at = len(p.b) - len(rest)
	return int(n)
}

// guid moves over a Guid and returns where its bytes begin.
func (p *rawParser) guid() int {
	if p.peek() != 0xc4 || len(p.b)-p.at < 18 || p.b[p.at+1] != 16 {
		p.failed = true
		return 0
	}
	p.at += 18
	return p.at - 16
}

// skip moves over one value of any of the forms that values have.
func (p *rawParser) skip() {
	switch t := p.peek(); {
	case t <= 0x7f || t >= 0xe0, t == 0xc0, t == 0xc2, t == 0xc3: // small int, nil, bool
		p.take(1)
	case t >= 0xa0 && t <= 0xbf: // short string
		p.take(1 + int(t&0x1f))
	case t == 0xc4 || t == 0xd9: // bytes and string, of one byte of length
		p.sized(1, 0)
	case t == 0xc5 || t == 0xda:
		p.sized(2, 0)
	case t == 0xc6 || t == 0xdb:
		p.sized(4, 0)
	case t == 0xc7: // extension: length, type, bytes
		p.sized(1, 1)
	case t >= 0xcc && t <= 0xd3: // numbers of 1, 2, 4, 8 bytes
		p.take(1 + 1<<(t&3))
	case t == 0xca:
		p.take(5)
	case t == 0xcb:
		p.take(9)
	case t >= 0xd4 && t <= 0xd8: // extensions of 1 to 16 bytes
		p.take(2 + 1<<(t-0xd4))
	case t >= 0x90 && t <= 0x9f, t == 0xdc, t == 0xdd:
		for range p.array() {
			p.skip()
		}
	default:
		p.failed = true
	}
}

// sized moves over something with its length in n bytes, and extra bytes.
func (p *rawParser) sized(n, extra int) {
	if p.failed || len(p.b)-p.at < 1+n {
		p.failed = true
		return
	}
	var size int
	switch b := p.b[p.at+1:]; n {
	case 1:
		size = int(b[0])
	case 2:
		size = int(binary.BigEndian.Uint16(b))
	default:
		size = int(binary.BigEndian.Uint32(b))
	}
	p.take(1 + n + extra)
	p.take(size)
}
