package composite

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// standard is a standard numeric format string in the invariant culture.
// (.NET: Standard numeric format strings)
type standard struct {
	specifier byte // a lower-case letter
	upper     bool // whether it was written as an upper-case letter
	precision int  // -1 when none is given
}

// general is the format of an item without one.
var general = standard{'g', true, -1}

func parseStandard(specifier byte, digits string) (numberFormat, error) {
	f := standard{specifier: specifier | 0x20, precision: -1}
	f.upper = f.specifier != specifier
	if !strings.ContainsRune("bcdefgnpx", rune(f.specifier)) {
		return nil, fmt.Errorf("%c is no format of integers: use one of B, C, D, E, F, G, N, P and X, or put the letter in quotes", specifier)
	}
	if digits != "" {
		precision, err := strconv.Atoi(digits)
		if err != nil || precision > maxPrecision {
			return nil, fmt.Errorf("the precision %s is more than %d", digits, maxPrecision)
		}
		f.precision = precision
	}
	return f, nil
}

// or is the precision, or a default where none is given.
func (f standard) or(precision int) int {
	if f.precision < 0 {
		return precision
	}
	return f.precision
}

func (f standard) append(b []byte, n int64) []byte {
	d := newDecimal(n)
	switch f.specifier {
	case 'x', 'b':
		return f.appendBits(b, uint64(n))
	case 'd':
		return appendPadded(appendSign(b, d), d.integer(), f.or(0))
	case 'e':
		precision := f.or(6)
		d.round(precision + 1)
		return f.appendScientific(b, d, precision, 3)
	case 'g':
		if f.precision < 1 || d.scale <= f.precision {
			return append(appendSign(b, d), d.integer()...)
		}
		d.round(f.precision)
		return f.appendScientific(b, d, len(d.digits)-1, 2)
	case 'p':
		if len(d.digits) > 0 {
			d.scale += 2
		}
		return append(f.appendFixed(appendSign(b, d), d, true), " %"...)
	case 'c':
		if d.negative {
			return append(f.appendFixed(append(b, "(¤"...), d, true), ')')
		}
		return f.appendFixed(append(b, "¤"...), d, true)
	}
	return f.appendFixed(appendSign(b, d), d, f.specifier == 'n')
}

func appendSign(b []byte, d decimal) []byte {
	if d.negative {
		return append(b, '-')
	}
	return b
}

// appendPadded appends digits with zeros before them to a length.
func appendPadded(b, digits []byte, length int) []byte {
	for range length - len(digits) {
		b = append(b, '0')
	}
	return append(b, digits...)
}

// appendBits writes the two's complement of a number to the base 16 or 2.
func (f standard) appendBits(b []byte, bits uint64) []byte {
	base := 16
	if f.specifier == 'b' {
		base = 2
	}
	digits := strconv.FormatUint(bits, base)
	if f.upper {
		digits = strings.ToUpper(digits)
	}
	return appendPadded(b, []byte(digits), f.or(0))
}

// appendFixed writes a magnitude with as many decimals as the precision says.
func (f standard) appendFixed(b []byte, d decimal, grouped bool) []byte {
	integer := d.integer()
	for i, digit := range integer {
		b = append(b, digit)
		if left := len(integer) - 1 - i; grouped && left > 0 && left%3 == 0 {
			b = append(b, ',')
		}
	}
	if decimals := f.or(2); decimals > 0 {
		b = append(b, '.')
		b = appendPadded(b, nil, decimals)
	}
	return b
}

// appendScientific writes a rounded number as d.ddddE+ddd.
func (f standard) appendScientific(b []byte, d decimal, decimals, exponentDigits int) []byte {
	b = append(appendSign(b, d), d.at(0))
	if decimals > 0 {
		b = append(b, '.')
		for i := range decimals {
			b = append(b, d.at(i+1))
		}
	}
	letter := byte('e')
	if f.upper {
		letter = 'E'
	}
	exponent := 0
	if len(d.digits) > 0 {
		exponent = d.scale - 1
	}
	return appendExponent(append(b, letter), exponent, true, exponentDigits)
}

// appendExponent writes the sign and the digits of an exponent.
func appendExponent(b []byte, exponent int, plus bool, digits int) []byte {
	switch {
	case exponent < 0:
		b = append(b, '-')
		exponent = -exponent
	case plus:
		b = append(b, '+')
	}
	return appendPadded(b, strconv.AppendInt(nil, int64(exponent), 10), digits)
}

// decimal is 0.digits * 10^scale. The digits have no zeros at the end; zero has
// none, and the scale 0.
type decimal struct {
	digits   []byte
	scale    int
	negative bool
}

func newDecimal(n int64) decimal {
	magnitude := uint64(n)
	if n < 0 {
		magnitude = -magnitude
	}
	d := decimal{digits: strconv.AppendUint(nil, magnitude, 10), negative: n < 0}
	d.scale = len(d.digits)
	d.trim()
	return d
}

// trim removes zeros at the end.
func (d *decimal) trim() {
	n := len(d.digits)
	for n > 0 && d.digits[n-1] == '0' {
		n--
	}
	if d.digits = d.digits[:n]; n == 0 {
		d.scale, d.negative = 0, false
	}
}

// round keeps so many digits, half away from zero.
func (d *decimal) round(keep int) {
	if keep >= len(d.digits) {
		return
	}
	up := keep >= 0 && d.digits[keep] >= '5'
	d.digits = d.digits[:max(keep, 0)]
	if up {
		last := len(d.digits) - 1
		for last >= 0 && d.digits[last] == '9' {
			last--
		}
		if d.digits = d.digits[:last+1]; last >= 0 {
			d.digits[last]++
		} else {
			d.digits = append(d.digits, '1')
			d.scale++
		}
	}
	d.trim()
}

// at is the digit at an index, 0 beside those there are.
func (d *decimal) at(i int) byte {
	if i < 0 || i >= len(d.digits) {
		return '0'
	}
	return d.digits[i]
}

// integer are the digits of a number without decimals.
func (d *decimal) integer() []byte {
	if len(d.digits) == 0 {
		return []byte{'0'}
	}
	digits := slices.Clone(d.digits)
	for len(digits) < d.scale {
		digits = append(digits, '0')
	}
	return digits
}
