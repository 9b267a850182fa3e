package composite

import (
	"strings"
	"unicode/utf8"
)

// custom is a custom numeric format string in the invariant culture: up to three
// sections for positive numbers, negative ones and zero.
// (.NET: Custom numeric format strings)
type custom struct{ sections []section }

// section is one part of a custom format, ready to be written.
type section struct {
	tokens []token
	empty  bool // there is nothing between the semicolons
	// slots counts 0 and #, integers those before the decimal point.
	slots, integers int
	// minInteger and minDecimals are how many digits are always written before
	// and behind the decimal point.
	minInteger, minDecimals int
	grouped                 bool
	scientific              bool
	// scale is the power of ten the number is multiplied by.
	scale int
}

type tokenKind byte

const (
	tokenText     tokenKind = iota
	tokenDigit              // 0 or #
	tokenPoint              // the first decimal point
	tokenExponent           // the first E0, E+0 or E-0
)

type token struct {
	kind tokenKind
	// text is the text itself, or the letter of an exponent.
	text string
	// plus and digits belong to an exponent.
	plus   bool
	digits int
}

// maxExponentDigits bounds the zeros before an exponent, as .NET does.
const maxExponentDigits = 10

func parseCustom(format string) numberFormat {
	var f custom
	for {
		r := sectionReader{rest: format, firstZero: -1}
		r.empty = format == "" || format[0] == ';'
		r.read()
		f.sections = append(f.sections, r.finish())
		if r.rest == "" {
			return f
		}
		format = r.rest[1:] // behind the semicolon
	}
}

// sectionReader reads one section.
type sectionReader struct {
	section
	rest string // what is not read yet; in the end empty or at a semicolon
	// firstZero and lastZero are the numbers of slots before the first 0
	// and up to the last one.
	firstZero, lastZero int
	hasPoint            bool
	// comma is the number of slots before the last comma that follows one,
	// 0 for none, and commas how many commas follow each other there.
	comma, commas int
}

func (r *sectionReader) read() {
	for r.rest != "" && r.rest[0] != ';' {
		c, size := utf8.DecodeRuneInString(r.rest)
		text := r.rest[:size]
		r.rest = r.rest[size:]
		switch c {
		case '#':
			r.slot()
		case '0':
			if r.firstZero < 0 {
				r.firstZero = r.slots
			}
			r.slot()
			r.lastZero = r.slots
		case '.':
			if !r.hasPoint {
				r.hasPoint = true
				r.integers = r.slots
				r.tokens = append(r.tokens, token{kind: tokenPoint})
			}
		case ',':
			r.readComma()
		case '%':
			r.scale += 2
			r.addText(text)
		case '‰':
			r.scale += 3
			r.addText(text)
		case '\'', '"':
			quoted, rest, _ := strings.Cut(r.rest, text)
			r.addText(quoted)
			r.rest = rest
		case '\\':
			_, size := utf8.DecodeRuneInString(r.rest)
			r.addText(r.rest[:size])
			r.rest = r.rest[size:]
		case 'E', 'e':
			r.readExponent(text)
		default:
			r.addText(text)
		}
	}
}

func (r *sectionReader) slot() {
	r.slots++
	r.tokens = append(r.tokens, token{kind: tokenDigit})
}

func (r *sectionReader) addText(text string) {
	r.tokens = append(r.tokens, token{kind: tokenText, text: text})
}

// readComma reads a comma, which groups digits when slots follow it and
// divides by a thousand when the decimal point does.
func (r *sectionReader) readComma() {
	if r.slots == 0 || r.hasPoint {
		return
	}
	if r.comma == r.slots {
		r.commas++
		return
	}
	r.grouped = r.comma > 0
	r.comma, r.commas = r.slots, 1
}

// readExponent reads what may follow E: a sign and zeros. Without zeros E is a
// text, and a second exponent is one too.
func (r *sectionReader) readExponent(letter string) {
	sign := strings.TrimLeft(r.rest, "+-")
	signed := len(r.rest) - len(sign)
	zeros := len(sign) - len(strings.TrimLeft(sign, "0"))
	if signed > 1 || zeros == 0 {
		r.addText(letter)
		return
	}
	length := signed + zeros
	if r.scientific {
		r.addText(letter + r.rest[:length])
	} else {
		r.scientific = true
		r.tokens = append(r.tokens, token{
			kind: tokenExponent, text: letter, plus: r.rest[0] == '+', digits: min(zeros, maxExponentDigits),
		})
	}
	r.rest = r.rest[length:]
}

// finish computes what the slots mean together.
func (r *sectionReader) finish() section {
	if !r.hasPoint {
		r.integers = r.slots
	}
	if r.comma > 0 {
		if r.comma == r.integers {
			r.scale -= 3 * r.commas
		} else {
			r.grouped = true
		}
	}
	if r.firstZero >= 0 {
		r.minInteger = max(r.integers-r.firstZero, 0)
	}
	r.minDecimals = max(r.lastZero-r.integers, 0)
	return r.section
}

// section returns the section of an index, the first one where that is missing or
// empty.
func (f custom) section(i int) (s *section, first bool) {
	if i > 0 && i < len(f.sections) && !f.sections[i].empty {
		return &f.sections[i], false
	}
	return &f.sections[0], true
}

func (f custom) append(b []byte, n int64) []byte {
	d := newDecimal(n)
	i := 0
	switch {
	case n < 0:
		i = 1
	case n == 0:
		i = 2
	}
	s, first := f.section(i)
	if n != 0 {
		d.scale += s.scale
		keep := s.slots
		if !s.scientific {
			keep += d.scale - s.integers
		}
		if d.round(keep); len(d.digits) == 0 {
			s, first = f.section(2) // rounded to zero
		}
	}
	if first {
		b = appendSign(b, d)
	}
	return s.append(b, d)
}

// append writes the section with the digits of a number.
func (s *section) append(b []byte, d decimal) []byte {
	w := writer{section: s, decimal: d, b: b, scale: d.scale}
	exponent := 0
	if s.scientific {
		w.scale = s.integers
		if len(d.digits) > 0 {
			exponent = d.scale - s.integers
		}
	}
	w.position = max(w.scale, s.integers)
	for _, t := range s.tokens {
		switch t.kind {
		case tokenText:
			w.b = append(w.b, t.text...)
		case tokenDigit:
			w.surplus()
			w.digit()
		case tokenPoint:
			w.surplus()
			if s.minDecimals > 0 || s.slots > s.integers && len(d.digits) > w.scale {
				w.b = append(w.b, '.')
			}
		case tokenExponent:
			w.b = appendExponent(append(w.b, t.text...), exponent, t.plus, t.digits)
		}
	}
	return w.b
}

// writer writes the digits of a number to the slots of a section.
type writer struct {
	*section
	decimal
	b []byte
	// scale is how many digits stand before the decimal point.
	scale int
	// position is that of the next digit: 1 is before the decimal point, 0 behind.
	position int
}

// surplus writes the digits that have no slot. They stand where the first
// slot or the decimal point is.
func (w *writer) surplus() {
	for w.position > w.integers {
		w.digit()
	}
}

func (w *writer) digit() {
	i := w.scale - w.position
	written := i >= 0 || w.position <= w.minInteger
	if w.position < 1 {
		written = i < len(w.digits) || w.position > -w.minDecimals
	}
	if written {
		w.b = append(w.b, w.at(i))
		if w.grouped && w.position > 1 && w.position%3 == 1 {
			w.b = append(w.b, ',')
		}
	}
	w.position--
}
