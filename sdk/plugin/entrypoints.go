package plugin

import (
	"context"
	"reflect"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// EntryPoint describes a function that the platform calls by its name.
type EntryPoint struct {
	Name string
	// Signature is the declaration without its body, for people.
	Signature string
	// Type is the type of the function. It is nil for Run, which has several.
	Type reflect.Type

	// of returns the script's function, nil where it has none.
	of func(s *Script) any
	// bind makes a call of a function of Type.
	bind func(fn any) call
}

// EntryPoints returns all entry points of the platform in the order in which
// they are told.
func EntryPoints() []EntryPoint {
	return []EntryPoint{
		{
			Name:      slnet.EntryPointRun,
			Signature: "func Run(ctx context.Context, engine *sdk.Engine) error, or func Run(ctx context.Context, engine *sdk.Engine, p Params) (Result, error)",
			of:        func(s *Script) any { return s.Run },
		},
		{
			Name:      slnet.EntryPointOnDomInstanceCrud,
			Signature: "func OnDomInstanceCrud(ctx context.Context, engine *sdk.Engine, id dom.InstanceReference, crudType dom.CrudType) error",
			Type:      reflect.TypeFor[onDomInstanceCrud](),
			of:        func(s *Script) any { return s.OnDomInstanceCrud },
			bind: func(fn any) call {
				f := fn.(onDomInstanceCrud)
				return taking(func(ctx context.Context, engine *sdk.Engine, in dom.InstanceCrud) error {
					return f(ctx, engine, in.Instance, in.CrudType)
				})
			},
		},
		{
			Name:      slnet.EntryPointOnDomInstanceCrudWithFullMeta,
			Signature: "func OnDomInstanceCrudWithFullMeta(ctx context.Context, engine *sdk.Engine, meta dom.InstanceCrudMeta) error",
			Type:      reflect.TypeFor[takes[dom.InstanceCrudMeta]](),
			of:        func(s *Script) any { return s.OnDomInstanceCrudWithFullMeta },
			bind:      func(fn any) call { return taking(fn.(takes[dom.InstanceCrudMeta])) },
		},
		{
			Name:      slnet.EntryPointOnDomAction,
			Signature: "func OnDomAction(ctx context.Context, engine *sdk.Engine, action dom.ActionContext) error",
			Type:      reflect.TypeFor[takes[dom.ActionContext]](),
			of:        func(s *Script) any { return s.OnDomAction },
			bind:      func(fn any) call { return taking(fn.(takes[dom.ActionContext])) },
		},
		{
			Name:      slnet.EntryPointOnApiTrigger,
			Signature: "func OnApiTrigger(ctx context.Context, engine *sdk.Engine, input slnet.ApiTriggerInput) (slnet.ApiTriggerOutput, error)",
			Type:      reflect.TypeFor[answers[slnet.ApiTriggerInput, slnet.ApiTriggerOutput]](),
			of:        func(s *Script) any { return s.OnApiTrigger },
			bind:      func(fn any) call { return answering(fn.(answers[slnet.ApiTriggerInput, slnet.ApiTriggerOutput])) },
		},
		{
			Name:      slnet.EntryPointOnRequestScriptInfo,
			Signature: "func OnRequestScriptInfo(ctx context.Context, engine *sdk.Engine, input slnet.RequestScriptInfoInput) (slnet.RequestScriptInfoOutput, error)",
			Type:      reflect.TypeFor[answers[slnet.RequestScriptInfoInput, slnet.RequestScriptInfoOutput]](),
			of:        func(s *Script) any { return s.OnRequestScriptInfo },
			bind: func(fn any) call {
				return answering(fn.(answers[slnet.RequestScriptInfoInput, slnet.RequestScriptInfoOutput]))
			},
		},
		{
			Name:      slnet.EntryPointOnDestroy,
			Signature: "func OnDestroy(ctx context.Context, engine *sdk.Engine) error",
			Type:      reflect.TypeFor[runFunc](),
			of:        func(s *Script) any { return s.OnDestroy },
			bind:      func(fn any) call { return plain(fn.(runFunc)) },
		},
	}
}

// The signatures.
type (
	runFunc           = func(ctx context.Context, engine *sdk.Engine) error
	onDomInstanceCrud = func(ctx context.Context, engine *sdk.Engine, id dom.InstanceReference, crudType dom.CrudType) error
	takes[In any]     = func(ctx context.Context, engine *sdk.Engine, in In) error

	answers[In, Out any] = func(ctx context.Context, engine *sdk.Engine, in In) (Out, error)
)

// call calls an entry point with the input of a session and returns its result.
type call func(ctx context.Context, engine *sdk.Engine, input []byte) (result []byte, err error)

// decoder is a pointer to an input in MessagePack.
type decoder[T any] interface {
	*T
	UnmarshalMsg([]byte) ([]byte, error)
}

// encoder is a pointer to a result in MessagePack.
type encoder[T any] interface {
	*T
	MarshalMsg([]byte) ([]byte, error)
}

func plain(f runFunc) call {
	return func(ctx context.Context, engine *sdk.Engine, _ []byte) ([]byte, error) {
		return nil, f(ctx, engine)
	}
}

func taking[In any, P decoder[In]](f takes[In]) call {
	return func(ctx context.Context, engine *sdk.Engine, input []byte) ([]byte, error) {
		in, err := decodeInput[In, P](input)
		if err != nil {
			return nil, err
		}
		return nil, f(ctx, engine, in)
	}
}

func answering[In, Out any, P decoder[In], Q encoder[Out]](f answers[In, Out]) call {
	return func(ctx context.Context, engine *sdk.Engine, input []byte) ([]byte, error) {
		in, err := decodeInput[In, P](input)
		if err != nil {
			return nil, err
		}
		out, err := f(ctx, engine, in)
		if err != nil {
			return nil, err
		}
		result, err := Q(&out).MarshalMsg(nil)
		if err == nil && len(result) > session.MaxPayloadBytes {
			err = slnet.Errorf(slnet.KindTooLarge, "the result is %d bytes; at most %d are allowed", len(result), session.MaxPayloadBytes)
		}
		return result, err
	}
}

func decodeInput[In any, P decoder[In]](input []byte) (in In, err error) {
	rest, err := P(&in).UnmarshalMsg(input)
	if err != nil || len(rest) > 0 {
		return in, slnet.Errorf(slnet.KindInvalid, "the input of the entry point is no %T: %v", in, err)
	}
	return in, nil
}
