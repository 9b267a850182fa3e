package runtime

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/automation/endpoint"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// openAPIs opens the user-defined APIs of a daemon. That comes before the runs that
// wait start, which may ask for them.
func (r *Runtime) openAPIs(ctx context.Context) (*endpoint.APIs, error) {
	return endpoint.Open(ctx, endpoint.Options{
		Store: r.store, Now: time.Now, Script: r.scriptForAPI, Call: r.callForAPI, ActAs: r.accounts.ActAs, Enabled: r.accounts.Enabled,
		MayExecute: func(user security.Caller, script string) error {
			current, err := r.automation.CurrentName(context.Background(), script)
			if err != nil {
				return err
			}
			return r.mayStart(user, "the user of the API token", current)
		},
		Ready: r.apisReady, Stream: r.streamForAPI, MaxAttachment: r.managers.MaxAttachment(), Attachment: r.attachmentForAPI, Logger: r.log,
	})
}

// streamForAPI writes the body of a request to the files of attachments, unless
// the store could not refer to it anyway.
func (r *Runtime) streamForAPI(body io.Reader) (*slnet.StreamedBody, func(), error) {
	if err := r.ready(); err != nil {
		known, _ := slnet.AsError(err)
		return nil, nil, known.WithReason(slnet.ErrApiUnavailable)
	}
	return r.managers.Stream(body)
}

// attachmentForAPI opens the attachment that a run answers with, as if the run had
// asked for it by a message. That it may not is audited.
func (r *Runtime) attachmentForAPI(ctx context.Context, caller security.Caller, name *slnet.AttachmentName) (*api.File, error) {
	request := &dom.AttachmentGetRequest{ModuleID: name.ModuleID, DomInstanceID: dom.InstanceID(name.DomInstanceID), FileName: name.FileName}
	file, how, err := r.openAttachment(ctx, caller, request)
	if err != nil {
		r.auditMessage(caller, request, how, nil, err)
	}
	return file, err
}

func (r *Runtime) scriptForAPI(ctx context.Context, m *slnet.GetScriptMessage) (*slnet.ScriptResponse, error) {
	return r.automation.Script(ctx, m)
}

// startAgain is when a daemon that stops may be there again.
const startAgain = 5 * time.Second

// apisReady says why requests to user-defined APIs are not answered.
func (r *Runtime) apisReady() error {
	if r.safe {
		return slnet.Errorf(slnet.KindUnavailable, "the daemon was started with --safe, which keeps APIs from starting scripts")
	}
	if r.stopping.Err() != nil {
		return &api.Later{After: startAgain, Err: slnet.Errorf(slnet.KindUnavailable, "the daemon is stopping")}
	}
	return nil
}

// openCustom lets a request to a user-defined API in, or refuses it, which is
// audited.
func (r *Runtime) openCustom(ctx context.Context, request api.CustomRequest) (*api.CustomCall, error) {
	call, err := r.apis.Open(ctx, request)
	if errors.Is(err, slnet.KindUnauthenticated) || errors.Is(err, slnet.KindPermissionDenied) {
		known, _ := slnet.AsError(err)
		r.audit.Note(slnet.AuditRecord{
			Message: slnet.AuditAPI, Outcome: slnet.AuditRefused, Reason: string(known.Reason), Detail: known.Message, Address: request.Address,
		}, "", nil)
	}
	return call, err
}

// callForAPI carries out a run for a request. Errors of the store are told as
// those of messages are.
func (r *Runtime) callForAPI(ctx context.Context, caller security.Caller, c automation.Call) (automation.Outcome, error) {
	outcome, err := r.automation.Call(ctx, caller, c)
	if errors.Is(err, kv.ErrReadOnly) || errors.Is(err, kv.ErrClosed) || errors.Is(err, kv.ErrFailed) {
		err = storeRefuses(err)
	}
	return outcome, err
}

// addAPIs adds the rows of messages about user-defined APIs.
func addAPIs(table map[string]handler) {
	manage := holders(slnet.PermissionAutomationApis)
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
		return r.apis.CreateDefinition(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
		return r.apis.UpdateDefinition(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteApiDefinitionMessage) (*slnet.Empty, error) {
		return r.apis.DeleteDefinition(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DisableApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
		return r.apis.DisableDefinition(ctx, c, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetApiDefinitionMessage) (*slnet.ApiDefinitionResponse, error) {
		return r.apis.Definition(ctx, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetApiDefinitionsMessage) (*slnet.ApiDefinitionsResponse, error) {
		return r.apis.Definitions(ctx, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetApiDocumentMessage) (*slnet.ApiDocumentResponse, error) {
		return r.apis.Document(ctx, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateApiTokenMessage) (*slnet.CreateApiTokenResponse, error) {
		return r.apis.CreateToken(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateApiTokenMessage) (*slnet.ApiTokenResponse, error) {
		return r.apis.UpdateToken(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteApiTokenMessage) (*slnet.Empty, error) {
		return r.apis.DeleteToken(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DisableApiTokenMessage) (*slnet.ApiTokenResponse, error) {
		return r.apis.DisableToken(ctx, c, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetApiTokenMessage) (*slnet.ApiTokenResponse, error) {
		return r.apis.Token(ctx, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetApiTokensMessage) (*slnet.ApiTokensResponse, error) {
		return r.apis.Tokens(ctx, m)
	})
}

// apiSubject is the API definition or token that a message is about, for the
// audit.
func apiSubject(message slnet.Message) []slnet.AuditObject {
	named := func(kind string, id uuid.UUID, name string) []slnet.AuditObject {
		if id != uuid.Nil {
			name = id.String()
		}
		return []slnet.AuditObject{{Kind: kind, ID: name}}
	}
	switch m := message.(type) {
	case *slnet.CreateApiDefinitionMessage:
		return named("api", m.Definition.ID, m.Definition.Name)
	case *slnet.UpdateApiDefinitionMessage:
		return named("api", m.Definition.ID, m.Definition.Name)
	case *slnet.DeleteApiDefinitionMessage:
		return named("api", m.ID, "")
	case *slnet.DisableApiDefinitionMessage:
		return named("api", m.ID, "")
	case *slnet.GetApiDefinitionMessage:
		return named("api", m.ID, m.Name)
	case *slnet.CreateApiTokenMessage:
		return named("api token", m.Token.ID, m.Token.Name)
	case *slnet.UpdateApiTokenMessage:
		return named("api token", m.Token.ID, m.Token.Name)
	case *slnet.DeleteApiTokenMessage:
		return named("api token", m.ID, "")
	case *slnet.DisableApiTokenMessage:
		return named("api token", m.ID, "")
	case *slnet.GetApiTokenMessage:
		return named("api token", m.ID, m.Name)
	}
	return nil
}
