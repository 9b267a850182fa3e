package dom

// Bounds of the messages with whole modules. What is larger takes the package
// interchange, or "domovoi module export" and "module import", which read and
// write in parts.
const (
	MaxModuleFile      = 8 << 20  // bytes of a zip
	MaxModuleUnpacked  = 64 << 20 // bytes of what is in it
	MaxModuleInstances = 20_000   // instances of an export
	// MaxModuleSteps is how many instances a ModuleImport lists; of other objects it
	// lists all.
	MaxModuleSteps = 100
)

// ExportModuleMessage asks for a module as a zip in the form in which solutions
// ship them, see the package interchange. It holds what its sender may read.
// Answered with ExportModuleResponse; a module beyond the bounds is a
// slnet.KindTooLarge.
type ExportModuleMessage struct {
	ModuleID string `json:"ModuleId"`
	// Instances adds the instances to the model and the templates.
	Instances bool `json:"Instances,omitempty"`
}

// ExportModuleResponse carries a module.
type ExportModuleResponse struct {
	// File is the zip.
	File []byte `json:"File"`
	// Objects is how many objects of all kinds it holds.
	Objects int64 `json:"Objects"`
}

// PlanModulesImportMessage asks what ImportModulesMessage would do. It changes
// nothing. Answered with ModuleImportResponse.
type PlanModulesImportMessage struct {
	// File is a zip with one or more modules, of MaxModuleFile bytes at most.
	File []byte `json:"File"`
	// ModuleID is the id under which to import a single module; empty means its own.
	ModuleID string `json:"ModuleId,omitempty"`
	// KeepVanished keeps fields, entries of enumerations and section links that the
	// file no longer has, soft-deleted. Otherwise they are removed, which is refused
	// while they are in use.
	KeepVanished bool `json:"KeepVanished,omitempty"`
}

// ImportModulesMessage creates and updates the objects of modules as their
// sender, each by itself: what one refuses does not hold up the others. Objects
// that the file does not have stay. Answered with ModuleImportResponse.
type ImportModulesMessage struct {
	// The same as in PlanModulesImportMessage.
	File         []byte `json:"File"`
	ModuleID     string `json:"ModuleId,omitempty"`
	KeepVanished bool   `json:"KeepVanished,omitempty"`
	// Fingerprint is that of the plan which is to be carried out. Where the import
	// would do something else by now, it does nothing and is a slnet.KindConflict.
	// Empty means that any plan will do.
	Fingerprint string `json:"Fingerprint,omitempty"`
}

// ModuleImportResponse carries what an import does, or did.
type ModuleImportResponse struct {
	// Fingerprint stands for all that it does.
	Fingerprint string `json:"Fingerprint"`
	// Modules are what it does with each of the modules in the file, in its order.
	Modules []ModuleImport `json:"Modules"`
}

// ModuleImport is what an import does with one module.
type ModuleImport struct {
	ModuleID string `json:"ModuleId"`
	// Creates, Updates and Unchanged count the objects, and Failed those of the
	// first two that were refused.
	Creates   int64 `json:"Creates"`
	Updates   int64 `json:"Updates"`
	Unchanged int64 `json:"Unchanged"`
	Failed    int64 `json:"Failed,omitempty"`
	// Steps are the objects that are created or updated, in that order: first those
	// that failed, then the others. Of instances that did not fail there are
	// MaxModuleSteps at most, and Unlisted is how many more.
	Steps    []ModuleImportStep `json:"Steps,omitempty"`
	Unlisted int64              `json:"Unlisted,omitempty"`
	// Unknown is where the file has content that the objects have no place for,
	// which is left out.
	Unknown []string `json:"Unknown,omitempty"`
}

