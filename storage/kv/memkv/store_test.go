package memkv_test

import (
	"testing"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/kvtest"
	"domovoi.dev/storage/kv/memkv"
)

func TestConformance(t *testing.T) {
	kvtest.Run(t, func(*testing.T) kv.Store { return memkv.New() })
}
