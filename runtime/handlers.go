package runtime

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// handler says what a message needs and who carries it out.
type handler struct {
	needs  slnet.PermissionFlag
	handle func(r *Runtime, ctx context.Context, caller security.Caller, message slnet.Message) (slnet.Message, error)
}

// handlers is the table of all requests that are not about DOM objects. A
// message without a row is no request.
var handlers = func() map[string]handler {
	const (
		everyone = slnet.PermissionNone
		execute  = slnet.PermissionAutomationExecute
		edit     = slnet.PermissionAutomationEdit
		accounts = slnet.PermissionSecurityAdministration
		system   = slnet.PermissionSystemAdministration
	)
	table := make(map[string]handler)
	add(table, everyone, func(r *Runtime, _ context.Context, c security.Caller, _ *slnet.WhoAmIMessage) (*slnet.WhoAmIResponse, error) {
		return r.accounts.WhoAmI(c)
	})
	add(table, everyone, (*Runtime).generateInformation)
	add(table, everyone, (*Runtime).informationEvents)
	add(table, everyone, (*Runtime).createToken)
	add(table, everyone, (*Runtime).tokens)
	add(table, everyone, (*Runtime).revokeToken)

	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateUserMessage) (*slnet.UserResponse, error) {
		return r.accounts.CreateUser(ctx, c.Origin(), m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateUserMessage) (*slnet.UserResponse, error) {
		return r.accounts.UpdateUser(ctx, c.Origin(), m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteUserMessage) (*slnet.Empty, error) {
		return r.accounts.DeleteUser(ctx, c.Origin(), m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetUsersMessage) (*slnet.UsersResponse, error) {
		return r.accounts.Users(ctx, m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateGroupMessage) (*slnet.GroupResponse, error) {
		return r.accounts.CreateGroup(ctx, c.Origin(), m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateGroupMessage) (*slnet.GroupResponse, error) {
		return r.accounts.UpdateGroup(ctx, c.Origin(), m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteGroupMessage) (*slnet.Empty, error) {
		return r.accounts.DeleteGroup(ctx, c.Origin(), m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetGroupsMessage) (*slnet.GroupsResponse, error) {
		return r.accounts.Groups(ctx, m)
	})

	add(table, edit, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeployScriptMessage) (*slnet.ScriptResponse, error) {
		return r.automation.DeployScript(ctx, c, m)
	})
	add(table, edit, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeployPluginMessage) (*slnet.ScriptResponse, error) {
		return r.automation.DeployPlugin(ctx, c, m)
	})
	add(table, edit, func(r *Runtime, _ context.Context, c security.Caller, m *slnet.UploadMessage) (*slnet.Empty, error) {
		return r.automation.Upload(c, m)
	})
	add(table, execute, func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetScriptsMessage) (*slnet.ScriptsResponse, error) {
		return r.automation.Scripts(ctx, m)
	})
	add(table, edit, func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetScriptMessage) (*slnet.ScriptResponse, error) {
		return r.automation.Script(ctx, m)
	})
	add(table, execute, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.ExecuteScriptMessage) (*slnet.RunResponse, error) {
		return r.automation.Execute(ctx, c, m)
	})
	add(table, execute, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetRunsMessage) (*slnet.RunsResponse, error) {
		return r.automation.Runs(ctx, c, r.seesAllRuns(c), m)
	})
	add(table, execute, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetRunMessage) (*slnet.RunResponse, error) {
		if m.Wait {
			return r.automation.Await(ctx, c, r.seesAllRuns(c), m.ID)
		}
		return r.automation.Run(ctx, c, r.seesAllRuns(c), m.ID)
	})
	add(table, execute, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetRunLogMessage) (*slnet.RunLogResponse, error) {
		return r.automation.RunLog(ctx, c, r.seesAllRuns(c), m)
	})
	add(table, execute, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CancelRunMessage) (*slnet.RunResponse, error) {
		return r.automation.Cancel(ctx, c, r.seesAllRuns(c), m.ID)
	})

	add(table, everyone, (*Runtime).systemInfo)
	add(table, system, func(r *Runtime, ctx context.Context, _ security.Caller, _ *slnet.CheckStoreMessage) (*slnet.CheckStoreResponse, error) {
		result, err := r.store.Check(ctx)
		return &result, err
	})
	add(table, system, (*Runtime).compactStore)
	return table
}()

