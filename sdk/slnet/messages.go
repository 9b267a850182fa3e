package slnet

// Messages returns the types of all messages of this package.
func Messages() []MessageType {
	return []MessageType{
		{New: func() Message { return new(DeployScriptMessage) }},
		{New: func() Message { return new(DeployPluginMessage) }},
		{New: func() Message { return new(CheckScriptMessage) }},
		{New: func() Message { return new(CheckScriptResponse) }},
		{New: func() Message { return new(UpdateScriptMessage) }},
		{Reads: true, New: func() Message { return new(GetScriptVersionsMessage) }},
		{New: func() Message { return new(ScriptVersionsResponse) }},
		{New: func() Message { return new(RollBackScriptMessage) }},
		{New: func() Message { return new(DeleteScriptMessage) }},
		{Reads: true, New: func() Message { return new(GetScriptReferencesMessage) }},
		{New: func() Message { return new(ScriptReferencesResponse) }},
		{New: func() Message { return new(UploadMessage) }},
		{Reads: true, New: func() Message { return new(GetScriptsMessage) }},
		{Reads: true, New: func() Message { return new(GetScriptMessage) }},
		{New: func() Message { return new(ScriptResponse) }},
		{New: func() Message { return new(ScriptsResponse) }},
		{Reads: true, New: func() Message { return new(GetPluginProcessesMessage) }},
		{New: func() Message { return new(PluginProcessesResponse) }},
		{New: func() Message { return new(ExecuteScriptMessage) }},
		{New: func() Message { return new(ExecuteSourceMessage) }},
		{New: func() Message { return new(RequestScriptInfoMessage) }},
		{New: func() Message { return new(RequestScriptInfoResponse) }},
		{Reads: true, New: func() Message { return new(GetRunsMessage) }},
		{Reads: true, New: func() Message { return new(GetRunMessage) }},
		{New: func() Message { return new(RunResponse) }},
		{New: func() Message { return new(RunsResponse) }},
		{Reads: true, New: func() Message { return new(GetRunLogMessage) }},
		{New: func() Message { return new(RunLogResponse) }},
		{New: func() Message { return new(CancelRunMessage) }},
		{New: func() Message { return new(ReplayRunsMessage) }},
		{New: func() Message { return new(ReplayRunsResponse) }},
		{New: func() Message { return new(CreateWebhookMessage) }},
		{New: func() Message { return new(UpdateWebhookMessage) }},
		{New: func() Message { return new(DeleteWebhookMessage) }},
		{New: func() Message { return new(TestWebhookMessage) }},
		{Reads: true, New: func() Message { return new(GetWebhooksMessage) }},
		{Reads: true, New: func() Message { return new(GetWebhookDeliveriesMessage) }},
		{New: func() Message { return new(WebhookResponse) }},
		{New: func() Message { return new(WebhooksResponse) }},
		{New: func() Message { return new(WebhookDeliveriesResponse) }},
		{New: func() Message { return new(CreateScheduleMessage) }},
		{New: func() Message { return new(UpdateScheduleMessage) }},
		{New: func() Message { return new(DeleteScheduleMessage) }},
		{New: func() Message { return new(PauseScheduleMessage) }},
		{New: func() Message { return new(RunScheduleMessage) }},
		{Reads: true, New: func() Message { return new(GetScheduleMessage) }},
		{Reads: true, New: func() Message { return new(GetSchedulesMessage) }},
		{Reads: true, New: func() Message { return new(PreviewScheduleMessage) }},
		{Reads: true, New: func() Message { return new(GetSkippedOccurrencesMessage) }},
		{New: func() Message { return new(ScheduleResponse) }},
		{New: func() Message { return new(SchedulesResponse) }},
		{New: func() Message { return new(PreviewScheduleResponse) }},
		{New: func() Message { return new(SkippedOccurrencesResponse) }},
		{New: func() Message { return new(CreateApiDefinitionMessage) }},
		{New: func() Message { return new(UpdateApiDefinitionMessage) }},
		{New: func() Message { return new(DeleteApiDefinitionMessage) }},
		{New: func() Message { return new(DisableApiDefinitionMessage) }},
		{Reads: true, New: func() Message { return new(GetApiDefinitionMessage) }},
		{Reads: true, New: func() Message { return new(GetApiDefinitionsMessage) }},
		{Reads: true, New: func() Message { return new(GetApiDocumentMessage) }},
		{New: func() Message { return new(CreateApiTokenMessage) }},
		{New: func() Message { return new(UpdateApiTokenMessage) }},
		{New: func() Message { return new(DeleteApiTokenMessage) }},
		{New: func() Message { return new(DisableApiTokenMessage) }},
		{Reads: true, New: func() Message { return new(GetApiTokenMessage) }},
		{Reads: true, New: func() Message { return new(GetApiTokensMessage) }},
		{New: func() Message { return new(ApiDefinitionResponse) }},
		{New: func() Message { return new(ApiDefinitionsResponse) }},
		{New: func() Message { return new(ApiDocumentResponse) }},
		{New: func() Message { return new(CreateApiTokenResponse) }},
		{New: func() Message { return new(ApiTokenResponse) }},
		{New: func() Message { return new(ApiTokensResponse) }},
		{New: func() Message { return new(SetSecretMessage) }},
		{New: func() Message { return new(DeleteSecretMessage) }},
		{Reads: true, New: func() Message { return new(GetSecretsMessage) }},
		{New: func() Message { return new(GetSecretValueMessage) }},
		{New: func() Message { return new(SecretResponse) }},
		{New: func() Message { return new(SecretsResponse) }},
		{New: func() Message { return new(SecretValueResponse) }},
		{Reads: true, New: func() Message { return new(GetMemoryMessage) }},
		{New: func() Message { return new(MemoryResponse) }},
		{New: func() Message { return new(SetMemoryMessage) }},
		{New: func() Message { return new(SetMemoryResponse) }},
		{New: func() Message { return new(DeleteMemoryMessage) }},
		{Reads: true, New: func() Message { return new(GetMemoryKeysMessage) }},
		{New: func() Message { return new(MemoryKeysResponse) }},
		{Reads: true, New: func() Message { return new(GetScriptMemoryMessage) }},
		{New: func() Message { return new(ScriptMemoryResponse) }},
		{New: func() Message { return new(ClearScriptMemoryMessage) }},
		{New: func() Message { return new(SendHTTPRequestMessage) }},
		{New: func() Message { return new(HTTPResponse) }},
		{New: func() Message { return new(GenerateInformationMessage) }},
		{New: func() Message { return new(InformationEventMessage) }},
		{Reads: true, New: func() Message { return new(GetInformationEventsMessage) }},
		{New: func() Message { return new(InformationEventsResponse) }},
		{New: func() Message { return new(RunChangedEventMessage) }},
		{New: func() Message { return new(Empty) }},
		{Reads: true, New: func() Message { return new(WhoAmIMessage) }},
		{New: func() Message { return new(WhoAmIResponse) }},
		{New: func() Message { return new(CreateUserMessage) }},
		{New: func() Message { return new(UpdateUserMessage) }},
		{New: func() Message { return new(ChangePasswordMessage) }},
		{New: func() Message { return new(DeleteUserMessage) }},
		{Reads: true, New: func() Message { return new(GetUsersMessage) }},
		{New: func() Message { return new(UserResponse) }},
		{New: func() Message { return new(UsersResponse) }},
		{New: func() Message { return new(CreateGroupMessage) }},
		{New: func() Message { return new(UpdateGroupMessage) }},
		{New: func() Message { return new(DeleteGroupMessage) }},
		{Reads: true, New: func() Message { return new(GetGroupsMessage) }},
		{New: func() Message { return new(GroupResponse) }},
		{New: func() Message { return new(GroupsResponse) }},
		{New: func() Message { return new(CreateTokenMessage) }},
		{New: func() Message { return new(CreateTokenResponse) }},
		{Reads: true, New: func() Message { return new(GetTokensMessage) }},
		{New: func() Message { return new(TokensResponse) }},
		{New: func() Message { return new(RevokeTokenMessage) }},
		{Reads: true, New: func() Message { return new(GetAuditMessage) }},
		{New: func() Message { return new(AuditResponse) }},
		{Reads: true, New: func() Message { return new(GetSystemInfoMessage) }},
		{New: func() Message { return new(SystemInfoResponse) }},
		{Reads: true, New: func() Message { return new(GetMetricsMessage) }},
		{New: func() Message { return new(MetricsResponse) }},
		{Reads: true, New: func() Message { return new(GetLogLevelMessage) }},
		{New: func() Message { return new(SetLogLevelMessage) }},
		{New: func() Message { return new(LogLevelResponse) }},
		{Reads: true, New: func() Message { return new(GetLogMessage) }},
		{New: func() Message { return new(LogResponse) }},
		{Reads: true, New: func() Message { return new(CheckStoreMessage) }},
		{New: func() Message { return new(CheckStoreResponse) }},
		{New: func() Message { return new(CompactStoreMessage) }},
		{New: func() Message { return new(CompactStoreResponse) }},
		{New: func() Message { return new(CreateBackupMessage) }},
		{New: func() Message { return new(BackupResponse) }},
		{Reads: true, New: func() Message { return new(GetBackupsMessage) }},
		{New: func() Message { return new(BackupsResponse) }},
		{New: func() Message { return new(ReadBackupMessage) }},
		{New: func() Message { return new(ReadBackupResponse) }},
		{New: func() Message { return new(DeleteBackupMessage) }},
	}
}

