package main

import (
	"strings"
	"testing"
	"time"

	"domovoi.dev/sdk/slnet"
)

func TestSize(t *testing.T) {
	for text, want := range map[string]int64{"1": 1, "100000": 100_000, "512KiB": 512 << 10, "64MiB": 64 << 20, "1.5GiB": 3 << 29, "2TiB": 2 << 40} {
		var s size
		if err := s.Set(text); err != nil || int64(s) != want {
			t.Errorf("%s: %d, %v, want %d", text, s, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "off", "64MB", "MiB", "NaN", "inf", "1e300", "9000000TiB"} {
		if s := size(7); s.Set(text) == nil || s != 7 {
			t.Errorf("%q is taken as %d", text, s)
		}
	}
	var s sizeOrOff
	if err := s.Set("off"); err != nil || s != -1 || s.String() != "off" {
		t.Errorf("off: %d, %v", s, err)
	}
	if err := s.Set("1KiB"); err != nil || s.String() != "1024" {
		t.Errorf("1KiB: %d, %v", s, err)
	}
}

func TestProgress(t *testing.T) {
	var screen strings.Builder
	p := &progressLine{w: &screen}
	p.show("half")
	p.clear()
	if got, want := screen.String(), "\r\x1b[Khalf\r\x1b[K"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	screen.Reset()
	(&progressLine{w: &screen}).clear()
	if screen.Len() > 0 {
		t.Errorf("nothing was shown, and %q taken away", screen.String())
	}
	for _, test := range []struct{ got, want string }{
		{farText("rows", 3000, 3000, 0, 2*time.Second), "3000 rows, 1500/s"},
		{farText("rows", 3000, 3000, 12_000, 2*time.Second), "3000 rows, 1500/s, 25%, 6s left"},
		{farText("rows", 3000, 3000, 2900, 2*time.Second), "3000 rows, 1500/s, 100%, 0s left"}, // an estimate
		{sizeFarText("read", 3<<20, 12<<20, 2*time.Second), "3.0 MiB of 12.0 MiB read, 1.5 MiB/s, 25%, 6s left"},
		{backupText(&slnet.SystemInfoResponse{Backups: &slnet.BackupInfo{Writing: 1 << 20, Rows: 100}, Store: &slnet.StoreInfo{Rows: 200}}, time.Second), "1.0 MiB written: 100 rows, 100/s, 50%, 1s left"},
		{backupText(&slnet.SystemInfoResponse{Backups: &slnet.BackupInfo{Writing: 4 << 20, Reread: 1 << 20}}, time.Second), "1.0 MiB of 4.0 MiB read again"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	// Where there is no terminal nothing is asked for.
	new(progressLine).every(func() string { t.Error("asked"); return "" })()
}
