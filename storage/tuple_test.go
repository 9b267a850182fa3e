package storage_test

import (
	"bytes"
	"cmp"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage"
)

// anyText draws strings of few different bytes, zero and invalid UTF-8 among
// them, so that many begin alike.
func anyText() *rapid.Generator[string] {
	return rapid.Map(rapid.SliceOfN(rapid.SampledFrom([]byte{0, 1, 0x30, 0xfe, 0xff}), 0, 6), func(b []byte) string { return string(b) })
}

// edges of numbers, and small ones that are often equal.
func anyLong() *rapid.Generator[int64] {
	return rapid.OneOf(rapid.Int64(), rapid.Int64Range(-2, 2), rapid.SampledFrom([]int64{math.MinInt64, math.MinInt64 + 1, math.MaxInt64 - 1, math.MaxInt64}))
}

func anyDouble() *rapid.Generator[float64] {
	return rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{
		math.NaN(), math.Inf(-1), -math.MaxFloat64, -1, -math.SmallestNonzeroFloat64, math.Copysign(0, -1), 0,
		math.SmallestNonzeroFloat64, 1, math.MaxFloat64, math.Inf(1), math.Float64frombits(0x7ff8_0000_0000_0001), math.Float64frombits(0xfff8_0000_0000_0000),
	}))
}

func anyTime() *rapid.Generator[time.Time] {
	first, last := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999_999_900, time.UTC)
	return rapid.OneOf(
		rapid.SampledFrom([]time.Time{first, first.Add(100), time.Unix(0, -100), time.Unix(0, 0), time.Unix(0, 100), last}),
		rapid.Custom(func(t *rapid.T) time.Time {
			seconds := rapid.Int64Range(first.Unix(), last.Unix()).Draw(t, "seconds")
			return time.Unix(seconds, rapid.Int64Range(0, 9_999_999).Draw(t, "ticks")*100)
		}),
	)
}

func anyGuid() *rapid.Generator[uuid.UUID] {
	return rapid.Map(rapid.SliceOfN(rapid.Byte(), 16, 16), func(b []byte) uuid.UUID { return uuid.UUID(b) })
}

// ordered checks that the bytes of two values compare as the values do.
func ordered[T any](t *testing.T, gen *rapid.Generator[T], compare func(a, b T) int, value func(T) any) {
	t.Helper()
	rapid.Check(t, func(t *rapid.T) {
		a, b := gen.Draw(t, "a"), gen.Draw(t, "b")
		x, y := storage.AppendValue(nil, dom.ValueOf(value(a))), storage.AppendValue(nil, dom.ValueOf(value(b)))
		if got, want := bytes.Compare(x, y), compare(a, b); got != want {
			t.Errorf("%v and %v compare %d, their keys %x and %x compare %d", a, b, want, x, y, got)
		}
	})
}

func TestByteOrderIsTheOrderOfValues(t *testing.T) {
	t.Run("long", func(t *testing.T) {
		ordered(t, anyLong(), cmp.Compare[int64], func(n int64) any { return n })
	})
	t.Run("int", func(t *testing.T) {
		ordered(t, rapid.Int32(), cmp.Compare[int32], func(n int32) any { return n })
	})
	t.Run("double", func(t *testing.T) {
		ordered(t, anyDouble(), cmp.Compare[float64], func(f float64) any { return f })
	})
	t.Run("bool", func(t *testing.T) {
		number := func(b bool) int { return map[bool]int{true: 1}[b] }
		ordered(t, rapid.Bool(), func(a, b bool) int { return number(a) - number(b) }, func(b bool) any { return b })
	})
	t.Run("DateTime", func(t *testing.T) {
		ordered(t, anyTime(), time.Time.Compare, func(at time.Time) any { return at })
	})
	t.Run("TimeSpan", func(t *testing.T) {
		ordered(t, anyLong(), cmp.Compare[int64], func(n int64) any { return dom.TimeSpanTicks(n) })
	})
	t.Run("Guid", func(t *testing.T) {
		ordered(t, anyGuid(), func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) }, func(id uuid.UUID) any { return id })
	})
	t.Run("text", func(t *testing.T) {
		// Texts with capitals have an area of their own in an index.
		ordered(t, rapid.Map(rapid.String(), strings.ToLower), strings.Compare, func(s string) any { return s })
	})
	t.Run("bytes", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			a, b := anyText().Draw(t, "a"), anyText().Draw(t, "b")
			x, y := storage.AppendString(nil, a), storage.AppendString(nil, b)
			if bytes.Compare(x, y) != strings.Compare(a, b) {
				t.Errorf("%q and %q have the keys %x and %x", a, b, x, y)
			}
		})
	})
}

