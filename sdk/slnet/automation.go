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

// Script is a deployed script, plugin or library in one version. ID, Name,
// RunsAs, and whether it is disabled, belong to all versions of it.
type Script struct {
	// ID stays when the script is renamed.
	ID uuid.UUID `json:"Id"`
	// Name is the name it has now. That of a library begins with lib/.
	Name        string       `json:"Name"`
	Description string       `json:"Description,omitempty"`
	Engine      ScriptEngine `json:"Engine"`
	// Version counts the deployed versions from 1.
	Version int64 `json:"Version"`
	// Hash is the SHA-256 of the content in hexadecimal digits: of the plugin
	// binary, or of the names and contents of the source files.
	Hash string `json:"Hash"`
	// RestoredFrom is the version whose content this one has, where it was made
	// by RollBackScriptMessage.
	RestoredFrom int64 `json:"RestoredFrom,omitempty"`
	// Libraries are those it is built with, by name, also those that others of
	// them import.
	Libraries []ScriptLibrary `json:"Libraries,omitempty"`
	// EntryPoints are the entry points the script has.
	EntryPoints []string `json:"EntryPoints,omitempty"`
	// ParameterSchema and ResultSchema are JSON Schemas of what Run takes and of
	// what it returns. They are empty for a script whose Run takes only
	// parameters by name, and returns nothing.
	ParameterSchema JSON `json:"ParameterSchema,omitempty"`
	ResultSchema    JSON `json:"ResultSchema,omitempty"`
	// Files is the source, given where it was asked for.
	Files []ScriptFile `json:"Files,omitempty"`
	// Timeout ends a run that takes longer; 0 means the daemon's default.
	Timeout time.Duration `json:"Timeout,omitempty"`
	// Manifest is what the script's script.yaml says, nil where it has none.
	Manifest *Manifest `json:"Manifest,omitempty"`
	// ManifestText is the script.yaml itself, given where the source was asked
	// for.
	ManifestText string    `json:"ManifestText,omitempty"`
	DeployedAt   time.Time `json:"DeployedAt,omitzero"`
	DeployedBy   string    `json:"DeployedBy,omitempty"`
	// RunsAs is the user whose rights each run has, whoever starts it; empty means
	// that of whoever starts it. RunsAsID is that user's id.
	RunsAs   string    `json:"RunsAs,omitempty"`
	RunsAsID uuid.UUID `json:"RunsAsId"`
	// Disabled says that runs of it do not start; DisabledBy and DisabledAt tell
	// since when.
	Disabled   bool      `json:"Disabled,omitempty"`
	DisabledBy string    `json:"DisabledBy,omitempty"`
	DisabledAt time.Time `json:"DisabledAt,omitzero"`
}

// PluginState is the state of a shared process of a plugin.
type PluginState string

// The states of shared processes.
const (
	PluginRunning PluginState = "running"
	PluginStopped PluginState = "stopped" // the next run starts it
	PluginWaiting PluginState = "waiting" // it died; a run starts it again after a pause
)

// PluginProcess is a process that carries all runs of a plugin version which
// have the rights of one user, see ProcessShared.
type PluginProcess struct {
	Script        string      `json:"Script"`
	ScriptVersion int64       `json:"ScriptVersion"`
	RunsAs        string      `json:"RunsAs"`
	State         PluginState `json:"State"`
	// PID is the process id, and Runs how many runs it carries now.
	PID       int64     `json:"Pid,omitempty"`
	Runs      int64     `json:"Runs,omitempty"`
	StartedAt time.Time `json:"StartedAt,omitzero"`
	// Restarts counts its starts after the first.
	Restarts int64 `json:"Restarts,omitempty"`
	// LastError says why it died last, or could not be started.
	LastError   string    `json:"LastError,omitempty"`
	LastErrorAt time.Time `json:"LastErrorAt,omitzero"`
	// NotBefore is when a waiting process is started again at the earliest.
	NotBefore time.Time `json:"NotBefore,omitzero"`
}

// GetPluginProcessesMessage asks for the shared processes of plugins since the
// daemon began. Answered with PluginProcessesResponse.
type GetPluginProcessesMessage struct {
	// Name limits the answer to one plugin; empty means all.
	Name string `json:"Name,omitempty"`
}

