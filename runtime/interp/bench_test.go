package interp_test

import (
	"testing"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/sdk/slnet"
)

const small = `package main

import (
	"context"

	"domovoi.dev/sdk"
)

func Run(ctx context.Context, engine *sdk.Engine) error { return nil }
`

func BenchmarkLoadSmall(b *testing.B) {
	for b.Loop() {
		if _, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: small}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkLoadInvoices(b *testing.B) {
	for b.Loop() {
		if _, err := interp.Load([]slnet.ScriptFile{{Name: "script.go", Content: invoices}}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkCall(b *testing.B) {
	run, engine := load(b, small), newEngine()
	for b.Loop() {
		if err := run(b.Context(), engine); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkHostCalls is 1,000 calls of the engine.
func BenchmarkHostCalls(b *testing.B) {
	run, engine := load(b, header()+`
func Run(ctx context.Context, engine *sdk.Engine) error {
	for i := 0; i < 1000; i++ {
		engine.GetScriptParam("name")
	}
	return nil
}`), newEngine()
	for b.Loop() {
		if err := run(b.Context(), engine); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFib is recursion, fib(20).
func BenchmarkFib(b *testing.B) {
	run, engine := load(b, header()+`
func fib(n int) int {
	if n < 2 {
		return n
	}
	return fib(n-1) + fib(n-2)
}

func Run(ctx context.Context, engine *sdk.Engine) error {
	fib(20)
	return nil
}`), newEngine()
	for b.Loop() {
		if err := run(b.Context(), engine); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkLoop is a loop of 100,000 rounds over a slice.
func BenchmarkLoop(b *testing.B) {
	run, engine := load(b, header()+`
func Run(ctx context.Context, engine *sdk.Engine) error {
	xs := make([]int, 1000)
	for i := 0; i < 100000; i++ {
		xs[i%1000] += i
	}
	return nil
}`), newEngine()
	for b.Loop() {
		if err := run(b.Context(), engine); err != nil {
			b.Fatal(err)
		}
	}
}
