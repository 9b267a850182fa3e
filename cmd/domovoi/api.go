package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) apiCommand() *cobra.Command {
	return a.group("api", "Let scripts answer HTTP requests",
		a.apiCreateCommand(),
		a.apiListCommand(),
		a.completes(a.leaf("show NAME", "Show an API definition", a.apiShow), apiNames),
		a.apiUpdateCommand(),
		a.completes(a.leaf("enable NAME", "Let a disabled API definition answer again", a.apiDisable(false)), apiNames),
		a.completes(a.leaf("disable NAME", "Let an API definition answer nothing until it is enabled", a.apiDisable(true)), apiNames),
		a.completes(a.leaf("delete NAME", "Delete an API definition; its runs stay", a.apiDelete), apiNames),
		a.leaf("document", "Print the OpenAPI document of all API definitions", a.apiDocument),
		a.apiTokenCommand())
}

// rate is a flag for how many requests are answered in a time: 100/1m, or none.
type rate slnet.RateLimit

// String implements pflag.Value.
func (r *rate) String() string {
	if r.Requests == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%v", r.Requests, r.Per)
}

// text says the rate to people: 3 per minute, 5 per 10s.
func (r *rate) text() string {
	if r.Requests == 0 {
		return ""
	}
	per := durationText(r.Per)
	switch r.Per {
	case time.Second:
		per = "second"
	case time.Minute:
		per = "minute"
	case time.Hour:
		per = "hour"
	}
	return fmt.Sprintf("%d per %s", r.Requests, per)
}

// Type implements pflag.Value.
func (*rate) Type() string { return "rate" }

// Set implements pflag.Value.
func (r *rate) Set(text string) error {
	if text == "none" {
		*r = rate{}
		return nil
	}
	number, per, _ := strings.Cut(text, "/")
	n, err := strconv.ParseInt(number, 10, 64)
	if err == nil && per != "" && (per[0] < '0' || per[0] > '9') {
		per = "1" + per
	}
	d, perErr := time.ParseDuration(per)
	if err != nil || perErr != nil || n < 1 || d <= 0 {
		return fmt.Errorf("%q is not a rate such as 100/m, 5/10s or none", text)
	}
	*r = rate{n, d}
	return nil
}

// apiFlags are the flags that say what an API definition is.
type apiFlags struct {
	slnet.ApiDefinition
	timeout days
	rate    rate
	maxBody size
	rename  string
}

func (a *app) apiFlags(c *cobra.Command, f *apiFlags) {
	c.Flags().StringVar(&f.Route, "route", "", "`template` of the paths below /api/custom/, such as invoices/{id}")
	c.Flags().StringSliceVar(&f.Methods, "method", []string{"GET"}, "a `method` that is answered: GET, POST, PUT, PATCH or DELETE; may be repeated")
	c.Flags().StringVar(&f.Script, "script", "", "`name` of the script that answers")
	c.Flags().Int64Var(&f.ScriptVersion, "script-version", 0, "`version` of the script; 0 means the newest of the time")
	c.Flags().StringVar(&f.EntryPoint, "entry-point", "", "`function` that is called: OnApiTrigger or Run; the first of them that the script has by default")
	c.Flags().StringVar(&f.Description, "description", "", "`text` for people")
	c.Flags().Var(&f.timeout, "timeout", "end a run that takes longer than this `duration`; the script's own by default")
	c.Flags().Var(&f.rate, "rate", "how many requests of each token are answered, as a `rate` such as 100/m; none by default")
	c.Flags().Var(&f.maxBody, "max-body", "the largest body of a request, as a `size` (default 29MiB, for Run 1MiB, streamed that of an attachment)")
	c.Flags().BoolVar(&f.StreamBody, "stream-body", false, "write bodies to the files of attachments while they arrive; OnApiTrigger attaches them to instances")
	c.RegisterFlagCompletionFunc("method", cobra.FixedCompletions([]string{"GET", "POST", "PUT", "PATCH", "DELETE"}, cobra.ShellCompDirectiveNoFileComp))
	c.RegisterFlagCompletionFunc("entry-point", cobra.FixedCompletions([]string{slnet.EntryPointOnApiTrigger, slnet.EntryPointRun}, cobra.ShellCompDirectiveNoFileComp))
	a.completesFlag(c, "script", scriptNames)
}

