package automation_test

import (
	"context"
	"fmt"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// This file is a script with all entry points. The test binary serves it as a
// plugin, and its text is deployed as source.

type Params struct {
	Customer string `doc:"who is invoiced" required:"true"`
	Days     int    `doc:"payment term" default:"30" min:"0"`
	Wait     time.Duration
	Lines    []Line
	note     string
}

type Line struct {
	Amount float64 `min:"0"`
	When   *time.Time
}

type Result struct {
	Total   float64 `json:"total"`
	Text    string
	Missing *int
	note    string
}

func Run(ctx context.Context, engine *sdk.Engine, p Params) (Result, error) {
	if p.Customer == "nobody" {
		return Result{}, engine.ExitFail("there is nobody")
	}
	r := Result{Text: fmt.Sprint(p.Customer, " ", p.Days, " ", p.Wait, p.note), note: "hidden"}
	for _, line := range p.Lines {
		r.Total += line.Amount
		if line.When != nil {
			r.Text += " " + line.When.Format(time.DateOnly)
		}
	}
	return r, nil
}

func OnDomInstanceCrud(ctx context.Context, engine *sdk.Engine, id dom.InstanceReference, crudType dom.CrudType) error {
	return engine.AddScriptOutput("got", fmt.Sprint(id.ModuleID, " ", id.ID, " ", crudType))
}

func OnDomInstanceCrudWithFullMeta(ctx context.Context, engine *sdk.Engine, meta dom.InstanceCrudMeta) error {
	differences := meta.GetDifferences()
	for _, d := range differences.FieldValues.Updated() {
		engine.AddOrUpdateScriptOutput("changed", d.ValueBefore.Text()+" to "+d.ValueAfter.Text())
	}
	return engine.AddScriptOutput("got", fmt.Sprint(meta.CrudType, " ", meta.CurrentVersion.ModuleID, " ", meta.PreviousVersion != nil))
}

func OnDomAction(ctx context.Context, engine *sdk.Engine, action dom.ActionContext) error {
	return engine.AddScriptOutput("got", action.ActionID+" "+action.ContextID.ModuleID)
}

func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error) {
	if input.Method == "DELETE" {
		panic("not that")
	}
	return slnet.ApiTriggerOutput{StatusCode: 201, Headers: map[string]string{"Location": input.Route}, Body: append([]byte("got "), input.Body...)}, nil
}

func OnRequestScriptInfo(ctx context.Context, engine *sdk.Engine, input slnet.RequestScriptInfoInput) (slnet.RequestScriptInfoOutput, error) {
	return slnet.RequestScriptInfoOutput{Data: map[string]string{"answer": input.Data["question"] + "!"}}, nil
}

func OnDestroy(ctx context.Context, engine *sdk.Engine) error {
	engine.AddOrUpdateScriptOutput("destroyed", engine.Run().EntryPoint)
	return ctx.Err()
}
