package plugins

import (
	"strconv"
	"time"

	"domovoi.dev/plugins/sandbox"
)

// Grants are what a process may reach outside of itself. The zero value is
// nothing.
type Grants struct {
	// Ports are the TCP ports that may be connected to, on any machine. With any
	// port names can be looked up too, and UDP can be sent.
	Ports []uint16
	// Read and Write are the paths of files and directories that may be read, or
	// read and written, with all below them.
	Read, Write []string
	// Processes allows to start other programs, of those that may be read.
	Processes bool
}

// Bounds are what a process may use up. A process that exceeds them is killed,
// and the run it carries says why.
type Bounds struct {
	// Memory is the most bytes the process and what it starts may have resident;
	// 0 means DefaultMemory.
	Memory int64
	// CPU is how much processor time it may take; 0 means any.
	CPU time.Duration
}

const (
	// DefaultMemory is the bound on the memory of a process that has no other.
	DefaultMemory = 512 << 20
	// maxThreads and maxProcesses bound what a process and what it starts may
	// have of them.
	maxThreads   = 512
	maxProcesses = 64
)

func (b Bounds) memory() int64 {
	if b.Memory > 0 {
		return b.Memory
	}
	return DefaultMemory
}

// env tells Go programs their bound, so that they collect their garbage in time
// and are not killed for what nobody uses any more.
func (b Bounds) env() string {
	return "GOMEMLIMIT=" + strconv.FormatInt(b.memory()/10*9, 10)
}

// policy is the sandbox of a process.
func (s Spec) policy() sandbox.Policy {
	p := sandbox.Policy{
		Read: s.Grants.Read, Write: s.Grants.Write,
		Network: len(s.Grants.Ports) > 0, Ports: s.Grants.Ports,
		Processes: s.Grants.Processes,
		Program:   s.Path != "",
	}
	if s.Bounds.CPU > 0 {
		// The watch comes first and says why; the kernel is for when it does not.
		p.CPU = uint64(s.Bounds.CPU/time.Second) + 3
	}
	return p
}