// PluginProcessesResponse carries shared processes, by plugin and user.
type PluginProcessesResponse struct {
	Processes []PluginProcess `json:"Processes"`
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
	ID uuid.UUID `json:"Id"`
	// Script is the name the script had then; ScriptID tells which it was.
	Script        string    `json:"Script"`
	ScriptID      uuid.UUID `json:"ScriptId"`
	ScriptVersion int64     `json:"ScriptVersion"`
	// SourceHash is the Hash of source that was executed without being deployed;
	// ScriptVersion is 0 then. It is empty for runs of deployed versions.
	SourceHash string            `json:"SourceHash,omitempty"`
	Engine     ScriptEngine      `json:"Engine"`
	EntryPoint string            `json:"EntryPoint"`
	Parameters map[string]string `json:"Parameters,omitempty"`
	// Input is what Run was called with, with its defaults, where the script has
	// typed parameters.
	Input JSON `json:"Input,omitempty"`
	// StartedBy is who or what caused the run; RunsAs is the user whose rights
	// it has.
	StartedBy string `json:"StartedBy"`
	RunsAs    string `json:"RunsAs"`
	// StartedByID is the id of the user who caused the run, directly or by
	// another run, and RunsAsID that of RunsAs. The names are those of the time.
	StartedByID uuid.UUID `json:"StartedById"`
	RunsAsID    uuid.UUID `json:"RunsAsId"`
	// Scope limits the rights of the run: that of the token it was started with.
	Scope *TokenScope `json:"Scope,omitempty"`
	// Parents are the runs above this one, the topmost first.
	Parents []uuid.UUID `json:"Parents,omitempty"`
	// Trigger is why the run was started.
	Trigger RunTrigger `json:"Trigger,omitzero"`
	// ReplayOf is the run that this one repeats, zero for others.
	ReplayOf uuid.UUID `json:"ReplayOf"`
	// Attempt counts the executions of the run from 1. Attempts are the earlier
	// ones, of which the last ten are kept.
	Attempt  int64        `json:"Attempt"`
	Attempts []RunAttempt `json:"Attempts,omitempty"`
	State    RunState     `json:"State"`
	// DryRun says that nothing the run wrote was stored. DryRunOf is the dry run
	// that it belongs to, zero for one that no dry run started.
	DryRun   bool      `json:"DryRun,omitempty"`
	DryRunOf uuid.UUID `json:"DryRunOf"`
	// Priority, ConcurrencyKey and KeyLimit are those of ExecuteScriptMessage.
	Priority       int64  `json:"Priority,omitempty"`
	ConcurrencyKey string `json:"ConcurrencyKey,omitempty"`
	KeyLimit       int64  `json:"KeyLimit,omitempty"`
	// NotBefore is when a queued run starts at the earliest, where that is known.
	NotBefore time.Time `json:"NotBefore,omitzero"`
	// WaitsFor is what keeps a queued run from starting. It is filled in when the
	// run is asked for.
	WaitsFor *RunWait `json:"WaitsFor,omitempty"`

	QueuedAt  time.Time     `json:"QueuedAt,omitzero"`
	StartedAt time.Time     `json:"StartedAt,omitzero"`
	EndedAt   time.Time     `json:"EndedAt,omitzero"`
	Timeout   time.Duration `json:"Timeout,omitempty"`

	Output map[string]string `json:"Output,omitempty"`
	// Result is what Run returned besides its error, where it does.
	Result JSON `json:"Result,omitempty"`
	// ExitReason is the text given to ExitSuccess or ExitFail.
	ExitReason string     `json:"ExitReason,omitempty"`
	Errors     []RunError `json:"Errors,omitempty"`
	// LogBytes is the size of the run's log.
	LogBytes int64 `json:"LogBytes,omitempty"`
	// PeakMemory is the most memory that the process of the run had resident, in
	// bytes, and CPUTime the processor time it took, from its start to the end of
	// the run. Both are 0 where the process carried other runs too, and where
	// they are not known.
	PeakMemory int64         `json:"PeakMemory,omitempty"`
	CPUTime    time.Duration `json:"CpuTime,omitempty"`
}

// MaxRunInput and MaxRunResult bound the JSON of Input and Result, in bytes.
const (
	MaxRunInput  = 1 << 20
	MaxRunResult = 1 << 20
)

