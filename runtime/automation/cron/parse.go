package cron

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseError says what is wrong with an expression, and where.
type ParseError struct {
	Expression string
	Position   int // byte in Expression, from 0
	Message    string
}

// Error returns the message with the position, counted from 1.
func (e *ParseError) Error() string {
	return fmt.Sprintf("cron expression %q, position %d: %s", e.Expression, e.Position+1, e.Message)
}

// MaxExpression is the most bytes an expression may have.
const MaxExpression = 1000

// MinInterval is the shortest interval of "@every".
const MinInterval = time.Second

// names of whole expressions.
var macros = map[string]string{
	"@yearly":   "0 0 1 1 *",
	"@annually": "0 0 1 1 *",
	"@monthly":  "0 0 1 * *",
	"@weekly":   "0 0 * * 0",
	"@daily":    "0 0 * * *",
	"@midnight": "0 0 * * *",
	"@hourly":   "0 * * * *",
}

// Parse reads an expression. It is read in the zone that it names, else in
// location, else in UTC. An expression that cannot be due, such as one for 30
// February, is an error. All errors are of the type *ParseError.
func Parse(expression string, location *time.Location) (*Schedule, error) {
	if len(expression) > MaxExpression {
		return nil, &ParseError{expression[:40] + "...", MaxExpression, fmt.Sprintf("an expression has at most %d bytes", MaxExpression)}
	}
	if location == nil {
		location = time.UTC
	}
	s := &Schedule{location: location, anchor: time.Unix(0, 0)}
	p := &parser{expression: expression, words: split(expression)}
	if err := p.schedule(s); err != nil {
		return nil, err
	}
	return s, nil
}

// word is a part of an expression, and where it stands.
type word struct {
	text     string
	position int
}

// split returns what stands between blanks.
func split(text string) []word {
	var words []word
	for position := 0; position < len(text); {
		length := strings.IndexAny(text[position:], " \t")
		if length < 0 {
			length = len(text) - position
		}
		if length > 0 {
			words = append(words, word{text[position : position+length], position})
		}
		position += length + 1
	}
	return words
}

type parser struct {
	expression string
	words      []word
}

func (p *parser) errorf(position int, format string, args ...any) error {
	return &ParseError{p.expression, position, fmt.Sprintf(format, args...)}
}

func (p *parser) schedule(s *Schedule) error {
	if err := p.zone(s); err != nil {
		return err
	}
	if len(p.words) == 0 {
		return p.errorf(len(p.expression), "there is nothing; write five fields, such as 0 6 * * MON-FRI")
	}
	if first := p.words[0]; strings.HasPrefix(first.text, "@") {
		if first.text == "@every" {
			return p.interval(s)
		}
		fields, known := macros[strings.ToLower(first.text)]
		if !known {
			return p.errorf(first.position, "there is no %s; there are @yearly, @monthly, @weekly, @daily, @hourly and @every", first.text)
		}
		if len(p.words) > 1 {
			return p.errorf(p.words[1].position, "nothing can follow %s", first.text)
		}
		p.words = split(fields)
	}
	return p.fields(s)
}

// zone takes CRON_TZ=Zone or TZ=Zone from the front.
func (p *parser) zone(s *Schedule) error {
	if len(p.words) == 0 {
		return nil
	}
	first := p.words[0]
	key, name, found := strings.Cut(first.text, "=")
	if !found || key != "CRON_TZ" && key != "TZ" {
		return nil
	}
	position := first.position + len(key) + 1
	// The empty name means UTC to time.LoadLocation, and Local the zone of the
	// machine; an expression says what it means everywhere.
	location, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return p.errorf(position, "there is no time zone %q; write a name such as Europe/Berlin", name)
	}
	s.location = location
	p.words = p.words[1:]
	return nil
}

func (p *parser) interval(s *Schedule) error {
	if len(p.words) != 2 {
		return p.errorf(p.words[0].position, "@every wants one duration, such as @every 90m")
	}
	given := p.words[1]
	every, err := time.ParseDuration(given.text)
	if err != nil {
		return p.errorf(given.position, "%q is no duration; write one such as 90m or 1h30m", given.text)
	}
	if every < MinInterval {
		return p.errorf(given.position, "an interval is at least %s", MinInterval)
	}
	s.every = every
	return nil
}

func (p *parser) fields(s *Schedule) error {
	words := p.words
	s.second = 1
	switch len(words) {
	case 5:
	case 6:
		set, _, err := p.set(words[0], seconds)
		if err != nil {
			return err
		}
		s.second = set
		words = words[1:]
	default:
		position := len(p.expression)
		if len(words) > 6 {
			position = words[6].position
		}
		return p.errorf(position, "there are %d fields; there must be 5 (minute, hour, day of month, month, day of week), or 6 with seconds in front", len(words))
	}
	var minuteStar, hourStar bool
	var err error
	if s.minute, minuteStar, err = p.set(words[0], minutes); err != nil {
		return err
	}
	if s.hour, hourStar, err = p.set(words[1], hours); err != nil {
		return err
	}
	if err = p.daysOfMonth(words[2], &s.dayOfMonth); err != nil {
		return err
	}
	if s.month, _, err = p.set(words[3], months); err != nil {
		return err
	}
	if err = p.daysOfWeek(words[4], &s.dayOfWeek); err != nil {
		return err
	}
	s.elapsed = minuteStar || hourStar
	if _, found := s.nextClock(unlikely, unlikely.AddDate(horizon, 0, 0)); !found {
		return p.errorf(words[2].position, "no month has such a day, so this is never due")
	}
	return nil
}