// apply sets what was given on the command line of a definition.
func (f *apiFlags) apply(c *cobra.Command, d *slnet.ApiDefinition) {
	for _, field := range []struct {
		flag string
		set  func()
	}{
		{"route", func() { d.Route = f.Route }},
		{"method", func() { d.Methods = f.Methods }},
		{"script", func() { d.Script = f.Script }},
		{"script-version", func() { d.ScriptVersion = f.ScriptVersion }},
		{"entry-point", func() { d.EntryPoint = f.EntryPoint }},
		{"description", func() { d.Description = f.Description }},
		{"timeout", func() { d.Timeout = time.Duration(f.timeout) }},
		{"rate", func() { d.RateLimit = slnet.RateLimit(f.rate) }},
		{"max-body", func() { d.MaxBody = int64(f.maxBody) }},
		{"stream-body", func() { d.StreamBody = f.StreamBody }},
		{"rename", func() { d.Name = f.rename }},
	} {
		if c.Flags().Changed(field.flag) {
			field.set()
		}
	}
}

func (a *app) apiCreateCommand() *cobra.Command {
	f := new(apiFlags)
	var c *cobra.Command
	c = a.leaf("create NAME", "Create an API definition", func(ctx context.Context, args []string) error {
		definition := slnet.ApiDefinition{Name: args[0], Methods: f.Methods}
		f.apply(c, &definition)
		response, err := request[*slnet.ApiDefinitionResponse](ctx, a, &slnet.CreateApiDefinitionMessage{Definition: definition})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { showDefinition(t, &response.Definition, nil) })
	})
	c.Long = `Create an API definition, which lets a script answer requests to a route below
/api/custom/. Who sends one needs an API token that is for the definition.

	domovoi api create invoices --route invoices/{id} --script invoices --method GET,PUT
	domovoi api token create shop --user ann --api invoices`
	a.apiFlags(c, f)
	c.MarkFlagRequired("script")
	c.MarkFlagRequired("route")
	return c
}

func (a *app) apiUpdateCommand() *cobra.Command {
	f := new(apiFlags)
	var c *cobra.Command
	c = a.leaf("update NAME", "Change what is given of an API definition", func(ctx context.Context, args []string) error {
		return a.withDefinition(ctx, args[0], func(conn *client.Client, d slnet.ApiDefinition) error {
			f.apply(c, &d)
			response, err := ask[*slnet.ApiDefinitionResponse](ctx, conn, &slnet.UpdateApiDefinitionMessage{Definition: d})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { showDefinition(t, &response.Definition, nil) })
		})
	})
	a.apiFlags(c, f)
	c.Flags().StringVar(&f.rename, "rename", "", "the new `name`")
	return a.completes(c, apiNames)
}

// withDefinition calls fn with the API definition of a name or id.
func (a *app) withDefinition(ctx context.Context, name string, fn func(conn *client.Client, d slnet.ApiDefinition) error) error {
	conn, err := a.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	d, err := definitionNamed(ctx, conn, name)
	if err != nil {
		return err
	}
	return fn(conn, d)
}

func definitionNamed(ctx context.Context, conn *client.Client, name string) (slnet.ApiDefinition, error) {
	id, name := idOrName(name)
	response, err := ask[*slnet.ApiDefinitionResponse](ctx, conn, &slnet.GetApiDefinitionMessage{ID: id, Name: name})
	if err != nil {
		return slnet.ApiDefinition{}, err
	}
	return response.Definition, nil
}

