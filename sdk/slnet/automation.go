package slnet

import (
	"time"

	"github.com/google/uuid"
)

// ScriptEngine says how a script is run.
type ScriptEngine string

// The engines.
const (
	EngineInterpreted ScriptEngine = "interpreted" // Go source, run by an interpreter in a worker process
	EnginePlugin      ScriptEngine = "plugin"      // a plugin binary
)

// ScriptFile is one source file of a script.
type ScriptFile struct {
	// Name is the file's name within the script, without folders.
	Name    string `json:"Name"`
	Content string `json:"Content"`
}

// Script is a deployed script or plugin in one version.
type Script struct {
	Name        string       `json:"Name"`
	Description string       `json:"Description,omitempty"`
	Engine      ScriptEngine `json:"Engine"`
	// Version counts the deployed versions from 1.
	Version int64 `json:"Version"`
	// Hash is the SHA-256 of the content in hexadecimal digits: of the plugin
	// binary, or of the names and contents of the source files.
	Hash string `json:"Hash"`
	// EntryPoints are the entry points the script has.
	EntryPoints []string `json:"EntryPoints,omitempty"`
	// Files is the source, given where it was asked for.
	Files []ScriptFile `json:"Files,omitempty"`
	// Timeout ends a run that takes longer; 0 means the daemon's default.
	Timeout    time.Duration `json:"Timeout,omitempty"`
	DeployedAt time.Time     `json:"DeployedAt,omitzero"`
	DeployedBy string        `json:"DeployedBy,omitempty"`
}

// RunState is the state of a run.
type RunState string

// The states of a run.
const (
	RunQueued    RunState = "queued"
	RunRunning   RunState = "running"
	RunSucceeded RunState = "succeeded"
	RunFailed    RunState = "failed"
	RunCanceled  RunState = "cancelled"
	RunTimedOut  RunState = "timed out"
	RunLost      RunState = "lost" // the daemon ended while it ran
)

// Ended reports whether a run in this state is over.
func (s RunState) Ended() bool { return s != RunQueued && s != RunRunning && s != "" }

// RunError is something that went wrong in a run.
type RunError struct {
	Message string `json:"Message"`
	// File and Line are the place in the script's own source; empty and 0 where
	// it is not known.
	File string `json:"File,omitempty"`
	Line int64  `json:"Line,omitempty"`
	// Reasons are the documented reasons the error carries.
	Reasons []Reason `json:"Reasons,omitempty"`
}

// Run is the record of one execution of a script.
type Run struct {
	ID            uuid.UUID         `json:"Id"`
	Script        string            `json:"Script"`
	ScriptVersion int64             `json:"ScriptVersion"`
	Engine        ScriptEngine      `json:"Engine"`
	EntryPoint    string            `json:"EntryPoint"`
	Parameters    map[string]string `json:"Parameters,omitempty"`
	// StartedBy is who or what caused the run; RunsAs is the user whose rights
	// it has.
	StartedBy string `json:"StartedBy"`
	RunsAs    string `json:"RunsAs"`
	// Parents are the runs above this one, the topmost first.
	Parents []uuid.UUID `json:"Parents,omitempty"`
	Attempt int64       `json:"Attempt"`
	State   RunState    `json:"State"`

	QueuedAt  time.Time     `json:"QueuedAt,omitzero"`
	StartedAt time.Time     `json:"StartedAt,omitzero"`
	EndedAt   time.Time     `json:"EndedAt,omitzero"`
	Timeout   time.Duration `json:"Timeout,omitempty"`

	Output map[string]string `json:"Output,omitempty"`
	// ExitReason is the text given to ExitSuccess or ExitFail.
	ExitReason string     `json:"ExitReason,omitempty"`
	Errors     []RunError `json:"Errors,omitempty"`
	// LogBytes is the size of the run's log.
	LogBytes int64 `json:"LogBytes,omitempty"`
}

// LogLine is one line of a run's log.
type LogLine struct {
	Time time.Time `json:"Time"`
	// Level is DEBUG, INFO, WARN or ERROR, or STDOUT or STDERR for what the
	// script printed.
	Level string `json:"Level"`
	Text  string `json:"Text"`
}

// DeployScriptMessage deploys Go source under a name. A first deployment makes
// version 1, a changed one the next version; the same content again changes
// nothing. Answered with ScriptResponse, or with an error that lists what the
// compiler found.
type DeployScriptMessage struct {
	Name        string        `json:"Name"`
	Description string        `json:"Description,omitempty"`
	Files       []ScriptFile  `json:"Files"`
	Timeout     time.Duration `json:"Timeout,omitempty"`
}

