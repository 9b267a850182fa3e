package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_X86_64

// x32 is the bit in the numbers of the calls of the x32 interface, which would
// get around a filter that knows them by other numbers.
const x32 = 0x40000000

// Calls that amd64 has in older forms beside those of calls_linux.go.
var (
	oldForks    = []uint32{unix.SYS_FORK, unix.SYS_VFORK}
	oldMetadata = []uint32{unix.SYS_CHMOD, unix.SYS_CHOWN, unix.SYS_LCHOWN, unix.SYS_UTIME, unix.SYS_UTIMES, unix.SYS_FUTIMESAT}
	oldSystem   = []uint32{unix.SYS_IOPL, unix.SYS_IOPERM, unix.SYS_MODIFY_LDT, unix.SYS_USELIB, unix.SYS_USTAT, unix.SYS_SYSFS,
		unix.SYS__SYSCTL, unix.SYS_CREATE_MODULE}
)
