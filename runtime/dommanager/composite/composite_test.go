package composite_test

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"domovoi.dev/runtime/dommanager/composite"
)

func TestFormat(t *testing.T) {
	for _, test := range []struct {
		format string
		n      int64
		want   string
	}{
		// dom.md INC-01 to INC-04
		{"Pre-{0}-Post", 10, "Pre-10-Post"},
		{"REF-{0:000000}", 10, "REF-000010"},
		{"ORDER-{0:D6}", 10, "ORDER-000010"},
		{"", 10, "10"},

		// .NET: Composite formatting
		{"no item", 7, "no item"},
		{"0x{0:X} {0:E} {0:N}", 7, "0x7 7.000000E+000 7.00"},
		{"{{{0:D}}}", 6324, "{6324}"},
		{"{{0}}", 1, "{0}"},
		{"{{{{{0}}}}}", 1, "{{1}}"},
		{"{0,8}|", 42, "      42|"},
		{"{0,-8}|", 42, "42      |"},
		{"{0,1}|", 42, "42|"},
		{"{0,0}|{0,-0}|", 42, "42|42|"},
		{"{0 , 4 }|{0, -4 :D2}|", 2, "   2|02  |"},
		{"{00}", 5, "5"},
		{"{0:}", 5, "5"},
		{"é{0,3:°0}", 5, "é °5"},

		// .NET: Standard numeric format strings
		{"{0:B}", 42, "101010"},
		{"{0:b16}", 255, "0000000011111111"},
		{"{0:B}", -1, strings.Repeat("1", 64)},
		{"{0:C}", 1234, "¤1,234.00"},
		{"{0:c0}", -1234, "(¤1,234)"},
		{"{0:D}", 1234, "1234"},
		{"{0:d6}", -1234, "-001234"},
		{"{0:D2}", 12345, "12345"},
		{"{0:D0}", 0, "0"},
		{"{0:D20}", math.MinInt64, "-09223372036854775808"},
		{"{0:E}", 1052, "1.052000E+003"},
		{"{0:e2}", -1055, "-1.06e+003"},
		{"{0:E0}", 99, "1E+002"},
		{"{0:E2}", 999_999, "1.00E+006"},
		{"{0:E}", 0, "0.000000E+000"},
		{"{0:F}", 1234, "1234.00"},
		{"{0:F1}", 1234, "1234.0"},
		{"{0:f0}", -1234, "-1234"},
		{"{0:G}", 123456789, "123456789"},
		{"{0:G0}", math.MaxInt64, "9223372036854775807"},
		{"{0:G4}", 123456, "1.235E+05"},
		{"{0:g2}", 1000, "1e+03"},
		{"{0:G1}", 99, "1E+02"},
		{"{0:G2}", -99, "-99"},
		{"{0:N}", 1234, "1,234.00"},
		{"{0:N0}", -1234567, "-1,234,567"},
		{"{0:N1}", 123, "123.0"},
		{"{0:N0}", math.MinInt64, "-9,223,372,036,854,775,808"},
		{"{0:P}", 1, "100.00 %"},
		{"{0:p0}", -12, "-1,200 %"},
		{"{0:P1}", 0, "0.0 %"},
		{"{0:X}", 255, "FF"},
		{"{0:x4}", 255, "00ff"},
		{"{0:X4}", 10, "000A"},
		{"{0:X}", -1, "FFFFFFFFFFFFFFFF"},

		// .NET: Custom numeric format strings
		{"{0:00000}", 123, "00123"},
		{"{0:0}", 12345, "12345"},
		{"{0:####}", 3, "3"},
		{"{0:#}", 0, ""},
		{"{0:#.##}", 5, "5"},
		{"{0:0.00}", 5, "5.00"},
		{"{0:0.0#.#}", 5, "5.0"},
		{"{0:##,#}", 2147483647, "2,147,483,647"},
		{"{0:#,#,,}", 2147483647, "2,147"},
		{"{0:0,,}", 100_000_000, "100"},
		{"{0:#,0,,}", 1_000_000_000, "1,000"},
		{"{0:#,##0}", 10, "10"},
		{"{0:#,##0}", 1234567, "1,234,567"},
		{"{0:0,000,000}", 1234, "0,001,234"},
		{"{0:0,.000}", 10, "0.010"},
		{"{0:#,.###}", 10, ".01"},
		{"{0:0,}", 1499, "1"},
		{"{0:0,}", 1500, "2"},
		{"{0:0%}", 12, "1200%"},
		{"{0:#‰}", 3, "3000‰"},
		{"{0:#0.0e0}", 987654, "98.8e4"},
		{"{0:0.0##e+00}", 1503, "1.503e+03"},
		{"{0:0E-00}", 1500, "2E03"},
		{"{0:0E0}", 0, "0E0"},
		{"{0:0.00E+0 E+00}", 1234, "1.23E+3 E+00"},
		{"{0:00E+}", 12, "12E+"},
		{`{0:\###00\#}`, 987654, "#987654#"},
		{"{0:# 'degrees'}", 68, "68 degrees"},
		{"{0:# \"0;#\"}", 68, "68 0;#"},
		{"{0:'open 0}", 68, "open 0"},
		{"{0:# °}", 68, "68 °"},
		{`{0:#0.0#;(#0.0#);-\0-}`, 12, "12.0"},
		{`{0:#0.0#;(#0.0#);-\0-}`, -12, "(12.0)"},
		{`{0:#0.0#;(#0.0#);-\0-}`, 0, "-0-"},
		{"{0:#0.0#;(#0.0#)}", 0, "0.0"},
		{"{0:0;;zero}", -5, "-5"},
		{"{0:0;;zero}", 0, "zero"},
		{"{0:0,;-0,;none}", 499, "none"},
		{"{0:0,;(0,)}", -499, "0"},
		{"{0:0}", -7, "-7"},
		{"{0:abc}", -7, "-abc"},
		{"{0:00-00-00}", 123456, "12-34-56"},
		{"{0:(000) 000-0000}", 1234567890, "(123) 456-7890"},
		{"{0:.}", 12, "12"},
		{"{0:0}", math.MinInt64, "-9223372036854775808"},
	} {
		format, err := composite.Parse(test.format)
		if err != nil {
			t.Errorf("%q: %v", test.format, err)
			continue
		}
		if got := format.Format(test.n); got != test.want {
			t.Errorf("%q of %d: got %q, want %q", test.format, test.n, got, test.want)
		}
	}
}