// LogLine is one line of the log of a run, or of the daemon.
type LogLine struct {
	Time time.Time `json:"Time"`
	// Level is DEBUG, INFO, WARN or ERROR, or STDOUT or STDERR for what a script
	// printed.
	Level string `json:"Level"`
	Text  string `json:"Text"`
	// Continued says that what was printed had more than fits into a line: the
	// next one of this level goes on with it.
	Continued bool `json:"Continued,omitempty"`
}

// DeployScriptMessage deploys Go source under a name. A first deployment makes
// version 1, a changed one the next version; the same content again changes
// nothing. Answered with ScriptResponse, or with an error that lists what the
// compiler found.
//
// A name that begins with lib/ makes it a library: a package of the name that
// follows, which scripts import by the whole name. A script is built with the
// newest versions of the libraries it imports, directly or through others, and
// keeps these until it is deployed again. The sender needs the right to execute
// each library that the source imports.
type DeployScriptMessage struct {
	Name        string        `json:"Name"`
	Description string        `json:"Description,omitempty"`
	Files       []ScriptFile  `json:"Files"`
	Timeout     time.Duration `json:"Timeout,omitempty"`
	// Manifest is the text of a script.yaml. Description and Timeout of the
	// message count before those in it.
	Manifest string `json:"Manifest,omitempty"`
	// RunsAs binds the script to a user, as UpdateScriptMessage does; nil leaves
	// it as it is.
	RunsAs *string `json:"RunsAs,omitempty"`
}

// CheckScriptMessage compiles source as a deployment under the name would, and
// stores nothing. Answered with CheckScriptResponse, also where the source has
// mistakes. The sender needs what deploying it needs.
type CheckScriptMessage struct {
	Name  string       `json:"Name"`
	Files []ScriptFile `json:"Files"`
	// Manifest is the text of a script.yaml.
	Manifest string `json:"Manifest,omitempty"`
}

// CheckScriptResponse says what is wrong with source, and what can be called of
// source with which nothing is.
type CheckScriptResponse struct {
	// Problems are in the order of the source, none in source that can be deployed.
	Problems []SourceProblem `json:"Problems,omitempty"`
	// Description, EntryPoints, ParameterSchema and ResultSchema are those that
	// the deployed Script would have.
	Description     string   `json:"Description,omitempty"`
	EntryPoints     []string `json:"EntryPoints,omitempty"`
	ParameterSchema JSON     `json:"ParameterSchema,omitempty"`
	ResultSchema    JSON     `json:"ResultSchema,omitempty"`
}

// SourceProblem is a mistake in the source of a script.
type SourceProblem struct {
	// File is the name of the source file, script.yaml for the manifest, empty
	// where the mistake is in none. Line and Column, in bytes, count from 1, 0
	// where they are not known.
	File    string `json:"File,omitempty"`
	Line    int64  `json:"Line,omitempty"`
	Column  int64  `json:"Column,omitempty"`
	Message string `json:"Message"`
}

// UpdateScriptMessage changes what is given of a script, without a new version.
// Answered with ScriptResponse.
type UpdateScriptMessage struct {
	Name string `json:"Name"`
	// RunsAs binds the script to a user: its runs have the rights of that user,
	// whoever starts them. Empty ends the binding. The sender must be that user,
	// or have all rights of that user and the permission AutomationRunAs or
	// SecurityAdministration; and so must whoever deploys a new version of a
	// bound script.
	RunsAs *string `json:"RunsAs,omitempty"`
	// Disabled makes that no runs of the script start any more, also none that
	// wait, or lets them start again. Runs that execute go on.
	Disabled *bool `json:"Disabled,omitempty"`
	// NewName renames the script; it may also be another way to write the name.
	// What refers to it by the former name goes on to mean it, grants of groups for
	// just this script included, until another script is renamed to that name, which is refused while something does. The sender
	// needs the right to edit scripts of both names. Libraries keep their names.
	NewName string `json:"NewName,omitempty"`
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
	// Manifest is the text of a script.yaml, as in DeployScriptMessage.
	Manifest string `json:"Manifest,omitempty"`
	// RunsAs binds the script to a user, as UpdateScriptMessage does; nil leaves
	// it as it is.
	RunsAs *string `json:"RunsAs,omitempty"`
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
	// Name limits the answer to one script, which must exist; empty means all.
	Name string `json:"Name,omitempty"`
}

