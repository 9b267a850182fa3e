package runtime

import (
	"context"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

// addEngine adds the rows of what scripts are given by their engine beside what
// everybody has: secrets, memory, requests to servers; and of what people set
// and see of it.
func addEngine(table map[string]handler) {
	var (
		vault = holders(slnet.PermissionAutomationSecrets)
		edit  = with(security.EditScript)
	)
	add(table, vault, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.SetSecretMessage) (*slnet.SecretResponse, error) {
		return r.secrets.Set(ctx, c, m)
	})
	add(table, vault, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteSecretMessage) (*slnet.Empty, error) {
		return r.secrets.Delete(ctx, c, m)
	})
	add(table, reading(vault), func(r *Runtime, ctx context.Context, _ security.Caller, _ *slnet.GetSecretsMessage) (*slnet.SecretsResponse, error) {
		return r.secrets.List(ctx)
	})
	add(table, aside(inRuns), (*Runtime).secretValue)

	add(table, reading(inRuns), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetMemoryMessage) (*slnet.MemoryResponse, error) {
		return r.automation.Memory(ctx, c, m)
	})
	add(table, inRuns, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.SetMemoryMessage) (*slnet.SetMemoryResponse, error) {
		return r.automation.SetMemory(ctx, c, m)
	})
	add(table, inRuns, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteMemoryMessage) (*slnet.Empty, error) {
		return r.automation.DeleteMemory(ctx, c, m)
	})
	add(table, reading(inRuns), func(r *Runtime, ctx context.Context, c security.Caller, _ *slnet.GetMemoryKeysMessage) (*slnet.MemoryKeysResponse, error) {
		return r.automation.MemoryKeys(ctx, c)
	})
	add(table, reading(edit), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetScriptMemoryMessage) (*slnet.ScriptMemoryResponse, error) {
		return r.automation.ScriptMemory(ctx, m)
	})
	add(table, edit, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.ClearScriptMemoryMessage) (*slnet.Empty, error) {
		return r.automation.ClearScriptMemory(ctx, c, m)
	})

	add(table, aside(inRuns), (*Runtime).sendHTTP)
}

// secretValue lets a run read a secret. Which script asks is what the record of
// the run says.
func (r *Runtime) secretValue(ctx context.Context, caller security.Caller, m *slnet.GetSecretValueMessage) (*slnet.SecretValueResponse, error) {
	value, err := r.automation.ReadSecret(caller, m.Name, func(script string) (string, error) {
		return r.secrets.Read(ctx, script, m.Name)
	})
	if err != nil {
		return nil, err
	}
	return &slnet.SecretValueResponse{Value: value}, nil
}

// sendHTTP lets a run send a request to a server that its script is granted.
func (r *Runtime) sendHTTP(ctx context.Context, caller security.Caller, m *slnet.SendHTTPRequestMessage) (*slnet.HTTPResponse, error) {
	script, servers, err := r.automation.Reach(caller)
	if err != nil {
		return nil, err
	}
	return r.outbound.Do(ctx, script, servers, m)
}
