package slnet

import "time"

// GetSystemInfoMessage asks about the daemon. Answered with SystemInfoResponse.
type GetSystemInfoMessage struct{}

// SystemInfoResponse describes the running daemon.
type SystemInfoResponse struct {
	Version   string    `json:"Version"`
	StartedAt time.Time `json:"StartedAt"`
	// StoreVersion is the version of the newest commit.
	StoreVersion int64 `json:"StoreVersion"`
	// Managers are the modules whose DOM manager is initialised.
	Managers []string `json:"Managers,omitempty"`
	// Isolation names the means in force that keep scripts from harming the
	// daemon.
	Isolation []string `json:"Isolation,omitempty"`
	// Safe says that the daemon was told to start nothing by itself: no schedules,
	// and no runs that waited when it started.
	Safe bool `json:"Safe,omitempty"`
	// RemovedRuns counts the runs that were removed because they were too old or
	// too many, and RemovedLogBytes the size of their logs, since there is the
	// store.
	RemovedRuns     int64 `json:"RemovedRuns,omitempty"`
	RemovedLogBytes int64 `json:"RemovedLogBytes,omitempty"`
	// ReadOnly says that the daemon was told to change nothing.
	ReadOnly bool `json:"ReadOnly,omitempty"`
	// Indexing are the modules whose instances are being indexed.
	Indexing []IndexingInfo `json:"Indexing,omitempty"`
	// Queue says how the runs do.
	Queue QueueInfo `json:"Queue"`
	// Store says how the store does; nil when it is none that could say.
	Store *StoreInfo `json:"Store,omitempty"`
	// Backups says how its backups do.
	Backups *BackupInfo `json:"Backups,omitempty"`
}

// IndexingInfo says how far the indexes of a module are that cannot be used yet.
type IndexingInfo struct {
	ModuleID string `json:"ModuleId"`
	// Instances are indexed already, of All.
	Instances int64 `json:"Instances"`
	All       int64 `json:"All"`
}

// QueueInfo are figures of the runs that have not ended, and of the processes of
// scripts.
type QueueInfo struct {
	// Slots are the runs that may execute at a time, those started by runs
	// excepted, and FreeSlots those of them not taken.
	Slots     int64 `json:"Slots"`
	FreeSlots int64 `json:"FreeSlots"`
	// Executing runs are under way, Waiting ones wait for their turn and Later ones
	// for their time. Of each that wait 10000 at most are counted.
	Executing int64 `json:"Executing"`
	Waiting   int64 `json:"Waiting"`
	Later     int64 `json:"Later"`
	// Ended counts the runs that have ended since the start of the daemon, and Failed
	// those of them that did not succeed.
	Ended  int64 `json:"Ended"`
	Failed int64 `json:"Failed"`
	// Workers and Plugins are processes, those that wait for a run included, which
	// are the Spares.
	Workers int64 `json:"Workers"`
	Plugins int64 `json:"Plugins"`
	Spares  int64 `json:"Spares"`
}

// StoreInfo are figures of the daemon's store. Counts are since its start, sizes
// are in bytes.
type StoreInfo struct {
	// ReadOnly says why the store takes no writes, and is empty when it does.
	ReadOnly string `json:"ReadOnly,omitempty"`
	// DiskBytes is what all files take, LiveBytes the part of it in use.
	DiskBytes int64 `json:"DiskBytes"`
	LiveBytes int64 `json:"LiveBytes"`
	// DiskFree is what the file system has free, MinFree with how much less the
	// store is read-only. Both are 0 when nobody watches that.
	DiskFree int64 `json:"DiskFree,omitempty"`
	MinFree  int64 `json:"MinFree,omitempty"`
	// Levels are the tables, the newest first. Read amplification is how many of
	// them a read may have to look at.
	Levels            []StoreLevel `json:"Levels,omitempty"`
	ReadAmplification int64        `json:"ReadAmplification"`
	// Flushes and Compactions were done; CompactionDebt estimates the bytes that
	// wait for it.
	Flushes        int64 `json:"Flushes"`
	Compactions    int64 `json:"Compactions"`
	CompactionDebt int64 `json:"CompactionDebt"`
	// MemTableBytes gather writes, CacheBytes are blocks of tables in memory.
	MemTableBytes int64 `json:"MemTableBytes"`
	CacheBytes    int64 `json:"CacheBytes"`
	CacheHits     int64 `json:"CacheHits"`
	CacheMisses   int64 `json:"CacheMisses"`
	// Snapshots and Iterators are open now.
	Snapshots int64 `json:"Snapshots"`
	Iterators int64 `json:"Iterators"`
	// Commits are transactions that were written, CommitGroups the synced writes
	// that carried them, Conflicts the attempts that lost against another one.
	Commits      int64 `json:"Commits"`
	CommitGroups int64 `json:"CommitGroups"`
	Conflicts    int64 `json:"Conflicts"`
	// Checked is how many rows the checks under way have looked at.
	Checked int64 `json:"Checked,omitempty"`
	// Rows estimates how many rows there are, while a check or a backup is under way
	// and otherwise not.
	Rows int64 `json:"Rows,omitempty"`
}

