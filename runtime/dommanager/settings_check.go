package dommanager

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// settingsCheck validates module settings and brings them into their canonical
// form. What they refer to is not looked for: settings are the first objects of
// a module, the rest comes later.
type settingsCheck struct {
	settings *dom.ModuleSettings
	trace    slnet.TraceData
}

func (c *settingsCheck) check() {
	id := c.settings.ModuleID
	if problem := checkModuleID(id); problem != "" {
		c.trace.AddError(slnet.ErrorData{
			Type: dom.ModuleSettingsManagerError, Reason: dom.ErrInvalidModuleID,
			Message:    fmt.Sprintf("%q is no module id: %s", id, problem),
			Properties: slnet.ErrorProperties{ModuleID: id, Value: problem},
		})
	}
	s := &c.settings.DomManagerSettings
	checkScripts(&s.ScriptSettings, "ScriptSettings.", c.fail)
	choose(&s.DomInstanceHistorySettings.StorageBehavior, storageBehaviors, "DomInstanceHistorySettings.StorageBehavior", c.fail)
	caching := &s.StorageSettings.CachingSettings
	choose(&caching.DomDefinition, cachingPolicies, "StorageSettings.CachingSettings.DomDefinition", c.fail)
	choose(&caching.DomBehaviorDefinition, cachingPolicies, "StorageSettings.CachingSettings.DomBehaviorDefinition", c.fail)
	choose(&caching.SectionDefinition, cachingPolicies, "StorageSettings.CachingSettings.SectionDefinition", c.fail)
	for _, ttl := range []*time.Duration{&s.TTLSettings.DomInstanceTTL, &s.TTLSettings.DomTemplateTTL, &s.TTLSettings.DomInstanceHistoryTTL} {
		*ttl = max(*ttl, 0) // dom.md 3.3: negative means none
	}
	c.aliases(s.FieldAliases)
	c.attachments(s.DomInstanceNetworkAttachmentSettings)
	c.links(&s.SecuritySettings)
}

// invalid is the error of a setting.
func (c *settingsCheck) invalid(value, format string, args ...any) slnet.ErrorData {
	return slnet.ErrorData{
		Type: dom.ModuleSettingsManagerError, Reason: dom.ErrInvalidDomManagerSettings,
		Message:    fmt.Sprintf("settings of module %q: ", c.settings.ModuleID) + fmt.Sprintf(format, args...),
		Properties: slnet.ErrorProperties{ModuleID: c.settings.ModuleID, Value: value},
	}
}

func (c *settingsCheck) fail(name, value, problem string) {
	c.trace.AddError(c.invalid(value, "%s: %s", name, problem))
}

// aliases refuses two aliases of one name, for a lookup would not know which.
func (c *settingsCheck) aliases(aliases []dom.FieldAlias) {
	seen := make(map[string]bool, len(aliases))
	for _, alias := range aliases {
		if seen[alias.Name] {
			c.fail("FieldAliases", alias.Name, fmt.Sprintf("there are several aliases %q", alias.Name))
		}
		seen[alias.Name] = true
	}
}

// attachments validates the network share for attachments (row MOD-14). That the
// user may use the credential is not asked, also not when only another setting
// changes (row MOD-15): there are no credentials here, for attachments are kept
// in the data directory.
func (c *settingsCheck) attachments(s dom.NetworkAttachmentSettings) {
	problem := sharePathProblem(s.NetworkSharePath)
	switch {
	case s.NetworkSharePath == "" && s.CredentialID == uuid.Nil:
		return
	case s.NetworkSharePath == "":
		problem = "there is a CredentialId, but no path"
	case problem == "" && s.CredentialID == uuid.Nil:
		problem = "there is a path, but no CredentialId"
	case problem == "":
		return
	}
	path := s.NetworkSharePath
	e := c.invalid(path, "NetworkSharePath %q: %s", path, problem)
	e.Properties.InnerTraceData = &slnet.TraceData{ErrorData: []slnet.ErrorData{{
		Type: dom.ModuleSettingsManagerError, Reason: dom.ErrInvalidNetworkSharePath, Message: problem,
		Properties: slnet.ErrorProperties{Value: path},
	}}}
	c.trace.AddError(e)
}

// sharePathProblem returns what is wrong with the path of a network share, ""
// when nothing is.
func sharePathProblem(path string) string {
	if !strings.HasPrefix(path, `\\`) {
		return `it does not begin with \\`
	}
	for _, r := range path {
		if strings.ContainsRune(`<>"|?*`, r) || r < ' ' {
			return fmt.Sprintf("the character %q is not allowed in it", r)
		}
	}
	elements := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })
	if slices.Contains(elements, ".") || slices.Contains(elements, "..") {
		return "it has relative elements"
	}
	return ""
}

// The names of enumerations in the settings, the default first. It is stored as
// the empty string.
var (
	scriptTypes      = []dom.ScriptType{"IdOnly", dom.ScriptFullCrudMeta}
	storageBehaviors = []dom.HistoryStorageBehavior{"EnabledAsync", dom.HistoryEnabledSync, dom.HistoryDisabled}
	cachingPolicies  = []dom.CachingPolicy{"Default", dom.CachingDisabled, dom.CachingFull}
)

// checkScripts validates the settings of CRUD scripts and brings them into their
// canonical form. Whether the scripts exist is not asked, as for all that settings
// refer to.
func checkScripts(s *dom.ScriptSettings, prefix string, fail func(name, value, problem string)) {
	choose(&s.ScriptType, scriptTypes, prefix+"ScriptType", fail)
	for i, condition := range s.OnUpdateTriggerConditions {
		name := fmt.Sprintf("%sOnUpdateTriggerConditions[%d]", prefix, i)
		switch field := condition.FieldDescriptorID; {
		case field.IsZero() && condition.StatusID == "":
			fail(name, "", "it names neither a field nor a status")
		case !field.IsZero() && condition.StatusID != "":
			fail(name, condition.StatusID, fmt.Sprintf("it names the field %s and the status %q; make two conditions of it", field, condition.StatusID))
		}
	}
}

// choose brings a setting that is one of names into its canonical form. It calls
// fail, with the name of the setting, when it is none of them.
func choose[T ~string](setting *T, names []T, name string, fail func(name, value, problem string)) {
	switch {
	case *setting == names[0]:
		*setting = ""
	case *setting != "" && !slices.Contains(names, *setting):
		fail(name, string(*setting), fmt.Sprintf("%q is none of %q", *setting, names))
	}
}
