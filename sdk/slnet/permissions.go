package slnet

import (
	"slices"
	"strconv"
	"strings"
)

// PermissionFlag is a right a group can be given. Numbers that the original
// documents are kept; ours begin at 10,000. A number is never used again.
type PermissionFlag int64

// The permissions.
const (
	PermissionNone PermissionFlag = 0
	// PermissionModuleSettingsConfiguration allows to create, update and delete
	// module settings and model objects, and to reinitialise DOM managers.
	PermissionModuleSettingsConfiguration PermissionFlag = 291
	// PermissionPlmDeleteDomInstances allows to delete DOM instances of modules
	// whose settings ask for it.
	PermissionPlmDeleteDomInstances PermissionFlag = 10_001
	// PermissionAutomationExecute allows to run every script.
	PermissionAutomationExecute PermissionFlag = 10_100
	// PermissionAutomationEdit allows to see and deploy every script and plugin.
	PermissionAutomationEdit PermissionFlag = 10_101
	// PermissionAutomationViewRuns allows to see the runs of others.
	PermissionAutomationViewRuns PermissionFlag = 10_102
	// PermissionAutomationView allows to see every script with its source.
	PermissionAutomationView PermissionFlag = 10_103
	// PermissionAutomationDelete allows to delete every script.
	PermissionAutomationDelete PermissionFlag = 10_104
	// PermissionAutomationCancelRuns allows to cancel the runs of others.
	PermissionAutomationCancelRuns PermissionFlag = 10_105
	// PermissionAutomationReplayRuns allows to repeat the runs of others.
	PermissionAutomationReplayRuns PermissionFlag = 10_106
	// PermissionAutomationRunAs allows to bind scripts to a user who has no more
	// rights than oneself.
	PermissionAutomationRunAs PermissionFlag = 10_107
	// PermissionAutomationSchedules allows to manage schedules.
	PermissionAutomationSchedules PermissionFlag = 10_110
	// PermissionAutomationTriggers allows to manage triggers.
	PermissionAutomationTriggers PermissionFlag = 10_111
	// PermissionAutomationApis allows to manage user-defined APIs.
	PermissionAutomationApis PermissionFlag = 10_112
	// PermissionAutomationSecrets allows to set secrets and to say which scripts
	// read them.
	PermissionAutomationSecrets PermissionFlag = 10_113
	// PermissionSecurityAdministration allows to manage users, groups and
	// tokens that have no more rights than oneself.
	PermissionSecurityAdministration PermissionFlag = 10_200
	// PermissionSystemAdministration allows to check and operate the store.
	PermissionSystemAdministration PermissionFlag = 10_201
	// PermissionSecurityTokens allows to manage the tokens of users who have no
	// more rights than oneself.
	PermissionSecurityTokens PermissionFlag = 10_202
	// PermissionAuditRead allows to read the audit.
	PermissionAuditRead PermissionFlag = 10_203
	// PermissionSystemBackup allows to take backups.
	PermissionSystemBackup PermissionFlag = 10_204
	// PermissionSystemMetrics allows to read the metrics of the daemon.
	PermissionSystemMetrics PermissionFlag = 10_205
)

// permissions is the table of all permissions, by number, for listings and for
// reading names.
var permissions = []struct {
	flag PermissionFlag
	name string
}{
	{PermissionModuleSettingsConfiguration, "ModuleSettingsConfiguration"},
	{PermissionPlmDeleteDomInstances, "PlmDeleteDomInstances"},
	{PermissionAutomationExecute, "AutomationExecute"},
	{PermissionAutomationEdit, "AutomationEdit"},
	{PermissionAutomationViewRuns, "AutomationViewRuns"},
	{PermissionAutomationView, "AutomationView"},
	{PermissionAutomationDelete, "AutomationDelete"},
	{PermissionAutomationCancelRuns, "AutomationCancelRuns"},
	{PermissionAutomationReplayRuns, "AutomationReplayRuns"},
	{PermissionAutomationRunAs, "AutomationRunAs"},
	{PermissionAutomationSchedules, "AutomationSchedules"},
	{PermissionAutomationTriggers, "AutomationTriggers"},
	{PermissionAutomationApis, "AutomationApis"},
	{PermissionAutomationSecrets, "AutomationSecrets"},
	{PermissionSecurityAdministration, "SecurityAdministration"},
	{PermissionSystemAdministration, "SystemAdministration"},
	{PermissionSecurityTokens, "SecurityTokens"},
	{PermissionAuditRead, "AuditRead"},
	{PermissionSystemBackup, "SystemBackup"},
	{PermissionSystemMetrics, "SystemMetrics"},
}

