package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) tokenCommand() *cobra.Command {
	return a.group("token", "Manage tokens",
		a.tokenCreateCommand(),
		a.completes(a.leaf("list [USER]", "List tokens, logins and sessions, of one user or of all", a.tokenList), userNames),
		a.leaf("revoke ID", "End a token, login or session at once", a.tokenRevoke))
}

func (a *app) tokenCreateCommand() *cobra.Command {
	message := new(slnet.CreateTokenMessage)
	var expiresIn days
	var permissions []string
	var scope slnet.TokenScope
	var c *cobra.Command
	c = a.leaf("create USER", "Make a token for a user and print its secret, this once", func(ctx context.Context, args []string) error {
		message.User, message.ExpiresIn = args[0], time.Duration(expiresIn)
		for _, name := range permissions {
			permission, err := slnet.ParsePermission(name)
			if err != nil {
				return err
			}
			scope.Permissions = append(scope.Permissions, permission)
		}
		if c.Flags().Changed("permission") && len(permissions) == 0 {
			scope.Permissions = []slnet.PermissionFlag{slnet.PermissionNone}
		}
		message.Scope = &scope
		response, err := request[*slnet.CreateTokenResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.printToken(response, "")
	})
	c.Flags().StringVar(&message.Name, "name", "", "what the token is for, in a few `words`")
	c.Flags().Var(&expiresIn, "expires-in", "how long it works, such as 12h or 30d; for ever when not given")
	known := permissionNames(slnet.Permissions())
	c.Flags().StringSliceVar(&permissions, "permission", nil, `a `+"`permission`"+` it is limited to, may be repeated; --permission="" leaves it none, and without the flag it has all of the user`)
	c.Flags().BoolVar(&scope.ReadOnly, "read-only", false, "it changes nothing and runs no scripts")
	c.RegisterFlagCompletionFunc("permission", cobra.FixedCompletions(known, cobra.ShellCompDirectiveNoFileComp))
	return a.completes(c, userNames)
}

// scopeText is a scope for people.
func scopeText(scope *slnet.TokenScope) string {
	if scope == nil {
		return ""
	}
	var parts []string
	if scope.ReadOnly {
		parts = append(parts, "reading")
	}
	for _, p := range scope.Permissions {
		if p == slnet.PermissionNone {
			parts = append(parts, "no permission")
			continue
		}
		parts = append(parts, p.String())
	}
	return strings.Join(parts, ", ")
}

func tokenKindText(kind slnet.TokenKind) string {
	if kind == slnet.TokenMade {
		return "token"
	}
	return string(kind)
}

func expiryText(at time.Time) string {
	if at.IsZero() {
		return "does not expire"
	}
	return "expires " + timeText(at)
}

// printToken hands a new token over: to a file that nobody else can read, or to
// standard output, so that it can go straight into another program.
func (a *app) printToken(response *slnet.CreateTokenResponse, file string) error {
	token := response.Token
	expiry := expiryText(token.ExpiresAt)
	if file != "" {
		if err := writePrivate(file, []byte(response.Secret+"\n")); err != nil {
			return slnet.Errorf(slnet.KindInvalid, "the token cannot be written: %v", err)
		}
		fmt.Fprintf(a.stderr, "token %s of %s is in %s, %s\n", token.ID, token.User, file, expiry)
		return nil
	}
	if a.forPrograms() {
		return a.printDocument(response)
	}
	fmt.Fprintf(a.stderr, "token %s of %s, %s; it is shown only now\n", token.ID, token.User, expiry)
	_, err := fmt.Fprintln(a.stdout, response.Secret)
	return err
}

func (a *app) tokenList(ctx context.Context, args []string) error {
	response, err := request[*slnet.TokensResponse](ctx, a, &slnet.GetTokensMessage{User: strings.Join(args, "")})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) {
		t.header("ID", "USER", "NAME", "KIND", "CREATED", "EXPIRES", "LAST USED", "LIMITED TO")
		for _, token := range response.Tokens {
			t.row(token.ID.String(), token.User, token.Name, tokenKindText(token.Kind), timeText(token.CreatedAt), timeText(token.ExpiresAt),
				timeText(token.LastUsedAt), scopeText(token.Scope))
		}
	})
}

func (a *app) tokenRevoke(ctx context.Context, args []string) error {
	id, err := uuid.Parse(args[0])
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "%q is not the id of a token; \"domovoi token list\" shows them", args[0])
	}
	return a.do(ctx, &slnet.RevokeTokenMessage{ID: id})
}

func (a *app) loginCommand() *cobra.Command {
	var passwordFile string
	c := a.leaf("login USER", "Get a token with a password", func(ctx context.Context, args []string) error {
		return a.login(ctx, args[0], passwordFile)
	})
	c.Long = `Get a token with a password, which is asked for on the terminal, or read from
--password-file or standard input. The token is printed, or with --token-file
written to that file, where later commands read it:

	domovoi login ann --token-file ann.token
	domovoi whoami --token-file ann.token`
	c.Flags().StringVar(&passwordFile, "password-file", "", "read the password from the first line of this `file`; - is standard input")
	c.MarkFlagFilename("password-file")
	return c
}

func (a *app) login(ctx context.Context, user, passwordFile string) error {
	options, _, err := a.findDaemon()
	if err != nil {
		return err
	}
	c, err := client.Dial(options)
	if err != nil {
		return err
	}
	defer c.Close()
	password, err := a.readPassword(passwordFile, "Password for "+user+": ", false)
	if err != nil {
		return err
	}
	response, err := c.Login(ctx, user, password)
	if err != nil {
		return err
	}
	return a.printToken(&response, a.tokenFile)
}

func (a *app) whoamiCommand() *cobra.Command {
	return a.leaf("whoami", "Show whose token is used, and what it allows", func(ctx context.Context, _ []string) error {
		response, err := request[*slnet.WhoAmIResponse](ctx, a, &slnet.WhoAmIMessage{})
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) {
			t.field("User", response.User.Name)
			t.field("Display name", response.User.DisplayName)
			t.field("Groups", strings.Join(response.User.Groups, ", "))
			showRights(t, response)
		})
	})
}

// writePrivate writes a file for the user's eyes only, whole or not at all.
func writePrivate(path string, content []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".domovoi-*") // with mode 0600
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}
