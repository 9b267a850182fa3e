package cron_test

import (
	"archive/zip"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"domovoi.dev/runtime/automation/cron"
)

const layout = "2006-01-02 15:04:05 -0700"

// The instants after the first one at which an expression is due.
func TestNext(t *testing.T) {
	for _, test := range []struct{ expression, after, due string }{
		{"*/15 * * * *", "2026-01-01 00:07:31 +0000", "00:15:00 00:30:00 00:45:00 01:00:00"},
		{"5/20 8,9 * * *", "2026-01-01 08:05:00 +0000", "08:25:00 08:45:00 09:05:00"},
		{"0 6 * * MON-FRI", "2026-11-20 06:00:00 +0000", "2026-11-23 2026-11-24"},
		{"0 6 * * sun", "2026-11-20 06:00:00 +0000", "2026-11-22 2026-11-29"},
		{"0 6 * * 7", "2026-11-20 06:00:00 +0000", "2026-11-22 2026-11-29"},
		{"0 6 * * 5-7", "2026-11-20 06:00:00 +0000", "2026-11-21 2026-11-22 2026-11-27"},
		{"0 0 29 2 *", "2026-11-20 06:00:00 +0000", "2028-02-29 2032-02-29"},
		{"0 0 29 2 *", "2096-11-20 06:00:00 +0000", "2104-02-29"},
		{"0 0 29 2 */7", "2005-01-01 00:00:00 +0000", "2032-02-29 2060-02-29"},
		{"0 0 31 * *", "2026-01-31 00:00:00 +0000", "2026-03-31 2026-05-31"},
		{"0 0 13 * FRI", "2026-11-01 06:00:00 +0000", "2026-11-06 2026-11-13 2026-11-20 2026-11-27 2026-12-04 2026-12-11 2026-12-13"},
		{"0 0 */10 * FRI", "2026-11-01 06:00:00 +0000", "2026-12-11 2027-01-01 2027-05-21"},
		{"0 0 13 * ?", "2026-11-01 06:00:00 +0000", "2026-11-13 2026-12-13"},
		{"0 0 L * *", "2026-01-31 00:00:00 +0000", "2026-02-28 2026-03-31"},
		{"0 0 L-2 * *", "2026-01-31 00:00:00 +0000", "2026-02-26 2026-03-29"},
		{"0 0 LW * *", "2026-01-31 00:00:00 +0000", "2026-02-27 2026-03-31"},
		{"0 0 15W * *", "2026-08-01 00:00:00 +0000", "2026-08-14 2026-09-15"},
		{"0 0 1W * *", "2026-08-01 00:00:00 +0000", "2026-08-03 2026-09-01"},
		{"0 0 31W * *", "2026-01-01 00:00:00 +0000", "2026-01-30 2026-03-31 2026-05-29"},
		{"0 0 * * 5L", "2026-01-01 00:00:00 +0000", "2026-01-30 2026-02-27"},
		{"0 0 * * MON#2,MON#5", "2026-03-01 00:00:00 +0000", "2026-03-09 2026-03-30 2026-04-13"},
		{"*/20 30 6 * * *", "2026-01-01 06:30:20 +0000", "06:30:40"},
		{"@hourly", "2026-01-01 06:30:20 +0000", "07:00:00 08:00:00"},
		{"@Daily", "2026-01-01 06:30:20 +0000", "2026-01-02"},
		{"@every 90m", "1970-01-01 00:00:00 +0000", "01:30:00 03:00:00"},
		{"CRON_TZ=America/New_York 0 9 * * *", "2026-01-01 00:00:00 +0000", "2026-01-01 09:00:00 -0500"},

		// Berlin: 02:00 becomes 03:00 on 29 March, 03:00 becomes 02:00 on 25 October.
		{"TZ=Europe/Berlin 30 2 * * *", "2026-03-28 12:00:00 +0100", "2026-03-29 03:00:00 +0200|2026-03-30 02:30:00 +0200"},
		{"TZ=Europe/Berlin 10,40 2,3 * * *", "2026-03-29 00:00:00 +0100", "03:00:00 03:10:00 03:40:00"},
		{"TZ=Europe/Berlin 30 2 * * *", "2026-10-24 12:00:00 +0200", "2026-10-25 02:30:00 +0200|2026-10-26 02:30:00 +0100"},
		{"TZ=Europe/Berlin */30 * * * *", "2026-03-29 01:00:00 +0100", "01:30:00 03:00:00 03:30:00"},
		{"TZ=Europe/Berlin 30 * * * *", "2026-10-25 01:45:00 +0200", "02:30:00 +0200|02:30:00 +0100|03:30:00 +0100"},
		{"TZ=Europe/Berlin */20 2 * * *", "2026-10-25 02:30:00 +0200", "02:40:00 +0200|02:00:00 +0100|02:20:00 +0100"},
		// Lord Howe moves by half an hour, Sao Paulo did at midnight, Apia left a
		// day out.
		{"TZ=Australia/Lord_Howe 15 2 * * *", "2026-10-03 12:00:00 +1030", "2026-10-04 02:30:00 +1100|2026-10-05 02:15:00 +1100"},
		{"TZ=America/Sao_Paulo 15 0 * * *", "2018-11-03 12:00:00 -0300", "2018-11-04 01:00:00 -0200|2018-11-05 00:15:00 -0200"},
		{"TZ=Pacific/Apia 0 10,12 * * *", "2011-12-29 12:00:00 -1000", "2011-12-31 00:00:00 +1400|2011-12-31 10:00:00 +1400"},
	} {
		t.Run(test.expression+" after "+test.after, func(t *testing.T) {
			at, err := time.Parse(layout, test.after)
			if err != nil {
				t.Fatal(err)
			}
			schedule, err := cron.Parse(test.expression, nil)
			if err != nil {
				t.Fatal(err)
			}
			separator := " "
			if strings.Contains(test.due, "|") || strings.Count(test.due, " -") > 0 {
				separator = "|"
			}
			for want := range strings.SplitSeq(test.due, separator) {
				at = schedule.Next(at)
				if got := at.Format(layout); !strings.Contains(got, want) {
					t.Fatalf("due at %s, want %s", got, want)
				}
			}
		})
	}
}

