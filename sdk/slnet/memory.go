package slnet

import (
	"time"

	"github.com/google/uuid"
)

// The bounds of the memory of a script.
const (
	MaxMemoryKey   = 200      // characters of a key
	MaxMemoryValue = 64 << 10 // bytes of a value
	MaxMemoryKeys  = 1000     // keys of a script
)

// MemoryEntry is one text that a script remembers.
type MemoryEntry struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
	// ChangedAt is when, and RunID the run in which, the value was set last.
	ChangedAt time.Time `json:"ChangedAt,omitzero"`
	RunID     uuid.UUID `json:"RunId"`
}

// GetMemoryMessage asks for a text that the script of the run which sends it
// remembers. Only a run may send it. Answered with MemoryResponse.
type GetMemoryMessage struct {
	Key string `json:"Key"`
}

// MemoryResponse carries a remembered text, empty where there is none.
type MemoryResponse struct {
	Value string `json:"Value"`
}

// SetMemoryMessage makes the script of the run which sends it remember a text:
// valid UTF-8 of at most MaxMemoryValue bytes, under a key of 1 to MaxMemoryKey
// characters. Only a run may send it. Answered with SetMemoryResponse.
type SetMemoryMessage struct {
	Key   string `json:"Key"`
	Value string `json:"Value"`
	// Old, where it is given, is the text that must be there now, empty for none.
	// If another one is, nothing changes.
	Old *string `json:"Old,omitempty"`
}

// SetMemoryResponse says whether a text was set.
type SetMemoryResponse struct {
	Set bool `json:"Set"`
}

// DeleteMemoryMessage makes the script of the run which sends it forget a text;
// there need not be one. Only a run may send it. Answered with Empty.
type DeleteMemoryMessage struct {
	Key string `json:"Key"`
}

// GetMemoryKeysMessage asks for the keys under which the script of the run which
// sends it remembers texts. Only a run may send it. Answered with
// MemoryKeysResponse.
type GetMemoryKeysMessage struct{}

// MemoryKeysResponse carries keys in their order by bytes.
type MemoryKeysResponse struct {
	Keys []string `json:"Keys"`
}

// GetScriptMemoryMessage asks for what a script remembers, for people who may
// edit it. Answered with ScriptMemoryResponse.
type GetScriptMemoryMessage struct {
	Name string `json:"Name"`
	// After continues behind the Next of an earlier answer.
	After string `json:"After,omitempty"`
}

// ScriptMemoryResponse carries what a script remembers, by key.
type ScriptMemoryResponse struct {
	Entries []MemoryEntry `json:"Entries"`
	// Next is where to continue when there is more; otherwise it is empty.
	Next string `json:"Next,omitempty"`
}

// ClearScriptMemoryMessage makes a script forget everything. Answered with Empty.
type ClearScriptMemoryMessage struct {
	Name string `json:"Name"`
}