// MessageName implements Message.
func (*DeployScriptMessage) MessageName() string { return "DeployScriptMessage" }

// MessageName implements Message.
func (*DeployPluginMessage) MessageName() string { return "DeployPluginMessage" }

// MessageName implements Message.
func (*CheckScriptMessage) MessageName() string { return "CheckScriptMessage" }

// MessageName implements Message.
func (*CheckScriptResponse) MessageName() string { return "CheckScriptResponse" }

// MessageName implements Message.
func (*UpdateScriptMessage) MessageName() string { return "UpdateScriptMessage" }

// MessageName implements Message.
func (*GetScriptVersionsMessage) MessageName() string { return "GetScriptVersionsMessage" }

// MessageName implements Message.
func (*ScriptVersionsResponse) MessageName() string { return "ScriptVersionsResponse" }

// MessageName implements Message.
func (*RollBackScriptMessage) MessageName() string { return "RollBackScriptMessage" }

// MessageName implements Message.
func (*DeleteScriptMessage) MessageName() string { return "DeleteScriptMessage" }

// MessageName implements Message.
func (*GetScriptReferencesMessage) MessageName() string { return "GetScriptReferencesMessage" }

// MessageName implements Message.
func (*ScriptReferencesResponse) MessageName() string { return "ScriptReferencesResponse" }