// StoreLevel is a level of tables.
type StoreLevel struct {
	Level  int64 `json:"Level"`
	Tables int64 `json:"Tables"`
	Bytes  int64 `json:"Bytes"`
}

// CompactStoreMessage takes one step of rewriting the store, which frees the
// space of what was deleted. It needs the permission SystemAdministration.
// Answered with CompactStoreResponse; the sender goes on with its Next until
// that is empty.
type CompactStoreMessage struct {
	// From is where the step begins, empty for the first one.
	From []byte `json:"From,omitempty"`
}

// CompactStoreResponse says how far the compaction is.
type CompactStoreResponse struct {
	// Next is where the next step begins, empty after the last one.
	Next []byte `json:"Next,omitempty"`
	// Remaining is how many bytes are still to be rewritten.
	Remaining int64 `json:"Remaining"`
	// Before and After are the bytes in use before and after this step.
	Before int64 `json:"Before"`
	After  int64 `json:"After"`
}

// CheckStoreMessage compares objects, indexes, counters, feed and attachments
// with each other while the daemon works. Answered with CheckStoreResponse.
type CheckStoreMessage struct{}

// CheckStoreResponse is the result of a check.
type CheckStoreResponse struct {
	// Objects, IndexEntries and FeedRows count what was looked at.
	Objects      int64 `json:"Objects"`
	IndexEntries int64 `json:"IndexEntries"`
	FeedRows     int64 `json:"FeedRows"`
	// Versions counts the earlier versions of objects, HistoryRows what belongs to
	// the history of instances, Counters the numbers of objects that are kept,
	// Records the daemon's own records, such as users and runs.
	Versions          int64 `json:"Versions,omitempty"`
	HistoryRows       int64 `json:"HistoryRows,omitempty"`
	Counters          int64 `json:"Counters,omitempty"`
	InformationEvents int64 `json:"InformationEvents,omitempty"`
	Records           int64 `json:"Records,omitempty"`
	AuditRecords      int64 `json:"AuditRecords,omitempty"`
	// Attachments counts the files attached to instances, each compared with the
	// hash of its content.
	Attachments int64 `json:"Attachments,omitempty"`
	// Problems are the contradictions found, none in a sound store.
	Problems []string `json:"Problems,omitempty"`
}

// GetMetricsMessage asks for the metrics of the daemon. It needs the permission
// SystemMetrics. Answered with MetricsResponse.
type GetMetricsMessage struct{}

// MetricsResponse has the metrics of the daemon.
type MetricsResponse struct {
	// Text is in the text format of Prometheus, version 0.0.4. docs/metrics.md
	// lists what stands in it.
	Text string `json:"Text"`
}

// GetLogLevelMessage asks what the daemon logs. It needs the permission
// SystemAdministration. Answered with LogLevelResponse.
type GetLogLevelMessage struct{}

// SetLogLevelMessage changes what the daemon logs, until it ends. It needs the
// permission SystemAdministration. Answered with LogLevelResponse.
type SetLogLevelMessage struct {
	// Level is the least that is logged: debug, info, warn or error.
	Level string `json:"Level"`
}

// LogLevelResponse says what the daemon logs.
type LogLevelResponse struct {
	Level string `json:"Level"`
}
