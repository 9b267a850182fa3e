package dom_test

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"domovoi.dev/sdk/dom"
)

func TestTimesAreRoundedDown(t *testing.T) {
	epoch := time.Unix(0, 0)
	for _, c := range []struct {
		value any
		want  any // Go value of the same kind
	}{
		{time.Duration(199), time.Duration(100)},
		{time.Duration(-1), time.Duration(-100)},
		{time.Duration(-200), time.Duration(-200)},
		{epoch.Add(199), epoch.Add(100).UTC()},
		{epoch.Add(-1), epoch.Add(-100).UTC()},
		{epoch.Add(-time.Second - 1), epoch.Add(-time.Second - 100).UTC()},
	} {
		if got := dom.ValueOf(c.value).Any(); got != c.want {
			t.Errorf("%v became %v, want %v", c.value, got, c.want)
		}
	}
}

func TestDateTimesHaveTheRangeOfTheOriginal(t *testing.T) {
	first := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, at := range []time.Time{first, end.Add(-1), first.In(time.FixedZone("", -3600)), time.Time{}} {
		v := dom.ValueOf(at)
		if v.Err() != nil || !v.Time().Equal(at.Truncate(100)) {
			t.Errorf("%v became %v, %v", at, v, v.Err())
		}
	}
	if v := dom.ValueOf(first); v.Ticks() != 0 {
		t.Errorf("year 1 has %d ticks", v.Ticks())
	}
	for _, at := range []time.Time{first.Add(-1), end, time.Unix(1<<40, 0), time.Unix(-1<<40, 0)} {
		if v := dom.ValueOf(at); v.Err() == nil {
			t.Errorf("%v became %v", at, v)
		}
	}
}

func TestTimeSpansBeyondDurationAreCutAsGoValues(t *testing.T) {
	long := dom.TimeSpanTicks(math.MaxInt64)
	if long.Ticks() != math.MaxInt64 || long.Duration() <= 290*365*24*time.Hour {
		t.Errorf("the longest has %d ticks and lasts %v", long.Ticks(), long.Duration())
	}
	if short := dom.TimeSpanTicks(math.MinInt64); short.Duration() >= -290*365*24*time.Hour {
		t.Errorf("the most negative lasts %v", short.Duration())
	}
}

func TestZeroValueIsNullForPeople(t *testing.T) {
	b, err := json.Marshal(dom.True())
	if err != nil {
		t.Fatal(err)
	}
	var filter dom.Filter
	if err := json.Unmarshal(b, &filter); err != nil || filter.Operator != dom.OperatorTrue || filter.Value.Kind() != dom.KindInvalid {
		t.Errorf("%s came back as %v, %v", b, filter, err)
	}
	if _, err := json.Marshal(dom.ValueOf(struct{}{})); err == nil {
		t.Error("something that is no value was written")
	}
	if err := json.Unmarshal([]byte(`["a", null]`), new(dom.Value)); err == nil {
		t.Error("a list with null in it was read")
	}
}
