package main

import (
	"context"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"domovoi.dev/sdk/slnet"
)

func (a *app) secretCommand() *cobra.Command {
	return a.group("secret", "Manage the secrets that scripts read",
		a.secretSetCommand(),
		a.leaf("list", "List the secrets, without their values", a.secretList),
		a.completes(a.leaf("delete NAME", "Delete a secret", func(ctx context.Context, args []string) error {
			return a.do(ctx, &slnet.DeleteSecretMessage{Name: args[0]})
		}), secretNames))
}

func (a *app) secretSetCommand() *cobra.Command {
	var scripts []string
	var keep bool
	var c *cobra.Command
	c = a.leaf("set NAME", "Set a secret, or which scripts read it", func(ctx context.Context, args []string) error {
		message := &slnet.SetSecretMessage{Name: args[0], SetScripts: c.Flags().Changed("script")}
		message.Scripts = slices.DeleteFunc(scripts, func(pattern string) bool { return pattern == "" })
		if !keep {
			value, err := a.readSecret(args[0])
			if err != nil {
				return err
			}
			message.Value = &value
		}
		response, err := request[*slnet.SecretResponse](ctx, a, message)
		if err != nil {
			return err
		}
		return a.answer(response, func(t *table) { showSecrets(t, []slnet.Secret{response.Secret}) })
	})
	c.Long = `Set a secret, or which scripts read it. The value is what is typed at the prompt,
or standard input up to its end without the last line break; it is never an
argument. Nobody gets it back but runs of the scripts that --script names; what
is not given stays.

	domovoi secret set mail-password --script mailer --script 'import-*'
	domovoi secret set api-key --script report <key.txt
	domovoi secret set api-key --keep-value --script report --script cleanup`
	c.Flags().StringArrayVar(&scripts, "script", nil, "a `script` that may read it, or the beginning of names and *; may be repeated; \"\" for none")
	c.Flags().BoolVar(&keep, "keep-value", false, "change only which scripts read it")
	a.completesFlag(c, "script", scriptNames)
	return a.completes(c, secretNames)
}

// readSecret gets the value of a secret from where nobody else sees it.
func (a *app) readSecret(name string) (string, error) {
	if f, ok := a.stdin.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return a.readPassword("", "Value of "+name+": ", true)
	}
	b, err := io.ReadAll(io.LimitReader(a.stdin, 1<<20))
	if err != nil {
		return "", slnet.Errorf(slnet.KindInvalid, "the value of the secret cannot be read: %v", err)
	}
	value := strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r")
	if value == "" {
		return "", slnet.Errorf(slnet.KindInvalid, "no value of the secret came from standard input; --keep-value leaves the one there is")
	}
	return value, nil
}

func (a *app) secretList(ctx context.Context, _ []string) error {
	response, err := request[*slnet.SecretsResponse](ctx, a, &slnet.GetSecretsMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showSecrets(t, response.Secrets) })
}

func showSecrets(t *table, secrets []slnet.Secret) {
	t.header("NAME", "CHANGED", "BY", "SCRIPTS")
	for _, s := range secrets {
		t.row(s.Name, timeText(s.ChangedAt), s.ChangedBy, strings.Join(s.Scripts, ", "))
	}
}
