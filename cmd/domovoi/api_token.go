package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) apiTokenCommand() *cobra.Command {
	return a.group("token", "Manage the tokens with which APIs are called",
		a.apiTokenCreateCommand(),
		a.apiTokenListCommand(),
		a.completes(a.leaf("show NAME", "Show an API token", a.apiTokenShow), apiTokenNames),
		a.apiTokenUpdateCommand(),
		a.completes(a.leaf("enable NAME", "Let a disabled API token work again", a.apiTokenDisable(false)), apiTokenNames),
		a.completes(a.leaf("disable NAME", "Refuse an API token until it is enabled", a.apiTokenDisable(true)), apiTokenNames),
		a.completes(a.leaf("delete NAME", "Delete an API token", a.apiTokenDelete), apiTokenNames))
}

// apiTokenFlags are the flags that say what an API token is.
type apiTokenFlags struct {
	user, rename string
	apis         []string
	expiresIn    days
}

func (a *app) apiTokenFlags(c *cobra.Command, f *apiTokenFlags) {
	c.Flags().StringVar(&f.user, "user", "", "`user` whose rights the runs have; oneself by default")
	c.Flags().StringSliceVar(&f.apis, "api", nil, "`name` of an API definition that the token is for; may be repeated")
	c.Flags().Var(&f.expiresIn, "expires-in", "how long it works, as a `duration` such as 12h or 30d; for ever when not given")
	a.completesFlag(c, "api", apiNames)
	a.completesFlag(c, "user", userNames)
}

// apply sets what was given on the command line of a token.
func (f *apiTokenFlags) apply(ctx context.Context, c *cobra.Command, conn *client.Client, token *slnet.ApiToken) error {
	if c.Flags().Changed("user") {
		token.User = f.user
	}
	if c.Flags().Changed("rename") {
		token.Name = f.rename
	}
	if c.Flags().Changed("expires-in") {
		token.ExpiresAt = time.Now().Add(time.Duration(f.expiresIn))
	}
	if !c.Flags().Changed("api") {
		return nil
	}
	token.Definitions = nil
	for _, name := range f.apis {
		d, err := definitionNamed(ctx, conn, name)
		if err != nil {
			return err
		}
		token.Definitions = append(token.Definitions, d.ID)
	}
	return nil
}

func (a *app) apiTokenCreateCommand() *cobra.Command {
	f := new(apiTokenFlags)
	var c *cobra.Command
	c = a.leaf("create NAME", "Make an API token and print its secret, this once", func(ctx context.Context, args []string) error {
		conn, err := a.connect()
		if err != nil {
			return err
		}
		defer conn.Close()
		token := slnet.ApiToken{Name: args[0]}
		if err := f.apply(ctx, c, conn, &token); err != nil {
			return err
		}
		response, err := ask[*slnet.CreateApiTokenResponse](ctx, conn, &slnet.CreateApiTokenMessage{Token: token})
		if err != nil {
			return err
		}
		if a.forPrograms() {
			return a.printDocument(response)
		}
		fmt.Fprintf(a.stderr, "API token %s of %s, %s; it is shown only now\n", response.Token.Name, response.Token.User, expiryText(response.Token.ExpiresAt))
		_, err = fmt.Fprintln(a.stdout, response.Secret)
		return err
	})
	a.apiTokenFlags(c, f)
	return c
}

func (a *app) apiTokenUpdateCommand() *cobra.Command {
	f := new(apiTokenFlags)
	var c *cobra.Command
	c = a.leaf("update NAME", "Change what is given of an API token; its secret stays", func(ctx context.Context, args []string) error {
		return a.withAPIToken(ctx, args[0], func(conn *client.Client, token slnet.ApiToken) error {
			if err := f.apply(ctx, c, conn, &token); err != nil {
				return err
			}
			response, err := ask[*slnet.ApiTokenResponse](ctx, conn, &slnet.UpdateApiTokenMessage{Token: token})
			if err != nil {
				return err
			}
			return a.showAPIToken(ctx, conn, &response.Token)
		})
	})
	a.apiTokenFlags(c, f)
	c.Flags().StringVar(&f.rename, "rename", "", "the new `name`")
	return a.completes(c, apiTokenNames)
}

