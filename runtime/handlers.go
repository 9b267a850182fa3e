package runtime

import (
	"cmp"
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// handler says who may send a message and who carries it out.
type handler struct {
	rule
	handle func(r *Runtime, ctx context.Context, caller security.Caller, message slnet.Message) (slnet.Message, error)
}

// rule says who may send a message.
type rule struct {
	handling
	// allow returns why a caller may not send the message; nil means that
	// everybody may.
	// script is the name that the script now has which the message is about, ""
	// where it is about none.
	allow func(rights *security.Rights, message slnet.Message, script string) error
	// runs says that only runs may send the message.
	runs bool
}

// everyone may send a message. What it answers or does may still depend on who
// it is: everybody has runs and tokens of their own.
var everyone = rule{}

// inRuns is for what a script may do, whoever's rights its run has, and nobody
// else.
var inRuns = rule{runs: true}

// reading is the rule for a message that changes nothing.
func reading(of rule) rule {
	of.reads = true
	return of
}

// aside is the rule for a message that does something without a commit.
func aside(of rule) rule {
	of.aside = true
	return of
}

// within is the rule for a message that a dry run carries out itself.
func within(of rule) rule {
	of.within = true
	return of
}

// holders of a permission may send a message.
func holders(p slnet.PermissionFlag) rule {
	return rule{allow: func(rights *security.Rights, _ slnet.Message, _ string) error {
		if rights.Has(p) {
			return nil
		}
		return lacks(rights, p)
	}}
}

// holdersOfAll of these permissions may send a message.
func holdersOfAll(all ...slnet.PermissionFlag) rule {
	return rule{allow: func(rights *security.Rights, _ slnet.Message, _ string) error {
		for _, p := range all {
			if !rights.Has(p) {
				return lacks(rights, p)
			}
		}
		return nil
	}}
}

// with says that those may send a message who have all these rights for the
// script it is about, by permissions or grants.
func with(all ...security.ScriptRight) rule {
	return rule{allow: func(rights *security.Rights, _ slnet.Message, script string) error {
		for _, right := range all {
			if err := mayScript(rights, right, script); err != nil {
				return err
			}
		}
		return nil
	}}
}

// executing says that those may execute a script who have the right to. To put a
// run before those of others takes the permission to cancel these.
var executing = rule{allow: func(rights *security.Rights, message slnet.Message, script string) error {
	if err := mayScript(rights, security.ExecuteScript, script); err != nil {
		return err
	}
	if message.(*slnet.ExecuteScriptMessage).Priority > 0 && !rights.Has(slnet.PermissionAutomationCancelRuns) {
		return lacks(rights, slnet.PermissionAutomationCancelRuns)
	}
	return nil
}}

// updating says that those may update a script who may edit it, also by the name
// it is to have.
func updating() rule {
	return rule{allow: func(rights *security.Rights, message slnet.Message, script string) error {
		err := mayScript(rights, security.EditScript, script)
		if m, ok := message.(*slnet.UpdateScriptMessage); ok && err == nil && m.NewName != "" {
			err = mayScript(rights, security.EditScript, m.NewName)
		}
		return err
	}}
}

func mayScript(rights *security.Rights, right security.ScriptRight, name string) error {
	if rights.MayScript(right, name) {
		return nil
	}
	return slnet.Errorf(slnet.KindPermissionDenied, "user %s lacks the permission %v, or a grant of it for the script %.100q",
		rights.User(), right.Permission(), name).WithReason(security.NoPermission)
}

// withAny says that those may send a message who have a right for at least one
// script.
func withAny(of ...security.ScriptRight) rule {
	return rule{allow: func(rights *security.Rights, _ slnet.Message, _ string) error {
		if slices.ContainsFunc(of, rights.MayAnyScript) {
			return nil
		}
		return lacks(rights, of[0].Permission())
	}}
}

// scriptOf is the name of the script a message is about.
func scriptOf(message slnet.Message) string {
	switch m := message.(type) {
	case *slnet.DeployScriptMessage:
		return m.Name
	case *slnet.DeployPluginMessage:
		return m.Name
	case *slnet.CheckScriptMessage:
		return m.Name
	case *slnet.UpdateScriptMessage:
		return m.Name
	case *slnet.GetScriptMessage:
		return m.Name
	case *slnet.GetScriptVersionsMessage:
		return m.Name
	case *slnet.RollBackScriptMessage:
		return m.Name
	case *slnet.DeleteScriptMessage:
		return m.Name
	case *slnet.GetScriptReferencesMessage:
		return m.Name
	case *slnet.ExecuteScriptMessage:
		return m.ScriptName
	case *slnet.RequestScriptInfoMessage:
		return m.ScriptName
	case *slnet.ExecuteSourceMessage:
		return m.Name
	case *slnet.GetScriptMemoryMessage:
		return m.Name
	case *slnet.ClearScriptMemoryMessage:
		return m.Name
	}
	return ""
}

// handlers is the table of all requests that are not about DOM objects. A
// message without a row is no request.
var handlers = func() map[string]handler {
	var (
		accounts = holders(slnet.PermissionSecurityAdministration)
		system   = holders(slnet.PermissionSystemAdministration)
		edit     = with(security.EditScript)
		known    = withAny(security.ViewScript, security.ExecuteScript, security.EditScript, security.DeleteScript)
	)
	table := make(map[string]handler)
	add(table, reading(everyone), func(r *Runtime, _ context.Context, c security.Caller, _ *slnet.WhoAmIMessage) (*slnet.WhoAmIResponse, error) {
		return r.accounts.WhoAmI(c)
	})
	add(table, within(everyone), (*Runtime).generateInformation)
	add(table, within(reading(everyone)), (*Runtime).informationEvents)
	add(table, everyone, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.ChangePasswordMessage) (*slnet.Empty, error) {
		return r.accounts.ChangePassword(ctx, c, m)
	})
	add(table, everyone, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateTokenMessage) (*slnet.CreateTokenResponse, error) {
		return r.accounts.CreateToken(ctx, c, m)
	})
	add(table, reading(everyone), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetTokensMessage) (*slnet.TokensResponse, error) {
		return r.accounts.Tokens(ctx, c, m)
	})
	add(table, everyone, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.RevokeTokenMessage) (*slnet.Empty, error) {
		return r.accounts.RevokeToken(ctx, c, m)
	})

	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateUserMessage) (*slnet.UserResponse, error) {
		return r.accounts.CreateUser(ctx, c, m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateUserMessage) (*slnet.UserResponse, error) {
		return r.accounts.UpdateUser(ctx, c, m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteUserMessage) (*slnet.Empty, error) {
		return r.accounts.DeleteUser(ctx, c, m)
	})
	add(table, reading(accounts), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetUsersMessage) (*slnet.UsersResponse, error) {
		return r.accounts.Users(ctx, m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateGroupMessage) (*slnet.GroupResponse, error) {
		return r.accounts.CreateGroup(ctx, c, m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateGroupMessage) (*slnet.GroupResponse, error) {
		return r.accounts.UpdateGroup(ctx, c, m)
	})
	add(table, accounts, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteGroupMessage) (*slnet.Empty, error) {
		return r.accounts.DeleteGroup(ctx, c, m)
	})
	add(table, reading(accounts), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetGroupsMessage) (*slnet.GroupsResponse, error) {
		return r.accounts.Groups(ctx, m)
	})

	add(table, edit, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeployScriptMessage) (*slnet.ScriptResponse, error) {
		return r.automation.DeployScript(ctx, c, m)
	})
	add(table, edit, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeployPluginMessage) (*slnet.ScriptResponse, error) {
		return r.automation.DeployPlugin(ctx, c, m)
	})
	add(table, edit, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CheckScriptMessage) (*slnet.CheckScriptResponse, error) {
		return r.automation.CheckScript(ctx, c, m)
	})
	add(table, edit, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.RollBackScriptMessage) (*slnet.ScriptResponse, error) {
		return r.automation.RollBack(ctx, c, m)
	})
	add(table, with(security.DeleteScript), (*Runtime).deleteScript)
	add(table, reading(with(security.ViewScript)), (*Runtime).scriptReferences)
	add(table, reading(with(security.ViewScript)), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetScriptVersionsMessage) (*slnet.ScriptVersionsResponse, error) {
		return r.automation.Versions(ctx, m)
	})
	add(table, updating(), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateScriptMessage) (*slnet.ScriptResponse, error) {
		return r.automation.UpdateScript(ctx, c, m)
	})
	add(table, aside(withAny(security.EditScript)), func(r *Runtime, _ context.Context, c security.Caller, m *slnet.UploadMessage) (*slnet.Empty, error) {
		return r.automation.Upload(c, m)
	})
	add(table, reading(known), (*Runtime).scripts)
	add(table, reading(known), (*Runtime).pluginProcesses)
	add(table, reading(with(security.ViewScript)), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetScriptMessage) (*slnet.ScriptResponse, error) {
		return r.automation.Script(ctx, m)
	})
	add(table, within(executing), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.ExecuteScriptMessage) (*slnet.RunResponse, error) {
		return r.automation.ExecuteWithin(ctx, r.dryRun.automation(), c, m)
	})
	add(table, within(with(security.ExecuteScript)), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.RequestScriptInfoMessage) (*slnet.RequestScriptInfoResponse, error) {
		return r.automation.RequestInfo(ctx, r.dryRun.automation(), c, m)
	})
	add(table, with(security.EditScript, security.ExecuteScript), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.ExecuteSourceMessage) (*slnet.RunResponse, error) {
		return r.automation.ExecuteSource(ctx, c, m)
	})
	add(table, reading(everyone), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetRunsMessage) (*slnet.RunsResponse, error) {
		return r.automation.Runs(ctx, c, r.seesAllRuns(c), m)
	})
	add(table, reading(everyone), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetRunMessage) (*slnet.RunResponse, error) {
		if m.Wait {
			return r.automation.Await(ctx, c, r.seesAllRuns(c), m.ID)
		}
		return r.automation.Run(ctx, c, r.seesAllRuns(c), m.ID)
	})
	add(table, reading(everyone), func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.GetRunLogMessage) (*slnet.RunLogResponse, error) {
		return r.automation.RunLog(ctx, c, r.seesAllRuns(c), m)
	})
	add(table, within(aside(everyone)), (*Runtime).cancelRun)
	add(table, reading(everyone), (*Runtime).runChanges)
	add(table, reading(everyone), (*Runtime).parseQuery)
	add(table, reading(everyone), (*Runtime).formatQuery)

	addEngine(table)

	add(table, everyone, (*Runtime).replayRuns)
	addSchedules(table)
	addWebhooks(table)
	addTriggers(table)
	addAPIs(table)
	addModules(table)

	addOperations(table)
	add(table, reading(everyone), (*Runtime).systemInfo)
	add(table, reading(system), (*Runtime).checkStore)
	add(table, aside(system), (*Runtime).compactStore)
	addBackups(table)
	add(table, reading(holders(slnet.PermissionAuditRead)), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetAuditMessage) (*slnet.AuditResponse, error) {
		return r.audit.Read(ctx, m)
	})
	return table
}()

