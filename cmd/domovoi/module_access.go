package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) moduleAccessCommand() *cobra.Command {
	message := new(dom.GetModuleAccessMessage)
	c := a.leaf("access ID", "Show what a group or a user has access to in a module", func(ctx context.Context, args []string) error {
		message.ModuleID = args[0]
		return a.moduleAccess(ctx, message)
	})
	c.Long = `Shows which instances of each definition the members of a group, or a user, can
read, write and delete: by permissions, and by the group links that are in effect
since the module was last reinitialised. The daemon decides it as it decides about
their own requests.`
	c.Flags().StringVar(&message.Group, "group", "", "what the `name`d group gives to members who are in no other")
	c.Flags().StringVar(&message.User, "user", "", "what the `name`d user has access to")
	return a.completes(c, moduleNames)
}

func (a *app) moduleAccess(ctx context.Context, message *dom.GetModuleAccessMessage) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	response, err := slnet.Send1(ctx, c.SendSLNetMessages, message)
	if err != nil {
		return err
	}
	access, ok := response.(*dom.ModuleAccessResponse)
	if !ok {
		return slnet.UnexpectedResponse(message, response)
	}
	return a.answer(access, func(t *table) { showAccess(t, access) })
}

func showAccess(t *table, access *dom.ModuleAccessResponse) {
	switch {
	case access.IsFull:
		t.field("Links", "do not count for who has "+dom.PermissionModuleSettingsConfiguration.String())
	case !access.IsRestricted:
		t.field("Links", "none: permissions alone count")
	}
	if len(access.Lacks) > 0 {
		lacks := make([]string, len(access.Lacks))
		for i, p := range access.Lacks {
			lacks[i] = p.String()
		}
		t.field("Lacks", strings.Join(lacks, ", "))
	}
	if access.ReadOnly {
		t.field("Changes", "nothing: read-only")
	}
	t.w.Flush()
	t.header("DEFINITION", "READS", "WRITES", "DELETES", "INSTANCES")
	for _, d := range access.Definitions {
		t.row(nameOr(d.Name, d.DomDefinitionID.String()), string(d.Reads), string(d.Writes), string(d.Deletes), fmt.Sprintf("%d of %d", d.Readable, d.Instances))
	}
}
