package sandbox_test

import (
	"os"
	"testing"

	"domovoi.dev/plugins/sandbox"
)

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == sandbox.Verb {
		sandbox.Main(os.Args[2:], func() {})
		return
	}
	os.Exit(m.Run())
}

func TestProbe(t *testing.T) {
	m, err := sandbox.Probe(t.Context(), "/proc/self/exe")
	t.Logf("%+v %v", m, err)
}
