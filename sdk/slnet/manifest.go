package slnet

import "time"

// Manifest says how a script is run and what it may reach: the content of its
// script.yaml. A script without one reaches nothing but the engine.
type Manifest struct {
	Description string `json:"Description,omitempty"`
	// Timeout ends a run that takes longer; 0 means the daemon's default.
	Timeout time.Duration `json:"Timeout,omitempty"`
	// Retry, Concurrency and RunAs are kept with the version.
	Retry ScriptRetry `json:"Retry,omitzero"`
	// Concurrency is how many runs of the script may execute at a time; 0 means
	// any number.
	Concurrency int64 `json:"Concurrency,omitempty"`
	// RunAs is the user whose rights runs have; empty means who starts them.
	RunAs   string        `json:"RunAs,omitempty"`
	Process ScriptProcess `json:"Process,omitempty"`
	Grants  ScriptGrants  `json:"Grants,omitzero"`
	Limits  ScriptLimits  `json:"Limits,omitzero"`
	// Retention says which runs of the script are kept.
	Retention ScriptRetention `json:"Retention,omitzero"`
}

// ScriptRetention says which runs of a script are kept; 0 means the daemon's
// default. Runs that have not ended, and those above them, are always kept. Runs
// that succeeded are counted by themselves, and so are all others.
type ScriptRetention struct {
	// Age is how long runs that succeeded are kept after their end, and FailedAge
	// how long the others are, which is no less than Age.
	Age       time.Duration `json:"Age,omitempty"`
	FailedAge time.Duration `json:"FailedAge,omitempty"`
	// Runs is how many are kept, the newest ones, and Logs how many bytes their
	// logs may have.
	Runs int64 `json:"Runs,omitempty"`
	Logs int64 `json:"Logs,omitempty"`
}

// IsZero reports whether all of it is the daemon's default.
func (r ScriptRetention) IsZero() bool { return r == ScriptRetention{} }

// ScriptRetry says how a run is repeated that failed.
type ScriptRetry struct {
	// Attempts is how many times a run is executed at most; 0 and 1 mean once.
	Attempts int64 `json:"Attempts,omitempty"`
	// Delay is the time before the second attempt; it doubles for each further
	// one, up to MaxDelay.
	Delay    time.Duration `json:"Delay,omitempty"`
	MaxDelay time.Duration `json:"MaxDelay,omitempty"`
}

// IsZero reports whether runs are not repeated.
func (r ScriptRetry) IsZero() bool { return r == ScriptRetry{} }

// ScriptProcess says which process carries a run.
type ScriptProcess string

// The processes.
const (
	ProcessPerRun ScriptProcess = "" // each run has its own
	// ProcessShared is for plugins: one process carries all runs of a version that
	// have the rights of the same user, also at the same time.
	ProcessShared ScriptProcess = "shared"
)

// ScriptGrants are what a script may reach outside of its process, besides the
// engine.
type ScriptGrants struct {
	// Network are the servers it may connect to, as host:port.
	Network []string `json:"Network,omitempty"`
	// Read and Write are absolute paths of files and directories that it may
	// read, or read and write, with all below them.
	Read  []string `json:"Read,omitempty"`
	Write []string `json:"Write,omitempty"`
	// Processes allows it to start other programs, of those it may read.
	Processes bool `json:"Processes,omitempty"`
}

// IsZero reports whether nothing is granted.
func (g ScriptGrants) IsZero() bool {
	return len(g.Network) == 0 && len(g.Read) == 0 && len(g.Write) == 0 && !g.Processes
}

// ScriptLimits are what a run may use up; 0 means the daemon's default.
type ScriptLimits struct {
	// Memory is the most bytes its process may have resident.
	Memory int64 `json:"Memory,omitempty"`
	// CPU is how much processor time it may take.
	CPU time.Duration `json:"Cpu,omitempty"`
	// Output is the most bytes of its log; what comes after is dropped.
	Output int64 `json:"Output,omitempty"`
}

// IsZero reports whether all limits are the defaults.
func (l ScriptLimits) IsZero() bool { return l == ScriptLimits{} }
