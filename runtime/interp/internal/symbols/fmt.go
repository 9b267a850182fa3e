package symbols

import (
	"fmt"
	"io"
	"reflect"
	"unsafe"
)

// The functions of fmt for scripts. They print values of a script's own types
// as Go would, where the interpreter hands them over in a form of its own.

func fmtAppend(b []byte, a ...any) []byte { return fmt.Append(b, printable(a)...) }
func fmtAppendf(b []byte, format string, a ...any) []byte {
	return fmt.Appendf(b, format, printable(a)...)
}
func fmtAppendln(b []byte, a ...any) []byte          { return fmt.Appendln(b, printable(a)...) }
func fmtErrorf(format string, a ...any) error        { return fmt.Errorf(format, printableErrors(a)...) }
func fmtFprint(w io.Writer, a ...any) (int, error)   { return fmt.Fprint(w, printable(a)...) }
func fmtFprintln(w io.Writer, a ...any) (int, error) { return fmt.Fprintln(w, printable(a)...) }
func fmtPrint(a ...any) (int, error)                 { return fmt.Print(printable(a)...) }
func fmtPrintf(format string, a ...any) (int, error) { return fmt.Printf(format, printable(a)...) }
func fmtPrintln(a ...any) (int, error)               { return fmt.Println(printable(a)...) }
func fmtSprint(a ...any) string                      { return fmt.Sprint(printable(a)...) }
func fmtSprintf(format string, a ...any) string      { return fmt.Sprintf(format, printable(a)...) }
func fmtSprintln(a ...any) string                    { return fmt.Sprintln(printable(a)...) }

func fmtFprintf(w io.Writer, format string, a ...any) (int, error) {
	return fmt.Fprintf(w, format, printable(a)...)
}

// printable returns the arguments in the form in which fmt prints them right.
func printable(args []any) []any {
	list := make([]any, len(args))
	for i, arg := range args {
		list[i] = printableValue(arg)
	}
	return list
}

// printableErrors leaves errors as they are, for the verb %w.
func printableErrors(args []any) []any {
	list := printable(args)
	for i, arg := range args {
		if _, ok := arg.(error); ok {
			list[i] = arg
		}
	}
	return list
}

func printableValue(v any) any {
	switch v := v.(type) {
	case []any:
		return printable(v)
	case map[string]any:
		m := make(map[string]any, len(v))
		for key, value := range v {
			m[key] = printableValue(value)
		}
		return m
	}
	v = interpreterValue(v)
	if _, ok := v.(fmt.Formatter); ok || !isWrapper(v) {
		return v
	}
	switch w := v.(type) {
	case error:
		return printed{v, w.Error}
	case fmt.Stringer:
		return printed{v, w.String}
	}
	return v
}

// isWrapper reports whether v stands for a value of a script's own type.
func isWrapper(v any) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Struct && t.NumField() > 0 && t.Field(0).Name == "IValue"
}

// printed prints a wrapper: by the script's method with the verbs for which fmt
// calls it, and otherwise the value that it stands for.
type printed struct {
	wrapper any
	text    func() string
}

// Format implements fmt.Formatter.
func (p printed) Format(state fmt.State, verb rune) {
	format := fmt.FormatString(state, verb)
	switch verb {
	case 'v', 's', 'q', 'x', 'X':
		if !state.Flag('#') || verb != 'v' {
			fmt.Fprintf(state, format, p.text())
			return
		}
	}
	fmt.Fprintf(state, format, reflect.ValueOf(p.wrapper).Field(0).Interface())
}

// interpreterType is how the interpreter holds a value of a type with methods
// in an interface of the script: the node of its type and the value.
const interpreterType = "interp.valueInterface"

// interpreterValue returns the value itself, where v is one as the interpreter
// holds it. The methods stay behind.
func interpreterValue(v any) any {
	for {
		r := reflect.ValueOf(v)
		if r.Kind() != reflect.Struct || r.Type().String() != interpreterType || r.NumField() != 2 {
			return v
		}
		held := reflect.New(r.Type()).Elem()
		held.Set(r)
		field := held.Field(1)
		if field.Type() != reflect.TypeFor[reflect.Value]() {
			return v
		}
		value := *(*reflect.Value)(unsafe.Pointer(field.UnsafeAddr()))
		if !value.IsValid() || !value.CanInterface() {
			return nil
		}
		v = value.Interface()
	}
}
