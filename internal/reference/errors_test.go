package reference_test

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"domovoi.dev/internal/godoc"
	"domovoi.dev/sdk/slnet"
)

const errorsHead = `# Errors

This page is written by a test from the documentation of the constants, from errors that the tests of
the daemon have met, and from the table of codes at the edge: ` + "`DOMOVOI_UPDATE=1 go test ./internal/reference`" + `.

A call fails in one of two ways. A request that failed as a whole is a ` + "`*slnet.Error`" + ` with a kind, a message, and a reason
where there is a documented one. A request about objects that the manager answered with errors is a
` + "`*slnet.CrudFailedError`" + ` with TraceData: any number of errors, each with a type, a reason, a message and members.
Nothing was changed then; in bulk requests, nothing of that item.

A program tells errors apart by kind and reason, also across processes, and never by the text:

` + "```go" + `
func Run(ctx context.Context, engine *sdk.Engine) error {
	_, err := engine.DomHelper("jobs").DomInstances.Create(ctx, dom.NewInstance(dom.NewDefinitionID()))
	switch {
	case errors.Is(err, dom.ErrNoPermission):
		return engine.ExitFail("ask for the right to create jobs")
	case errors.Is(err, slnet.KindUnavailable):
		return engine.ExitFail("try again later")
	}
	return err
}
` + "```" + `

Over HTTP a failed request has the status of its kind and the error as JSON; TraceData comes with the status 200, for
the request was answered. A command ends with the exit code of the kind. What a manager refused has the exit code of
PermissionDenied for ` + "`NoPermission`" + `, that of NotFound for ` + "`ObjectDidNotExist` and `ModuleNotInitialized`" + `, and 1 otherwise.
Usage that is wrong has 2.
`

// example is an error that tests have met.
type example struct{ Texts, Properties []string }

// TestErrors holds docs/errors.md against the source.
func TestErrors(t *testing.T) {
	types := sdk(t)
	p := new(page)
	p.line("%s", errorsHead)
	kindTable(t, p, types["Kind"])
	p.line("## TraceData\n")
	for _, name := range []string{"TraceData", "ErrorData", "InfoData", "AssociatedField"} {
		p.line("### %s\n\n%s\n", name, strings.Join(paragraphs(types[name].Doc), "\n\n"))
		members(t, p, types, types[name], nil)
	}
	p.line("### Members of errors\n\n%s\n", strings.Join(paragraphs(types["ErrorProperties"].Doc), "\n\n"))
	members(t, p, types, types["ErrorProperties"], nil)

	constants := make(map[string]godoc.Constant)
	order := make(map[string]int)
	for i, c := range types["Reason"].Constants {
		if !strings.HasPrefix(c.Name, "ErrApi") {
			constants[c.Text()], order[c.Text()] = c, i
		}
		if len(strings.Split(c.Doc, "\n\n")) != 2 {
			t.Errorf("the documentation of %s has not two paragraphs: what happened, and what to do", c.Name)
		}
	}
	told := make(map[string]bool)
	familyReasons(t, p, types["ErrorType"], constants, order, told)
	apiReasons(t, p, types["Reason"], told)
	p.line("## Reasons that no test has met\n")
	for _, c := range types["Reason"].Constants {
		if !told[c.Name] {
			told[c.Name] = true
			reason(p, c, "", example{})
		}
	}
	p.hold(t, "errors.md")
}

func kindTable(t *testing.T, p *page, kinds *godoc.Type) {
	t.Helper()
	p.line("## Kinds\n")
	p.table("kind", "HTTP status", "exit code", "what it means")
	for _, c := range kinds.Constants {
		k := slnet.Kind(c.Text())
		p.row("`"+c.Text()+"`", fmt.Sprint(k.HTTPStatus()), fmt.Sprint(k.ExitCode()), strings.Join(paragraphs(c.Doc), " "))
	}
	p.line("")
}

// familyReasons writes the reasons of the DOM managers by the type of the error.
func familyReasons(t *testing.T, p *page, families *godoc.Type, constants map[string]godoc.Constant, order map[string]int, told map[string]bool) {
	t.Helper()
	met := readExamples(t, "runtime/dommanager")
	names := []string{""}
	for _, c := range families.Constants {
		names = append(names, c.Text())
	}
	for _, family := range names {
		var reasons []string
		for name := range met {
			if f, r, both := strings.Cut(name, " "); both && f == family || !both && family == "" {
				if !both {
					r = name
				}
				reasons = append(reasons, r)
			}
		}
		slices.SortFunc(reasons, func(a, b string) int { return order[a] - order[b] })
		if family == "" {
			p.line("## Reasons of requests that failed as a whole\n")
		} else {
			p.line("## %s\n", family)
		}
		for _, r := range reasons {
			c, ok := constants[r]
			if !ok {
				t.Errorf("tests have met %s %s, which is no constant", family, r)
			}
			told[c.Name] = true
			reason(p, c, "", met[strings.TrimSpace(family+" "+r)])
		}
	}
}

// reason writes one reason. extra stands before what it means.
func reason(p *page, c godoc.Constant, extra string, met example) {
	p.line("### `%s`\n", c.Text())
	if extra != "" {
		p.line("%s\n", extra)
	}
	p.line("%s\n", strings.Join(paragraphs(c.Doc), " "))
	if len(met.Properties) > 0 {
		p.line("It can carry `%s`.\n", strings.Join(met.Properties, "`, `"))
	}
	if len(met.Texts) > 0 {
		p.line("Example: `%s`\n", strings.Join(strings.Fields(met.Texts[0]), " "))
	}
}

// apiReasons writes the reasons of user-defined APIs with their numbers.
func apiReasons(t *testing.T, p *page, reasons *godoc.Type, told map[string]bool) {
	t.Helper()
	met := readExamples(t, "runtime/automation/endpoint")
	codes := apiCodes(t)
	p.line("## User-defined APIs\n\nThe JSON of the answer has the number as `errorCode`, see [apis.md](apis.md#errors).\n")
	for _, c := range reasons.Constants {
		code, ok := codes[c.Name]
		if !ok {
			continue
		}
		told[c.Name] = true
		reason(p, c, fmt.Sprintf("errorCode %s, status %s.", code[0], code[1]), met[code[0]])
	}
	if len(codes) < 20 {
		t.Errorf("only %d codes are found", len(codes))
	}
}

// apiCodes are the number and the status of each reason of APIs, by the name of its
// constant, as the table in runtime/api has them.
func apiCodes(t *testing.T) map[string][2]string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, "runtime", "api", "custom.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	codes := make(map[string][2]string)
	ast.Inspect(file, func(n ast.Node) bool {
		pair, ok := n.(*ast.KeyValueExpr)
		if !ok {
			return true
		}
		value, ok := pair.Value.(*ast.CompositeLit)
		if name := godoc.Last(pair.Key); ok && strings.HasPrefix(name, "ErrApi") && len(value.Elts) == 3 {
			codes[name] = [2]string{value.Elts[0].(*ast.BasicLit).Value, value.Elts[1].(*ast.BasicLit).Value}
		}
		return true
	})
	return codes
}

// readExamples are the errors that the tests of a package have met.
func readExamples(t *testing.T, folder string) map[string]example {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(root, folder, "testdata", "errors.json"))
	if err != nil {
		t.Fatal(err)
	}
	examples := make(map[string]example)
	if err := json.Unmarshal(data, &examples); err != nil {
		t.Fatal(err)
	}
	return examples
}
