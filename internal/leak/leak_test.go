package leak

import (
	"os/exec"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

type tests func()

func (f tests) Run() int {
	f()
	return 0
}

// TestLeft: a goroutine and a process that tests leave are named, until they have ended.
func TestLeft(t *testing.T) {
	before, stop, stopped := goroutines(), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		<-stop
	}()
	child := exec.Command("cat")
	stdin, err := child.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Skipf("no process can be started here: %v", err)
	}
	left := wait(before, 0)
	for _, want := range []string{"TestLeft.func", "(cat)"} {
		if !strings.Contains(left, want) {
			t.Errorf("%q is not in what is left:\n%s", want, left)
		}
	}
	close(stop)
	<-stopped
	stdin.Close()
	if left := wait(before, 0); !strings.Contains(left, "(cat)") {
		t.Errorf("a process nobody waited for is not in what is left:\n%s", left)
	}
	child.Wait()
	if left := wait(before, patience); left != "" {
		t.Errorf("all has ended, and this is left:\n%s", left)
	}
	if code := Checked(tests(func() {})).Run(); code != 0 {
		t.Errorf("tests that leave nothing end with %d", code)
	}
}
