package garbage

import (
	"os"
	"runtime"
	"runtime/debug"
	"testing"
)

var kept, dropped []byte

// cyclesOf is how many collections there are while so much garbage is made, in bytes.
func cyclesOf(garbage int) uint32 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for range garbage >> 16 {
		dropped = make([]byte, 1<<16)
	}
	runtime.ReadMemStats(&after)
	return after.NumGC - before.NumGC
}

func TestASmallHeapIsCollectedAtMostOnceInSixteenMebibytes(t *testing.T) {
	if os.Getenv("GOGC") != "" {
		t.Skip("GOGC is set, and then Gather does nothing")
	}
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	floor := cyclesOf(128 << 20)
	Gather()
	got := cyclesOf(128 << 20)
	if got > 10 || got > floor/2 {
		t.Errorf("128 MiB of garbage were collected in %d cycles; want at most 10, and half of the %d before", got, floor)
	}
}

func TestALargeHeapIsCollectedAsUsual(t *testing.T) {
	defer debug.SetGCPercent(debug.SetGCPercent(usual))
	kept = make([]byte, 64<<20)
	runtime.GC()
	p := &pacer{percent: 400}
	p.adapt()
	runtime.KeepAlive(kept)
	kept = nil
	if got := debug.SetGCPercent(usual); got != usual {
		t.Errorf("with 64 MiB in use the percentage is %d, want %d", got, usual)
	}
}

func TestTheRoomIsTheSameWhateverIsInUse(t *testing.T) {
	for _, base := range []uint64{leastBase, 6 << 20, room} {
		got := base * uint64(percentOf(base)) / 100
		if got < room*9/10 || got > room {
			t.Errorf("with %d bytes in use %d may be allocated, want %d", base, got, room)
		}
	}
}
