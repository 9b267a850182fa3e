// Package composite writes a number by a .NET composite format string, such as
// REF-{0:000000}, in the invariant culture: what the ids of AutoIncrement fields
// are made with. Braces are read as by today's .NET, where {{{0:D}}} is a number
// in braces. (.NET: Composite formatting)
package composite

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Bounds of a format. .NET has wider ones; no id needs them, and a number within
// these never takes much memory.
const (
	maxBytes     = 32_766 // of the format
	maxWidth     = 999    // of an item, in characters
	maxPrecision = 99     // of a standard numeric format
)

// Format is a composite format string. It does not change.
type Format struct{ parts []part }

// part is a fixed text, or an item when number is set.
type part struct {
	text   string
	number numberFormat
	// width is the least number of characters of an item; a negative one puts the
	// spaces behind the number.
	width int
}

// numberFormat is what stands behind the colon of an item.
type numberFormat interface {
	append(b []byte, n int64) []byte
}

// Parse reads a composite format string whose only argument, {0}, is a number.
// An empty format is the number alone. The error names the position of the
// character that is wrong, counted from 1.
func Parse(format string) (*Format, error) {
	if len(format) > maxBytes {
		return nil, fmt.Errorf("the format has %d bytes, at most %d are allowed", len(format), maxBytes)
	}
	if !utf8.ValidString(format) {
		return nil, errors.New("the format is not valid UTF-8")
	}
	if format == "" {
		return &Format{[]part{{number: general}}}, nil
	}
	p := parser{format: format}
	for p.at < len(format) {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	p.endText()
	return &Format{p.parts}, nil
}

// Format returns the text of a number.
func (f *Format) Format(n int64) string {
	var b []byte
	for _, part := range f.parts {
		if part.number == nil {
			b = append(b, part.text...)
			continue
		}
		start := len(b)
		b = part.number.append(b, n)
		missing := max(part.width, -part.width) - utf8.RuneCount(b[start:])
		if missing <= 0 {
			continue
		}
		b = append(b, strings.Repeat(" ", missing)...)
		if part.width > 0 {
			copy(b[start+missing:], b[start:])
			copy(b[start:], strings.Repeat(" ", missing))
		}
	}
	return string(b)
}

// parser reads a format from its begin to its end.
type parser struct {
	format string
	at     int // the next byte
	parts  []part
	text   []byte // fixed text that is not a part yet
}

// fail is an error about the byte at a position.
func (p *parser) fail(at int, format string, args ...any) error {
	return fmt.Errorf("position %d: %s", utf8.RuneCountInString(p.format[:at])+1, fmt.Sprintf(format, args...))
}

// next reads a byte of fixed text, a doubled brace or an item.
func (p *parser) next() error {
	c := p.format[p.at]
	if c != '{' && c != '}' {
		p.text = append(p.text, c)
		p.at++
		return nil
	}
	if strings.HasPrefix(p.format[p.at+1:], string(c)) {
		p.text = append(p.text, c)
		p.at += 2
		return nil
	}
	if c == '}' {
		return p.fail(p.at, "there is a } without a { before it; write }} for the character")
	}
	p.endText()
	return p.item()
}

func (p *parser) endText() {
	if len(p.text) > 0 {
		p.parts = append(p.parts, part{text: string(p.text)})
		p.text = p.text[:0]
	}
}

// item reads {index[,width][:format]}.
func (p *parser) item() (err error) {
	open := p.at
	p.at++
	begin := p.at
	switch index, ok := p.integer(); {
	case !ok:
		return p.fail(begin, "want the index of the argument after {, as in {0}; write {{ for the character")
	case index != 0:
		return p.fail(begin, "the index must be 0, there is one argument")
	}
	item := part{number: general}
	p.spaces()
	if p.accept(',') {
		if item.width, err = p.width(); err != nil {
			return err
		}
	}
	if p.accept(':') {
		end := strings.IndexAny(p.format[p.at:], "{}")
		if end < 0 {
			return p.fail(open, "the { is not closed")
		}
		begin, text := p.at, p.format[p.at:p.at+end]
		p.at += end
		if p.format[p.at] == '{' {
			return p.fail(p.at, "there is a { within an item")
		}
		if item.number, err = parseNumberFormat(text); err != nil {
			return p.fail(begin, "%v", err)
		}
	}
	if !p.accept('}') {
		if p.at == len(p.format) {
			return p.fail(open, "the { is not closed")
		}
		r, _ := utf8.DecodeRuneInString(p.format[p.at:])
		return p.fail(p.at, "%q is not allowed here; an item is {0}, {0,width}, {0:format} or {0,width:format}", r)
	}
	p.parts = append(p.parts, item)
	return nil
}

// width reads what stands behind the comma of an item.
func (p *parser) width() (int, error) {
	p.spaces()
	begin := p.at
	negative := p.accept('-')
	width, ok := p.integer()
	switch {
	case !ok:
		return 0, p.fail(begin, "want the width of the item after the comma, as in {0,8} or {0,-8}")
	case width > maxWidth:
		return 0, p.fail(begin, "an item is at most %d characters wide", maxWidth)
	case negative:
		width = -width
	}
	p.spaces()
	return width, nil
}

// integer reads digits; ok is false when there are none. A large number is cut.
func (p *parser) integer() (n int, ok bool) {
	for p.at < len(p.format) && isDigit(p.format[p.at]) {
		n = min(n*10+int(p.format[p.at]-'0'), 1_000_000)
		ok = true
		p.at++
	}
	return n, ok
}

func (p *parser) spaces() {
	for p.accept(' ') {
	}
}

// accept reads a byte if it is the next one.
func (p *parser) accept(c byte) bool {
	if p.at < len(p.format) && p.format[p.at] == c {
		p.at++
		return true
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// parseNumberFormat reads a numeric format string. A letter, alone or with
// digits behind it, is a standard one; everything else is a custom one.
func parseNumberFormat(text string) (numberFormat, error) {
	if text == "" {
		return general, nil
	}
	specifier, digits := text[0], text[1:]
	letter := 'a' <= specifier|0x20 && specifier|0x20 <= 'z'
	if !letter || strings.Trim(digits, "0123456789") != "" {
		return parseCustom(text), nil
	}
	return parseStandard(specifier, digits)
}
