package pebblekv_test

import (
	"log/slog"
	"testing"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/kvtest"
	"domovoi.dev/storage/kv/pebblekv"
)

func TestConformance(t *testing.T) {
	for name, opts := range map[string]pebblekv.Options{
		"Defaults": {},
		// Every few commits flush and compact.
		"SmallMemTable": {MemTableSize: 16 << 10, CacheSize: 64 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			kvtest.Run(t, func(t *testing.T) kv.Store {
				opts.FS = pebblekv.MemFS()
				return open(t, opts)
			})
		})
	}
}

var quiet = slog.New(slog.DiscardHandler)

// open opens the store in a fixed directory.
func open(t testing.TB, opts pebblekv.Options) *pebblekv.Store {
	t.Helper()
	if opts.Logger == nil {
		opts.Logger = quiet
	}
	s, err := pebblekv.Open("store", opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
