package endpoint_test

import (
	"testing"

	"domovoi.dev/internal/daemontest"
)

func TestMain(m *testing.M) { daemontest.Main(m) }