// unlikely begins a span with a leap year and each weekday at each date that
// can have one.
var unlikely = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// field says what may stand in a field.
type field struct {
	name     string
	min, max int
	names    []string // of values from min on
}

var (
	seconds     = field{"second", 0, 59, nil}
	minutes     = field{"minute", 0, 59, nil}
	hours       = field{"hour", 0, 23, nil}
	daysInMonth = field{"day of month", 1, 31, nil}
	months      = field{"month", 1, 12, []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"}}
	daysInWeek  = field{"day of week", 0, 7, []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"}}
)

// items splits a field at its commas.
func items(field word) []word {
	var list []word
	position := field.position
	for item := range strings.SplitSeq(field.text, ",") {
		list = append(list, word{item, position})
		position += len(item) + 1
	}
	return list
}

// set reads a field without special items. star says that it begins with *.
func (p *parser) set(given word, f field) (set uint64, star bool, err error) {
	for _, item := range items(given) {
		values, err := p.item(item, f)
		if err != nil {
			return 0, false, err
		}
		set |= values
	}
	return set, strings.HasPrefix(given.text, "*"), nil
}

// item reads a value, a range or a star, each with a step or without.
func (p *parser) item(item word, f field) (uint64, error) {
	span, stepText, stepped := strings.Cut(item.text, "/")
	step := 1
	if stepped {
		position := item.position + len(span) + 1
		number, err := strconv.Atoi(stepText)
		if err != nil || number < 1 || number > f.max || stepText[0] == '+' {
			return 0, p.errorf(position, "the step of a %s is a number from 1 to %d, not %q", f.name, f.max, stepText)
		}
		step = number
	}
	low, high := f.min, f.max
	if span != "*" {
		from, to, ranged := strings.Cut(span, "-")
		var err error
		if low, err = p.value(word{from, item.position}, f); err != nil {
			return 0, err
		}
		switch {
		case ranged:
			if high, err = p.value(word{to, item.position + len(from) + 1}, f); err != nil {
				return 0, err
			}
			if high < low {
				return 0, p.errorf(item.position, "the range %s ends before it begins", span)
			}
		case !stepped:
			high = low
		}
	}
	var set uint64
	for value := low; value <= high; value += step {
		set |= 1 << value
	}
	return set, nil
}

// value reads a number or a name.
func (p *parser) value(given word, f field) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(name, given.text) {
			return f.min + i, nil
		}
	}
	number, err := strconv.Atoi(given.text)
	if err != nil || given.text[0] == '+' || given.text[0] == '-' {
		if len(f.names) > 0 {
			return 0, p.errorf(given.position, "%q is no %s; write a number or a name such as %s", given.text, f.name, f.names[0])
		}
		return 0, p.errorf(given.position, "%q is no %s; write a number", given.text, f.name)
	}
	if number < f.min || number > f.max {
		return 0, p.errorf(given.position, "%d is no %s; it goes from %d to %d", number, f.name, f.min, f.max)
	}
	return number, nil
}

// unrestricted says whether a day field leaves the days to the other one.
func unrestricted(given word) bool {
	return strings.HasPrefix(given.text, "*") || given.text == "?"
}

// star returns the field with * for ?.
func (w word) star() word {
	if w.text == "?" {
		w.text = "*"
	}
	return w
}

func (p *parser) daysOfMonth(given word, days *monthDays) error {
	days.restricted = !unrestricted(given)
	for _, item := range items(given.star()) {
		text := strings.ToUpper(item.text)
		switch {
		case text == "L":
			days.last |= 1
		case text == "LW":
			days.lastWeekday = true
		case strings.HasPrefix(text, "L-"):
			before, err := p.value(word{text[2:], item.position + 2}, field{"number of days before the last", 1, 30, nil})
			if err != nil {
				return err
			}
			days.last |= 1 << before
		case strings.HasSuffix(text, "W"):
			day, err := p.value(word{text[:len(text)-1], item.position}, daysInMonth)
			if err != nil {
				return err
			}
			days.weekday |= 1 << day
		default:
			set, err := p.item(item, daysInMonth)
			if err != nil {
				return err
			}
			days.days |= set
		}
	}
	return nil
}

func (p *parser) daysOfWeek(given word, days *weekDays) error {
	days.restricted = !unrestricted(given)
	for _, item := range items(given.star()) {
		text := strings.ToUpper(item.text)
		if name, number, found := strings.Cut(text, "#"); found {
			day, err := p.value(word{name, item.position}, daysInWeek)
			if err != nil {
				return err
			}
			nth, err := p.value(word{number, item.position + len(name) + 1}, field{"week of the month", 1, 5, nil})
			if err != nil {
				return err
			}
			days.nth[day%7] |= 1 << nth
			continue
		}
		if name, found := strings.CutSuffix(text, "L"); found {
			day, err := p.value(word{name, item.position}, daysInWeek)
			if err != nil {
				return err
			}
			days.last |= 1 << (day % 7)
			continue
		}
		set, err := p.item(item, daysInWeek)
		if err != nil {
			return err
		}
		days.days |= set | set>>7&1
	}
	return nil
}
