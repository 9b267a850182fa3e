package automation

import "domovoi.dev/sdk/slnet"

// Changes are what a dry run would have changed.
type Changes struct {
	// Objects are the changed objects in the order of their first change, and Total
	// how many they are: more than Objects when there are too many.
	Objects []ChangedObject `json:"Objects"`
	Total   int64           `json:"Total"`
	// Names are the names of section definitions, by module and id, and of field
	// descriptors, by module, section definition and id, with slashes between.
	Names            map[string]string               `json:"Names,omitempty"`
	Information      []slnet.InformationEventMessage `json:"Information,omitempty"`
	InformationTotal int64                           `json:"InformationTotal,omitempty"`
}

// ChangedObject is an object before and after a dry run, in its canonical form.
// Nil stands for one that does not exist.
type ChangedObject struct {
	Kind     string        `json:"Kind"`
	ModuleID string        `json:"ModuleId"`
	Key      string        `json:"Key"`
	Before   []byte        `json:"Before,omitempty"`
	After    []byte        `json:"After,omitempty"`
	Files    []ChangedFile `json:"Files,omitempty"`
}

// ChangedFile is a file attached to an instance. A size below 0 stands for one
// that does not exist.
type ChangedFile struct {
	Name   string `json:"Name"`
	Before int64  `json:"Before"`
	After  int64  `json:"After"`
}
