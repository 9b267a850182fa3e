package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/slnet"
)

func (a *app) groupCommand() *cobra.Command {
	return a.group("group", "Manage groups and their rights",
		a.groupCreateCommand(),
		a.leaf("list", "List the groups", a.groupList),
		a.groupUpdateCommand(),
		a.completes(a.leaf("delete NAME", "Delete a group", a.groupDelete), groupNames))
}

// groupFlags are the rights of a group as flags.
type groupFlags struct {
	permissions, grants []string
	readOnly            bool
}

func (f *groupFlags) flags(c *cobra.Command) {
	known := permissionNames(slnet.Permissions())
	c.Flags().StringSliceVar(&f.permissions, "permission", nil, "a `permission` of the group, may be repeated: "+strings.Join(known, ", "))
	c.Flags().StringArrayVar(&f.grants, "script-grant", nil, "rights for some scripts as `PATTERN=RIGHTS`, may be repeated: the name of a script, or the beginning of names and *, and of "+strings.Join(grantRights, ", "))
	c.Flags().BoolVar(&f.readOnly, "read-only", false, "its members change nothing and run no scripts, unless another group of theirs is not read-only")
	c.RegisterFlagCompletionFunc("permission", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
}

// apply gives a group the rights of those flags that were given.
func (f *groupFlags) apply(c *cobra.Command, g *slnet.Group) error {
	if c.Flags().Changed("permission") {
		g.Permissions = nil
		for _, name := range f.permissions {
			permission, err := slnet.ParsePermission(name)
			if err != nil {
				return err
			}
			g.Permissions = append(g.Permissions, permission)
		}
	}
	if c.Flags().Changed("script-grant") {
		g.ScriptGrants = nil
		for _, text := range f.grants {
			if text == "" {
				continue
			}
			grant, err := parseGrant(text)
			if err != nil {
				return err
			}
			g.ScriptGrants = append(g.ScriptGrants, grant)
		}
	}
	if c.Flags().Changed("read-only") {
		g.ReadOnly = f.readOnly
	}
	return nil
}

// grantRights are the rights of a script grant, in the order they are shown.
var grantRights = []string{"view", "edit", "execute", "delete"}

// grantFields are the same as fields.
func grantFields(g *slnet.ScriptGrant) []*bool {
	return []*bool{&g.View, &g.Edit, &g.Execute, &g.Delete}
}

func parseGrant(text string) (slnet.ScriptGrant, error) {
	pattern, rights, _ := strings.Cut(text, "=")
	g := slnet.ScriptGrant{Pattern: pattern}
	for _, right := range strings.Split(rights, ",") {
		i := slices.Index(grantRights, right)
		if i < 0 {
			return g, slnet.Errorf(slnet.KindInvalid, "--script-grant is %q, want PATTERN=RIGHTS, such as report*=view,execute; the rights are %s", text, strings.Join(grantRights, ", "))
		}
		*grantFields(&g)[i] = true
	}
	return g, nil
}

func grantText(g slnet.ScriptGrant) string {
	var rights []string
	for i, field := range grantFields(&g) {
		if *field {
			rights = append(rights, grantRights[i])
		}
	}
	return g.Pattern + "=" + strings.Join(rights, ",")
}

func (a *app) groupCreateCommand() *cobra.Command {
	var flags groupFlags
	var preset string
	var c *cobra.Command
	c = a.leaf("create NAME", "Create a group", func(ctx context.Context, args []string) error {
		message := &slnet.CreateGroupMessage{Group: slnet.Group{Name: args[0]}, Preset: slnet.GroupPreset(preset)}
		if err := flags.apply(c, &message.Group); err != nil {
			return err
		}
		return a.sendGroup(ctx, message)
	})
	var presets []string
	for _, p := range slnet.GroupPresets() {
		presets = append(presets, string(p))
	}
	c.Long = `Create a group, with the rights of a preset, those given, or both:

	power-users  configure modules and scripts, and all that runs by itself, but
	             neither users nor the daemon
	operators    run scripts; see, cancel and repeat the runs of all
	read-only    see objects, scripts and runs, and change nothing

The built-in group Administrators has all rights. Nobody can give a right they do
not have themselves.`
	c.Flags().StringVar(&preset, "preset", "", "begin with the rights of this `preset`: "+strings.Join(presets, ", "))
	c.RegisterFlagCompletionFunc("preset", cobra.FixedCompletions(presets, cobra.ShellCompDirectiveNoFileComp))
	flags.flags(c)
	return c
}

func (a *app) groupUpdateCommand() *cobra.Command {
	var flags groupFlags
	var name string
	var c *cobra.Command
	c = a.leaf("update NAME", "Replace rights of a group, or its name", func(ctx context.Context, args []string) error {
		groups, err := request[*slnet.GroupsResponse](ctx, a, &slnet.GetGroupsMessage{})
		if err != nil {
			return err
		}
		message := &slnet.UpdateGroupMessage{Group: slnet.Group{Name: args[0]}}
		for _, g := range groups.Groups {
			if strings.EqualFold(g.Name, args[0]) {
				message.Group = g
			}
		}
		if err := flags.apply(c, &message.Group); err != nil {
			return err
		}
		message.NewName = name
		return a.sendGroup(ctx, message)
	})
	c.Long = `Replace rights of a group by those given; what is not given stays.
--permission="" takes all permissions away, and --script-grant="" all grants.

A group with another name keeps its members and rights. Links in the settings of
modules name groups, so those of the old name give access to nobody any more:
"domovoi module security" shows them.`
	flags.flags(c)
	c.Flags().StringVar(&name, "rename", "", "new `name` of the group")
	c.MarkFlagsOneRequired("permission", "script-grant", "read-only", "rename")
	return a.completes(c, groupNames)
}

// sendGroup sends a message that is answered with a group, and shows it.
func (a *app) sendGroup(ctx context.Context, message slnet.Message) error {
	response, err := request[*slnet.GroupResponse](ctx, a, message)
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showGroups(t, []slnet.Group{response.Group}) })
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
	t.header("NAME", "READ-ONLY", "PERMISSIONS", "SCRIPT GRANTS")
	for _, g := range groups {
		var grants []string
		for _, grant := range g.ScriptGrants {
			grants = append(grants, grantText(grant))
		}
		t.row(g.Name, yes(g.ReadOnly), strings.Join(permissionNames(g.Permissions), ", "), strings.Join(grants, " "))
	}
}

