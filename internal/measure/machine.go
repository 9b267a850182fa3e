package measure

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
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

// clockTick is the unit of processor time in /proc, which is the same on all Linux
// systems that Go runs on.
const clockTick = 10 * time.Millisecond

// ProcessorTime is what this process and its children took so far, also those that
// live, to 10 ms. It is for Linux; elsewhere it is 0.
func ProcessorTime() (time.Duration, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	own := strconv.Itoa(os.Getpid())
	ticks := 0
	for _, stat := range stats {
		content, _ := os.ReadFile(stat) // the process may have ended
		const (                         // counted from the field behind the name, see proc_pid_stat(5)
			parent   = 1
			user     = 11
			system   = 12
			ended    = 14 // the last of those of children that have ended
			allKnown = ended + 1
		)
		fields := strings.Fields(string(content[bytes.LastIndexByte(content, ')')+1:]))
		self := filepath.Base(filepath.Dir(stat)) == own
		if len(fields) < allKnown || !self && fields[parent] != own {
			continue
		}
		last := system
		if self {
			last = ended
		}
		for _, field := range fields[user : last+1] {
			n, err := strconv.Atoi(field)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return time.Duration(ticks) * clockTick, nil
}