// DeployPluginMessage deploys a plugin binary that was uploaded with
// UploadMessage. Answered with ScriptResponse.
type DeployPluginMessage struct {
	Name        string    `json:"Name"`
	Description string    `json:"Description,omitempty"`
	UploadID    uuid.UUID `json:"UploadId"`
	// SHA256 is the binary's expected hash in hexadecimal digits.
	SHA256  string        `json:"Sha256"`
	Timeout time.Duration `json:"Timeout,omitempty"`
}

// UploadMessage sends a piece of a file. The first piece has Offset 0; each
// next one continues where the last ended. Answered with Empty.
type UploadMessage struct {
	UploadID uuid.UUID `json:"UploadId"`
	Offset   int64     `json:"Offset"`
	Data     []byte    `json:"Data"`
}

// MaxUploadPiece is the most Data of one UploadMessage, in bytes.
const MaxUploadPiece = 4 << 20

// GetScriptsMessage asks for all scripts and plugins in their newest version,
// by name, without source. Answered with ScriptsResponse.
type GetScriptsMessage struct {
	// Engine limits the answer to one engine; empty means all.
	Engine ScriptEngine `json:"Engine,omitempty"`
}

// GetScriptMessage asks for one script with its source. Answered with
// ScriptResponse.
type GetScriptMessage struct {
	Name string `json:"Name"`
	// Version is the version wanted; 0 means the newest.
	Version int64 `json:"Version,omitempty"`
}

// ScriptResponse carries one script.
type ScriptResponse struct {
	Script Script `json:"Script"`
}

// ScriptsResponse carries scripts.
type ScriptsResponse struct {
	Scripts []Script `json:"Scripts"`
}

// ExecuteScriptMessage runs a script as the caller. Answered with RunResponse:
// when Async is set as soon as the run is queued, otherwise when it has ended.
// A run that ended badly is not an error of the message. When the caller goes
// away, a run it waits for is cancelled.
type ExecuteScriptMessage struct {
	ScriptName string `json:"ScriptName"`
	// EntryPoint is the function to call; empty means Run.
	EntryPoint string            `json:"EntryPoint,omitempty"`
	Parameters map[string]string `json:"Parameters,omitempty"`
	Async      bool              `json:"Async,omitempty"`
	// Timeout overrides the script's own.
	Timeout time.Duration `json:"Timeout,omitempty"`
	// Options say some of this in the form of the original:
	// PARAMETERBYNAME:name:value (the value is all after the second colon),
	// PARAMETER:n:value, DEFER:TRUE for Async, EXTENDED_ERROR_INFO and
	// SKIP_STARTED_INFO_EVENT:TRUE, which change nothing. USER:cookie is refused.
	Options []string `json:"Options,omitempty"`
}

// GetRunsMessage asks for runs, the newest first. Answered with RunsResponse.
type GetRunsMessage struct {
	Script string   `json:"Script,omitempty"`
	State  RunState `json:"State,omitempty"`
	// Limit is the most runs returned; 0 means 100, at most 1,000.
	Limit int64 `json:"Limit,omitempty"`
	// Before continues behind the last run of an earlier answer.
	Before uuid.UUID `json:"Before"`
}

// GetRunMessage asks for one run. Answered with RunResponse.
type GetRunMessage struct {
	ID uuid.UUID `json:"Id"`
	// Wait delays the answer until the run has ended. When the caller goes away
	// meanwhile, the run goes on.
	Wait bool `json:"Wait,omitempty"`
}

// RunResponse carries one run.
type RunResponse struct {
	Run Run `json:"Run"`
}

// RunsResponse carries runs.
type RunsResponse struct {
	Runs []Run `json:"Runs"`
}

// GetRunLogMessage asks for the log of a run. Answered with RunLogResponse.
type GetRunLogMessage struct {
	ID uuid.UUID `json:"Id"`
	// Offset is where to begin, in bytes; take it from the last answer's Next.
	Offset int64 `json:"Offset,omitempty"`
}

// RunLogResponse carries a piece of a log.
type RunLogResponse struct {
	Lines []LogLine `json:"Lines"`
	// Next is the Offset to ask for next.
	Next int64 `json:"Next"`
	// Ended reports that the run is over and Next is the end of its log.
	Ended bool `json:"Ended"`
}

// CancelRunMessage cancels a queued or running run. Answered with RunResponse.
type CancelRunMessage struct {
	ID uuid.UUID `json:"Id"`
}

// RunChangedEventMessage is the event of a run that was queued, started or
// ended.
type RunChangedEventMessage struct {
	Run Run `json:"Run"`
}

// Empty is the response that says only that the request was carried out.
type Empty struct{}
