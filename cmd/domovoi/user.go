package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/slnet"
)

func (a *app) userCommand() *cobra.Command {
	return a.group("user", "Manage users",
		a.userCreateCommand(),
		a.leaf("list", "List the users", a.userList),
		a.userUpdateCommand(),
		a.userPasswordCommand(),
		a.completes(a.leaf("delete NAME", "Delete a user and the user's tokens", a.userDelete), userNames))
}

// passwordFlags say where a password comes from.
type passwordFlags struct {
	file string
	ask  bool
}

func (p *passwordFlags) flags(c *cobra.Command) {
	c.Flags().StringVar(&p.file, "password-file", "", "read the password from the first line of this `file`; - is standard input")
	c.Flags().BoolVar(&p.ask, "ask-password", false, "ask for the password on the terminal")
	c.MarkFlagFilename("password-file")
	c.MarkFlagsMutuallyExclusive("password-file", "ask-password")
}

// given reports whether there is a password to read.
func (p *passwordFlags) given() bool { return p.ask || p.file != "" }

func (a *app) userCreateCommand() *cobra.Command {
	message := new(slnet.CreateUserMessage)
	var password passwordFlags
	c := a.leaf("create NAME", "Create a user", func(ctx context.Context, args []string) error {
		message.Name = args[0]
		if password.given() {
			var err error
			if message.Password, err = a.readPassword(password.file, "Password for "+args[0]+": ", true); err != nil {
				return err
			}
		}
		return a.sendUser(ctx, message)
	})
	c.Long = `Create a user. Without a password the user can only use tokens.`
	c.Flags().StringVar(&message.DisplayName, "display-name", "", "`name` to show to people")
	c.Flags().StringSliceVar(&message.Groups, "group", nil, "a `group` the user is in; may be repeated")
	a.completesFlag(c, "group", groupNames)
	password.flags(c)
	return c
}

func (a *app) userUpdateCommand() *cobra.Command {
	message := new(slnet.UpdateUserMessage)
	var password passwordFlags
	var displayName, newName string
	var disable, enable bool
	var c *cobra.Command
	c = a.leaf("update NAME", "Change what is given of a user", func(ctx context.Context, args []string) error {
		message.Name = args[0]
		if c.Flags().Changed("display-name") {
			message.DisplayName = &displayName
		}
		if newName != "" {
			message.NewName = &newName
		}
		if disable || enable {
			message.Disabled = &disable
		}
		if password.given() {
			secret, err := a.readPassword(password.file, "New password for "+args[0]+": ", true)
			if err != nil {
				return err
			}
			message.Password = &secret
		}
		return a.sendUser(ctx, message)
	})
	c.Long = `Change what is given of a user. Disabling a user and a new password end the
user's logins and sessions; other tokens of a disabled user work again when the
user is enabled. A renamed user keeps everything; history and audit have the name
of their time.`
	c.Flags().StringVar(&displayName, "display-name", "", "`name` to show to people")
	c.Flags().StringVar(&newName, "rename", "", "new `name` of the user")
	c.Flags().BoolVar(&disable, "disable", false, "let the user do nothing any more")
	c.Flags().BoolVar(&enable, "enable", false, "let a disabled user work again")
	c.Flags().StringSliceVar(&message.AddGroups, "add-group", nil, "a `group` to put the user into; may be repeated")
	c.Flags().StringSliceVar(&message.RemoveGroups, "remove-group", nil, "a `group` to take the user out of; may be repeated")
	c.MarkFlagsMutuallyExclusive("disable", "enable")
	password.flags(c)
	c.MarkFlagsOneRequired("display-name", "rename", "disable", "enable", "add-group", "remove-group", "password-file", "ask-password")
	a.completesFlag(c, "add-group", groupNames)
	a.completesFlag(c, "remove-group", groupNames)
	return a.completes(c, userNames)
}

func (a *app) userPasswordCommand() *cobra.Command {
	var old, fresh string
	c := a.leaf("password", "Change one's own password", func(ctx context.Context, _ []string) (err error) {
		message := new(slnet.ChangePasswordMessage)
		if message.OldPassword, err = a.readPassword(old, "Old password: ", false); err != nil {
			return err
		}
		if message.NewPassword, err = a.readPassword(fresh, "New password: ", true); err != nil {
			return err
		}
		return a.do(ctx, message)
	})
	c.Long = `Change one's own password. The passwords are asked for on the terminal, or read
from files. All logins and sessions end with the old password; log in again.`
	c.Flags().StringVar(&old, "old-password-file", "", "read the old password from the first line of this `file`")
	c.Flags().StringVar(&fresh, "password-file", "", "read the new password from the first line of this `file`")
	c.MarkFlagFilename("old-password-file")
	c.MarkFlagFilename("password-file")
	c.MarkFlagsRequiredTogether("old-password-file", "password-file")
	return c
}

// sendUser sends a message that is answered with a user, and shows it.
func (a *app) sendUser(ctx context.Context, message slnet.Message) error {
	response, err := request[*slnet.UserResponse](ctx, a, message)
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showUsers(t, []slnet.User{response.User}) })
}

func (a *app) userList(ctx context.Context, _ []string) error {
	response, err := request[*slnet.UsersResponse](ctx, a, &slnet.GetUsersMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showUsers(t, response.Users) })
}

func showUsers(t *table, users []slnet.User) {
	t.header("NAME", "DISPLAY NAME", "GROUPS", "PASSWORD", "DISABLED", "CREATED")
	for _, u := range users {
		t.row(u.Name, u.DisplayName, strings.Join(u.Groups, ", "), yes(u.HasPassword), yes(u.Disabled), timeText(u.CreatedAt))
	}
}

func (a *app) userDelete(ctx context.Context, args []string) error {
	return a.do(ctx, &slnet.DeleteUserMessage{Name: args[0]})
}

// do sends a message that is only carried out. It says nothing when it was.
func (a *app) do(ctx context.Context, message slnet.Message) error {
	response, err := request[*slnet.Empty](ctx, a, message)
	if err != nil || !a.forPrograms() {
		return err
	}
	return a.printDocument(response)
}
