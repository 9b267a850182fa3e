// Package garbage lets processes with small heaps collect their garbage less
// often.
package garbage

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
)

const (
	// room is how much a process may allocate from one collection to the next,
	// also where less than that is in use.
	room = 16 << 20
	// leastBase is what counts as in use at least: of the first cycle nothing is
	// known yet.
	leastBase = 4 << 20
	// usual is what Go lets gather unless told otherwise, in percent of what is in use.
	usual = 100
)

// Gather lets garbage gather up to 16 MiB before it is collected, where Go
// would begin when there is as much of it as there is in use. A collection looks
// at all that is in use, so a process that has little and allocates much spends
// a good part of its time on it. Processes that use more than 16 MiB are not
// touched, nor is a memory limit, and nothing happens when the environment says GOGC.
func Gather() {
	if os.Getenv("GOGC") != "" {
		return
	}
	p := &pacer{percent: usual}
	p.adapt()
	p.follow()
}

// pacer sets the percentage so that it comes to room.
type pacer struct {
	percent int // as it was set last
}

// cycle is something nobody refers to, so that its finalizer tells of the next
// collection.
type cycle struct{ pacer *pacer }

func (p *pacer) follow() { runtime.SetFinalizer(&cycle{p}, (*cycle).ended) }

func (c *cycle) ended() {
	c.pacer.adapt()
	c.pacer.follow()
}

// adapt sets the percentage by what the last collection has left. It stops the
// process for a moment, so small differences are let be.
func (p *pacer) adapt() {
	percent := percentOf(inUse())
	if p.percent*9/10 <= percent && percent <= p.percent*11/10 {
		return
	}
	debug.SetGCPercent(percent)
	p.percent = percent
}

// percentOf is the percentage of base, in bytes, that comes to room, but not less
// than the usual one.
func percentOf(base uint64) int {
	return int(max(usual, 100*room/max(base, leastBase)))
}

// inUse is what Go takes the percentage of, in bytes: what the last collection
// found in use.
func inUse() uint64 {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/globals:bytes"}, {Name: "/gc/scan/stack:bytes"}}
	metrics.Read(samples)
	var sum uint64
	for _, s := range samples {
		if s.Value.Kind() == metrics.KindUint64 {
			sum += s.Value.Uint64()
		}
	}
	return sum
}