// ModuleImportStep is what an import does with one object.
type ModuleImportStep struct {
	// Action is "create" or "update".
	Action string     `json:"Action"`
	Kind   ObjectKind `json:"Kind"`
	Key    string     `json:"Key"`
	Name   string     `json:"Name,omitempty"`
	// Changes are what an update changes.
	Changes []ModuleImportChange `json:"Changes,omitempty"`
	// Vanished names the parts of the stored object that the file does not have.
	Vanished []string `json:"Vanished,omitempty"`
	// Instances counts the instances that an update touches.
	Instances int64 `json:"Instances,omitempty"`
	// Failure is why it was not stored. InUse says that it is because of what has
	// vanished, which KeepVanished would keep.
	Failure string `json:"Failure,omitempty"`
	InUse   bool   `json:"InUse,omitempty"`
}

// ModuleImportChange is one member of an object that an update changes.
type ModuleImportChange struct {
	// Path leads to the member; items of lists go by their names.
	Path string `json:"Path"`
	// Kind is "added", "removed", "changed" or "reordered".
	Kind string `json:"Kind"`
	// Before and After are the values of what is changed as JSON, cut after 200
	// characters.
	Before string `json:"Before,omitempty"`
	After  string `json:"After,omitempty"`
}

// GetModuleAccessMessage asks what the members of a group, or a user, have access
// to among the instances of a module. It is decided as their own requests are. It
// needs the permissions SecurityAdministration and ModuleSettingsConfiguration.
// Answered with ModuleAccessResponse.
type GetModuleAccessMessage struct {
	ModuleID string `json:"ModuleId"`
	// Group or User is the name, one of the two. Of a group it is what it gives to
	// members who are in no other.
	Group string `json:"Group,omitempty"`
	User  string `json:"User,omitempty"`
}

// AccessReach says which instances of a definition something may be done with.
type AccessReach string

// What there is to reach.
const (
	AccessNone   AccessReach = "none"
	AccessValues AccessReach = "values" // those with certain values of a field
	AccessAll    AccessReach = "all"
)

// ModuleAccessResponse says what somebody has access to, by the settings that are
// in effect, which are those of the last time the module was reinitialised.
type ModuleAccessResponse struct {
	// IsRestricted says that groups are linked to instances of the module. Otherwise
	// only permissions count.
	IsRestricted bool `json:"IsRestricted"`
	// IsFull says that links do not count for them, who may configure modules.
	IsFull bool `json:"IsFull,omitempty"`
	// ReadOnly says that they change nothing, wherever.
	ReadOnly bool `json:"ReadOnly,omitempty"`
	// Lacks are the permissions that the module asks for to read, write or delete its
	// instances, and that they do not have.
	Lacks []Permission `json:"Lacks,omitempty"`
	// Definitions say what they have access to of each definition of the module.
	Definitions []DefinitionAccess `json:"Definitions"`
}

// DefinitionAccess is what somebody has access to of a definition.
type DefinitionAccess struct {
	DomDefinitionID DefinitionID `json:"DomDefinitionId"`
	Name            string       `json:"Name,omitempty"`
	// Reads, Writes and Deletes say which instances may be read, created and updated,
	// and deleted.
	Reads   AccessReach `json:"Reads"`
	Writes  AccessReach `json:"Writes"`
	Deletes AccessReach `json:"Deletes"`
	// Values is the reference that decides where one of these is AccessValues.
	Values *FieldValueReference `json:"Values,omitempty"`
	// Instances is how many there are, and Readable how many of them may be read.
	Instances int64 `json:"Instances"`
	Readable  int64 `json:"Readable"`
}

// MessageName implements slnet.Message.
func (*ExportModuleMessage) MessageName() string { return "ExportModuleMessage" }

// MessageName implements slnet.Message.
func (*ExportModuleResponse) MessageName() string { return "ExportModuleResponse" }

// MessageName implements slnet.Message.
func (*PlanModulesImportMessage) MessageName() string { return "PlanModulesImportMessage" }

// MessageName implements slnet.Message.
func (*ImportModulesMessage) MessageName() string { return "ImportModulesMessage" }

// MessageName implements slnet.Message.
func (*ModuleImportResponse) MessageName() string { return "ModuleImportResponse" }

// MessageName implements slnet.Message.
func (*GetModuleAccessMessage) MessageName() string { return "GetModuleAccessMessage" }

// MessageName implements slnet.Message.
func (*ModuleAccessResponse) MessageName() string { return "ModuleAccessResponse" }
