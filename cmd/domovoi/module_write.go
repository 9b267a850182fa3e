package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// moduleNoun are the settings of modules, which stand in no module.
var moduleNoun = objectNoun{dom.KindModuleSettings, "module", "module settings object", dom.Object.Key}

// moduleWriteCommands are the commands that change modules and their managers.
func (a *app) moduleWriteCommands() []*cobra.Command {
	settings := a.leaf("settings ID", "Show the settings of a module in the form that create and update read", func(ctx context.Context, args []string) error {
		return a.objectShow(moduleNoun)(ctx, []string{"", args[0]})
	})
	remove := a.leaf("delete ID", "Delete the settings of a module", func(ctx context.Context, args []string) error {
		return a.objectDelete(moduleNoun)(ctx, []string{"", args[0]})
	})
	create := a.objectWriteCommand(moduleNoun, "create", "Make a module of a file with its settings", func(_ string, o slnet.Raw) slnet.Message {
		return &dom.ManagerStoreCreateRequest{Kind: dom.KindModuleSettings, Object: o}
	})
	update := a.objectWriteCommand(moduleNoun, "update", "Replace the settings of a module by what a file says", func(_ string, o slnet.Raw) slnet.Message {
		return &dom.ManagerStoreUpdateRequest{Kind: dom.KindModuleSettings, Object: o}
	})
	reinitialize := a.leaf("reinitialize ID", "Make changed settings of a module take effect", func(ctx context.Context, args []string) error {
		return a.do(ctx, &dom.ReinitializeManagerMessage{ModuleID: args[0]})
	})
	sync := a.leaf("sync ID", "Make the manager of a module read again what it keeps in memory", func(ctx context.Context, args []string) error {
		return a.do(ctx, &dom.MidnightSyncMessage{ModuleID: args[0]})
	})
	return []*cobra.Command{
		create, update, a.completes(settings, moduleNames), a.completes(remove, moduleNames),
		a.completes(reinitialize, moduleNames), a.completes(sync, moduleNames), a.moduleCounterCommand(),
	}
}

func (a *app) moduleCounterCommand() *cobra.Command {
	return a.leaf("counter ID [CURRENT]", "Show the last number of a counter of AutoIncrement fields, or set it", func(ctx context.Context, args []string) error {
		id, err := uuid.Parse(args[0])
		if err != nil {
			return slnet.Errorf(slnet.KindInvalid, "%q is not the id of a counter; the field says it, see \"domovoi section show\"", args[0])
		}
		var message slnet.Message = &dom.AutoIncrementerGetRequest{AutoIncrementerID: id}
		if len(args) > 1 {
			current, err := strconv.ParseInt(args[1], 10, 64)
			if err != nil {
				return slnet.Errorf(slnet.KindInvalid, "%q is not a whole number", args[1])
			}
			message = &dom.AutoIncrementerSetRequest{AutoIncrementerID: id, Current: current}
		}
		response, err := request[*dom.AutoIncrementerResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { t.row(fmt.Sprint(response.Current)) })
	})
}

func (a *app) informationCommand() *cobra.Command {
	return a.group("information", "Read information events, and write them", a.informationListCommand(),
		a.leaf("add TEXT", "Write an information event", func(ctx context.Context, args []string) error {
			return a.do(ctx, &slnet.GenerateInformationMessage{Text: args[0]})
		}))
}

func (a *app) informationListCommand() *cobra.Command {
	message := new(slnet.GetInformationEventsMessage)
	c := a.leaf("list", "List information events, the newest first", func(ctx context.Context, _ []string) error {
		if message.Limit < 1 {
			return slnet.Errorf(slnet.KindInvalid, "--limit is %d, want at least 1", message.Limit)
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		defer c.Close()
		var all slnet.InformationEventsResponse
		for page := *message; ; {
			page.Limit = min(message.Limit-int64(len(all.Events)), slnet.MaxInformationEvents)
			response, err := ask[*slnet.InformationEventsResponse](ctx, c, &page)
			if err != nil {
				return err
			}
			all.Events, all.Next = append(all.Events, response.Events...), response.Next
			if page.Before = all.Next; all.Next == "" || int64(len(all.Events)) >= message.Limit {
				break
			}
		}
		return a.answer(&all, func(t *table) {
			t.header("TIME", "USER", "MODULE", "RUN", "TEXT")
			for _, e := range all.Events {
				run := ""
				if e.RunID != uuid.Nil {
					run = e.RunID.String()
				}
				t.row(timeText(e.Time), e.User, e.ModuleID, run, t.shorten(e.Text, 100))
			}
		})
	})
	c.Flags().StringVar(&message.ModuleID, "module", "", "only events of the module of this `id`")
	c.Flags().Int64Var(&message.Limit, "limit", 20, "the most events to list")
	a.completesFlag(c, "module", moduleNames)
	return c
}