// MessageName implements Message.
func (*UploadMessage) MessageName() string { return "UploadMessage" }

// MessageName implements Message.
func (*GetScriptsMessage) MessageName() string { return "GetScriptsMessage" }

// MessageName implements Message.
func (*GetPluginProcessesMessage) MessageName() string { return "GetPluginProcessesMessage" }

// MessageName implements Message.
func (*PluginProcessesResponse) MessageName() string { return "PluginProcessesResponse" }

// MessageName implements Message.
func (*GetScriptMessage) MessageName() string { return "GetScriptMessage" }

// MessageName implements Message.
func (*ScriptResponse) MessageName() string { return "ScriptResponse" }

// MessageName implements Message.
func (*ScriptsResponse) MessageName() string { return "ScriptsResponse" }

// MessageName implements Message.
func (*ExecuteScriptMessage) MessageName() string { return "ExecuteScriptMessage" }

// MessageName implements Message.
func (*ExecuteSourceMessage) MessageName() string { return "ExecuteSourceMessage" }

// MessageName returns "RequestScriptInfoMessage".
func (*RequestScriptInfoMessage) MessageName() string { return "RequestScriptInfoMessage" }

// MessageName returns "RequestScriptInfoResponse".
func (*RequestScriptInfoResponse) MessageName() string { return "RequestScriptInfoResponse" }

