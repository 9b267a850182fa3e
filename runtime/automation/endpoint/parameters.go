package endpoint

import (
	"context"
	"encoding/json"
	"mime"
	"net/http"
	"slices"
	"strings"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
)

// fill gives Run its parameters: those in the route, in the query, and in a JSON
// object that is the body.
func (q *request) fill(ctx context.Context, call *automation.Call, input *slnet.ApiTriggerInput) error {
	object, err := bodyObject(input)
	if err != nil {
		return err
	}
	texts, err := q.texts(input)
	if err != nil {
		return err
	}
	response, err := q.apis.Script(ctx, &slnet.GetScriptMessage{Name: q.definition.Script, Version: q.definition.ScriptVersion})
	if err != nil {
		return q.notStarted(err)
	}
	if len(response.Script.ParameterSchema) == 0 {
		return merge(call, texts, object)
	}
	described, err := schema.Read(response.Script.ParameterSchema)
	if err != nil {
		return err
	}
	if missing := missingOf(described, object, texts); len(missing) > 0 {
		return &api.CustomError{Missing: missing, Err: slnet.Errorf(slnet.KindInvalid, "the parameters %s are required; give them in the route, the query or a JSON object in the body",
			strings.Join(missing, ", ")).WithReason(slnet.ErrApiMissingParameters)}
	}
	call.Parameters = texts
	if object != nil {
		call.JSON = input.Body
	}
	return nil
}

func noParameters(format string, args ...any) error {
	return slnet.Errorf(slnet.KindInvalid, format, args...).WithReason(slnet.ErrApiBodyToParameters)
}

// bodyObject reads the body as a JSON object; it is nil where there is none.
func bodyObject(input *slnet.ApiTriggerInput) (map[string]any, error) {
	if len(input.Body) == 0 {
		return nil, nil
	}
	contentType := http.Header(input.Headers).Get("Content-Type")
	if mediaType, _, err := mime.ParseMediaType(contentType); err != nil || mediaType != "application/json" && !strings.HasSuffix(mediaType, "+json") {
		return nil, slnet.Errorf(slnet.KindInvalid, "the Content-Type is %.100q, want application/json", contentType).WithReason(slnet.ErrApiInvalidContentType)
	}
	value, err := schema.Parse(input.Body)
	if err != nil {
		return nil, noParameters("the body is not JSON: %v", err)
	}
	object, ok := value.(map[string]any)
	if !ok {
		return nil, noParameters("the body is JSON, but no object of parameters by name")
	}
	return object, nil
}

// texts are the parameters in the route and the query.
func (q *request) texts(input *slnet.ApiTriggerInput) (map[string]string, error) {
	texts := make(map[string]string)
	for name, values := range input.Query {
		if len(values) != 1 {
			return nil, noParameters("the parameter %.60q is given %d times in the query", name, len(values))
		}
		texts[name] = values[0]
	}
	for name, value := range q.values {
		if _, twice := texts[name]; twice {
			return nil, noParameters("the parameter %.60q is given in the route and in the query", name)
		}
		texts[name] = value
	}
	return texts, nil
}

// merge gives a script without typed parameters those it is called with. What is
// no text in JSON is given as it stands there.
func merge(call *automation.Call, texts map[string]string, object map[string]any) error {
	for name, value := range object {
		if _, twice := texts[name]; twice {
			return noParameters("the parameter %.60q is given in the body, and in the route or the query", name)
		}
		text, ok := value.(string)
		if !ok {
			b, err := json.Marshal(value)
			if err != nil {
				return err
			}
			text = string(b)
		}
		texts[name] = text
	}
	call.Parameters = texts
	return nil
}

// missingOf are the names of required parameters that are not given.
func missingOf(described *schema.Schema, object map[string]any, texts map[string]string) (missing []string) {
	for _, p := range described.Properties {
		_, given := object[p.Name]
		for name := range texts {
			given = given || strings.EqualFold(name, p.Name)
		}
		if p.Required && !given {
			missing = append(missing, p.Name)
		}
	}
	slices.Sort(missing)
	return missing
}

// outputOf is what a run of Run is answered with: its result, or else its output
// by name, or nothing.
func outputOf(run *slnet.Run) slnet.ApiTriggerOutput {
	if len(run.Result) > 0 {
		return slnet.ApiTriggerOutput{StatusCode: http.StatusOK, Body: run.Result}
	}
	if len(run.Output) == 0 {
		return slnet.ApiTriggerOutput{StatusCode: http.StatusNoContent}
	}
	body, err := json.Marshal(run.Output)
	if err != nil { // it holds nothing that JSON does not have
		panic(err)
	}
	return slnet.ApiTriggerOutput{StatusCode: http.StatusOK, Body: body}
}
