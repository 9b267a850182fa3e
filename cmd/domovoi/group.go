package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/slnet"
)

func (a *app) groupCommand() *cobra.Command {
	return a.group("group", "Manage groups and their permissions",
		a.groupWriteCommand("create NAME", "Create a group", func(g slnet.Group) slnet.Message {
			return &slnet.CreateGroupMessage{Group: g}
		}),
		a.leaf("list", "List the groups", a.groupList),
		a.groupUpdateCommand(),
		a.completes(a.leaf("delete NAME", "Delete a group", a.groupDelete), groupNames))
}

func (a *app) groupUpdateCommand() *cobra.Command {
	c := a.groupWriteCommand("update NAME", "Replace the permissions of a group", func(g slnet.Group) slnet.Message {
		return &slnet.UpdateGroupMessage{Group: g}
	})
	c.Long = `Replace the permissions of a group by those given. --permission="" takes all away.`
	c.MarkFlagsOneRequired("permission")
	return a.completes(c, groupNames)
}

// groupWriteCommand is a command that sends a whole group.
func (a *app) groupWriteCommand(use, short string, message func(slnet.Group) slnet.Message) *cobra.Command {
	var names []string
	c := a.leaf(use, short, func(ctx context.Context, args []string) error {
		g := slnet.Group{Name: args[0]}
		for _, name := range names {
			permission, err := slnet.ParsePermission(name)
			if err != nil {
				return err
			}
			g.Permissions = append(g.Permissions, permission)
		}
		response, err := request[*slnet.GroupResponse](ctx, a, message(g))
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { showGroups(t, []slnet.Group{response.Group}) })
	})
	known := permissionNames(slnet.Permissions())
	c.Flags().StringSliceVar(&names, "permission", nil, "a `permission` of the group, may be repeated: "+strings.Join(known, ", "))
	c.RegisterFlagCompletionFunc("permission", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	return c
}

func permissionNames(permissions []slnet.PermissionFlag) []string {
	names := make([]string, len(permissions))
	for i, p := range permissions {
		names[i] = p.String()
	}
	return names
}

func (a *app) groupList(ctx context.Context, _ []string) error {
	response, err := request[*slnet.GroupsResponse](ctx, a, &slnet.GetGroupsMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showGroups(t, response.Groups) })
}

func showGroups(t *table, groups []slnet.Group) {
	t.row("NAME", "PERMISSIONS")
	for _, g := range groups {
		t.row(g.Name, strings.Join(permissionNames(g.Permissions), ", "))
	}
}

func (a *app) groupDelete(ctx context.Context, args []string) error {
	return a.do(ctx, &slnet.DeleteGroupMessage{Name: args[0]})
}