// Permissions returns all permissions by number.
func Permissions() []PermissionFlag {
	list := make([]PermissionFlag, len(permissions))
	for i, p := range permissions {
		list[i] = p.flag
	}
	return list
}

// String is the permission's name, or its number when it has none.
func (p PermissionFlag) String() string {
	for _, known := range permissions {
		if known.flag == p {
			return known.name
		}
	}
	return strconv.FormatInt(int64(p), 10)
}

// ParsePermission reads a permission by its name.
func ParsePermission(name string) (PermissionFlag, error) {
	names := make([]string, len(permissions))
	for i, known := range permissions {
		if known.name == name {
			return known.flag, nil
		}
		names[i] = known.name
	}
	return 0, Errorf(KindInvalid, "unknown permission %q; the permissions are %s", name, strings.Join(names, ", "))
}

// GroupPreset names a set of rights to begin a group with.
type GroupPreset string

// The presets, besides the built-in group Administrators.
const (
	// PresetPowerUsers configure modules and scripts, and all that runs by
	// itself, but neither users nor the daemon.
	PresetPowerUsers GroupPreset = "power-users"
	// PresetOperators use what others built: they run scripts, and see, cancel
	// and repeat the runs of all.
	PresetOperators GroupPreset = "operators"
	// PresetReadOnly see objects, scripts and runs and change nothing.
	PresetReadOnly GroupPreset = "read-only"
)

var presets = []struct {
	name  GroupPreset
	group Group
}{
	{PresetPowerUsers, Group{Permissions: []PermissionFlag{
		PermissionModuleSettingsConfiguration, PermissionPlmDeleteDomInstances,
		PermissionAutomationExecute, PermissionAutomationEdit, PermissionAutomationViewRuns, PermissionAutomationView,
		PermissionAutomationDelete, PermissionAutomationCancelRuns, PermissionAutomationReplayRuns,
		PermissionAutomationSchedules, PermissionAutomationTriggers, PermissionAutomationApis,
	}}},
	{PresetOperators, Group{Permissions: []PermissionFlag{
		PermissionPlmDeleteDomInstances, PermissionAutomationExecute, PermissionAutomationViewRuns, PermissionAutomationView,
		PermissionAutomationCancelRuns, PermissionAutomationReplayRuns,
	}}},
	{PresetReadOnly, Group{ReadOnly: true, Permissions: []PermissionFlag{PermissionAutomationViewRuns, PermissionAutomationView}}},
}

// GroupPresets returns the names of all presets.
func GroupPresets() []GroupPreset {
	names := make([]GroupPreset, len(presets))
	for i, p := range presets {
		names[i] = p.name
	}
	return names
}

// Apply adds the rights of the preset to those of a group. The empty preset adds
// nothing; one that does not exist is an error of KindInvalid.
func (p GroupPreset) Apply(g *Group) error {
	if p == "" {
		return nil
	}
	for _, known := range presets {
		if known.name == p {
			g.Permissions = slices.Concat(g.Permissions, known.group.Permissions)
			g.ReadOnly = g.ReadOnly || known.group.ReadOnly
			return nil
		}
	}
	return Errorf(KindInvalid, "there is no preset %.64q; the presets are %v", string(p), GroupPresets())
}