// MessageName implements Message.
func (*GetRunsMessage) MessageName() string { return "GetRunsMessage" }

// MessageName implements Message.
func (*GetRunMessage) MessageName() string { return "GetRunMessage" }

// MessageName implements Message.
func (*RunResponse) MessageName() string { return "RunResponse" }

// MessageName implements Message.
func (*RunsResponse) MessageName() string { return "RunsResponse" }

// MessageName implements Message.
func (*GetRunLogMessage) MessageName() string { return "GetRunLogMessage" }

// MessageName implements Message.
func (*RunLogResponse) MessageName() string { return "RunLogResponse" }

// MessageName implements Message.
func (*CancelRunMessage) MessageName() string { return "CancelRunMessage" }

// MessageName implements Message.
func (*CreateScheduleMessage) MessageName() string { return "CreateScheduleMessage" }

// MessageName implements Message.
func (*UpdateScheduleMessage) MessageName() string { return "UpdateScheduleMessage" }

// MessageName implements Message.
func (*DeleteScheduleMessage) MessageName() string { return "DeleteScheduleMessage" }

// MessageName implements Message.
func (*PauseScheduleMessage) MessageName() string { return "PauseScheduleMessage" }

// MessageName implements Message.
func (*RunScheduleMessage) MessageName() string { return "RunScheduleMessage" }

// MessageName implements Message.
func (*GetScheduleMessage) MessageName() string { return "GetScheduleMessage" }

// MessageName implements Message.
func (*GetSchedulesMessage) MessageName() string { return "GetSchedulesMessage" }

// MessageName implements Message.
func (*PreviewScheduleMessage) MessageName() string { return "PreviewScheduleMessage" }

// MessageName implements Message.
func (*GetSkippedOccurrencesMessage) MessageName() string { return "GetSkippedOccurrencesMessage" }

// MessageName implements Message.
func (*ScheduleResponse) MessageName() string { return "ScheduleResponse" }

// MessageName implements Message.
func (*SchedulesResponse) MessageName() string { return "SchedulesResponse" }

// MessageName implements Message.
func (*PreviewScheduleResponse) MessageName() string { return "PreviewScheduleResponse" }

// MessageName implements Message.
func (*SkippedOccurrencesResponse) MessageName() string { return "SkippedOccurrencesResponse" }

// MessageName implements Message.
func (*CreateApiDefinitionMessage) MessageName() string { return "CreateApiDefinitionMessage" }

// MessageName implements Message.
func (*UpdateApiDefinitionMessage) MessageName() string { return "UpdateApiDefinitionMessage" }

// MessageName implements Message.
func (*DeleteApiDefinitionMessage) MessageName() string { return "DeleteApiDefinitionMessage" }

// MessageName implements Message.
func (*DisableApiDefinitionMessage) MessageName() string { return "DisableApiDefinitionMessage" }

// MessageName implements Message.
func (*GetApiDefinitionMessage) MessageName() string { return "GetApiDefinitionMessage" }

// MessageName implements Message.
func (*GetApiDefinitionsMessage) MessageName() string { return "GetApiDefinitionsMessage" }

// MessageName implements Message.
func (*GetApiDocumentMessage) MessageName() string { return "GetApiDocumentMessage" }

// MessageName implements Message.
func (*CreateApiTokenMessage) MessageName() string { return "CreateApiTokenMessage" }

// MessageName implements Message.
func (*UpdateApiTokenMessage) MessageName() string { return "UpdateApiTokenMessage" }

// MessageName implements Message.
func (*DeleteApiTokenMessage) MessageName() string { return "DeleteApiTokenMessage" }

// MessageName implements Message.
func (*DisableApiTokenMessage) MessageName() string { return "DisableApiTokenMessage" }

// MessageName implements Message.
func (*GetApiTokenMessage) MessageName() string { return "GetApiTokenMessage" }

