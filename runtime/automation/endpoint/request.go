package endpoint

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
)

// request is a request that was let in.
type request struct {
	apis       *APIs
	definition *slnet.ApiDefinition
	caller     security.Caller
	run        slnet.RunRequest
	values     map[string]string // of the route
}

// Open lets a request in, or refuses it. It is api.Options.Custom. Who has no
// token that works learns nothing but that.
func (a *APIs) Open(_ context.Context, head api.CustomRequest) (*api.CustomCall, error) {
	d := a.directory.Load()
	t := d.secrets[sha256.Sum256([]byte(head.Secret))]
	if t == nil || !t.worksAt(a.Now()) || !a.Enabled(t.user()) {
		return nil, tokenRefused("the token is not an API token, has expired or is disabled, or its user is")
	}
	t.use.Store(a.Now().UnixMilli())
	if err := a.Ready(); err != nil {
		return nil, unavailable(err)
	}
	switch {
	case head.Route == "":
		return nil, slnet.Errorf(slnet.KindInvalid, "the path ends where the route of an API begins").WithReason(slnet.ErrApiEmptyRoute)
	case head.Route == documentRoute && head.Method == http.MethodGet:
		return a.documentCall(d, t), nil
	}
	parts := strings.Split(head.Route, "/")
	definition, err := d.choose(t, head, parts)
	if err != nil {
		return nil, err
	}
	q := &request{
		apis: a, definition: definition, values: routeValues(definition.Route, parts),
		caller: t.user(),
		run:    slnet.RunRequest{Method: head.Method, Route: cut(head.Route), Token: t.Token.Name, TokenID: t.Token.ID, Address: head.Address},
	}
	q.caller.Address, q.caller.Message = head.Address, slnet.AuditAPI
	if wait := a.wait(t, definition); wait > 0 {
		return nil, &api.CustomError{RetryAfter: wait, Err: slnet.Errorf(slnet.KindRateLimited, "the API definition %q takes %d requests in %v with one token",
			definition.Name, definition.RateLimit.Requests, definition.RateLimit.Per).WithReason(slnet.ErrApiRateLimitExceeded)}
	}
	if err := a.MayExecute(t.user(), definition.Script); err != nil {
		if errors.Is(err, slnet.KindUnauthenticated) { // disabled just now
			return nil, tokenRefused("the user of the token is disabled")
		}
		return nil, err
	}
	most := a.mostBody(definition)
	call := &api.CustomCall{MaxBody: min(cmp.Or(definition.MaxBody, most), most), Answer: q.answer}
	if definition.StreamBody {
		call.Stream = q.stream
	}
	return call, nil
}

// choose returns the definition that a request is for.
func (d *directory) choose(t *tokenRecord, head api.CustomRequest, parts []string) (*slnet.ApiDefinition, error) {
	found := d.routes.find(parts)
	if len(found) == 0 {
		return nil, noDefinition(head.Route)
	}
	var allowed []string
	linked := false
	for _, definition := range found {
		if !slices.Contains(t.Token.Definitions, definition.ID) {
			continue
		}
		if linked = true; definition.Disabled {
			continue
		}
		if slices.Contains(definition.Methods, head.Method) {
			return definition, nil
		}
		allowed = append(allowed, definition.Methods...)
	}
	switch {
	case !linked:
		return nil, tokenRefused("the token is not for this API")
	case len(allowed) == 0:
		return nil, noDefinition(head.Route)
	}
	slices.Sort(allowed)
	return nil, &api.CustomError{Allow: allowed, Err: slnet.Errorf(slnet.KindInvalid, "the API takes %s, not %.20q", strings.Join(allowed, ", "), head.Method).
		WithReason(slnet.ErrApiInvalidRequestMethod)}
}

func tokenRefused(why string) error {
	return slnet.Errorf(slnet.KindUnauthenticated, "%s", why).WithReason(slnet.ErrApiAuthenticationFailed)
}

func noDefinition(route string) error {
	return slnet.Errorf(slnet.KindNotFound, "no API definition that is enabled has the route %.200q", route).WithReason(slnet.ErrApiDefinitionNotFound)
}

func unavailable(err error) error {
	known, _ := slnet.AsError(err)
	refused := &api.CustomError{Err: known.WithReason(slnet.ErrApiUnavailable)}
	var later *api.Later
	if errors.As(err, &later) {
		refused.RetryAfter = later.After
	}
	return refused
}

