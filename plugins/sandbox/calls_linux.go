//go:build amd64 || arm64

package sandbox

import (
	"fmt"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// The filter is a list of what is refused. A list of what is allowed would be
// shorter, but what Go and the C libraries of plugins call changes with their
// versions, and a script must not break with an update of either.

// neverAllowed are the calls that no script has a use for, whatever it was
// granted: they reach into other processes, into the kernel, or around the
// restrictions of files.
var neverAllowed = []uint32{
	// Other processes.
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_KCMP,
	unix.SYS_PIDFD_OPEN, unix.SYS_PIDFD_GETFD, unix.SYS_PIDFD_SEND_SIGNAL,
	unix.SYS_PROCESS_MADVISE, unix.SYS_PROCESS_MRELEASE, unix.SYS_MIGRATE_PAGES, unix.SYS_MOVE_PAGES, unix.SYS_IOPRIO_SET,
	unix.SYS_SHMGET, unix.SYS_SHMAT, unix.SYS_SHMCTL, unix.SYS_MSGGET, unix.SYS_MSGCTL, unix.SYS_SEMGET, unix.SYS_SEMCTL, unix.SYS_MQ_OPEN,
	// Leaving the process group, which is what is killed.
	unix.SYS_SETSID, unix.SYS_SETPGID,
	// Namespaces and mounts.
	unix.SYS_UNSHARE, unix.SYS_SETNS, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_CHROOT,
	unix.SYS_MOVE_MOUNT, unix.SYS_OPEN_TREE, unix.SYS_FSOPEN, unix.SYS_FSCONFIG, unix.SYS_FSMOUNT, unix.SYS_FSPICK, unix.SYS_MOUNT_SETATTR,
	// The kernel and the machine.
	unix.SYS_BPF, unix.SYS_PERF_EVENT_OPEN, unix.SYS_USERFAULTFD, unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEYCTL,
	unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD, unix.SYS_INIT_MODULE, unix.SYS_FINIT_MODULE, unix.SYS_DELETE_MODULE,
	unix.SYS_REBOOT, unix.SYS_SWAPON, unix.SYS_SWAPOFF, unix.SYS_ACCT, unix.SYS_QUOTACTL, unix.SYS_QUOTACTL_FD, unix.SYS_SYSLOG, unix.SYS_VHANGUP,
	unix.SYS_SETTIMEOFDAY, unix.SYS_CLOCK_SETTIME, unix.SYS_ADJTIMEX, unix.SYS_CLOCK_ADJTIME,
	unix.SYS_SETHOSTNAME, unix.SYS_SETDOMAINNAME, unix.SYS_NFSSERVCTL, unix.SYS_LOOKUP_DCOOKIE,
	// What Landlock does not look at: files by handle, watching directories, and
	// changing what is known about a file by its path.
	unix.SYS_NAME_TO_HANDLE_AT, unix.SYS_OPEN_BY_HANDLE_AT, unix.SYS_FANOTIFY_INIT, unix.SYS_INOTIFY_ADD_WATCH,
	unix.SYS_FCHMODAT, unix.SYS_FCHMODAT2, unix.SYS_FCHOWNAT, unix.SYS_UTIMENSAT,
	unix.SYS_SETXATTR, unix.SYS_LSETXATTR, unix.SYS_REMOVEXATTR, unix.SYS_LREMOVEXATTR,
}

const (
	namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC | unix.CLONE_NEWUSER |
		unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWTIME
	protocolTCP = 6
	protocolUDP = 17
)

// The words of what a filter looks at: number and interface of the call, and the
// lower and upper halves of its arguments.
const (
	callWord = 0
	archWord = 4
)

func lower(argument int) uint32 { return uint32(16 + 8*argument) }
func upper(argument int) uint32 { return lower(argument) + 4 }

// assemble makes the filter of a process.
func assemble(p Policy, pid int) ([]unix.SockFilter, error) {
	f := filter{bpf.LoadAbsolute{Off: archWord, Size: 4}}
	f = append(f, bpf.JumpIf{Cond: bpf.JumpEqual, Val: auditArch, SkipTrue: 1}, bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
		bpf.LoadAbsolute{Off: callWord, Size: 4})
	if x32 != 0 {
		f = append(f, bpf.JumpIf{Cond: bpf.JumpGreaterOrEqual, Val: x32, SkipFalse: 1}, deny(unix.ENOSYS))
	}
	for _, list := range [][]uint32{neverAllowed, oldMetadata, oldSystem} {
		f.refuse(list...)
	}
	f.processes(p, uint32(pid))
	f.sockets(p)
	// The limits and priorities of others; the keyboard of a terminal.
	for _, call := range []uint32{unix.SYS_PRLIMIT64, unix.SYS_SCHED_SETAFFINITY, unix.SYS_SCHED_SETSCHEDULER, unix.SYS_SCHED_SETPARAM, unix.SYS_SCHED_SETATTR} {
		f.allowOnly(call, 0, 0, uint32(pid))
	}
	f.call(unix.SYS_SETPRIORITY,
		bpf.LoadAbsolute{Off: lower(0), Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.PRIO_PROCESS, SkipTrue: 1}, deny(unix.EPERM),
		bpf.LoadAbsolute{Off: lower(1), Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1}, deny(unix.EPERM), allow)
	f.refuseOnly(unix.SYS_IOCTL, 1, unix.TIOCSTI, unix.TIOCLINUX)
	f = append(f, allow)
	return f.raw()
}

type filter []bpf.Instruction

var allow = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}