// GetScriptMessage asks for one script with its source, without that of its
// libraries. Answered with ScriptResponse.
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

// ExecuteScriptMessage runs a script as the caller, or as the user the script is
// bound to. Answered with RunResponse:
// when Async is set as soon as the run is queued, otherwise when it has ended.
// A run that ended badly is not an error of the message. When the caller goes
// away, or its time is over, a run it waits for is cancelled, unless KeepRunning
// is set.
type ExecuteScriptMessage struct {
	ScriptName string `json:"ScriptName"`
	// ScriptVersion is the version to run; 0 means the newest.
	ScriptVersion int64 `json:"ScriptVersion,omitempty"`
	// EntryPoint is the function to call; empty means Run. The others are called
	// with an input that the platform makes, and not by this message.
	EntryPoint string            `json:"EntryPoint,omitempty"`
	Parameters map[string]string `json:"Parameters,omitempty"`
	// Input are the parameters of a script with typed ones: an object as its
	// ParameterSchema describes it. Parameters may name some of them too, as
	// texts. What is wrong is told at once, before a run is queued.
	Input JSON `json:"Input,omitempty"`
	Async bool `json:"Async,omitempty"`
	// DryRun asks for a run that changes nothing: it sees what is stored now and
	// its own writes, which nobody else does, and which are gone at its end. What
	// it would have changed is asked for with GetRunChangesMessage. Only messages
	// are held back, not what a script does by other means.
	DryRun bool `json:"DryRun,omitempty"`
	// KeepRunning lets the run go on when the caller goes away while it waits.
	KeepRunning bool `json:"KeepRunning,omitempty"`
	// Priority orders runs in the queue, those of a higher number first, from
	// -100 to 100. More than 0 needs the permission AutomationCancelRuns. Runs
	// that schedules and triggers start have PriorityBackground.
	Priority int64 `json:"Priority,omitempty"`
	// ConcurrencyKey names what runs share: of all runs with the same key no more
	// than KeyLimit execute at a time, 0 means 1. A run waits for its turn, unless
	// a run above it holds the key. Keys that begin with "schedule " are those of
	// schedules.
	ConcurrencyKey string `json:"ConcurrencyKey,omitempty"`
	KeyLimit       int64  `json:"KeyLimit,omitempty"`
	// Timeout overrides the script's own.
	Timeout time.Duration `json:"Timeout,omitempty"`
	// Options say some of this in the form of the original:
	// PARAMETERBYNAME:name:value (the value is all after the second colon),
	// PARAMETER:n:value, DEFER:TRUE for Async, EXTENDED_ERROR_INFO and
	// SKIP_STARTED_INFO_EVENT:TRUE, which change nothing. USER:cookie is refused.
	Options []string `json:"Options,omitempty"`
}

// ExecuteSourceMessage runs Go source once as the caller, without deploying it.
// The sender needs the rights to edit and to execute scripts of that name,
// whether there is one or not. The source is checked as that of a deployment is,
// and kept until the run has ended; the run has its hash. Answered with
// RunResponse, as ExecuteScriptMessage is.
type ExecuteSourceMessage struct {
	// Name is the name of the script in the record of the run.
	Name  string       `json:"Name"`
	Files []ScriptFile `json:"Files"`
	// Manifest is the text of a script.yaml. The user in its run-as is ignored.
	Manifest string `json:"Manifest,omitempty"`
	// Parameters, Input, Async, DryRun and Timeout are those of
	// ExecuteScriptMessage.
	Parameters map[string]string `json:"Parameters,omitempty"`
	Input      JSON              `json:"Input,omitempty"`
	Async      bool              `json:"Async,omitempty"`
	DryRun     bool              `json:"DryRun,omitempty"`
	Timeout    time.Duration     `json:"Timeout,omitempty"`
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
// ended. The run is without Input and Result, which GetRunMessage asks for.
type RunChangedEventMessage struct {
	Run Run `json:"Run"`
}

// Empty is the response that says only that the request was carried out.
type Empty struct{}
