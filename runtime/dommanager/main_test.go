package dommanager_test

import (
	"testing"

	"domovoi.dev/internal/daemontest"
)

// examples are the errors the tests met, for docs/errors.md.
var examples daemontest.Examples

func TestMain(m *testing.M) { daemontest.Main(examples.Of(m)) }
