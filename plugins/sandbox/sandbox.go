// Package sandbox takes from a process what the code it is about to run does not
// need: files, network, other processes, the privileges of root. The daemon
// starts each process of a script as
//
//	domovoi sandbox <policy> <name>
//
// which gives up what the policy does not leave it, and only then goes on as a
// worker, or executes the plugin binary it was handed as an open file. What was
// given up cannot be had back, neither by the process nor by one it starts.
//
// A kernel that lacks a piece is no error: the rest holds, and Probe says what
// that is. A piece that the kernel has and refuses to put into force is one, and
// the process does not start.
package sandbox

import (
	"encoding/json"
	"fmt"
	"os"
)

// Verb is the argument that makes a program of the daemon's a sandbox.
const Verb = "sandbox"

// ExecutesFiles reports whether the sandbox can execute an open file. Where it
// cannot, there is no sandbox for plugin binaries either.
const ExecutesFiles = executesFiles

// ProgramFD is the open file of the program to execute in the process that
// enters the sandbox, where there is one.
const ProgramFD = 3

// Policy is what is left to a process. The zero value leaves it nothing but
// memory, processors, and the files it was started with.
type Policy struct {
	// Dir is the process's own directory, for its socket and temporary files.
	Dir string `json:"dir,omitempty"`
	// Read and Write are files and directories it may read, execute what is in
	// them, or write; with all below them. Those that do not exist are ignored.
	Read  []string `json:"read,omitempty"`
	Write []string `json:"write,omitempty"`
	// Network leaves it sockets of the internet families: connections to the TCP
	// ports in Ports, and UDP, without which no name can be looked up.
	Network bool     `json:"network,omitempty"`
	Ports   []uint16 `json:"ports,omitempty"`
	// Processes leaves it fork and exec.
	Processes bool `json:"processes,omitempty"`
	// CPU is how many seconds of processor time it may take before the kernel
	// kills it; 0 means as many as it likes.
	CPU uint64 `json:"cpu,omitempty"`
	// Program says that ProgramFD is to be executed. OnDisk says that it is a
	// file on disk rather than a copy in memory.
	Program bool `json:"program,omitempty"`
	OnDisk  bool `json:"onDisk,omitempty"`
}

// Arguments are the arguments of a program of the daemon's for a process that
// enters the sandbox. The name is for people who look at the list of processes.
func (p Policy) Arguments(name string) []string {
	text, err := json.Marshal(p)
	if err != nil {
		panic(err) // strings and numbers
	}
	return []string{Verb, string(text), name}
}

// Main does what the verb does, given the arguments behind it, and returns only
// when worker did. A failure is told on the standard error, for the daemon to
// read, and ends the process.
func Main(arguments []string, worker func()) {
	if err := run(arguments, worker); err != nil {
		fmt.Fprintf(os.Stderr, "the sandbox: %v\n", err)
		os.Exit(71)
	}
}

func run(arguments []string, worker func()) error {
	if len(arguments) == 1 && arguments[0] == probeArgument {
		return json.NewEncoder(os.Stdout).Encode(probe())
	}
	if len(arguments) != 2 {
		return fmt.Errorf("%d arguments; the daemon starts this process, nobody else", len(arguments))
	}
	var policy Policy
	if err := json.Unmarshal([]byte(arguments[0]), &policy); err != nil {
		return fmt.Errorf("the policy: %w", err)
	}
	if err := enter(policy); err != nil {
		return err
	}
	if policy.Program {
		return execute(arguments[1])
	}
	worker()
	return nil
}
