package extract

import (
	"go/types"
	"strings"
)

// replaced are the symbols that are taken from the hand-written part of package
// symbols instead.
var replaced = map[string]map[string]string{
	"errors": {"Is": "errorsIs", "As": "errorsAs"},
	"fmt": {
		"Append": "fmtAppend", "Appendf": "fmtAppendf", "Appendln": "fmtAppendln", "Errorf": "fmtErrorf",
		"Fprint": "fmtFprint", "Fprintf": "fmtFprintf", "Fprintln": "fmtFprintln",
		"Print": "fmtPrint", "Printf": "fmtPrintf", "Println": "fmtPrintln",
		"Sprint": "fmtSprint", "Sprintf": "fmtSprintf", "Sprintln": "fmtSprintln",
	},
	"text/template": {"Template": "templateTemplate", "New": "templateNew", "Must": "templateMust"},
}

// dropped are the symbols of the standard packages and of uuid that a script
// does without, with the reason.
var dropped = map[string]map[string]string{
	"fmt": {
		"Scan": standardInput, "Scanf": standardInput, "Scanln": standardInput,
	},
	"log/slog": {
		"SetDefault": processState, "SetLogLoggerLevel": processState,
		"NewLogLogger": "its Fatal ends the process",
	},
	"math/rand": {"Seed": processState},
	"text/template": {
		"ParseFiles": files, "ParseGlob": files, "ParseFS": files,
	},
	"github.com/google/uuid": {
		"SetRand": processState, "SetNodeID": processState, "SetNodeInterface": processState, "SetClockSequence": processState,
		"EnableRandPool": processState, "DisableRandPool": processState,
	},
}

const (
	files         = "reads files"
	processState  = "changes the state of the process"
	standardInput = "reads the standard input of the process"
)

// usable reports whether a symbol of a package that is not ours goes into the
// table.
func usable(o types.Object) bool {
	if _, ok := dropped[o.Pkg().Path()][o.Name()]; ok {
		return false
	}
	if v, ok := o.(*types.Var); ok {
		// A copy of a variable still shares what a map or slice holds, and a
		// function variable is there to be replaced.
		switch v.Type().Underlying().(type) {
		case *types.Map, *types.Slice, *types.Chan, *types.Signature:
			return false
		}
	}
	if generic(o) {
		return false
	}
	// The interpreter cannot range over functions; better a missing symbol than
	// a value that nothing can be done with.
	f, ok := o.(*types.Func)
	return !ok || !strings.Contains(types.TypeString(f.Type(), nil), "iter.Seq")
}

// generic reports whether a symbol has type parameters left open.
func generic(o types.Object) bool {
	switch o := o.(type) {
	case *types.Func:
		return o.Signature().TypeParams().Len() > 0
	case *types.TypeName:
		switch t := o.Type().(type) {
		case *types.Named:
			return t.TypeParams().Len() > 0 && t.TypeArgs().Len() == 0
		case *types.Alias:
			return t.TypeParams().Len() > 0
		}
	}
	return false
}

// constraint reports whether a type is an interface that only bounds type
// parameters.
func constraint(o *types.TypeName) bool {
	i, ok := o.Type().Underlying().(*types.Interface)
	return ok && !i.IsMethodSet()
}
