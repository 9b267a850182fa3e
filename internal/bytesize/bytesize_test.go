package bytesize_test

import (
	"math"
	"testing"

	"domovoi.dev/internal/bytesize"
)

func TestParse(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "100000": 100_000, "64MiB": 64 << 20, "64 MiB": 64 << 20, "1.5GiB": 3 << 29, "2TiB": 2 << 40, "1e3": 1000,
		"9223372036854775807": math.MaxInt64,
	} {
		if n, ok := bytesize.Parse(text); !ok || n != want {
			t.Errorf("%q is %d (%v), want %d", text, n, ok, want)
		}
	}
	for _, text := range []string{"", "MiB", "-1", "-1MiB", "NaN", "inf", "64MB", "64 mib", "1 2", "9223372036854775808", "9999999TiB"} {
		if n, ok := bytesize.Parse(text); ok {
			t.Errorf("%q is %d", text, n)
		}
	}
}

func TestTexts(t *testing.T) {
	for n, want := range map[int64][2]string{
		0: {"0 bytes", "0 B"}, 17: {"17 bytes", "17 B"}, 1024: {"1 KiB", "1.0 KiB"}, 1536: {"1536 bytes", "1.5 KiB"},
		512 << 20: {"512 MiB", "512.0 MiB"}, 3 << 29: {"1536 MiB", "1.5 GiB"}, 5 << 40: {"5 TiB", "5.0 TiB"}, 1 << 60: {"1048576 TiB", "1048576.0 TiB"},
	} {
		if exact, rounded := bytesize.Exact(n), bytesize.Rounded(n); exact != want[0] || rounded != want[1] {
			t.Errorf("%d is %q and %q, want %q", n, exact, rounded, want)
		}
	}
}