func (a *app) apiListCommand() *cobra.Command {
	message := new(slnet.GetApiDefinitionsMessage)
	c := a.leaf("list", "List API definitions", func(ctx context.Context, _ []string) error {
		response, err := request[*slnet.ApiDefinitionsResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			t.header("NAME", "METHODS", "ROUTE", "SCRIPT", "ENTRY POINT", "STATE")
			for i := range response.Definitions {
				d := &response.Definitions[i]
				t.row(d.Name, strings.Join(d.Methods, ","), d.Route, d.Script, d.EntryPoint, stateText(d.Disabled))
			}
		})
	})
	c.Flags().StringVar(&message.Script, "script", "", "only definitions of the script of this `name`")
	c.Flags().StringVar(&message.After, "after", "", "go on behind the definition of this `name`")
	c.Flags().Int64Var(&message.Limit, "limit", 100, "the most definitions to list")
	a.completesFlag(c, "script", scriptNames)
	return c
}

func stateText(disabled bool) string {
	if disabled {
		return "disabled"
	}
	return "enabled"
}

// showDefinition shows an API definition, and the tokens that are for it where
// they are known.
func showDefinition(t *table, d *slnet.ApiDefinition, tokens []slnet.ApiToken) {
	t.field("API", d.Name)
	t.field("ID", d.ID.String())
	t.field("Description", d.Description)
	t.field("Route", "/api/custom/"+d.Route)
	t.field("Methods", strings.Join(d.Methods, ", "))
	t.field("Script", d.Script)
	if d.ScriptVersion > 0 {
		t.field("Version", fmt.Sprint(d.ScriptVersion))
	}
	t.field("Entry point", d.EntryPoint)
	if d.Timeout > 0 {
		t.field("Timeout", d.Timeout.String())
	}
	t.field("Rate", (*rate)(&d.RateLimit).text())
	if d.MaxBody > 0 {
		t.field("Largest body", fmt.Sprint(d.MaxBody))
	}
	if d.StreamBody {
		t.field("Bodies", "streamed")
	}
	t.field("State", stateText(d.Disabled))
	for i := range tokens {
		t.row(first(i, "Tokens"), tokens[i].Name+" of "+tokens[i].User)
	}
}

func (a *app) apiShow(ctx context.Context, args []string) error {
	return a.withDefinition(ctx, args[0], func(conn *client.Client, d slnet.ApiDefinition) error {
		tokens, err := ask[*slnet.ApiTokensResponse](ctx, conn, &slnet.GetApiTokensMessage{DefinitionID: d.ID, Limit: maxRuns})
		if err != nil {
			return err
		}
		return a.answer(&slnet.ApiDefinitionResponse{Definition: d}, func(t *table) { showDefinition(t, &d, tokens.Tokens) })
	})
}

func (a *app) apiDisable(disabled bool) action {
	return func(ctx context.Context, args []string) error {
		return a.withDefinition(ctx, args[0], func(conn *client.Client, d slnet.ApiDefinition) error {
			response, err := ask[*slnet.ApiDefinitionResponse](ctx, conn, &slnet.DisableApiDefinitionMessage{ID: d.ID, Disabled: disabled})
			if err != nil {
				return err
			}
			return a.answer(response, func(t *table) { showDefinition(t, &response.Definition, nil) })
		})
	}
}

func (a *app) apiDelete(ctx context.Context, args []string) error {
	return a.withDefinition(ctx, args[0], func(conn *client.Client, d slnet.ApiDefinition) error {
		_, err := ask[*slnet.Empty](ctx, conn, &slnet.DeleteApiDefinitionMessage{ID: d.ID})
		return err
	})
}

func (a *app) apiDocument(ctx context.Context, _ []string) error {
	response, err := request[*slnet.ApiDocumentResponse](ctx, a, &slnet.GetApiDocumentMessage{})
	if err != nil {
		return err
	}
	return a.printDocument(response.Document)
}

func apiNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.ApiDefinitionsResponse](ctx, c, &slnet.GetApiDefinitionsMessage{Limit: maxRuns})
	if err != nil {
		return nil
	}
	var names []string
	for _, d := range response.Definitions {
		names = append(names, d.Name)
	}
	return names
}
