package sdk

import (
	"context"

	"domovoi.dev/sdk/slnet"
)

// Secret returns the value of a secret that this script may read. There is no
// difference between one that does not exist and one it may not read: both are
// an error of slnet.KindPermissionDenied. Each call is audited, and what is
// returned is replaced by [secret NAME] wherever it shows up in the log, output,
// result and errors of the run.
func (e *Engine) Secret(ctx context.Context, name string) (string, error) {
	m := &slnet.GetSecretValueMessage{Name: name}
	response, err := ask[*slnet.SecretValueResponse](ctx, e, m)
	if err != nil {
		return "", err
	}
	return response.Value, nil
}

// ask sends a message and returns its response.
func ask[R slnet.Message](ctx context.Context, e *Engine, m slnet.Message) (R, error) {
	var none R
	response, err := slnet.Send1(ctx, e.SendSLNetMessages, m)
	if err != nil {
		return none, err
	}
	typed, ok := response.(R)
	if !ok {
		return none, slnet.UnexpectedResponse(m, response)
	}
	return typed, nil
}
