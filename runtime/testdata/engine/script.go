// Package main is a script that does with its engine what its parameter says.
package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// Run is called by the tests of the engine.
func Run(ctx context.Context, engine *sdk.Engine) error {
	what, rest, _ := strings.Cut(engine.GetScriptParam("do"), " ")
	switch what {
	case "say", "die", "panic":
		return tell(ctx, engine, what)
	case "keep":
		return engine.Memory().Set(ctx, "kept", "text")
	case "count":
		return count(ctx, engine.Memory())
	case "remember":
		return remember(ctx, engine)
	case "fill":
		return fill(ctx, engine.Memory())
	case "rehearse":
		return rehearse(ctx, engine, rest)
	case "get", "post":
		return request(ctx, engine, what, rest)
	case "who":
		run := engine.Run()
		engine.AddOrUpdateScriptOutput("who", strings.Join([]string{
			engine.User(), engine.UserDisplayName(), engine.TriggeredBy(), run.Script, fmt.Sprint(run.Attempt, len(run.Parents)),
		}, ", "))
		engine.AddOrUpdateScriptOutput("id", engine.InstanceID().String()+" "+run.IdempotencyKey())
		return nil
	}
	_, err := engine.Secret(ctx, what)
	return err
}

// tell says two secrets in every way a script can.
func tell(ctx context.Context, engine *sdk.Engine, what string) error {
	key, err := engine.Secret(ctx, "api-key")
	if err != nil {
		return err
	}
	pem, err := engine.Secret(ctx, "pem")
	if err != nil {
		return err
	}
	switch what {
	case "die":
		go func() { panic(key) }()
		<-ctx.Done()
		return ctx.Err()
	case "panic":
		panic(errors.New("with " + key))
	}
	fmt.Println("printed", key, "and\n"+pem)
	fmt.Printf("%q\n", key)
	for i := range 3 {
		fmt.Println(strings.Repeat("x", 32<<10-4-i*len(key)/3) + key + " after " + strings.Repeat("y", 32<<10) + key)
		engine.Log.Info(strings.Repeat("z", 32<<10-30+i*5) + key)
	}
	engine.Log.Info("logged", "key", key, "pem", pem)
	engine.Log.Error(key)
	engine.AddOrUpdateScriptOutput("output of "+key, pem)
	engine.AddError("added " + key)
	return engine.ExitFail("because " + key)
}

// count adds one to a number, whatever other runs do with it meanwhile.
func count(ctx context.Context, memory *sdk.Memory) error {
	for {
		old, err := memory.Get(ctx, "count")
		if err != nil {
			return err
		}
		n, _ := strconv.Atoi(old)
		set, err := memory.SetIf(ctx, "count", old, strconv.Itoa(n+1))
		if err != nil || set {
			return err
		}
	}
}

func remember(ctx context.Context, engine *sdk.Engine) error {
	memory := engine.Memory()
	if err := errors.Join(memory.Set(ctx, "b", "2"), memory.Set(ctx, "a", "1"), memory.Set(ctx, "c", "3"), memory.Delete(ctx, "b"), memory.Delete(ctx, "b")); err != nil {
		return err
	}
	keys, err := memory.Keys(ctx)
	engine.AddOrUpdateScriptOutput("keys", fmt.Sprint(keys))
	none, noneErr := memory.Get(ctx, "b")
	set, setErr := memory.SetIf(ctx, "a", "2", "3")
	if err := errors.Join(err, noneErr, setErr); err != nil || none != "" || set {
		return fmt.Errorf("%w %q %v", err, none, set)
	}
	refused := func(want slnet.Kind, err error) {
		if !errors.Is(err, want) {
			engine.AddError(fmt.Sprintf("%v, want it refused as %s", err, want))
		}
	}
	refused(slnet.KindInvalid, memory.Set(ctx, "", "x"))
	refused(slnet.KindInvalid, memory.Set(ctx, strings.Repeat("ä", slnet.MaxMemoryKey+1), "x"))
	refused(slnet.KindInvalid, memory.Set(ctx, "d", "\xff"))
	refused(slnet.KindTooLarge, memory.Set(ctx, "d", strings.Repeat("x", slnet.MaxMemoryValue+1)))
	return nil
}

// fill remembers as much as a script may, and one key more.
func fill(ctx context.Context, memory *sdk.Memory) error {
	for i := range slnet.MaxMemoryKeys {
		if err := memory.Set(ctx, strconv.Itoa(i), "x"); err != nil {
			return err
		}
	}
	if err := memory.Set(ctx, "one more", "x"); !errors.Is(err, slnet.KindTooLarge) {
		return fmt.Errorf("one key more than there may be: %w", err)
	}
	return memory.Set(ctx, "0", "y")
}

// rehearse tells what a dry run is allowed.
func rehearse(ctx context.Context, engine *sdk.Engine, url string) error {
	memory := engine.Memory()
	kept, err := memory.Get(ctx, "kept")
	if err := errors.Join(err, memory.Set(ctx, "kept", "changed"), memory.Set(ctx, "new", "text")); err != nil {
		return err
	}
	changed, err := memory.Get(ctx, "kept")
	keys, keysErr := memory.Keys(ctx)
	secret, secretErr := engine.Secret(ctx, "api-key")
	if err := errors.Join(err, keysErr, secretErr); err != nil {
		return err
	}
	engine.AddOrUpdateScriptOutput("memory", fmt.Sprint(kept, " ", changed, " ", keys))
	engine.AddOrUpdateScriptOutput("secret", secret)
	_, err = engine.HTTP().Get(ctx, url)
	if !errors.Is(err, slnet.KindConflict) {
		return fmt.Errorf("a request: %w", err)
	}
	engine.AddOrUpdateScriptOutput("http", err.Error())
	return nil
}

func request(ctx context.Context, engine *sdk.Engine, method, url string) error {
	response, err := engine.HTTP().Get(ctx, url)
	if method == "post" {
		response, err = engine.HTTP().Post(ctx, url, "text/plain", []byte("hello"))
	}
	if err != nil {
		return err
	}
	engine.AddOrUpdateScriptOutput("response", fmt.Sprint(response.StatusCode, " ", response.Header("x-kind"), " ", string(response.Body)))
	return nil
}
