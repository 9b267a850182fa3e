package plugin

import (
	"bytes"
	"context"
	"errors"
	"runtime/pprof"
	"time"

	"github.com/google/uuid"
)

// runLabel is the label of all goroutines of a run: those started by a goroutine
// that has it have it too, whoever starts them.
const runLabel = "domovoi.run"

// carried is something to do in a goroutine of a run.
type carried struct {
	run uuid.UUID
	do  func()
}

// carry does something in a goroutine of a run. In a worker the goroutine waits
// for the next run afterwards, because an interpreter needs a deep stack, which
// has grown by then. A plugin binary gets a new one each time: compiled code can do things to its
// goroutine that last, and to the thread below it. The goroutine may end meanwhile.
func (s *service) carry(run uuid.UUID, do func()) {
	c := carried{run, do}
	select {
	case s.idle <- c: // never where there is no such channel
		return
	default:
	}
	go func() {
		c.carry()
		if s.idle == nil {
			return
		}
		for c := range s.idle {
			c.carry()
		}
	}()
}

// carry makes the calling goroutine one of the run for as long as that takes.
func (c carried) carry() {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(runLabel, c.run.String())))
	c.do()
	pprof.SetGoroutineLabels(context.Background())
}

// clean reports whether nothing of a run that has ended is left in this process:
// the source of the script cannot keep anything, the run did not panic, and none
// of its goroutines goes on.
func (s *service) clean(o outcome, run uuid.UUID) bool {
	switch {
	case !s.script.Stateless || s.shared || panicking(o.err) || panicking(o.destroyed):
		return false
	case !s.script.Concurrent:
		return true
	}
	// Goroutines that have done their work may still be about to end.
	for pause := 50 * time.Microsecond; pause < 10*time.Millisecond; pause *= 2 {
		if !going(run) {
			return true
		}
		time.Sleep(pause)
	}
	return false
}

// panicking reports whether an entry point ended otherwise than by returning:
// only then an error has a place and a text of its own.
func panicking(err error) bool {
	var located *LocatedError
	return errors.As(err, &located) && located.Message != ""
}

// going reports whether a goroutine of the run is there. It costs a fifth of a
// millisecond, so it is for scripts that may have any.
func going(run uuid.UUID) bool {
	var b bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&b, 1); err != nil {
		return true
	}
	return bytes.Contains(b.Bytes(), []byte(run.String()))
}