func deny(errno unix.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)}
}

// call adds what happens to one call. The instructions must end the filter.
func (f *filter) call(number uint32, body ...bpf.Instruction) {
	*f = append(*f, bpf.JumpIf{Cond: bpf.JumpEqual, Val: number, SkipFalse: uint8(len(body))})
	*f = append(*f, body...)
}

func (f *filter) refuse(numbers ...uint32) {
	for _, number := range numbers {
		f.call(number, deny(unix.EPERM))
	}
}

// allowOnly refuses a call unless the argument has one of the values.
func (f *filter) allowOnly(number uint32, argument int, values ...uint32) {
	body := filter{bpf.LoadAbsolute{Off: lower(argument), Size: 4}}
	for _, value := range values {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipFalse: 1}, allow)
	}
	f.call(number, append(body, deny(unix.EPERM))...)
}

// refuseOnly refuses a call when the argument has one of the values.
func (f *filter) refuseOnly(number uint32, argument int, values ...uint32) {
	body := filter{bpf.LoadAbsolute{Off: lower(argument), Size: 4}}
	for _, value := range values {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpEqual, Val: value, SkipFalse: 1}, deny(unix.EPERM))
	}
	f.call(number, append(body, allow)...)
}

// processes adds the rules about processes. A process of its own may make
// threads and nothing else, and signal itself and its group, of which it is the
// head.
func (f *filter) processes(p Policy, pid uint32) {
	f.call(unix.SYS_CLONE3, deny(unix.ENOSYS)) // its flags are behind a pointer; libraries fall back to clone
	clone := filter{
		bpf.LoadAbsolute{Off: lower(0), Size: 4},
		bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: namespaces &^ unix.CSIGNAL, SkipFalse: 1}, deny(unix.EPERM),
	}
	if !p.Processes {
		clone = append(clone, bpf.JumpIf{Cond: bpf.JumpBitsSet, Val: unix.CLONE_THREAD, SkipTrue: 1}, deny(unix.EPERM))
	}
	f.call(unix.SYS_CLONE, append(clone, allow)...)
	f.refuseOnly(unix.SYS_PRCTL, 0, unix.PR_SET_PDEATHSIG)
	if p.Processes {
		return // children signal themselves too; others are out of reach by Landlock
	}
	f.refuse(oldForks...)
	f.refuse(unix.SYS_EXECVE)
	if p.Program {
		f.allowOnly(unix.SYS_EXECVEAT, 0, ProgramFD)
	} else {
		f.refuse(unix.SYS_EXECVEAT)
	}
	f.allowOnly(unix.SYS_KILL, 0, 0, pid, -pid)
	for _, call := range []uint32{unix.SYS_TGKILL, unix.SYS_RT_SIGQUEUEINFO, unix.SYS_RT_TGSIGQUEUEINFO} {
		f.allowOnly(call, 0, pid)
	}
	f.refuse(unix.SYS_TKILL)
}

// sockets adds the rules about sockets. Every script listens on a unix socket;
// connecting is for those that were granted something to connect to.
func (f *filter) sockets(p Policy) {
	body := filter{
		bpf.LoadAbsolute{Off: lower(0), Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_UNIX, SkipFalse: 1}, allow,
	}
	if p.Network {
		// Landlock knows the ports of TCP, but not those of protocols like
		// multipath TCP, which reach the same servers.
		body = append(body,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_NETLINK, SkipTrue: 3},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET, SkipTrue: 2},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: unix.AF_INET6, SkipTrue: 1},
			deny(unix.EPERM),
			bpf.LoadAbsolute{Off: lower(2), Size: 4},
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipFalse: 1}, allow,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: protocolTCP, SkipFalse: 1}, allow,
			bpf.JumpIf{Cond: bpf.JumpEqual, Val: protocolUDP, SkipFalse: 1}, allow,
			deny(unix.EPROTONOSUPPORT))
	} else {
		body = append(body, deny(unix.EPERM))
	}
	f.call(unix.SYS_SOCKET, body...)
	if p.Network || len(p.Write) > 0 {
		return
	}
	f.refuse(unix.SYS_CONNECT, unix.SYS_SENDMSG, unix.SYS_SENDMMSG)
	f.call(unix.SYS_SENDTO,
		bpf.LoadAbsolute{Off: lower(4), Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1}, deny(unix.EPERM),
		bpf.LoadAbsolute{Off: upper(4), Size: 4}, bpf.JumpIf{Cond: bpf.JumpEqual, Val: 0, SkipTrue: 1}, deny(unix.EPERM), allow)
}

// raw is the filter as the kernel takes it.
func (f filter) raw() ([]unix.SockFilter, error) {
	instructions, err := bpf.Assemble(f)
	if err != nil {
		return nil, fmt.Errorf("assemble the filter of system calls: %w", err)
	}
	out := make([]unix.SockFilter, len(instructions))
	for i, in := range instructions {
		out[i] = unix.SockFilter{Code: in.Op, Jt: in.Jt, Jf: in.Jf, K: in.K}
	}
	return out, nil
}