// MessageName implements Message.
func (*GetApiTokensMessage) MessageName() string { return "GetApiTokensMessage" }

// MessageName implements Message.
func (*ApiDefinitionResponse) MessageName() string { return "ApiDefinitionResponse" }

// MessageName implements Message.
func (*ApiDefinitionsResponse) MessageName() string { return "ApiDefinitionsResponse" }

// MessageName implements Message.
func (*ApiDocumentResponse) MessageName() string { return "ApiDocumentResponse" }

// MessageName implements Message.
func (*CreateApiTokenResponse) MessageName() string { return "CreateApiTokenResponse" }

// MessageName implements Message.
func (*ApiTokenResponse) MessageName() string { return "ApiTokenResponse" }

// MessageName implements Message.
func (*ApiTokensResponse) MessageName() string { return "ApiTokensResponse" }

// MessageName implements Message.
func (*SetSecretMessage) MessageName() string { return "SetSecretMessage" }

// MessageName implements Message.
func (*DeleteSecretMessage) MessageName() string { return "DeleteSecretMessage" }

// MessageName implements Message.
func (*GetSecretsMessage) MessageName() string { return "GetSecretsMessage" }

// MessageName implements Message.
func (*GetSecretValueMessage) MessageName() string { return "GetSecretValueMessage" }

// MessageName implements Message.
func (*SecretResponse) MessageName() string { return "SecretResponse" }

// MessageName implements Message.
func (*SecretsResponse) MessageName() string { return "SecretsResponse" }

// MessageName implements Message.
func (*SecretValueResponse) MessageName() string { return "SecretValueResponse" }

// MessageName implements Message.
func (*GetMemoryMessage) MessageName() string { return "GetMemoryMessage" }

// MessageName implements Message.
func (*MemoryResponse) MessageName() string { return "MemoryResponse" }

// MessageName implements Message.
func (*SetMemoryMessage) MessageName() string { return "SetMemoryMessage" }

// MessageName implements Message.
func (*SetMemoryResponse) MessageName() string { return "SetMemoryResponse" }

// MessageName implements Message.
func (*DeleteMemoryMessage) MessageName() string { return "DeleteMemoryMessage" }

// MessageName implements Message.
func (*GetMemoryKeysMessage) MessageName() string { return "GetMemoryKeysMessage" }

// MessageName implements Message.
func (*MemoryKeysResponse) MessageName() string { return "MemoryKeysResponse" }

// MessageName implements Message.
func (*GetScriptMemoryMessage) MessageName() string { return "GetScriptMemoryMessage" }

// MessageName implements Message.
func (*ScriptMemoryResponse) MessageName() string { return "ScriptMemoryResponse" }

// MessageName implements Message.
func (*ClearScriptMemoryMessage) MessageName() string { return "ClearScriptMemoryMessage" }

// MessageName implements Message.
func (*SendHTTPRequestMessage) MessageName() string { return "SendHTTPRequestMessage" }

// MessageName implements Message.
func (*HTTPResponse) MessageName() string { return "HTTPResponse" }

// MessageName implements Message.
func (*ReplayRunsMessage) MessageName() string { return "ReplayRunsMessage" }

// MessageName implements Message.
func (*ReplayRunsResponse) MessageName() string { return "ReplayRunsResponse" }

// MessageName implements Message.
func (*RunChangedEventMessage) MessageName() string { return "RunChangedEventMessage" }

// MessageName implements Message.
func (*Empty) MessageName() string { return "Empty" }

// MessageName implements Message.
func (*WhoAmIMessage) MessageName() string { return "WhoAmIMessage" }

// MessageName implements Message.
func (*WhoAmIResponse) MessageName() string { return "WhoAmIResponse" }

// MessageName implements Message.
func (*CreateUserMessage) MessageName() string { return "CreateUserMessage" }

// MessageName implements Message.
func (*UpdateUserMessage) MessageName() string { return "UpdateUserMessage" }

// MessageName implements Message.
func (*ChangePasswordMessage) MessageName() string { return "ChangePasswordMessage" }

