package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/sdk"
)

// verbs are the commands by the requests they send, and in parentheses why a
// request has none. Answers and events are not listed.
var verbs = map[string]string{
	"AttachmentAddRequest": "instance attachment add", "AttachmentDeleteRequest": "instance attachment delete",
	"AttachmentGetNamesRequest": "instance attachment list", "AttachmentGetRequest": "instance attachment get",
	"AutoIncrementerGetRequest": "module counter", "AutoIncrementerSetRequest": "module counter",
	"DomInstanceActionRequest": "instance action execute", "DomInstanceActionsRequest": "instance action list",
	"DomInstanceStatusTransitionRequest": "instance transition",
	"ManagerStoreCreateRequest":          "instance create", "ManagerStoreUpdateRequest": "instance update",
	"ManagerStoreDeleteRequest": "instance delete", "ManagerStoreReadRequest": "instance list",
	"ManagerStoreBulkCreateOrUpdateRequest": "instance import", "ManagerStoreBulkDeleteRequest": "instance delete",
	"ManagerStoreCountRequest": "instance count", "ManagerStoreExplainRequest": "instance explain",
	"ManagerStorePagingRequest": "instance export", "ParseQueryMessage": "(the command line reads filters itself)",
	"FormatQueryMessage":  "trigger show",
	"ExportModuleMessage": "(module export reads a module in parts)", "PlanModulesImportMessage": "(module import makes the plan itself)",
	"ImportModulesMessage": "(module import carries the plan out itself)", "GetModuleAccessMessage": "module access",
	"MidnightSyncMessage": "module sync", "ReinitializeManagerMessage": "module reinitialize",
	"CreateTriggerMessage": "trigger create", "UpdateTriggerMessage": "trigger update", "DeleteTriggerMessage": "trigger delete",
	"GetTriggerMessage": "trigger show", "GetTriggersMessage": "trigger list", "PauseTriggerMessage": "trigger pause",
	"GetSkippedTriggersMessage": "trigger skipped", "GetRunChangesMessage": "run changes",

	"DeployScriptMessage": "script deploy", "DeployPluginMessage": "plugin deploy", "UpdateScriptMessage": "script update",
	"GetScriptVersionsMessage": "script versions", "RollBackScriptMessage": "script rollback", "DeleteScriptMessage": "script delete",
	"GetScriptReferencesMessage": "script show", "UploadMessage": "plugin deploy", "GetScriptsMessage": "script list",
	"GetScriptMessage": "script show", "GetPluginProcessesMessage": "plugin list", "ExecuteScriptMessage": "script run",
	"AttachmentAddStreamedRequest": "(only runs for requests to APIs have a body to attach)",
	"CheckScriptMessage":           "(script check has the front end itself)",
	"RequestScriptInfoMessage":     "script ask", "ExecuteSourceMessage": "script run", "GetRunsMessage": "run list", "GetRunMessage": "run show", "GetRunLogMessage": "run logs",
	"CancelRunMessage": "run cancel", "ReplayRunsMessage": "run replay",
	"CreateScheduleMessage": "schedule create", "UpdateScheduleMessage": "schedule update", "DeleteScheduleMessage": "schedule delete",
	"PauseScheduleMessage": "schedule pause", "RunScheduleMessage": "schedule run", "GetScheduleMessage": "schedule show",
	"GetSchedulesMessage": "schedule list", "PreviewScheduleMessage": "schedule preview", "GetSkippedOccurrencesMessage": "schedule skipped",
	"CreateApiDefinitionMessage": "api create", "UpdateApiDefinitionMessage": "api update", "DeleteApiDefinitionMessage": "api delete",
	"DisableApiDefinitionMessage": "api disable", "GetApiDefinitionMessage": "api show", "GetApiDefinitionsMessage": "api list",
	"GetApiDocumentMessage": "api document", "CreateApiTokenMessage": "api token create", "UpdateApiTokenMessage": "api token update",
	"DeleteApiTokenMessage": "api token delete", "DisableApiTokenMessage": "api token disable", "GetApiTokenMessage": "api token show",
	"GetApiTokensMessage": "api token list",
	"SetSecretMessage":    "secret set", "DeleteSecretMessage": "secret delete", "GetSecretsMessage": "secret list",
	"GetSecretValueMessage": "(only runs read values of secrets)",
	"GetMemoryMessage":      "(only runs have a memory)", "SetMemoryMessage": "(only runs have a memory)",
	"DeleteMemoryMessage": "(only runs have a memory)", "GetMemoryKeysMessage": "(only runs have a memory)",
	"GetScriptMemoryMessage": "script memory", "ClearScriptMemoryMessage": "script memory",
	"SendHTTPRequestMessage":     "(only runs send requests by way of the daemon)",
	"GenerateInformationMessage": "information add", "GetInformationEventsMessage": "information list",
	"WhoAmIMessage": "whoami", "CreateUserMessage": "user create", "UpdateUserMessage": "user update", "DeleteUserMessage": "user delete",
	"GetUsersMessage": "user list", "ChangePasswordMessage": "user password",
	"CreateGroupMessage": "group create", "UpdateGroupMessage": "group update", "DeleteGroupMessage": "group delete", "GetGroupsMessage": "group list",
	"CreateTokenMessage": "token create", "GetTokensMessage": "token list", "RevokeTokenMessage": "token revoke",
	"GetAuditMessage": "audit list", "GetSystemInfoMessage": "system info", "GetMetricsMessage": "system metrics",
	"GetLogMessage": "system log", "GetLogLevelMessage": "system log-level", "SetLogLevelMessage": "system log-level",
	"CreateWebhookMessage": "webhook create", "UpdateWebhookMessage": "webhook update",
	"DeleteWebhookMessage": "webhook delete", "GetWebhooksMessage": "webhook list",
	"GetWebhookDeliveriesMessage": "webhook deliveries", "TestWebhookMessage": "webhook test",
	"CheckStoreMessage": "check", "CompactStoreMessage": "compact",
	"CreateBackupMessage": "backup create", "GetBackupsMessage": "backup list", "ReadBackupMessage": "backup download", "DeleteBackupMessage": "backup delete",
}

// TestEveryRequestHasAVerb holds the registry of messages against the commands.
func TestEveryRequestHasAVerb(t *testing.T) {
	a := &app{stdin: strings.NewReader(""), stdout: io.Discard, stderr: new(bytes.Buffer), env: func(string) string { return "" }}
	root := a.rootCommand()
	known := sdk.Registry().Names()
	for _, name := range known {
		request := (strings.HasSuffix(name, "Message") || strings.HasSuffix(name, "Request")) && !strings.HasSuffix(name, "EventMessage")
		if _, ok := verbs[name]; !ok && request {
			t.Errorf("%s has no verb: make one, and list it here", name)
		}
	}
	for name, verb := range verbs {
		if !slices.Contains(known, name) {
			t.Errorf("there is no message %s", name)
		}
		if strings.HasPrefix(verb, "(") {
			continue
		}
		if c, rest, err := root.Find(strings.Fields(verb)); err != nil || len(rest) > 0 || c.HasSubCommands() {
			t.Errorf("%s: there is no command %q", name, verb)
		}
	}
}
