package stress

import (
	"math"
	"strings"
	"time"

	"domovoi.dev/sdk/dom"
)

// texts differ by case, by what folding does to them, by zero bytes, and behind
// what an index may keep.
var texts = func() []string {
	long := strings.Repeat("é", 700)
	return []string{
		"", "a", "A", "b", "ab", "aB", "a\x00b", "a b", "é", "É", "İ", "i", "K", "k", "ß", "Straße", "日本",
		strings.Repeat("x", 120), strings.Repeat("X", 120) + "y", long, long + "x", long + "y",
	}
}()

var doubles = []float64{
	0, math.Copysign(0, -1), 1, -1, 1.5, -2.25, 1e300, -1e300, math.SmallestNonzeroFloat64,
	math.Inf(1), math.Inf(-1), 1 << 53, 1<<53 + 2, 9.3e18, -9.3e18,
}

var longs = []int64{0, 1, -1, 2, -300, 1 << 32, 1 << 53, 1<<53 + 1, math.MaxInt64, math.MinInt64}

var times = []time.Time{
	time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	time.Date(1969, 12, 31, 23, 59, 59, 999_999_900, time.UTC), time.Date(2024, 3, 31, 2, 0, 0, 0, time.FixedZone("", 3600)),
	time.Date(2024, 3, 31, 1, 0, 0, 0, time.UTC), time.Date(2024, 3, 31, 1, 0, 0, 100, time.UTC),
}

var spans = []time.Duration{0, 100, -100, time.Second, -time.Hour, 1000 * time.Hour}

// value draws a value of a field. ids are what references refer to.
func (r random) value(fd *dom.FieldDescriptor, ids []dom.InstanceID) dom.Value {
	if !fd.FieldType.IsList() {
		return r.scalar(fd, ids)
	}
	items := make([]dom.Value, r.IntN(4))
	for i := range items {
		items[i] = r.scalar(fd, ids)
	}
	return dom.ValueOf(items)
}

func (r random) scalar(fd *dom.FieldDescriptor, ids []dom.InstanceID) dom.Value {
	if fd.GenericEnum != nil {
		return pick(r, fd.GenericEnum.Entries).Value
	}
	switch fd.FieldType.ElementKind() {
	case dom.KindDouble:
		return dom.ValueOf(pick(r, doubles))
	case dom.KindLong:
		return dom.ValueOf(pick(r, longs))
	case dom.KindBool:
		return dom.ValueOf(r.chance(50))
	case dom.KindDateTime:
		return dom.ValueOf(pick(r, times))
	case dom.KindTimeSpan:
		return dom.ValueOf(pick(r, spans))
	case dom.KindGuid:
		return dom.ValueOf(pick(r, ids))
	}
	return dom.ValueOf(pick(r, texts))
}