func TestParseNamesThePosition(t *testing.T) {
	for _, test := range []struct{ format, want string }{
		{"a{", "position 3"},
		{"a}", "position 2"},
		{"éé}b", "position 3"},
		{"{}", "position 2"},
		{"{ 0}", "position 2"},
		{"{-1}", "position 2"},
		{"{1}", "position 2"},
		{"{99999999999999999999}", "position 2"},
		{"x{0", "position 2"},
		{"x{0:00", "position 2"},
		{"x{0,", "position 5"},
		{"x{0,a}", "position 5"},
		{"{0,-}", "position 4"},
		{"{0,1000}", "position 4"},
		{"{0;D6}", "position 3"},
		{"{0:0{0}}", "position 5"},
		{"{0:D100}", "position 4"},
		{"{0:R}", "position 4"},
		{"{0:A00}", "position 4"},
		{`{0:0\`, "position 1"},
		{"{0:'}'}", "position 7"},
		{strings.Repeat("x", 32_767), "32767 bytes"},
		{"\xff", "UTF-8"},
	} {
		format, err := composite.Parse(test.format)
		if err == nil {
			t.Errorf("%.40q was accepted: %q", test.format, format.Format(1))
		} else if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%.40q: %v; want %s", test.format, err, test.want)
		}
	}
}

func FuzzFormat(f *testing.F) {
	for _, format := range []string{
		"", "Pre-{0}-Post", "{0,-8:D6}{{}}", "{0:#,##0.00;(0,);'zero'}", `{0:\###00\#}`, "{0:0.0##e+00 E0}", "{0:‰%,.,0}", "{0:G3}{0:E}{0:P}{0:C}",
	} {
		f.Add(format, int64(10))
		f.Add(format, int64(math.MinInt64))
	}
	f.Fuzz(func(t *testing.T, text string, n int64) {
		format, err := composite.Parse(text)
		if err != nil {
			return
		}
		got := format.Format(n)
		if !utf8.ValidString(got) {
			t.Errorf("%q of %d is not valid UTF-8: %q", text, n, got)
		}
		if again := format.Format(n); again != got {
			t.Errorf("%q of %d is %q, then %q", text, n, got, again)
		}
		if !strings.ContainsAny(text, "{}") && text != "" && got != text {
			t.Errorf("the text %q became %q", text, got)
		}
	})
}

// FuzzDigits compares formats that write all digits with what strconv makes of
// the number.
func FuzzDigits(f *testing.F) {
	for _, n := range []int64{0, 1, -1, 10, 999, 1000, math.MaxInt64, math.MinInt64} {
		f.Add(n)
	}
	strip := strings.NewReplacer(",", "", " %", "")
	f.Fuzz(func(t *testing.T, n int64) {
		want := strconv.FormatInt(n, 10)
		for _, text := range []string{"", "{0}", "{0:D}", "{0:G}", "{0:F0}", "{0:N0}", "{0:0}", "{0:#,##0}", "{0:#,0}", "{0:0.#}"} {
			format, err := composite.Parse(text)
			if err != nil {
				t.Fatal(err)
			}
			if got := strip.Replace(format.Format(n)); got != want {
				t.Errorf("%q of %d: got %q", text, n, got)
			}
		}
	})
}
