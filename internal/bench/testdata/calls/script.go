package main

import (
	"context"
	"strconv"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
)

// Run makes one call of the engine and says when it was answered; then as many
// calls as the parameter says, and how long they took together.
func Run(ctx context.Context, engine *sdk.Engine) error {
	if err := call(ctx, engine, 1); err != nil {
		return err
	}
	first := time.Now()
	calls, err := strconv.Atoi(engine.GetScriptParam("calls"))
	if err != nil {
		return err
	}
	if err := call(ctx, engine, calls/10); err != nil {
		return err
	}
	began := time.Now()
	if err := call(ctx, engine, calls); err != nil {
		return err
	}
	engine.AddOrUpdateScriptOutput("first", strconv.FormatInt(first.UnixNano(), 10))
	engine.AddOrUpdateScriptOutput("took", strconv.FormatInt(int64(time.Since(began)), 10))
	return nil
}

func call(ctx context.Context, engine *sdk.Engine, times int) error {
	for i := 0; i < times; i++ {
		if _, err := engine.SendSLNetMessages(ctx, &slnet.WhoAmIMessage{}); err != nil {
			return err
		}
	}
	return nil
}
