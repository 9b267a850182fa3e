package slnet

import (
	"fmt"
	"time"
)

// ScriptLibrary is a library that a version of a script is built with.
type ScriptLibrary struct {
	// Name is the name of the library, which is also the path it is imported by.
	Name string `json:"Name"`
	// Version and Hash are those of the library when the script was deployed. A
	// newer version of the library changes nothing for the script.
	Version int64  `json:"Version"`
	Hash    string `json:"Hash"`
	// Files is the source. It is kept with the script and not given out with it.
	Files []ScriptFile `json:"Files,omitempty"`
}

// ScriptVersion is one version of a script among its others.
type ScriptVersion struct {
	Version     int64     `json:"Version"`
	Hash        string    `json:"Hash"`
	DeployedAt  time.Time `json:"DeployedAt,omitzero"`
	DeployedBy  string    `json:"DeployedBy,omitempty"`
	EntryPoints []string  `json:"EntryPoints,omitempty"`
	// RestoredFrom is the version whose content this one has, where it was made
	// by RollBackScriptMessage.
	RestoredFrom int64 `json:"RestoredFrom,omitempty"`
	// What follows reports what differs from the version before.
	SourceChanged    bool `json:"SourceChanged,omitempty"`
	ManifestChanged  bool `json:"ManifestChanged,omitempty"`
	LibrariesChanged bool `json:"LibrariesChanged,omitempty"`
}

// GetScriptVersionsMessage asks for the versions of a script, the newest first.
// Answered with ScriptVersionsResponse.
type GetScriptVersionsMessage struct {
	Name string `json:"Name"`
	// Limit is the most versions returned; 0 means 20, at most 100.
	Limit int64 `json:"Limit,omitempty"`
	// Before asks for versions below this one; 0 begins with the newest.
	Before int64 `json:"Before,omitempty"`
}

// ScriptVersionsResponse carries versions of a script.
type ScriptVersionsResponse struct {
	// Name is the name the script has now.
	Name     string          `json:"Name"`
	Versions []ScriptVersion `json:"Versions"`
	// Next is the Before that continues behind the last version; 0 when there are
	// no more.
	Next int64 `json:"Next,omitempty"`
}

// RollBackScriptMessage makes a new version of a script with the content of an
// old one: source or binary, manifest, libraries, description and timeout. Whom
// the script is bound to stays as it is. When the newest version has that content
// already, nothing changes. Answered with ScriptResponse.
type RollBackScriptMessage struct {
	Name    string `json:"Name"`
	Version int64  `json:"Version"`
}

// DeleteScriptMessage deletes a script with all its versions. It is refused while
// something refers to the script, see GetScriptReferencesMessage. Records and
// logs of its runs stay; runs that wait will not start. Answered with
// ScriptReferencesResponse: what refers to nothing now.
type DeleteScriptMessage struct {
	Name string `json:"Name"`
	// Force deletes the script although something refers to it. Scripts that are
	// built with a deleted library go on with what they were built with.
	Force bool `json:"Force,omitempty"`
}

// GetScriptReferencesMessage asks what refers to a script by its name, or to a
// library. Answered with ScriptReferencesResponse.
type GetScriptReferencesMessage struct {
	Name string `json:"Name"`
}

// MaxScriptReferences is the most references of a ScriptReferencesResponse.
const MaxScriptReferences = 100

// ScriptReferencesResponse carries references to a script.
type ScriptReferencesResponse struct {
	References []ScriptReference `json:"References"`
	// More is how many further references there are.
	More int64 `json:"More,omitempty"`
}

// ReferenceKind says what refers to a script.
type ReferenceKind string

// The kinds of references.
const (
	ReferenceScript             ReferenceKind = "script"              // the newest version of a script is built with the library
	ReferenceSchedule           ReferenceKind = "schedule"            // a schedule starts it
	ReferenceTrigger            ReferenceKind = "trigger"             // a trigger starts it
	ReferenceAPI                ReferenceKind = "api"                 // an API definition is answered by it
	ReferenceSecret             ReferenceKind = "secret"              // a secret names it among those that may read it
	ReferenceGroup              ReferenceKind = "group"               // a group has a grant for it alone
	ReferenceModuleSettings     ReferenceKind = "module settings"     // changes of the module's instances start it
	ReferenceDefinition         ReferenceKind = "definition"          // changes of the definition's instances start it
	ReferenceBehaviorDefinition ReferenceKind = "behavior definition" // an action starts it
)

// ScriptReference is something that refers to a script.
type ScriptReference struct {
	Kind ReferenceKind `json:"Kind"`
	// Name is that of the script, schedule, trigger, API, secret, group, definition
	// or behavior definition; module settings have the id of their module in ModuleID only.
	Name     string `json:"Name,omitempty"`
	ModuleID string `json:"ModuleId,omitempty"`
	// Place says where it stands there: OnCreate, OnUpdate or OnDelete, or the id
	// of an action.
	Place string `json:"Place,omitempty"`
	// Version is that of the script that is built with the library, LibraryVersion
	// the version of the library that it has.
	Version        int64 `json:"Version,omitempty"`
	LibraryVersion int64 `json:"LibraryVersion,omitempty"`
}

// String says it for people.
func (r ScriptReference) String() string {
	switch r.Kind {
	case ReferenceScript:
		return fmt.Sprintf("script %q version %d is built with its version %d", r.Name, r.Version, r.LibraryVersion)
	case ReferenceSchedule:
		return fmt.Sprintf("schedule %q starts it", r.Name)
	case ReferenceTrigger:
		return fmt.Sprintf("trigger %q starts it", r.Name)
	case ReferenceAPI:
		return fmt.Sprintf("API definition %q is answered by it", r.Name)
	case ReferenceSecret:
		return fmt.Sprintf("secret %q names it", r.Name)
	case ReferenceGroup:
		return fmt.Sprintf("group %q has a grant for it", r.Name)
	case ReferenceModuleSettings:
		return fmt.Sprintf("the settings of module %q start it %s", r.ModuleID, r.Place)
	case ReferenceDefinition:
		return fmt.Sprintf("definition %q of module %q starts it %s", r.Name, r.ModuleID, r.Place)
	case ReferenceBehaviorDefinition:
		return fmt.Sprintf("action %q of behavior definition %q of module %q starts it", r.Place, r.Name, r.ModuleID)
	}
	return fmt.Sprintf("%s %q refers to it", r.Kind, r.Name)
}
