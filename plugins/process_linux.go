package plugins

import (
	"bytes"
	"os"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// self is this very program, not the file at its path, which may be that of a
// newer version by now.
func self() (string, error) { return "/proc/self/exe", nil }

// childAttributes put a child at the head of a process group, so that it can be
// killed with all it started, and let it die with this process.
func childAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// awaitEnd waits for the end of a child and leaves it to be reaped: its id is
// not given to others until then.
func awaitEnd(pid int) {
	for {
		var info unix.Siginfo
		if err := unix.Waitid(unix.P_PID, pid, &info, unix.WEXITED|unix.WNOWAIT, nil); err != unix.EINTR {
			return
		}
	}
}

// unread is how much is in a pipe.
func unread(fd int) int {
	n, _ := unix.IoctlGetInt(fd, unix.TIOCINQ)
	return n
}

var pageSize = int64(os.Getpagesize())

// clockTick is the unit of processor time in /proc, which is the same on all
// Linux systems that Go runs on.
const clockTick = 10 * time.Millisecond

// sampleProcess looks at one process.
func sampleProcess(pid int) (sample, bool) {
	var buf [1024]byte
	s, _, ok := readStat(strconv.Itoa(pid), buf[:])
	return s, ok
}

// sampleGroups looks at all processes there are, and adds up those of each
// process group.
func sampleGroups() map[int]sample {
	groups := make(map[int]sample)
	dir, err := os.Open("/proc")
	if err != nil {
		return groups
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var buf [1024]byte
	for _, name := range names {
		if name[0] < '0' || name[0] > '9' {
			continue
		}
		if s, group, ok := readStat(name, buf[:]); ok {
			groups[group] = groups[group].plus(s)
		}
	}
	return groups
}

// readStat reads what /proc/<pid>/stat says of a process, see proc_pid_stat(5).
func readStat(pid string, buf []byte) (s sample, group int, ok bool) {
	b, ok := readProc("/proc/"+pid+"/stat", buf)
	if !ok {
		return sample{}, 0, false
	}
	end := bytes.LastIndexByte(b, ')') // the name of the program may hold anything
	if end < 0 {
		return sample{}, 0, false
	}
	const ( // counted from the field behind the name
		groupField  = 2
		userField   = 11
		systemField = 12
		threads     = 17
		resident    = 21
	)
	fields := bytes.Fields(b[end+1:])
	if len(fields) <= resident {
		return sample{}, 0, false
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(string(fields[i]), 10, 64)
		return n
	}
	return sample{
		memory:    number(resident) * pageSize,
		cpu:       time.Duration(number(userField)+number(systemField)) * clockTick,
		threads:   int(number(threads)),
		processes: 1,
	}, int(number(groupField)), true
}

// processorTime is what a process took with all its threads, see the clocks of
// other processes in clock_getcpuclockid(3).
func processorTime(pid int) time.Duration {
	const schedulerClock = 2
	var t unix.Timespec
	if unix.ClockGettime(int32(^pid<<3|schedulerClock), &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}

// memoryOf is what a process has resident, and the most it had since it executed
// its program.
func memoryOf(pid int) (now, peak int64) {
	var buf [4096]byte
	b, _ := readProc("/proc/"+strconv.Itoa(pid)+"/status", buf[:])
	value := func(name string) int64 {
		_, after, _ := bytes.Cut(b, []byte(name))
		after, _, _ = bytes.Cut(bytes.TrimLeft(after, " \t"), []byte(" "))
		n, _ := strconv.ParseInt(string(after), 10, 64)
		return n << 10
	}
	return value("\nVmRSS:"), value("\nVmHWM:")
}

// availableMemory is the share of the machine's memory that can be had without
// swapping, 1 where it is not known.
func availableMemory() float64 {
	var buf [1024]byte
	b, _ := readProc("/proc/meminfo", buf[:])
	value := func(name string) float64 {
		_, after, _ := bytes.Cut(b, []byte(name+":"))
		fields := bytes.Fields(after)
		if len(fields) == 0 {
			return 0
		}
		n, _ := strconv.ParseFloat(string(fields[0]), 64)
		return n
	}
	if total := value("MemTotal"); total > 0 {
		return value("MemAvailable") / total
	}
	return 1
}

func readProc(path string, buf []byte) ([]byte, bool) {
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, false
	}
	defer unix.Close(fd)
	n, err := unix.Read(fd, buf)
	if err != nil || n <= 0 {
		return nil, false
	}
	return buf[:n], true
}
