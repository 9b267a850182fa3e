package openapi_test

import (
	"testing"

	"domovoi.dev/internal/leak"
)

func TestMain(m *testing.M) { leak.Main(m) }
