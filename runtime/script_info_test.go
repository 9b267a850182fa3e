package runtime_test

import (
	"errors"
	"testing"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

const answering = `package main

import (
	"context"
	"errors"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

func OnRequestScriptInfo(ctx context.Context, engine *sdk.Engine, input slnet.RequestScriptInfoInput) (slnet.RequestScriptInfoOutput, error) {
	if input.Data["question"] == "" {
		return slnet.RequestScriptInfoOutput{}, errors.New("ask me something")
	}
	return slnet.RequestScriptInfoOutput{Data: map[string]string{"answer": engine.User() + " asked " + input.Data["question"]}}, nil
}
`

// Whoever may execute a script asks it about itself, with the rights of the one
// who asks; a run that fails says why.
func TestScriptsAnswerQuestionsAboutThemselves(t *testing.T) {
	d := daemontest.Start(t)
	admin := d.Administrator()
	daemontest.Deploy(t, admin, "oracle", answering)
	daemontest.Deploy(t, admin, "mute", "package main\n\nimport (\n\t\"context\"\n\n\t\"domovoi.dev/sdk\"\n)\n\nfunc Run(ctx context.Context, engine *sdk.Engine) error { return nil }\n")
	ann := d.As(d.User("ann", slnet.PermissionAutomationExecute))
	info := daemontest.Send[*slnet.RequestScriptInfoResponse](t, ann, &slnet.RequestScriptInfoMessage{
		ScriptName: "oracle", Data: map[string]string{"question": "why"},
	})
	if info.Data["answer"] != "ann asked why" || info.Run.EntryPoint != slnet.EntryPointOnRequestScriptInfo || info.Run.RunsAs != "ann" {
		t.Errorf("got %+v", info)
	}
	info = daemontest.Send[*slnet.RequestScriptInfoResponse](t, ann, &slnet.RequestScriptInfoMessage{ScriptName: "oracle"})
	if info.Run.State != slnet.RunFailed || len(info.Run.Errors) != 1 || info.Run.Errors[0].Message != "ask me something" || info.Data != nil {
		t.Errorf("got %+v", info)
	}
	for name, want := range map[string]error{"mute": slnet.KindInvalid, "nobody": slnet.KindNotFound} {
		if _, err := slnet.Send1(t.Context(), ann.SendSLNetMessages, &slnet.RequestScriptInfoMessage{ScriptName: name}); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", name, err, want)
		}
	}
}
