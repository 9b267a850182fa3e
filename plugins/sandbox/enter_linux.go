//go:build amd64 || arm64

package sandbox

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"time"
	"unsafe"

	"github.com/landlock-lsm/go-landlock/landlock"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

const executesFiles = true

// enter puts a policy into force, for all threads of the process.
func enter(p Policy) error {
	_, _ = time.Now().Zone() // reads the local time zone, which is a file
	if err := limit(p); err != nil {
		return err
	}
	if err := restrictFiles(p); err != nil {
		return err
	}
	if err := dropPrivileges(); err != nil {
		return err
	}
	return filterCalls(p)
}

const (
	// maxFiles is how many files a process may have open.
	maxFiles = 512
	// maxFileSize is the most bytes of a file it may write.
	maxFileSize = 1 << 30
)

// limit sets the limits of the process. Three are left alone: the size of the
// address space, which Go reserves much of and uses little; the resident size,
// which no kernel looks at; and the number of processes, which is counted by
// user, so that it would hit the daemon as well.
func limit(p Policy) error {
	limits := map[int]uint64{unix.RLIMIT_CORE: 0, unix.RLIMIT_NOFILE: maxFiles, unix.RLIMIT_FSIZE: maxFileSize}
	if p.CPU > 0 {
		limits[unix.RLIMIT_CPU] = p.CPU
	}
	for resource, most := range limits {
		var now syscall.Rlimit
		if err := syscall.Getrlimit(resource, &now); err != nil {
			return fmt.Errorf("read a limit: %w", err)
		}
		most = min(most, now.Max)
		// Of package syscall, for Go not to restore the limit of open files.
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: most, Max: most}); err != nil {
			return fmt.Errorf("set a limit: %w", err)
		}
	}
	return nil
}

// What every program but ours may read besides its grants, and what a process
// may that was granted network: libraries of programs that are not linked
// statically, time zones, names of hosts, certificates.
var (
	programFiles = []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/etc/localtime", "/usr/share/zoneinfo"}
	networkFiles = []string{"/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/host.conf", "/etc/gai.conf",
		"/etc/ssl", "/etc/pki", "/usr/share/ca-certificates", "/usr/local/share/ca-certificates", "/run/systemd/resolve"}
	devices = []string{"/dev/null", "/dev/zero", "/dev/random", "/dev/urandom"}
)

// restrictFiles takes all files away but those of the policy, and with them TCP
// ports, signals to others and abstract sockets, as far as Landlock can. Rules
// are about what a path leads to now.
func restrictFiles(p Policy) error {
	var rules []landlock.Rule
	add := func(dirs, files func(...string) landlock.FSRule, paths ...string) {
		for _, path := range paths {
			info, err := os.Stat(path)
			if err != nil {
				continue
			}
			if info.IsDir() {
				rules = append(rules, dirs(path).IgnoreIfMissing())
			} else {
				rules = append(rules, files(path).IgnoreIfMissing())
			}
		}
	}
	add(landlock.RODirs, landlock.ROFiles, p.Read...)
	add(writeDirs, writeFiles, p.Write...)
	add(landlock.RWDirs, landlock.RWFiles, p.Dir)
	if p.Program || p.Processes {
		add(landlock.RODirs, landlock.ROFiles, programFiles...)
		add(landlock.RWDirs, landlock.RWFiles, devices...)
	}
	if p.OnDisk {
		add(landlock.RODirs, landlock.ROFiles, fmt.Sprintf("/proc/self/fd/%d", ProgramFD))
	}
	if p.Network {
		add(landlock.RODirs, landlock.ROFiles, networkFiles...)
		for _, port := range p.Ports {
			rules = append(rules, landlock.ConnectTCP(port))
		}
	}
	if err := landlock.V9.BestEffort().Restrict(rules...); err != nil {
		return fmt.Errorf("landlock: %w", err)
	}
	return nil
}

// Who may write below a path may also connect to the sockets there.
func writeDirs(paths ...string) landlock.FSRule  { return landlock.RWDirs(paths...).WithResolveUnix() }
func writeFiles(paths ...string) landlock.FSRule { return landlock.RWFiles(paths...).WithResolveUnix() }

// noCapabilities is what capset is called with, on all threads. It is not on a
// stack, for those move.
var noCapabilities struct {
	header unix.CapUserHeader
	sets   [2]unix.CapUserData
}

// dropPrivileges gives up the capabilities that root has, and the ways to get
// any back.
func dropPrivileges() error {
	if _, _, errno := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); errno != 0 {
		return fmt.Errorf("no_new_privs: %w", errno)
	}
	noCapabilities.header.Version = unix.LINUX_CAPABILITY_VERSION_3
	_, _, errno := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&noCapabilities.header)), uintptr(unsafe.Pointer(&noCapabilities.sets)), 0)
	if errno != 0 {
		return fmt.Errorf("drop capabilities: %w", errno)
	}
	return nil
}

// filterCalls refuses the system calls that the policy leaves no use for.
func filterCalls(p Policy) error {
	filter, err := assemble(p, os.Getpid())
	if err != nil {
		return err
	}
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno == unix.ENOSYS || errno == unix.EINVAL {
		return nil // a kernel without filters
	}
	if errno != 0 {
		return fmt.Errorf("the filter of system calls: %w", errno)
	}
	return nil
}

// execute executes ProgramFD. It is the very file that was opened and hashed,
// whatever its path leads to by now.
func execute(name string) error {
	argv, err := syscall.SlicePtrFromStrings([]string{name})
	if err != nil {
		return err
	}
	env, err := syscall.SlicePtrFromStrings(os.Environ())
	if err != nil {
		return err
	}
	path := [1]byte{}
	_, _, errno := unix.RawSyscall6(unix.SYS_EXECVEAT, ProgramFD, uintptr(unsafe.Pointer(&path)),
		uintptr(unsafe.Pointer(&argv[0])), uintptr(unsafe.Pointer(&env[0])), unix.AT_EMPTY_PATH, 0)
	return fmt.Errorf("execute the program: %w", errno)
}

// probe enters an empty policy and tries what must not be possible, piece by
// piece, so that each is seen at work by itself.
func probe() Means {
	const file = "/proc/self/status"
	readable := func() bool {
		f, err := os.Open(file)
		if err != nil {
			return false
		}
		return f.Close() == nil
	}
	signals := func() bool { return unix.Kill(os.Getppid(), 0) == nil }
	couldRead, couldSignal := readable(), signals()

	var m Means
	m.Limits = limit(Policy{}) == nil
	if restrictFiles(Policy{}) == nil {
		m.Files = couldRead && !readable()
		m.Signals = couldSignal && !signals()
		m.Ports = errors.Is(connectAnywhere(), unix.EACCES)
	}
	if dropPrivileges() == nil {
		m.Privileges = !privileged()
	}
	if filterCalls(Policy{}) == nil {
		_, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
		m.Calls = errors.Is(err, unix.EPERM)
	}
	return m
}

// connectAnywhere connects to a port of this machine.
func connectAnywhere() error {
	s, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(s)
	return unix.Connect(s, &unix.SockaddrInet4{Port: 1, Addr: [4]byte{127, 0, 0, 1}})
}

// privileged reports whether the process has a capability.
func privileged() bool {
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var have [2]unix.CapUserData
	if err := unix.Capget(&header, &have[0]); err != nil {
		return true
	}
	return have[0].Effective|have[1].Effective|have[0].Permitted|have[1].Permitted != 0
}