func (a *app) groupDelete(ctx context.Context, args []string) error {
	return a.do(ctx, &slnet.DeleteGroupMessage{Name: args[0]})
}

// showRights shows what a user may do, and which groups and what token it comes
// from.
func showRights(t *table, who *slnet.WhoAmIResponse) {
	from := func(has func(g *slnet.Group) bool) string {
		var names []string
		for i := range who.Groups {
			if has(&who.Groups[i]) {
				names = append(names, who.Groups[i].Name)
			}
		}
		return "from " + strings.Join(names, ", ")
	}
	if who.ReadOnly {
		source := "from the token"
		if who.Scope == nil || !who.Scope.ReadOnly {
			source = from(func(g *slnet.Group) bool { return g.ReadOnly })
		}
		t.row("Read-only", "yes", source)
	}
	for i, p := range who.Permissions {
		t.row(first(i, "Permissions"), p.String(), from(func(g *slnet.Group) bool { return slices.Contains(g.Permissions, p) }))
	}
	n := 0
	for _, g := range who.Groups {
		for _, grant := range g.ScriptGrants {
			t.row(first(n, "Scripts"), grantText(grant), "from "+g.Name)
			n++
		}
	}
	if who.Scope != nil {
		t.row("Limited to", scopeText(who.Scope), "by the token")
	}
	if token := who.Token; token != nil && !token.ExpiresAt.IsZero() {
		t.row("Token expires", timeText(token.ExpiresAt), fmt.Sprintf("%s %s", tokenKindText(token.Kind), token.ID))
	}
}
