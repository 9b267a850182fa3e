package main

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// completeWait bounds what a shell waits for the daemon.
const completeWait = 2 * time.Second

// completes lets the shell complete the first argument with names the daemon
// knows. What cannot be found out is not completed.
func (a *app) completes(c *cobra.Command, names func(ctx context.Context, c *client.Client) []string) *cobra.Command {
	c.ValidArgsFunction = func(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return a.completions(command, names)
	}
	return c
}

// completesFlag does the same for a flag.
func (a *app) completesFlag(c *cobra.Command, flag string, names func(ctx context.Context, c *client.Client) []string) {
	c.RegisterFlagCompletionFunc(flag, func(command *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
		return a.completions(command, names)
	})
}

func (a *app) completions(command *cobra.Command, names func(ctx context.Context, c *client.Client) []string) ([]string, cobra.ShellCompDirective) {
	connection, err := a.connect()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer connection.Close()
	ctx, cancel := context.WithTimeout(command.Context(), completeWait)
	defer cancel()
	return names(ctx, connection), cobra.ShellCompDirectiveNoFileComp
}

func scriptNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.ScriptsResponse](ctx, c, &slnet.GetScriptsMessage{})
	if err != nil {
		return nil
	}
	var names []string
	for _, script := range response.Scripts {
		names = append(names, script.Name)
	}
	return names
}

func secretNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.SecretsResponse](ctx, c, &slnet.GetSecretsMessage{})
	if err != nil {
		return nil
	}
	var names []string
	for _, secret := range response.Secrets {
		names = append(names, secret.Name)
	}
	return names
}

func userNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.UsersResponse](ctx, c, &slnet.GetUsersMessage{})
	if err != nil {
		return nil
	}
	var names []string
	for _, user := range response.Users {
		names = append(names, user.Name)
	}
	return names
}

func groupNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.GroupsResponse](ctx, c, &slnet.GetGroupsMessage{})
	if err != nil {
		return nil
	}
	var names []string
	for _, group := range response.Groups {
		names = append(names, group.Name)
	}
	return names
}

func moduleNames(ctx context.Context, c *client.Client) []string {
	modules, err := dom.NewModuleSettingsHelper(c.SendSLNetMessages).ModuleSettings.Read(ctx, dom.True())
	if err != nil {
		return nil
	}
	var names []string
	for _, module := range modules {
		names = append(names, module.ModuleID)
	}
	return names
}

// runIDs are the newest runs, with what they are as description.
func runIDs(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.RunsResponse](ctx, c, &slnet.GetRunsMessage{Limit: 20})
	if err != nil {
		return nil
	}
	var ids []string
	for _, run := range response.Runs {
		ids = append(ids, cobra.CompletionWithDesc(run.ID.String(), run.Script+" "+string(run.State)))
	}
	return ids
}

func scheduleNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.SchedulesResponse](ctx, c, &slnet.GetSchedulesMessage{Limit: maxRuns})
	if err != nil {
		return nil
	}
	var names []string
	for _, schedule := range response.Schedules {
		names = append(names, schedule.Name)
	}
	return names
}

func triggerNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*dom.TriggersResponse](ctx, c, &dom.GetTriggersMessage{Limit: maxRuns})
	if err != nil {
		return nil
	}
	var names []string
	for _, trigger := range response.Triggers {
		names = append(names, trigger.Name)
	}
	return names
}

// instanceIDs are the instances of a module that changed last, with their names.
func instanceIDs(ctx context.Context, c *client.Client, module string) []string {
	query := dom.NewQuery(dom.True()).OrderByDescending(dom.InstanceExposers.LastModified).Limit(maxRuns)
	instances, err := dom.NewDomHelper(c.SendSLNetMessages, module).DomInstances.ReadQuery(ctx, query)
	if err != nil {
		return nil
	}
	var ids []string
	for _, i := range instances {
		ids = append(ids, cobra.CompletionWithDesc(i.ID.String(), i.Name))
	}
	return ids
}

// completesInstance completes the arguments MODULE ID of an instance.
func (a *app) completesInstance(c *cobra.Command) *cobra.Command {
	return a.completesSecond(c, instanceIDs)
}

// completesSecond completes a module, and then what is in it.
func (a *app) completesSecond(c *cobra.Command, names func(ctx context.Context, c *client.Client, module string) []string) *cobra.Command {
	c.ValidArgsFunction = func(command *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		switch len(args) {
		case 0:
			return a.completions(command, moduleNames)
		case 1:
			return a.completions(command, func(ctx context.Context, c *client.Client) []string { return names(ctx, c, args[0]) })
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c
}
