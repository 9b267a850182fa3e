package endpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
)

// object is a JSON object.
type object = map[string]any

// Document returns the OpenAPI document of all definitions that are not disabled.
func (a *APIs) Document(ctx context.Context, _ *slnet.GetApiDocumentMessage) (*slnet.ApiDocumentResponse, error) {
	definitions := slices.DeleteFunc(a.directory.Load().sorted(), func(definition *slnet.ApiDefinition) bool { return definition.Disabled })
	document, err := a.document(ctx, definitions)
	if err != nil {
		return nil, err
	}
	return &slnet.ApiDocumentResponse{Document: document}, nil
}

// documentCall answers with the document of the definitions that a token is for.
func (a *APIs) documentCall(d *directory, t *tokenRecord) *api.CustomCall {
	return &api.CustomCall{Answer: func(ctx context.Context, _ *slnet.ApiTriggerInput, _ string) (*api.CustomAnswer, error) {
		document, err := a.document(ctx, a.linked(d, t))
		if err != nil {
			return nil, err
		}
		return &api.CustomAnswer{ApiTriggerOutput: slnet.ApiTriggerOutput{Body: document}}, nil
	}}
}

// document describes definitions in OpenAPI 3.1.
func (a *APIs) document(ctx context.Context, definitions []*slnet.ApiDefinition) (slnet.JSON, error) {
	paths := object{}
	ids := make(map[string]int)
	for _, definition := range definitions {
		path, _ := paths["/"+definition.Route].(object)
		if path == nil {
			path = object{}
			paths["/"+definition.Route] = path
		}
		script, err := a.described(ctx, definition)
		if err != nil {
			return nil, err
		}
		for _, method := range definition.Methods {
			operation := script.operation(definition, method)
			id := strings.ToLower(method) + "_" + identifier(definition.Name)
			if ids[id]++; ids[id] > 1 {
				id = fmt.Sprintf("%s_%d", id, ids[id])
			}
			operation["operationId"] = id
			path[strings.ToLower(method)] = operation
		}
	}
	return json.Marshal(object{
		"openapi":  "3.1.0",
		"info":     object{"title": "User-defined APIs", "version": "1"},
		"servers":  []object{{"url": "/api/custom"}},
		"security": []object{{"token": []string{}}},
		"paths":    paths,
		"components": object{
			"securitySchemes": object{"token": object{"type": "http", "scheme": "bearer", "description": "The secret of an API token"}},
			"schemas":         object{"Errors": errorsSchema},
			"responses":       object{"Error": object{"description": "The request was not answered by the script", "content": content(object{"$ref": "#/components/schemas/Errors"})}},
		},
	})
}

// errorsSchema describes the body of an error.
var errorsSchema = object{
	"type": "object", "required": []string{"errors"},
	"properties": object{"errors": object{"type": "array", "items": object{
		"type": "object", "required": []string{"title", "detail", "errorCode"},
		"properties": object{
			"title": object{"type": "string"}, "detail": object{"type": "string"}, "errorCode": object{"type": "integer"},
			"missingScriptParameters": object{"type": "array", "items": object{"type": "string"}},
		},
	}}},
}

func content(of any) object { return object{"application/json": object{"schema": of}} }

// identifier is a name with an underscore for what no identifier can have.
func identifier(name string) string {
	return strings.Map(func(r rune) rune {
		if isAlphanumeric(r) {
			return r
		}
		return '_'
	}, name)
}

// described is what a document needs of a script.
type described struct {
	parameters *schema.Schema // nil for a script without typed ones
	result     *schema.Schema // nil for a script without a typed one
}

// described reads the schemas of the script of a definition. A script that does
// not exist any more has none.
func (a *APIs) described(ctx context.Context, definition *slnet.ApiDefinition) (described, error) {
	if definition.EntryPoint != slnet.EntryPointRun {
		return described{}, nil
	}
	response, err := a.Script(ctx, &slnet.GetScriptMessage{Name: definition.Script, Version: definition.ScriptVersion})
	if errors.Is(err, slnet.KindNotFound) {
		return described{}, nil
	}
	if err != nil {
		return described{}, err
	}
	var d described
	if b := response.Script.ParameterSchema; len(b) > 0 {
		if d.parameters, err = schema.Read(b); err != nil {
			return d, err
		}
	}
	if b := response.Script.ResultSchema; len(b) > 0 {
		d.result, err = schema.Read(b)
	}
	return d, err
}

// operation describes one method of a definition.
func (d described) operation(definition *slnet.ApiDefinition, method string) object {
	operation := object{
		"summary":   definition.Name,
		"responses": object{"200": d.answer(definition), "default": object{"$ref": "#/components/responses/Error"}},
	}
	if definition.Description != "" {
		operation["description"] = definition.Description
	}
	var parameters []object
	var names []string
	for part := range strings.SplitSeq(definition.Route, "/") {
		if name, isName := nameOf(part); isName {
			names = append(names, name)
			parameters = append(parameters, object{"name": name, "in": "path", "required": true, "schema": d.property(name)})
		}
	}
	hasBody := method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
	switch {
	case definition.EntryPoint != slnet.EntryPointRun && hasBody:
		operation["requestBody"] = object{"content": object{"*/*": object{}}}
	case hasBody && d.parameters != nil:
		body := *d.parameters
		body.Properties = slices.DeleteFunc(slices.Clone(body.Properties), func(p schema.Property) bool { return slices.Contains(names, p.Name) })
		required := slices.ContainsFunc(body.Properties, func(p schema.Property) bool { return p.Required })
		operation["requestBody"] = object{"required": required, "content": content(bare(&body))}
	case d.parameters != nil:
		for _, p := range d.parameters.Properties {
			if !slices.Contains(names, p.Name) {
				parameters = append(parameters, object{"name": p.Name, "in": "query", "required": p.Required, "schema": bare(p.Schema)})
			}
		}
	case hasBody:
		operation["requestBody"] = object{"content": content(object{"type": "object"})}
	}
	if len(parameters) > 0 {
		operation["parameters"] = parameters
	}
	return operation
}

// answer describes what a request is answered with when all goes well.
func (d described) answer(definition *slnet.ApiDefinition) object {
	answer := object{"description": "The answer of the script"}
	switch {
	case d.result != nil:
		answer["content"] = content(bare(d.result))
	case definition.EntryPoint == slnet.EntryPointRun:
		answer["content"] = content(object{"type": "object", "additionalProperties": object{"type": "string"}})
	default:
		answer["content"] = object{"*/*": object{}}
	}
	return answer
}

// property describes a parameter in the route.
func (d described) property(name string) any {
	if d.parameters != nil {
		if p := d.parameters.Property(name); p != nil {
			return bare(p.Schema)
		}
	}
	return object{"type": "string"}
}

// bare is a schema as it stands in a document, which says itself what dialect it
// has.
func bare(s *schema.Schema) object {
	b, err := json.Marshal(s)
	var o object
	if err == nil {
		err = json.Unmarshal(b, &o)
	}
	if err != nil { // a schema that was read can be written
		panic(err)
	}
	delete(o, "$schema")
	return o
}