// withAPIToken calls fn with the API token of a name or id.
func (a *app) withAPIToken(ctx context.Context, name string, fn func(conn *client.Client, token slnet.ApiToken) error) error {
	conn, err := a.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	id, name := idOrName(name)
	response, err := ask[*slnet.ApiTokenResponse](ctx, conn, &slnet.GetApiTokenMessage{ID: id, Name: name})
	if err != nil {
		return err
	}
	return fn(conn, response.Token)
}

func (a *app) apiTokenListCommand() *cobra.Command {
	message := new(slnet.GetApiTokensMessage)
	var of string
	c := a.leaf("list", "List API tokens", func(ctx context.Context, _ []string) error {
		conn, err := a.connect()
		if err != nil {
			return err
		}
		defer conn.Close()
		if of != "" {
			d, err := definitionNamed(ctx, conn, of)
			if err != nil {
				return err
			}
			message.DefinitionID = d.ID
		}
		response, err := ask[*slnet.ApiTokensResponse](ctx, conn, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			t.header("NAME", "USER", "APIS", "EXPIRES", "LAST USED", "STATE")
			for i := range response.Tokens {
				token := &response.Tokens[i]
				t.row(token.Name, token.User, fmt.Sprint(len(token.Definitions)), timeText(token.ExpiresAt), timeText(token.LastUsedAt), stateText(token.Disabled))
			}
		})
	})
	c.Flags().StringVar(&of, "api", "", "only tokens that are for the API definition of this `name`")
	c.Flags().StringVar(&message.After, "after", "", "go on behind the token of this `name`")
	c.Flags().Int64Var(&message.Limit, "limit", 100, "the most tokens to list")
	a.completesFlag(c, "api", apiNames)
	return c
}

// showAPIToken shows a token with the names of its definitions.
func (a *app) showAPIToken(ctx context.Context, conn *client.Client, token *slnet.ApiToken) error {
	var names []string
	for _, id := range token.Definitions {
		d, err := definitionNamed(ctx, conn, id.String())
		if err != nil {
			return err
		}
		names = append(names, d.Name)
	}
	return a.answer(&slnet.ApiTokenResponse{Token: *token}, func(t *table) {
		t.field("API token", token.Name)
		t.field("ID", token.ID.String())
		t.field("User", token.User)
		t.field("APIs", strings.Join(names, ", "))
		t.field("Expires", timeText(token.ExpiresAt))
		t.field("Last used", timeText(token.LastUsedAt))
		t.field("State", stateText(token.Disabled))
	})
}

func (a *app) apiTokenShow(ctx context.Context, args []string) error {
	return a.withAPIToken(ctx, args[0], func(conn *client.Client, token slnet.ApiToken) error { return a.showAPIToken(ctx, conn, &token) })
}

func (a *app) apiTokenDisable(disabled bool) action {
	return func(ctx context.Context, args []string) error {
		return a.withAPIToken(ctx, args[0], func(conn *client.Client, token slnet.ApiToken) error {
			response, err := ask[*slnet.ApiTokenResponse](ctx, conn, &slnet.DisableApiTokenMessage{ID: token.ID, Disabled: disabled})
			if err != nil {
				return err
			}
			return a.showAPIToken(ctx, conn, &response.Token)
		})
	}
}

func (a *app) apiTokenDelete(ctx context.Context, args []string) error {
	return a.withAPIToken(ctx, args[0], func(conn *client.Client, token slnet.ApiToken) error {
		_, err := ask[*slnet.Empty](ctx, conn, &slnet.DeleteApiTokenMessage{ID: token.ID})
		return err
	})
}

func apiTokenNames(ctx context.Context, c *client.Client) []string {
	response, err := ask[*slnet.ApiTokensResponse](ctx, c, &slnet.GetApiTokensMessage{Limit: maxRuns})
	if err != nil {
		return nil
	}
	var names []string
	for _, token := range response.Tokens {
		names = append(names, token.Name)
	}
	return names
}
