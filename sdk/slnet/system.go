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
	// Attachments counts the files attached to instances, each compared with the
	// hash of its content.
	Attachments int64 `json:"Attachments,omitempty"`
	// Problems are the contradictions found, none in a sound store.
	Problems []string `json:"Problems,omitempty"`
}
