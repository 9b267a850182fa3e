package runtime_test

import (
	"errors"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

const tokenScript = `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	_, err := engine.SendSLNetMessages(ctx, &slnet.CreateTokenMessage{User: engine.User()})
	return err
}
`

// A token made by a script would outlive its run.
func TestScriptCannotMakeItselfAToken(t *testing.T) {
	d := daemontest.Start(t)
	daemontest.Deploy(t, d.Administrator(), "token", tokenScript)
	ann := d.As(d.User("ann"))
	if run := daemontest.Execute(t, ann, "token"); run.State != slnet.RunFailed || len(run.Errors) != 1 || len(run.Errors[0].Reasons) != 1 || run.Errors[0].Reasons[0] != "NoPermission" {
		t.Errorf("the run %s: %+v", run.State, run.Errors)
	}
	if tokens := daemontest.Send[*slnet.TokensResponse](t, ann, &slnet.GetTokensMessage{User: "ann"}).Tokens; len(tokens) != 1 {
		t.Errorf("ann has %d tokens, want the one made for her", len(tokens))
	}
}

func TestTokensOfOthersNeedThePermission(t *testing.T) {
	d := daemontest.Start(t)
	ann := d.As(d.User("ann"))
	for _, message := range []slnet.Message{
		&slnet.CreateTokenMessage{User: slnet.AdministratorName},
		&slnet.GetTokensMessage{},
		&slnet.GetTokensMessage{User: slnet.AdministratorName},
		&slnet.RevokeTokenMessage{},
		&slnet.CreateUserMessage{Name: "x"},
		&slnet.UpdateGroupMessage{Group: slnet.Group{Name: "anns", Permissions: slnet.Permissions()}},
	} {
		if _, err := ann.SendSLNetMessages(t.Context(), message); !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("%s: %v", message.MessageName(), err)
		}
	}
}