func TestIntervalsCountFromTheAnchor(t *testing.T) {
	schedule, err := cron.Parse("@every 7s", nil)
	if err != nil {
		t.Fatal(err)
	}
	anchor := time.Date(2026, 1, 1, 0, 0, 3, 0, time.UTC)
	schedule = schedule.Anchored(anchor)
	for after, want := range map[time.Time]time.Time{
		anchor.Add(-time.Hour):       anchor,
		anchor.Add(-1):               anchor,
		anchor:                       anchor.Add(7 * time.Second),
		anchor.Add(8 * time.Second):  anchor.Add(14 * time.Second),
		anchor.Add(14 * time.Second): anchor.Add(21 * time.Second),
	} {
		got := schedule.Next(after)
		if !got.Equal(want) {
			t.Errorf("after %s due at %s, want %s", after, got, want)
		}
	}
	late := anchor.AddDate(1000, 0, 0)
	if got := schedule.Next(late); !got.After(late) || got.Sub(late) > 7*time.Second || got.Sub(anchor.AddDate(999, 0, 0)) <= 0 {
		t.Errorf("after %s due at %s", late, got)
	}
}

// Wrong expressions say where they are wrong.
func TestParseErrors(t *testing.T) {
	for _, test := range []struct {
		expression string
		position   int
		message    string
	}{
		{"", 0, "there is nothing"},
		{"  ", 2, "there is nothing"},
		{"* * * *", 7, "there are 4 fields"},
		{"* * * * * * *", 12, "there are 7 fields"},
		{"60 * * * *", 0, "60 is no minute; it goes from 0 to 59"},
		{"* 24 * * *", 2, "24 is no hour"},
		{"* * 0 * *", 4, "0 is no day of month"},
		{"0 0 1 13 *", 6, "13 is no month"},
		{"0 0 * * 8", 8, "8 is no day of week"},
		{"0 0 * * MOON", 8, `"MOON" is no day of week`},
		{"0 0,x * * *", 4, `"x" is no hour`},
		{"0 9-5 * * *", 2, "the range 9-5 ends before it begins"},
		{"*/0 * * * *", 2, "the step of a minute"},
		{"*/+5 * * * *", 2, "the step of a minute"},
		{"0/ * * * *", 2, "the step of a minute"},
		{", * * * *", 0, `"" is no minute`},
		{"-5 * * * *", 0, `"" is no minute`},
		{"? * * * *", 0, `"?" is no minute`},
		{"0 0 L-31 * *", 6, "31 is no number of days"},
		{"0 0 W * *", 4, `"" is no day of month`},
		{"0 0 * * MON#6", 12, "6 is no week of the month"},
		{"0 0 30 2 *", 4, "never due"},
		{"0 0 31 4,6,9,11 ?", 4, "never due"},
		{"@noon", 0, "there is no @noon"},
		{"@daily 5", 7, "nothing can follow"},
		{"@every", 0, "one duration"},
		{"@every x", 7, "no duration"},
		{"@every 10ms", 7, "at least 1s"},
		{"CRON_TZ=Europe/Bonn 0 0 * * *", 8, "no time zone"},
		{"TZ= 0 0 * * *", 3, "no time zone"},
		{"TZ=Local 0 0 * * *", 3, "no time zone"},
		{"TZ=../../etc/passwd 0 0 * * *", 3, "no time zone"},
		{strings.Repeat("*", 2000), 1000, "at most 1000 bytes"},
	} {
		_, err := cron.Parse(test.expression, time.UTC)
		var wrong *cron.ParseError
		if !errors.As(err, &wrong) {
			t.Errorf("%q: %v, want a ParseError", test.expression, err)
			continue
		}
		if wrong.Position != test.position || !strings.Contains(wrong.Message, test.message) {
			t.Errorf("%q: position %d, %s; want position %d, %s", test.expression, wrong.Position, wrong.Message, test.position, test.message)
		}
	}
}

