package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/slnet"
)

func (a *app) scriptAskCommand() *cobra.Command {
	message := new(slnet.RequestScriptInfoMessage)
	var data []string
	c := a.leaf("ask NAME", "Ask a script about itself", func(ctx context.Context, args []string) (err error) {
		message.ScriptName = args[0]
		if message.Data, err = parseParameters(data); err != nil {
			return err
		}
		return a.scriptAsk(ctx, message)
	})
	c.Long = `Ask a script about itself: its function OnRequestScriptInfo is called as oneself,
with what is given, and what it answers is printed as key=value lines. What may be
asked is what the script says.`
	c.Flags().StringArrayVarP(&data, "param", "p", nil, "what is asked, as `key=value`; may be repeated")
	c.RegisterFlagCompletionFunc("param", cobra.NoFileCompletions)
	c.Flags().Int64Var(&message.ScriptVersion, "version", 0, "ask this `version` of the script; 0 means the newest")
	c.Flags().DurationVar(&message.Timeout, "timeout", 0, "end the run when it takes longer; 0 means as the script says")
	return a.completes(c, scriptNames)
}

func (a *app) scriptAsk(ctx context.Context, message *slnet.RequestScriptInfoMessage) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	response, err := ask[*slnet.RequestScriptInfoResponse](ctx, c, message)
	if err != nil {
		return err
	}
	if a.forPrograms() {
		if err := a.printDocument(response); err != nil {
			return err
		}
	} else {
		for _, key := range sortedKeys(response.Data) {
			fmt.Fprintf(a.stdout, "%s=%s\n", key, response.Data[key])
		}
	}
	return a.reportEnd(ctx, c, response.Run)
}