// MessageName implements Message.
func (*DeleteUserMessage) MessageName() string { return "DeleteUserMessage" }

// MessageName implements Message.
func (*GetUsersMessage) MessageName() string { return "GetUsersMessage" }

// MessageName implements Message.
func (*UserResponse) MessageName() string { return "UserResponse" }

// MessageName implements Message.
func (*UsersResponse) MessageName() string { return "UsersResponse" }

// MessageName implements Message.
func (*CreateGroupMessage) MessageName() string { return "CreateGroupMessage" }

// MessageName implements Message.
func (*UpdateGroupMessage) MessageName() string { return "UpdateGroupMessage" }

// MessageName implements Message.
func (*DeleteGroupMessage) MessageName() string { return "DeleteGroupMessage" }

// MessageName implements Message.
func (*GetGroupsMessage) MessageName() string { return "GetGroupsMessage" }

// MessageName implements Message.
func (*GroupResponse) MessageName() string { return "GroupResponse" }

// MessageName implements Message.
func (*GroupsResponse) MessageName() string { return "GroupsResponse" }

// MessageName implements Message.
func (*CreateTokenMessage) MessageName() string { return "CreateTokenMessage" }

// MessageName implements Message.
func (*CreateTokenResponse) MessageName() string { return "CreateTokenResponse" }

// MessageName implements Message.
func (*GetTokensMessage) MessageName() string { return "GetTokensMessage" }

// MessageName implements Message.
func (*TokensResponse) MessageName() string { return "TokensResponse" }

// MessageName implements Message.
func (*RevokeTokenMessage) MessageName() string { return "RevokeTokenMessage" }

// MessageName implements Message.
func (*GetAuditMessage) MessageName() string { return "GetAuditMessage" }

// MessageName implements Message.
func (*AuditResponse) MessageName() string { return "AuditResponse" }

// MessageName implements Message.
func (*GetSystemInfoMessage) MessageName() string { return "GetSystemInfoMessage" }

// MessageName implements Message.
func (*SystemInfoResponse) MessageName() string { return "SystemInfoResponse" }

// MessageName implements Message.
func (*CheckStoreMessage) MessageName() string { return "CheckStoreMessage" }

// MessageName implements Message.
func (*CheckStoreResponse) MessageName() string { return "CheckStoreResponse" }

// MessageName implements Message.
func (*CompactStoreMessage) MessageName() string { return "CompactStoreMessage" }

// MessageName implements Message.
func (*CompactStoreResponse) MessageName() string { return "CompactStoreResponse" }

// MessageName implements Message.
func (*GetMetricsMessage) MessageName() string { return "GetMetricsMessage" }

// MessageName implements Message.
func (*MetricsResponse) MessageName() string { return "MetricsResponse" }

// MessageName implements Message.
func (*GetLogLevelMessage) MessageName() string { return "GetLogLevelMessage" }

// MessageName implements Message.
func (*SetLogLevelMessage) MessageName() string { return "SetLogLevelMessage" }

// MessageName implements Message.
func (*LogLevelResponse) MessageName() string { return "LogLevelResponse" }

// MessageName implements Message.
func (*GetLogMessage) MessageName() string { return "GetLogMessage" }

// MessageName implements Message.
func (*LogResponse) MessageName() string { return "LogResponse" }

// MessageName implements Message.
func (*CreateBackupMessage) MessageName() string { return "CreateBackupMessage" }

// MessageName implements Message.
func (*BackupResponse) MessageName() string { return "BackupResponse" }

// MessageName implements Message.
func (*GetBackupsMessage) MessageName() string { return "GetBackupsMessage" }

// MessageName implements Message.
func (*BackupsResponse) MessageName() string { return "BackupsResponse" }

// MessageName implements Message.
func (*ReadBackupMessage) MessageName() string { return "ReadBackupMessage" }

// MessageName implements Message.
func (*ReadBackupResponse) MessageName() string { return "ReadBackupResponse" }

// MessageName implements Message.
func (*DeleteBackupMessage) MessageName() string { return "DeleteBackupMessage" }
