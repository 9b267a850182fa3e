// Echo answers requests to a user-defined API with what it was asked, and says
// about itself which requests those are.
package main

import (
	"context"
	"encoding/json"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// answer is the body of a response.
type answer struct {
	Method string              `json:"method"`
	Route  string              `json:"route"`
	Values map[string]string   `json:"values,omitempty"`
	Query  map[string][]string `json:"query,omitempty"`
	Body   string              `json:"body,omitempty"`
	User   string              `json:"user"`
}

// OnApiTrigger answers a request. Only reading and posting is for everybody to
// try; what else there is gets the status of HTTP that says so.
func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error) {
	if input.Method != "GET" && input.Method != "POST" {
		return slnet.ApiTriggerOutput{
			StatusCode: 405,
			Headers:    map[string]string{"Allow": "GET, POST"},
			Body:       []byte(`{"error": "this API has GET and POST"}`),
		}, nil
	}
	engine.Log.Info("asked", "method", input.Method, "route", input.Route)
	body, err := json.Marshal(answer{
		Method: input.Method,
		Route:  input.Route,
		Values: input.RouteValues,
		Query:  input.Query,
		Body:   string(input.Body),
		User:   engine.User(),
	})
	if err != nil {
		return slnet.ApiTriggerOutput{}, err
	}
	return slnet.ApiTriggerOutput{Body: body}, nil
}

// OnRequestScriptInfo says what the script does.
func OnRequestScriptInfo(ctx context.Context, engine *sdk.Engine, input slnet.RequestScriptInfoInput) (slnet.RequestScriptInfoOutput, error) {
	return slnet.RequestScriptInfoOutput{Data: map[string]string{"methods": "GET, POST"}}, nil
}