// add adds a row with the types of its request and response.
func add[M, R slnet.Message](table map[string]handler, needs slnet.PermissionFlag, handle func(r *Runtime, ctx context.Context, caller security.Caller, message M) (R, error)) {
	var request M
	table[request.MessageName()] = handler{needs, func(r *Runtime, ctx context.Context, caller security.Caller, message slnet.Message) (slnet.Message, error) {
		response, err := handle(r, ctx, caller, message.(M))
		if err != nil {
			return nil, err
		}
		return response, nil
	}}
}

func (r *Runtime) seesAllRuns(caller security.Caller) bool {
	return r.accounts.Has(caller.User, slnet.PermissionAutomationViewRuns)
}

// maxInformation is the most bytes of the text of an information event.
const maxInformation = 32 << 10

func (r *Runtime) generateInformation(ctx context.Context, caller security.Caller, m *slnet.GenerateInformationMessage) (*slnet.Empty, error) {
	if m.Text == "" || len(m.Text) > maxInformation || !utf8.ValidString(m.Text) {
		return nil, slnet.Errorf(slnet.KindInvalid, "the text of an information event has 1 to %d bytes of UTF-8, this one has %d", maxInformation, len(m.Text))
	}
	_, err := r.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		return tx.AddEvent("", &slnet.InformationEventMessage{Time: tx.Now(), User: caller.User, Text: m.Text, RunID: caller.RunID})
	})
	return &slnet.Empty{}, err
}

func (r *Runtime) informationEvents(ctx context.Context, _ security.Caller, m *slnet.GetInformationEventsMessage) (*slnet.InformationEventsResponse, error) {
	if m.Limit < 0 || m.Limit > slnet.MaxInformationEvents {
		return nil, slnet.Errorf(slnet.KindInvalid, "Limit is %d, it must be 0 to %d", m.Limit, slnet.MaxInformationEvents)
	}
	limit := cmp.Or(int(m.Limit), slnet.DefaultInformationEvents)
	response := new(slnet.InformationEventsResponse)
	err := r.store.View(ctx, func(reader *storage.Reader) (err error) {
		response.Events, response.Next, err = reader.InformationEvents(ctx, m.ModuleID, m.Before, limit)
		return err
	})
	return response, err
}

// own reports whether a caller may manage the tokens of a user: their own, or
// all with the permission to. A script may not: it would outlive its run.
func (r *Runtime) own(caller security.Caller, user string) error {
	if r.accounts.Has(caller.User, slnet.PermissionSecurityAdministration) || strings.EqualFold(caller.User, user) && caller.RunID == uuid.Nil {
		return nil
	}
	return lacks(caller, slnet.PermissionSecurityAdministration)
}

func (r *Runtime) createToken(ctx context.Context, caller security.Caller, m *slnet.CreateTokenMessage) (*slnet.CreateTokenResponse, error) {
	if err := r.own(caller, m.User); err != nil {
		return nil, err
	}
	return r.accounts.CreateToken(ctx, caller.Origin(), m)
}

func (r *Runtime) tokens(ctx context.Context, caller security.Caller, m *slnet.GetTokensMessage) (*slnet.TokensResponse, error) {
	if err := r.own(caller, m.User); err != nil {
		return nil, err
	}
	return r.accounts.Tokens(ctx, m)
}

func (r *Runtime) revokeToken(ctx context.Context, caller security.Caller, m *slnet.RevokeTokenMessage) (*slnet.Empty, error) {
	tokens, err := r.accounts.Tokens(ctx, &slnet.GetTokensMessage{User: caller.User})
	if err != nil {
		return nil, err
	}
	own := slices.ContainsFunc(tokens.Tokens, func(t slnet.Token) bool { return t.ID == m.ID })
	if (!own || caller.RunID != uuid.Nil) && !r.accounts.Has(caller.User, slnet.PermissionSecurityAdministration) {
		return nil, lacks(caller, slnet.PermissionSecurityAdministration)
	}
	return r.accounts.RevokeToken(ctx, caller.Origin(), m)
}

func (r *Runtime) systemInfo(_ context.Context, _ security.Caller, _ *slnet.GetSystemInfoMessage) (*slnet.SystemInfoResponse, error) {
	return &slnet.SystemInfoResponse{
		Version: r.version, StartedAt: r.startedAt.Truncate(time.Millisecond), StoreVersion: int64(r.store.Version()),
		Managers: r.managers.Running(), Isolation: isolation,
		Store: r.storeInfo(),
	}, nil
}

// isolation names what keeps scripts apart, and nothing that is not in force.
var isolation = []string{
	"each run has a process of its own",
	"processes get nothing of the daemon's environment but " + strings.Join(plugins.DefaultEnv, ", "),
	"a run that exceeds its timeout is killed with all the processes it started",
}