// add adds a row with the types of its request and response.
func add[M, R slnet.Message](table map[string]handler, of rule, handle func(r *Runtime, ctx context.Context, caller security.Caller, message M) (R, error)) {
	var request M
	table[request.MessageName()] = handler{of, func(r *Runtime, ctx context.Context, caller security.Caller, message slnet.Message) (slnet.Message, error) {
		response, err := handle(r, ctx, caller, message.(M))
		if err != nil {
			return nil, err
		}
		return response, nil
	}}
}

// replayRuns starts runs again. Runs of others need a permission, own ones the
// right to execute the script as it is now.
func (r *Runtime) replayRuns(ctx context.Context, caller security.Caller, m *slnet.ReplayRunsMessage) (*slnet.ReplayRunsResponse, error) {
	rights, err := r.accounts.Rights(caller)
	if err != nil {
		return nil, err
	}
	all := rights.Has(slnet.PermissionAutomationReplayRuns)
	return r.automation.Replay(ctx, caller, all, m, func(script string) error {
		if all || rights.MayScript(security.ExecuteScript, script) {
			return nil
		}
		return lacks(rights, slnet.PermissionAutomationExecute)
	})
}

func (r *Runtime) seesAllRuns(caller security.Caller) bool {
	return r.accounts.Has(caller, slnet.PermissionAutomationViewRuns)
}

