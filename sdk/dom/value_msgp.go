package dom

import (
	"encoding/binary"
	"time"

	"github.com/tinylib/msgp/msgp"

	"domovoi.dev/sdk/slnet"
)

// The MessagePack form of a value: str, bool, int (long), float 64, the
// timestamp extension (DateTime), bin of 16 bytes (Guid), array (list), nil
// (no value), and two extensions of our own.
const (
	extInt      = 1 // 4 bytes, big endian
	extTimeSpan = 2 // 8 bytes, big endian: ticks of 100 ns
	extTime     = -1
)

// MarshalMsg implements msgp.Marshaler. An invalid value cannot be encoded,
// the zero Value is nil.
func (v Value) MarshalMsg(b []byte) ([]byte, error) {
	switch v.kind {
	case KindString:
		return msgp.AppendString(b, v.str), nil
	case KindInt:
		return binary.BigEndian.AppendUint32(append(b, 0xd6, extInt), uint32(v.num)), nil
	case KindLong:
		return msgp.AppendInt64(b, v.num), nil
	case KindDouble:
		return msgp.AppendFloat64(b, v.Double()), nil
	case KindBool:
		return msgp.AppendBool(b, v.num != 0), nil
	case KindDateTime:
		return msgp.AppendTimeExt(b, v.Time()), nil
	case KindTimeSpan:
		return binary.BigEndian.AppendUint64(append(b, 0xd7, extTimeSpan), uint64(v.num)), nil
	case KindGuid:
		return msgp.AppendBytes(b, []byte(v.str)), nil
	case KindList:
		b = msgp.AppendArrayHeader(b, uint32(len(v.list)))
		for _, item := range v.list {
			var err error
			if b, err = item.MarshalMsg(b); err != nil {
				return nil, err
			}
		}
		return b, nil
	}
	if v.str != "" {
		return nil, v.Err()
	}
	return msgp.AppendNil(b), nil
}

// Msgsize implements msgp.Sizer.
func (v Value) Msgsize() int {
	n := 16 + len(v.str)
	for _, item := range v.list {
		n += item.Msgsize()
	}
	return n
}

// UnmarshalMsg implements msgp.Unmarshaler.
func (v *Value) UnmarshalMsg(b []byte) ([]byte, error) {
	value, rest, err := readValue(b, true)
	if err != nil {
		return b, err
	}
	*v = value
	return rest, nil
}

func readValue(b []byte, lists bool) (Value, []byte, error) {
	switch t := msgp.NextType(b); t {
	case msgp.StrType:
		s, rest, err := msgp.ReadStringBytes(b)
		if err != nil {
			return Value{}, b, err
		}
		v := stringValue(s)
		return v, rest, invalidOnly(v)
	case msgp.BoolType:
		x, rest, err := msgp.ReadBoolBytes(b)
		return ValueOf(x), rest, err
	case msgp.IntType, msgp.UintType:
		n, rest, err := msgp.ReadInt64Bytes(b)
		return ValueOf(n), rest, err
	case msgp.Float64Type, msgp.Float32Type:
		f, rest, err := msgp.ReadFloat64Bytes(b)
		return ValueOf(f), rest, err
	case msgp.BinType:
		id, rest, err := msgp.ReadBytesZC(b)
		if err == nil && len(id) != 16 {
			err = slnet.Errorf(slnet.KindInvalid, "a Guid has 16 bytes, got %d", len(id))
		}
		if err != nil {
			return Value{}, b, err
		}
		return Value{kind: KindGuid, str: string(id)}, rest, nil
	case msgp.NilType:
		rest, err := msgp.ReadNilBytes(b)
		return Value{}, rest, err
	case msgp.ArrayType:
		if lists {
			return readList(b)
		}
		return Value{}, b, slnet.Errorf(slnet.KindInvalid, "a list inside a list; lists hold scalars")
	case msgp.TimeType, msgp.ExtensionType:
		return readExtension(b)
	default:
		return Value{}, b, slnet.Errorf(slnet.KindInvalid, "a MessagePack %s is no value", t)
	}
}

func readList(b []byte) (Value, []byte, error) {
	n, rest, err := msgp.ReadArrayHeaderBytes(b)
	if err != nil {
		return Value{}, b, err
	}
	list := make([]Value, 0, min(int(n), len(rest)))
	for range n {
		var item Value
		if item, rest, err = readValue(rest, false); err != nil {
			return Value{}, b, err
		}
		list = append(list, item)
	}
	v := ValueOf(list)
	return v, rest, invalidOnly(v)
}

// readExtension reads the three forms of extension that values have: of 4, of 8
// and of a stated number of bytes.
func readExtension(b []byte) (Value, []byte, error) {
	header, size := 2, 0
	switch b[0] {
	case 0xd6:
		size = 4
	case 0xd7:
		size = 8
	case 0xc7:
		if len(b) < 2 {
			return Value{}, b, msgp.ErrShortBytes
		}
		header, size = 3, int(b[1])
	default:
		return Value{}, b, slnet.Errorf(slnet.KindInvalid, "an extension of this size is no value")
	}
	if len(b) < header+size {
		return Value{}, b, msgp.ErrShortBytes
	}
	extension, data, rest := int8(b[header-1]), b[header:header+size], b[header+size:]
	switch {
	case extension == extInt && size == 4:
		return ValueOf(int32(binary.BigEndian.Uint32(data))), rest, nil
	case extension == extTimeSpan && size == 8:
		return TimeSpanTicks(int64(binary.BigEndian.Uint64(data))), rest, nil
	case extension == extTime:
		t, err := timestamp(data)
		if err != nil {
			return Value{}, b, err
		}
		v := ValueOf(t)
		return v, rest, invalidOnly(v)
	}
	return Value{}, b, slnet.Errorf(slnet.KindInvalid, "extension %d of %d bytes is no value", extension, size)
}

// timestamp reads the content of the timestamp extension in its three sizes.
func timestamp(data []byte) (time.Time, error) {
	switch len(data) {
	case 4:
		return time.Unix(int64(binary.BigEndian.Uint32(data)), 0), nil
	case 8:
		n := binary.BigEndian.Uint64(data)
		return time.Unix(int64(n&(1<<34-1)), int64(n>>34)), nil
	case 12:
		sec := int64(binary.BigEndian.Uint64(data[4:]))
		if sec > -1<<40 && sec < 1<<40 {
			return time.Unix(sec, int64(binary.BigEndian.Uint32(data))), nil
		}
	}
	return time.Time{}, slnet.Errorf(slnet.KindInvalid, "malformed timestamp")
}
