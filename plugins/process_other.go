//go:build !linux

package plugins

import (
	"os"
	"syscall"
	"time"
)

func self() (string, error) { return os.Executable() }

// childAttributes put a child at the head of a process group. It notices the end
// of this process by the end of its standard input.
func childAttributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// awaitEnd does nothing: a child is waited for and reaped at once, and what it
// leaves behind is killed a moment after its id may have gone to others.
func awaitEnd(int) {}

func unread(int) int { return 0 }

// Nothing is known about a process here, and so its bounds are not kept.
func sampleProcess(int) (sample, bool) { return sample{}, false }

func sampleGroups() map[int]sample { return nil }

func memoryOf(int) (now, peak int64) { return 0, 0 }

func availableMemory() float64 { return 1 }

func processorTime(int) time.Duration { return 0 }
