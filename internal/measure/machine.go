package measure

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Machine is what a reader must know of the machine to compare figures. It
// holds nothing that says whose machine it is.
type Machine struct {
	date      time.Time
	cores     int
	processor string // model name, empty where it is not known
	load      string // load averages at the start, empty where not known
	fsync     Spread // seconds of a write of 4 KiB with its sync
}

// DescribeMachine looks at the machine, and at the disk of a directory.
func DescribeMachine(dir string) (Machine, error) {
	m := Machine{date: time.Now().UTC(), cores: runtime.NumCPU(), load: loadAverages()}
	if info, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		_, rest, _ := strings.Cut(string(info), "model name")
		line, _, _ := strings.Cut(rest, "\n")
		m.processor = strings.TrimSpace(strings.TrimLeft(line, "\t :"))
	}
	var err error
	m.fsync, err = fsyncLatency(dir)
	return m, err
}

// loadAverages are those of the last 1, 5 and 15 minutes, empty where not known.
func loadAverages() string {
	load, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return strings.Join(strings.Fields(string(load))[:3], " ")
}

// fsyncLatency appends 4 KiB to a file and syncs it, many times.
func fsyncLatency(dir string) (s Spread, err error) {
	own, err := os.MkdirTemp(dir, "domovoi-bench-")
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(own)) }()
	f, err := os.Create(filepath.Join(own, "sync"))
	if err != nil {
		return s, err
	}
	defer f.Close()
	page := make([]byte, 4<<10)
	var took []float64
	for range 100 {
		began := time.Now()
		if _, err := f.Write(page); err != nil {
			return s, err
		}
		if err := f.Sync(); err != nil {
			return s, err
		}
		took = append(took, time.Since(began).Seconds())
	}
	return SpreadOf(took), nil
}

// ProcessorTime is what this process and its children took so far. Those of the
// children that live are looked up, for the kernel adds up only the others.
func ProcessorTime() (time.Duration, error) {
	var total time.Duration
	for _, who := range []int{unix.RUSAGE_SELF, unix.RUSAGE_CHILDREN} {
		var used unix.Rusage
		if err := unix.Getrusage(who, &used); err != nil {
			return 0, err
		}
		total += time.Duration(used.Utime.Nano() + used.Stime.Nano())
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	for _, stat := range stats {
		content, _ := os.ReadFile(stat) // the process may have ended
		name := strings.LastIndexByte(string(content), ')')
		fields := strings.Fields(string(content[name+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(stat)))
		if err != nil {
			return 0, err
		}
		const schedulerClock = 2 // see clock_getcpuclockid(3)
		var t unix.Timespec
		if unix.ClockGettime(int32(^pid<<3|schedulerClock), &t) == nil {
			total += time.Duration(t.Nano())
		}
	}
	return total, nil
}
