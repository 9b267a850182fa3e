package filtertext

import (
	"strings"
	"time"

	"domovoi.dev/sdk/dom"
)

// isDate reports whether a value begins like a date, 2024-05-01.
func isDate(s string) bool {
	const shape = "0000-00-00"
	if len(s) < len(shape) {
		return false
	}
	for i := range len(shape) {
		digit := s[i] >= '0' && s[i] <= '9'
		if digit != (shape[i] == '0') || !digit && s[i] != '-' {
			return false
		}
	}
	return true
}

// dateLayouts are the forms of a date and time. Fractions of seconds are
// understood in all that have seconds.
var dateLayouts = []string{
	"2006-01-02",
	"2006-01-02T15:04", "2006-01-02T15:04:05",
	"2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00",
}

// dateTime reads a date, with or without a time of day and a zone.
func (n Names) dateTime(l literal) (dom.Value, error) {
	for _, layout := range dateLayouts {
		t, err := time.ParseInLocation(layout, strings.ToUpper(l.text), n.location())
		if err != nil {
			continue
		}
		if t.Nanosecond()%int(tick) != 0 {
			return dom.Value{}, fail(l.at, "%s is finer than the 100 ns that times are kept in; give at most 7 digits of a second", l.text)
		}
		return checked(dom.ValueOf(t), l.at)
	}
	return dom.Value{}, fail(l.at, "%s is no time: expected 2024-05-01, 2024-05-01T15:04 or 2024-05-01T15:04:05.5, with Z or +02:00 at the end for a time zone", shorten(l.text))
}

// The words for times that depend on the clock.
const (
	wordNow   = "now"
	wordToday = "today"
)

// relativeWord returns the word a value begins with, and what follows it.
func relativeWord(s string) (word, offset string, ok bool) {
	for _, word := range []string{wordNow, wordToday} {
		if len(s) < len(word) || !strings.EqualFold(s[:len(word)], word) {
			continue
		}
		offset = s[len(word):]
		return word, offset, offset == "" || offset[0] == '+' || offset[0] == '-'
	}
	return "", "", false
}

func isRelative(s string) bool {
	_, _, ok := relativeWord(s)
	return ok
}

// relative reads now, today, and either with a length of time added or
// subtracted. Days are those of the calendar, the rest is exact.
func (n Names) relative(l literal) (dom.Value, error) {
	if n.Now == nil {
		return dom.Value{}, fail(l.at, "there is no clock here for now and today; give the date")
	}
	word, offset, _ := relativeWord(l.text)
	t := n.Now().In(n.location())
	if word == wordToday {
		t = time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, t.Location())
	}
	if offset == "" {
		return checked(dom.ValueOf(t), l.at)
	}
	days, rest, ok := splitDuration(offset[1:])
	if !ok {
		return dom.Value{}, fail(l.at, "%s is no time: expected a length of time such as 7d, 1d12h or 90m after %s%c", shorten(l.text), word, offset[0])
	}
	if offset[0] == '-' {
		days, rest = -days, -rest
	}
	return checked(dom.ValueOf(t.AddDate(0, 0, int(days)).Add(rest)), l.at)
}