// maxShownRoute bounds the route in the record of a run, in bytes.
const maxShownRoute = 1000

func cut(text string) string {
	if len(text) <= maxShownRoute {
		return text
	}
	return strings.ToValidUTF8(text[:maxShownRoute], "") + "…"
}

// call is what is to be executed for a request.
func (q *request) call(ctx context.Context, input *slnet.ApiTriggerInput) (automation.Call, error) {
	call := automation.Call{
		ScriptName: q.definition.Script, Version: q.definition.ScriptVersion, EntryPoint: q.definition.EntryPoint, Timeout: q.definition.Timeout,
		Trigger:   slnet.RunTrigger{Kind: slnet.TriggerAPI, ID: q.definition.ID, Name: q.definition.Name, Request: &q.run},
		StartedBy: "API token " + q.run.Token,
	}
	if call.EntryPoint == slnet.EntryPointRun {
		return call, q.fill(ctx, &call, input)
	}
	call.Input = input
	return call, nil
}

// answer carries a request out.
func (q *request) answer(ctx context.Context, input *slnet.ApiTriggerInput, key string) (*api.CustomAnswer, error) {
	input.RouteValues = q.values
	q.run.StreamedBody = input.StreamedBody
	call, err := q.call(ctx, input)
	if err != nil {
		return nil, err
	}
	if key != "" {
		return q.once(ctx, input, key, call)
	}
	outcome, err := q.apis.Call(ctx, q.caller, call)
	if err != nil {
		return nil, q.notStarted(err)
	}
	return q.result(ctx, &outcome)
}

// notStarted is the error of a request for which there was no run to its end.
func (q *request) notStarted(err error) error {
	known, ok := slnet.AsError(err)
	if !ok {
		return err
	}
	switch known.Kind {
	case slnet.KindNotFound:
		return known.WithReason(slnet.ErrApiScriptNotFound)
	case slnet.KindTooLarge:
		return known.WithReason(slnet.ErrApiBodyTooLarge)
	case slnet.KindInvalid:
		if q.definition.EntryPoint == slnet.EntryPointRun {
			return known.WithReason(slnet.ErrApiBodyToParameters)
		}
		return known.WithReason(slnet.ErrApiScriptNotFound)
	}
	known.Reason = "" // that of the kind
	return known
}

// result is what a run that has ended is answered with. What went wrong in the
// script stands in the record of the run, for those who may see it.
func (q *request) result(ctx context.Context, outcome *automation.Outcome) (*api.CustomAnswer, error) {
	run := &outcome.Run
	answer := &api.CustomAnswer{Run: run.ID.String()}
	failed := func(kind slnet.Kind, reason slnet.Reason, format string, args ...any) error {
		return slnet.Errorf(kind, "run "+run.ID.String()+" of the script "+format, args...).WithReason(reason)
	}
	switch run.State {
	case slnet.RunSucceeded:
	case slnet.RunTimedOut:
		return nil, failed(slnet.KindTimeout, slnet.ErrApiTimeout, "took longer than %v", run.Timeout)
	case slnet.RunCanceled:
		return nil, failed(slnet.KindCanceled, slnet.ErrApiCanceled, "was cancelled")
	default:
		return nil, failed(slnet.KindInternal, slnet.ErrApiActionFailed, "failed; its record has the cause")
	}
	if q.definition.EntryPoint == slnet.EntryPointRun {
		answer.ApiTriggerOutput = outputOf(run)
		return answer, nil
	}
	if rest, err := answer.UnmarshalMsg(outcome.Result); err != nil || len(rest) > 0 {
		return nil, failed(slnet.KindInternal, slnet.ErrApiInvalidResult, "returned something that is no ApiTriggerOutput")
	}
	if answer.Attachment == nil {
		return answer, nil
	}
	var err error
	answer.File, err = q.apis.Attachment(ctx, reader(run), answer.Attachment)
	if isRefused(err) {
		err = failed(slnet.KindInternal, slnet.ErrApiInvalidResult, "answered with an attachment that does not exist, or that the run may not read")
	}
	return answer, err
}

func (a *APIs) linked(d *directory, t *tokenRecord) (list []*slnet.ApiDefinition) {
	for _, definition := range d.sorted() {
		if slices.ContainsFunc(t.Token.Definitions, func(id uuid.UUID) bool { return id == definition.ID }) && !definition.Disabled {
			list = append(list, definition)
		}
	}
	return list
}
