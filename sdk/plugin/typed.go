package plugin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
)

// Typed is a Run whose schemas were made of its source. An interpreter hands it
// over in place of the function, because the types that an interpreter makes
// have lost their names and what is not exported.
type Typed struct {
	Func any
	// Parameters and Result are nil where Func has no such thing.
	Parameters, Result *schema.Schema
}

var (
	contextType = reflect.TypeFor[context.Context]()
	engineType  = reflect.TypeFor[*sdk.Engine]()
	errorType   = reflect.TypeFor[error]()
)

// bindRun makes a call of a script's Run, and finds its schemas.
func (p *points) bindRun(fn any) (call, error) {
	known, ok := fn.(Typed)
	if ok {
		fn = known.Func
	}
	v := reflect.ValueOf(fn)
	params, result, ok := runTypes(v.Type())
	switch {
	case !ok:
		return nil, slnet.Errorf(slnet.KindInvalid, "Run has the signature %T; want %s", fn, EntryPoints()[0].Signature)
	case v.IsNil():
		return nil, slnet.Errorf(slnet.KindInvalid, "Run is a nil function")
	}
	p.params, p.result = known.Parameters, known.Result
	var err error
	if params != nil && p.params == nil {
		if p.params, err = schema.Of(schema.Compiled(params)); err != nil {
			return nil, typeError("parameters", err)
		}
	}
	if result != nil && p.result == nil {
		if p.result, err = schema.Of(schema.Compiled(result)); err != nil {
			return nil, typeError("result", err)
		}
	}
	return p.run(v, params), nil
}

func typeError(what string, err error) error {
	return slnet.Errorf(slnet.KindInvalid, "the %s of Run: %v", what, err)
}

// runTypes takes the type of a Run apart.
func runTypes(t reflect.Type) (params, result reflect.Type, ok bool) {
	if t.Kind() != reflect.Func || t.IsVariadic() || t.NumIn() < 2 || t.NumIn() > 3 || t.NumOut() < 1 || t.NumOut() > 2 ||
		t.In(0) != contextType || t.In(1) != engineType || t.Out(t.NumOut()-1) != errorType {
		return nil, nil, false
	}
	if t.NumIn() == 3 {
		if params = t.In(2); params.Kind() != reflect.Struct {
			return nil, nil, false
		}
	}
	if t.NumOut() == 2 {
		result = t.Out(0)
	}
	return params, result, true
}

// run makes the call.
func (p *points) run(fn reflect.Value, params reflect.Type) call {
	return func(ctx context.Context, engine *sdk.Engine, input []byte) ([]byte, error) {
		in := []reflect.Value{reflect.ValueOf(ctx), reflect.ValueOf(engine)}
		if params != nil {
			v := reflect.New(params).Elem()
			if err := decodeParameters(p.params, v, input); err != nil {
				return nil, err
			}
			in = append(in, v)
		}
		out := fn.Call(in)
		if err, ok := out[len(out)-1].Interface().(error); ok {
			return nil, err
		}
		if p.result == nil {
			return nil, nil
		}
		return encodeResult(p.result, out[0])
	}
}

func decodeParameters(s *schema.Schema, v reflect.Value, input []byte) error {
	if len(input) == 0 {
		input = []byte("{}")
	}
	value, err := schema.Parse(input)
	if err == nil {
		value, err = s.Check(value)
	}
	if err == nil {
		err = s.Decode(v, value)
	}
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the parameters of the run: %v", err)
	}
	return nil
}

func encodeResult(s *schema.Schema, v reflect.Value) ([]byte, error) {
	value, err := s.Encode(v)
	var problems schema.Problems
	if errors.As(err, &problems) {
		return nil, slnet.Errorf(slnet.KindInvalid, "the result of the run: %v", err)
	}
	b, err := json.Marshal(value)
	if err == nil && len(b) > slnet.MaxRunResult {
		err = slnet.Errorf(slnet.KindTooLarge, "the result of the run is %d bytes of JSON; at most %d are allowed", len(b), slnet.MaxRunResult)
	}
	return b, err
}

// describe adds the schemas to a description.
func (p *points) describe(d *session.Description) (err error) {
	if p.params != nil {
		if d.ParameterSchema, err = json.Marshal(p.params); err != nil {
			return fmt.Errorf("the schema of the parameters: %w", err)
		}
	}
	if p.result != nil {
		if d.ResultSchema, err = json.Marshal(p.result); err != nil {
			return fmt.Errorf("the schema of the result: %w", err)
		}
	}
	return nil
}
