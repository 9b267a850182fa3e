// Package interp runs scripts with an interpreter, traefik/yaegi. It lives in
// worker processes only: a script that ends its process, by a panic in a
// goroutine or by an endless recursion, must not end the daemon.
//
// A script is Go as package script describes it, and means here what it means to
// the Go compiler, or is refused: docs/language.md. Package lower makes a simpler
// program of it first, one that leaves the interpreter little room for opinions
// of its own.
//
// Cancellation is cooperative: a run whose context has ended goes on until the
// script notices or the host ends the process. yaegi can be made to stop where
// it stands, but then it also skips the script's own deferred functions, so the
// time the host grants between the two is worth more without.
package interp

import (
	"domovoi.dev/internal/garbage"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

//go:generate go run ./internal/symbolgen internal/symbols

// Worker serves one script, which the host sends as source, and does not
// return. It is what `domovoi worker` does.
func Worker() {
	garbage.Gather()
	plugin.ServeLoader(Load)
}

// Load compiles the files of a script, runs its package initialisation and
// returns its entry points. It is a plugin.Loader: the error is a
// plugin.CompileErrors where the source is at fault.
//
// Each call makes an interpreter of its own, so that scripts share no variables.
// The entry points must not be called concurrently. When one panics in its own
// goroutine, it returns a *plugin.LocatedError; the error it returns itself is
// wrapped in one that says on which line it was returned.
func Load(files []slnet.ScriptFile) (plugin.Loaded, error) {
	source, p, err := compile(files)
	if err != nil {
		return plugin.Loaded{}, err
	}
	if err := p.initialise(); err != nil {
		return plugin.Loaded{}, err
	}
	loaded := plugin.Loaded{Description: source.Description(), Stateless: !source.Traces.State, Concurrent: source.Traces.Goroutines}
	loaded.Script, err = p.script(source)
	return loaded, err
}

// Check finds what Load would refuse, without running anything of the script: all
// but what goes wrong in the initialisation of its package. Source that is made
// to harm can keep it busy for ever, as script.Check says.
func Check(files []slnet.ScriptFile) (*script.Checked, error) {
	source, _, err := compile(files)
	return source, err
}

// compile makes a program that has not begun to run.
func compile(files []slnet.ScriptFile) (*script.Checked, *program, error) {
	source, err := script.Check(files)
	if err != nil {
		return nil, nil, err
	}
	p, err := newProgram(source, surroundings{})
	if err != nil {
		return nil, nil, err
	}
	return source, p, p.compile()
}