// scripts lists the scripts that the caller has any right for.
func (r *Runtime) scripts(ctx context.Context, caller security.Caller, m *slnet.GetScriptsMessage) (*slnet.ScriptsResponse, error) {
	rights, err := r.accounts.Rights(caller)
	if err != nil {
		return nil, err
	}
	return r.automation.Scripts(ctx, m, func(name string) bool { return knows(rights, name) })
}

func (r *Runtime) pluginProcesses(ctx context.Context, caller security.Caller, m *slnet.GetPluginProcessesMessage) (*slnet.PluginProcessesResponse, error) {
	rights, err := r.accounts.Rights(caller)
	if err != nil {
		return nil, err
	}
	response, err := r.automation.PluginProcesses(ctx, m)
	if err != nil {
		return nil, err
	}
	response.Processes = slices.DeleteFunc(response.Processes, func(p slnet.PluginProcess) bool { return !knows(rights, p.Script) })
	return response, nil
}

// knows reports whether somebody with these rights may know of a script.
func knows(rights *security.Rights, name string) bool {
	return rights.MayScript(security.ViewScript, name) || rights.MayScript(security.ExecuteScript, name) ||
		rights.MayScript(security.DeleteScript, name)
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

func (r *Runtime) informationEvents(ctx context.Context, caller security.Caller, m *slnet.GetInformationEventsMessage) (*slnet.InformationEventsResponse, error) {
	if m.Limit < 0 || m.Limit > slnet.MaxInformationEvents {
		return nil, slnet.Errorf(slnet.KindInvalid, "Limit is %d, it must be 0 to %d", m.Limit, slnet.MaxInformationEvents)
	}
	limit := cmp.Or(int(m.Limit), slnet.DefaultInformationEvents)
	response := new(slnet.InformationEventsResponse)
	err := r.store.View(ctx, func(reader *storage.Reader) (err error) {
		response.Events, response.Next, err = reader.InformationEvents(ctx, m.ModuleID, m.Before, limit)
		if err != nil {
			return err
		}
		response.Events, err = r.accessesOf(caller).visibleInformation(ctx, reader, response.Events)
		return err
	})
	return response, err
}

func (r *Runtime) systemInfo(ctx context.Context, _ security.Caller, _ *slnet.GetSystemInfoMessage) (*slnet.SystemInfoResponse, error) {
	removed, err := r.automation.Removed(ctx)
	if err != nil {
		return nil, err
	}
	queue, err := r.queueInfo(ctx)
	return &slnet.SystemInfoResponse{
		Version: r.version, StartedAt: r.startedAt.Truncate(time.Millisecond), StoreVersion: int64(r.store.Version()),
		Safe: r.safe, ReadOnly: r.readOnly, Backups: r.backups.Info(), Managers: r.managers.Running(), Isolation: r.host.Isolation(),
		Store: r.storeInfo(), Queue: queue, Indexing: r.store.Indexing(), RemovedRuns: removed.Runs, RemovedLogBytes: removed.LogBytes,
	}, err
}

// mayGrant reports whether a caller may give scripts what reaches beyond the
// daemon: files, network, other programs.
func (r *Runtime) mayGrant(caller security.Caller) bool {
	return r.accounts.Has(caller, slnet.PermissionSystemAdministration)
}
