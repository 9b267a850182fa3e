package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// house is the daemon with those who live in it.
type house struct {
	*daemon
	admin, ann, ben *client.Client

	report slnet.Run // whose log is shown
}

// scripts are the shipped scripts in the order in which they are of use.
var scripts = []string{"createmodule", "invoices", "report", "cleanup"}

// send sends a message that must succeed.
func send[R slnet.Message](ctx context.Context, c *client.Client, message slnet.Message) (R, error) {
	var none R
	response, err := slnet.Send1(ctx, c.SendSLNetMessages, message)
	if err != nil {
		return none, fmt.Errorf("%s: %w", message.MessageName(), err)
	}
	typed, ok := response.(R)
	if !ok {
		return none, slnet.UnexpectedResponse(message, response)
	}
	return typed, nil
}

// users makes two users: ann may do everything the scripts do, ben may only run
// them.
func (h *house) users(ctx context.Context, _ options) (err error) {
	token, err := h.token()
	if err != nil {
		return err
	}
	if h.admin, err = h.connect(token); err != nil {
		return err
	}
	title("Two users")
	t := newTable("USER", "GROUP", "PERMISSIONS")
	for _, u := range []struct {
		name, group string
		client      **client.Client
		permissions []slnet.PermissionFlag
	}{
		{"ann", "Billing", &h.ann, []slnet.PermissionFlag{slnet.PermissionAutomationExecute,
			slnet.PermissionModuleSettingsConfiguration, slnet.PermissionPlmDeleteDomInstances}},
		{"ben", "Readers", &h.ben, []slnet.PermissionFlag{slnet.PermissionAutomationExecute}},
	} {
		if *u.client, err = h.user(ctx, u.name, u.group, u.permissions); err != nil {
			return err
		}
		names := make([]string, len(u.permissions))
		for i, p := range u.permissions {
			names[i] = p.String()
		}
		t.row(u.name, u.group, strings.Join(names, ", "))
	}
	return t.show()
}

// user makes a user in a group of their own and returns a client of theirs.
func (h *house) user(ctx context.Context, name, group string, permissions []slnet.PermissionFlag) (*client.Client, error) {
	if _, err := send[*slnet.GroupResponse](ctx, h.admin, &slnet.CreateGroupMessage{Group: slnet.Group{Name: group, Permissions: permissions}}); err != nil {
		return nil, err
	}
	if _, err := send[*slnet.UserResponse](ctx, h.admin, &slnet.CreateUserMessage{Name: name, Groups: []string{group}}); err != nil {
		return nil, err
	}
	token, err := send[*slnet.CreateTokenResponse](ctx, h.admin, &slnet.CreateTokenMessage{User: name})
	if err != nil {
		return nil, err
	}
	return h.connect(token.Secret)
}

// deploy deploys the shipped scripts and the plugin with the command line.
func (h *house) deploy(ctx context.Context, o options) error {
	args := []string{"script", "deploy"}
	for _, name := range scripts {
		args = append(args, filepath.Join(o.scripts, name))
	}
	if _, err := h.command(ctx, args...); err != nil {
		return err
	}
	if _, err := h.command(ctx, "plugin", "deploy", "hello", o.hello); err != nil {
		return err
	}
	response, err := send[*slnet.ScriptsResponse](ctx, h.admin, &slnet.GetScriptsMessage{})
	if err != nil {
		return err
	}
	title("The shipped scripts, deployed")
	t := newTable("SCRIPT", "VERSION", "ENGINE", "BY", "SHA-256")
	for _, s := range response.Scripts {
		t.row(s.Name, fmt.Sprint(s.Version), string(s.Engine), s.DeployedBy, s.Hash[:16]+"...")
		if s.Version != 1 || s.DeployedBy != slnet.AdministratorName {
			return fmt.Errorf("script %s has version %d by %s, want 1 by %s", s.Name, s.Version, s.DeployedBy, slnet.AdministratorName)
		}
	}
	if want := len(scripts) + 1; len(response.Scripts) != want {
		return fmt.Errorf("%d scripts are deployed, want %d", len(response.Scripts), want)
	}
	return t.show()
}
