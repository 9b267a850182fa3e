package interp_test

import (
	"errors"
	"strings"
	"testing"

	"domovoi.dev/runtime/interp"
	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/plugin"
	"domovoi.dev/sdk/slnet"
)

// files makes files of alternating names and contents.
func files(texts ...string) []slnet.ScriptFile {
	var list []slnet.ScriptFile
	for i := 0; i < len(texts); i += 2 {
		list = append(list, slnet.ScriptFile{Name: texts[i], Content: texts[i+1]})
	}
	return list
}

const (
	// money uses round, and has of everything a package can have.
	money = `package money

import (
	"fmt"
	"slices"

	"lib/round"
)

// Rate can be changed, Seen is changed by Add.
var (
	Rate  = round.Half(5)
	Seen  []string
	order = append(round.Order, "money")
)

const Cents = 100

type Amount int64

func (a Amount) String() string { return fmt.Sprintf("%d.%02d", int64(a)/Cents, int64(a)%Cents) }

func (a *Amount) add(n int) { *a += Amount(n) }

type Account struct {
	Name string
	sum  Amount
}

func (a *Account) Add(n int) {
	a.sum.add(n)
	Seen = append(Seen, a.Name)
}

func (a Account) Sum() Amount { return a.sum }

type Summer interface{ Sum() Amount }

// Run is no entry point here.
func Run(list ...Summer) (total Amount) {
	for _, s := range list {
		total += s.Sum()
	}
	return total
}

func Largest[T interface{ ~int | ~int64 }](list []T) T {
	return slices.Max(list)
}

type Pair[K comparable, V any] struct {
	Key K
	Value V
}

func init() { order = append(order, "init") }

func Order() []string { return order }
`
	round = `package round

var Order = []string{"round"}

func Half(n int) int { return divided(n, 2) }

func divided(n, by int) int { return n / by }
`
	account = `package main

import (
	"context"
	"fmt"
	"strings"

	cash "lib/money"
	"lib/round"

	"domovoi.dev/sdk"
)

type Amount struct{ cash.Account }

var started = strings.Join(cash.Order(), " ")

func Run(ctx context.Context, engine *sdk.Engine) error {
	a := &Amount{cash.Account{Name: "ann"}}
	a.Add(1250)
	a.Account.Add(1)
	cash.Rate++
	rate := &cash.Rate
	*rate += 10
	var s cash.Summer = a
	_, isStringer := any(cash.Amount(1)).(fmt.Stringer)
	pair := cash.Pair[string, cash.Amount]{Key: "x", Value: a.Sum()}
	sum := cash.Amount.String(cash.Run(s, cash.Account{}))
	switch any(pair.Value).(type) {
	case cash.Amount:
		sum += "!"
	}
	return engine.AddScriptOutput("out", fmt.Sprintf("%s %d %v %v %v %T %v %v %s", sum, cash.Rate, isStringer, cash.Largest([]int{3, 9, 4}), pair, pair.Value, len(cash.Seen), round.Half(9), started))
}
`
)

func TestScriptsUseLibraries(t *testing.T) {
	engine := newEngine()
	run := loadFiles(t, files("script.go", account, "lib/money/money.go", money, "lib/round/round.go", round)...)
	if err := run(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	got := engine.GetScriptOutput("out")
	want := "12.51! 13 true 9 {x 12.51} money.Amount 2 4 round money init"
	if got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A library is compiled by itself when it is deployed.
func TestLibrariesAreLoadedByThemselves(t *testing.T) {
	if _, err := interp.Load(files("lib/money/money.go", money, "lib/round/round.go", round)); err != nil {
		t.Error(err)
	}
	_, err := interp.Load(files("lib/a/a.go", "package a\n\nvar list = []int{}\n\nvar First = list[0]\n"))
	if want := "lib/a/a.go:5"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("a library that cannot be initialised: %v, want %s", err, want)
	}
}

func TestErrorsNameTheFileOfTheLibrary(t *testing.T) {
	broken := strings.Replace(round, "n / by", "n / by + len(n)", 1)
	_, err := interp.Load(files("script.go", account, "lib/money/money.go", money, "lib/round/round.go", broken))
	var list plugin.CompileErrors
	if !errors.As(err, &list) || len(list) != 1 || list[0].File != "lib/round/round.go" || list[0].Line != 7 {
		t.Errorf("a mistake in a library: %v", err)
	}
	// A panic in a library ends the run with the place in the library.
	failing := strings.Replace(round, "divided(n, 2)", "divided(n, n-9)", 1)
	run := loadFiles(t, files("script.go", account, "lib/money/money.go", money, "lib/round/round.go", failing)...)
	var located *plugin.LocatedError
	if err := run(t.Context(), newEngine()); !errors.As(err, &located) || located.File != "lib/round/round.go" || located.Line != 7 {
		t.Errorf("a panic in a library: %v", err)
	}
}

func TestLibrariesThatCannotBeUsed(t *testing.T) {
	main := func(imports string) string {
		return "package main\n\nimport (\n\t\"context\"\n" + imports + "\n\t\"domovoi.dev/sdk\"\n)\n\nfunc Run(context.Context, *sdk.Engine) error { return nil }\n"
	}
	for _, c := range []struct {
		name  string
		files []slnet.ScriptFile
		want  string
	}{
		{"not there", files("a.go", main(`_ "lib/a"`)), `a.go:5:3: there is no library "lib/a" that this script may use`},
		{"a bad name", files("a.go", main(`_ "lib/a/b"`)), `a.go:5:3: "lib/a/b" is no name for a library`},
		{"a circle", files("a.go", main(`_ "lib/a"`), "lib/a/a.go", "package a\n\nimport _ \"lib/b\"\n", "lib/b/b.go", "package b\n\nimport _ \"lib/a\"\n"),
			`lib/b/b.go:3:10: libraries cannot import each other in a circle: lib/a imports lib/b imports lib/a`},
		{"itself", files("lib/a/a.go", "package a\n\nimport _ \"lib/a\"\n"), `lib/a/a.go:3:10: libraries cannot import each other in a circle: lib/a imports lib/a`},
		{"another package", files("lib/a/a.go", "package b\n"), "lib/a/a.go:1:9: the files of library lib/a are of package a, not b"},
		{"what it may not import", files("lib/a/a.go", "package a\n\nimport _ \"os\"\n"), `lib/a/a.go:3:10: package "os" is not available to scripts`},
		{"a name that is not exported", files("a.go", main(`"lib/a"`)+"\nvar x = a.x\n", "lib/a/a.go", "package a\n\nvar x = 1\n"), "a.go:11:11: name x not exported by package a"},
		{"a file without a plain name", files("lib/a/.go", "package a\n"), `"lib/a/.go" is not a name for a source file`},
		{"a function without a body", files("lib/a/a.go", "package a\n\nfunc f()\n"), "lib/a/a.go:3:6: f has no body"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := script.Check(c.files)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}