// zones returns the names of all zones of the Go distribution, or of a few with
// unusual changes where there is none.
func zones(t *testing.T) []string {
	t.Helper()
	few := []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Africa/Casablanca",
		"Africa/Cairo", "Asia/Gaza", "Pacific/Chatham", "Asia/Kathmandu", "Antarctica/Troll", "America/Havana", "Europe/Dublin"}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Logf("only %d zones, for there is no Go distribution: %v", len(few), err)
		return few
	}
	archive, err := zip.OpenReader(filepath.Join(strings.TrimSpace(string(root)), "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Logf("only %d zones: %v", len(few), err)
		return few
	}
	defer archive.Close()
	var names []string
	for _, file := range archive.File {
		if _, err := time.LoadLocation(file.Name); err == nil && !strings.HasSuffix(file.Name, "/") {
			names = append(names, file.Name)
		}
	}
	return names
}

// drawField draws a field that the model below can read: * or numbers, with a
// step.
func drawField(t *rapid.T, label string, low, high int) string {
	step := ""
	if rapid.IntRange(0, 2).Draw(t, label+" stepped") == 0 {
		step = fmt.Sprintf("/%d", rapid.IntRange(2, 17).Filter(func(n int) bool { return n <= high }).Draw(t, label+" step"))
	}
	if rapid.IntRange(0, 2).Draw(t, label+" star") == 0 {
		return "*" + step
	}
	from := rapid.IntRange(low, high).Draw(t, label)
	if step != "" || rapid.Bool().Draw(t, label+" range") {
		return fmt.Sprintf("%d-%d%s", from, rapid.IntRange(from, high).Draw(t, label+" end"), step)
	}
	return fmt.Sprint(from)
}

// fits is a second reading of such a field.
func fits(field string, low, high, value int) bool {
	span, stepText, _ := strings.Cut(field, "/")
	step := 1
	fmt.Sscan(stepText, &step)
	if span != "*" {
		from, to, ranged := strings.Cut(span, "-")
		fmt.Sscan(from, &low)
		high = low
		if ranged {
			fmt.Sscan(to, &high)
		}
	}
	return low <= value && value <= high && (value-low)%step == 0
}

