// Package bytesize reads and writes numbers of bytes as people do: 64MiB, 1.5 GiB.
package bytesize

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

var units = []string{"KiB", "MiB", "GiB", "TiB"}

// Parse reads a number of bytes, or a number and one of the units KiB, MiB, GiB and
// TiB. It is not ok when text is something else, negative, or more than an int64
// holds.
func Parse(text string) (n int64, ok bool) {
	unit := 1.0
	for i, name := range units {
		if number, found := strings.CutSuffix(text, name); found {
			text, unit = strings.TrimRight(number, " "), math.Pow(1024, float64(i+1))
			break
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && unit == 1 {
		return n, n >= 0
	}
	number, err := strconv.ParseFloat(text, 64)
	if bytes := number * unit; err == nil && bytes >= 0 && bytes < math.MaxInt64 {
		return int64(bytes), true
	}
	return 0, false
}

// Exact is a number of bytes in the largest unit of which it is a whole number:
// "512 MiB", "1000 bytes".
func Exact(n int64) string {
	for i := len(units); i > 0; i-- {
		if unit := int64(1) << (10 * i); n >= unit && n%unit == 0 {
			return fmt.Sprintf("%d %s", n/unit, units[i-1])
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// Rounded is a number of bytes to a tenth of the unit that it has some of:
// "1.4 GiB", "17 B".
func Rounded(n int64) string {
	if n < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	value, unit := float64(n)/1024, 0
	for value >= 1024 && unit < len(units)-1 {
		value /= 1024
		unit++
	}
	return strconv.FormatFloat(value, 'f', 1, 64) + " " + units[unit]
}