// anyElement draws the encoding of a value of any kind.
func anyElement() *rapid.Generator[[]byte] {
	value := func(v any) []byte { return storage.AppendValue(nil, dom.ValueOf(v)) }
	return rapid.OneOf(
		rapid.Map(anyText(), func(s string) []byte { return storage.AppendString(nil, s) }),
		rapid.Map(anyLong(), func(n int64) []byte { return value(n) }),
		rapid.Map(anyLong(), func(n int64) []byte { return value(dom.TimeSpanTicks(n)) }),
		rapid.Map(anyDouble(), func(f float64) []byte { return value(f) }),
		rapid.Map(anyTime(), func(at time.Time) []byte { return value(at) }),
		rapid.Map(anyGuid(), func(id uuid.UUID) []byte { return value(id) }),
		rapid.Map(rapid.Bool(), func(b bool) []byte { return value(b) }),
		rapid.Just(storage.AppendValue(nil, dom.Value{})),
	)
}

func TestNoElementIsThePrefixOfAnother(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := anyElement().Draw(t, "a"), anyElement().Draw(t, "b")
		if bytes.HasPrefix(b, a) && !bytes.Equal(a, b) {
			t.Errorf("%x is a prefix of %x", a, b)
		}
	})
}

func TestTuplesOrderElementByElement(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tuple := rapid.SliceOfN(anyElement(), 0, 3)
		a, b := tuple.Draw(t, "a"), tuple.Draw(t, "b")
		want := len(a) - len(b)
		for i := range min(len(a), len(b)) {
			if c := bytes.Compare(a[i], b[i]); c != 0 {
				want = c
				break
			}
		}
		if got := bytes.Compare(bytes.Join(a, nil), bytes.Join(b, nil)); got != cmp.Compare(want, 0) {
			t.Errorf("%x and %x compare %d, want %d", a, b, got, want)
		}
	})
}

func TestElementsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, id, rest := anyText().Draw(t, "text"), anyGuid().Draw(t, "guid"), anyText().Draw(t, "rest")
		if got, left, err := storage.ReadString(append(storage.AppendString(nil, s), rest...)); got != s || string(left) != rest || err != nil {
			t.Errorf("%q came back as %q, then %q (%v)", s, got, left, err)
		}
		key := append(storage.AppendValue(nil, dom.ValueOf(id)), rest...)
		if got, left, err := storage.ReadGuid(key); uuid.UUID(got) != id || string(left) != rest || err != nil {
			t.Errorf("%v came back as %v, then %q (%v)", id, got, left, err)
		}
	})
}

func TestElementsAreSkippedAndCutOnesFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		element, rest := anyElement().Draw(t, "element"), anyText().Draw(t, "rest")
		if left, err := storage.SkipElement(append(bytes.Clone(element), rest...)); string(left) != rest || err != nil {
			t.Errorf("behind %x: %q, %v", element, left, err)
		}
		for n := range element {
			if _, err := storage.SkipElement(element[:n]); err == nil {
				t.Errorf("the first %d bytes of %x are an element", n, element)
			}
		}
	})
	for _, malformed := range []string{"", "\x00", "\xff", "\x02a\x00\x02", "\x02a\x00", "\x30short"} {
		if _, err := storage.SkipElement([]byte(malformed)); err == nil {
			t.Errorf("%q is an element", malformed)
		}
	}
}