// TestEveryMinuteOfEveryZone compares with a scanner that looks at each minute,
// over the changes of the clock of all zones.
func TestEveryMinuteOfEveryZone(t *testing.T) {
	names := zones(t)
	rapid.Check(t, func(t *rapid.T) {
		location, err := time.LoadLocation(rapid.SampledFrom(names).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		minute, hour := drawField(t, "minute", 0, 59), drawField(t, "hour", 0, 23)
		weekday := rapid.SampledFrom([]string{"*", "*", "0-6/2", "1-5"}).Draw(t, "day of week")
		expression := fmt.Sprintf("%s %s * * %s", minute, hour, weekday)
		schedule, err := cron.Parse(expression, location)
		if err != nil {
			t.Fatal(err)
		}
		fitting := func(local time.Time) bool {
			return fits(minute, 0, 59, local.Minute()) && fits(hour, 0, 23, local.Hour()) && fits(weekday, 0, 6, int(local.Weekday()))
		}
		elapsed := minute[0] == '*' || hour[0] == '*'

		start := drawStart(t, location)
		const span = 72 * 60
		shown := make(map[time.Time]bool) // local times that the clock has shown
		clock := func(at time.Time) time.Time {
			local := at.In(location)
			return time.Date(local.Year(), local.Month(), local.Day(), local.Hour(), local.Minute(), 0, 0, time.UTC)
		}
		var want []time.Time
		for i := -26 * 60; i < span; i++ {
			at := start.Add(time.Duration(i) * time.Minute)
			local, before := clock(at), clock(at.Add(-time.Minute))
			due := fitting(local) && (elapsed || !shown[local])
			if !elapsed {
				for skipped := before.Add(time.Minute); skipped.Before(local); skipped = skipped.Add(time.Minute) {
					due = due || fitting(skipped) && !shown[skipped]
				}
			}
			shown[local] = true
			if due && i > 0 {
				want = append(want, at)
			}
		}
		at := start
		for i, due := range want {
			if at = schedule.Next(at); !at.Equal(due) {
				t.Fatalf("%q in %s, instant %d: due at %s, want %s", expression, location, i, at.Format(layout), due.In(location).Format(layout))
			}
		}
	})
}

// drawStart draws the time before a change of the clock where there is one, since
// the years in which all offsets are whole minutes.
func drawStart(t *rapid.T, location *time.Location) time.Time {
	at := time.Date(1973, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(rapid.IntRange(0, 63).Draw(t, "years"), 0, rapid.IntRange(0, 365).Draw(t, "days"))
	if _, change := at.In(location).ZoneBounds(); !change.IsZero() {
		at = change.Add(-time.Duration(rapid.IntRange(0, 24*60).Draw(t, "minutes before the change")) * time.Minute)
	}
	return at.Truncate(time.Minute)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"*/5 * * * *", "0 0 L-2,15W 2 MON#2", "@every 1h", "CRON_TZ=Asia/Tokyo 0 6 * * 5L", "0 0 30 2 *", "1-2-3 * * * *"} {
		f.Add(seed)
	}
	after := time.Date(2026, 11, 21, 12, 0, 0, 500, time.UTC)
	f.Fuzz(func(t *testing.T, expression string) {
		schedule, err := cron.Parse(expression, time.UTC)
		if err != nil {
			var wrong *cron.ParseError
			if !errors.As(err, &wrong) || wrong.Position < 0 || wrong.Position > len(expression) {
				t.Fatalf("%q: %#v", expression, err)
			}
			return
		}
		if due := schedule.Next(after); !due.After(after) {
			t.Fatalf("%q is due at %s, after %s", expression, due, after)
		}
	})
}

func BenchmarkNext(b *testing.B) {
	for _, expression := range []string{"*/5 * * * *", "30 2 * * *", "0 0 29 2 *"} {
		b.Run(expression, func(b *testing.B) {
			schedule, err := cron.Parse("CRON_TZ=Europe/Berlin "+expression, nil)
			if err != nil {
				b.Fatal(err)
			}
			at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
			for b.Loop() {
				schedule.Next(at)
			}
		})
	}
}
