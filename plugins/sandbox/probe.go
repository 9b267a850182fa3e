package sandbox

import (
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
)

// Means are the means of the sandbox, each true when it is in force on this
// machine.
type Means struct {
	// Files: no files but those of the policy can be opened.
	Files bool
	// Ports: no TCP ports but those of the policy can be connected to.
	Ports bool
	// Signals: processes outside of the sandbox get no signals from it, also
	// where Processes are allowed.
	Signals bool
	// Calls: system calls that reach outside are refused: sockets, processes,
	// signals, tracing, mounting.
	Calls bool
	// Privileges: those of root are gone for good.
	Privileges bool
	// Limits: open files, the size of files and core dumps are bounded.
	Limits bool
}

// probeArgument asks the verb for what is in force.
const probeArgument = "probe"

// Probe finds out which means are in force, by a process that enters an empty
// policy and then tries what it must not be able to do. The program is one that
// has the verb.
func Probe(ctx context.Context, program string) (m Means, err error) {
	cmd := exec.CommandContext(ctx, program, Verb, probeArgument)
	cmd.Env = []string{}
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &m)
	}
	if err != nil {
		return Means{}, fmt.Errorf("try the sandbox: %w", err)
	}
	return m, nil
}
