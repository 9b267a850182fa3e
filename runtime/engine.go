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
	add(table, within(aside(inRuns)), (*Runtime).secretValue)

	// The store of a dry run has a memory of its own, which begins as the real one.
	add(table, within(reading(inRuns)), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetMemoryMessage) (*slnet.MemoryResponse, error) {
		return r.automation.Memory(ctx, r.store, c, m)
	})
	add(table, within(inRuns), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.SetMemoryMessage) (*slnet.SetMemoryResponse, error) {
		return r.automation.SetMemory(ctx, r.store, c, m)
	})
	add(table, within(inRuns), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteMemoryMessage) (*slnet.Empty, error) {
		return r.automation.DeleteMemory(ctx, r.store, c, m)
	})
	add(table, within(reading(inRuns)), func(r *Runtime, ctx context.Context, c security.Caller, _ *slnet.GetMemoryKeysMessage) (*slnet.MemoryKeysResponse, error) {
		return r.automation.MemoryKeys(ctx, r.store, c)
	})
	add(table, within(reading(edit)), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetScriptMemoryMessage) (*slnet.ScriptMemoryResponse, error) {
		return r.automation.ScriptMemory(ctx, r.store, m)
	})
	add(table, within(edit), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.ClearScriptMemoryMessage) (*slnet.Empty, error) {
		return r.automation.ClearScriptMemory(ctx, r.store, c, m)
	})

	add(table, within(aside(inRuns)), (*Runtime).sendHTTP)
}

// secretValue lets a run read a secret, a dry run too. Which script asks is what
// the record of the run says.
func (r *Runtime) secretValue(ctx context.Context, caller security.Caller, m *slnet.GetSecretValueMessage) (*slnet.SecretValueResponse, error) {
	if r.dryRun != nil {
		r = r.dryRun.real
	}
	value, err := r.automation.ReadSecret(caller, m.Name, func(script string) (string, error) {
		return r.secrets.Read(ctx, script, m.Name)
	})
	if err != nil {
		return nil, err
	}
	return &slnet.SecretValueResponse{Value: value}, nil
}

// sendHTTP lets a run send a request to a server that its script is granted. A
// dry run sends none: no method promises to change nothing on any server.
func (r *Runtime) sendHTTP(ctx context.Context, caller security.Caller, m *slnet.SendHTTPRequestMessage) (*slnet.HTTPResponse, error) {
	if r.dryRun != nil {
		return nil, slnet.Errorf(slnet.KindConflict,
			"a dry run sends no requests over HTTP, which cannot be taken back; the script can ask engine.Run().DryRun before it does")
	}
	script, servers, err := r.automation.Reach(caller)
	if err != nil {
		return nil, err
	}
	return r.outbound.Do(ctx, script, servers, m)
}
