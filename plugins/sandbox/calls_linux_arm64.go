package sandbox

import "golang.org/x/sys/unix"

const auditArch = unix.AUDIT_ARCH_AARCH64

// x32 is the bit of a second interface of calls, which arm64 does not have.
const x32 = 0

// arm64 has no older forms of calls.
var oldForks, oldMetadata, oldSystem []uint32
