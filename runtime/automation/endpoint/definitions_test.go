package endpoint_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/slnet"
)

// refused checks that a message fails with a kind, and says what.
func refused(t *testing.T, conn slnet.Connection, message slnet.Message, kind slnet.Kind, says string) {
	t.Helper()
	_, err := slnet.Send1(t.Context(), conn.SendSLNetMessages, message)
	if !errors.Is(err, kind) || !strings.Contains(err.Error(), says) {
		t.Errorf("%s: got %v, want %s that says %q", message.MessageName(), err, kind, says)
	}
}

func create(d slnet.ApiDefinition) *slnet.CreateApiDefinitionMessage {
	return &slnet.CreateApiDefinitionMessage{Definition: d}
}

// TestDefinitionsThatCannotBe are refused with the field that is wrong, or with the
// name of the definition that has the route.
func TestDefinitionsThatCannotBe(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	daemontest.Deploy(t, h.admin, "greet", greet)
	good := slnet.ApiDefinition{Name: "first", Route: "a/{x}", Methods: []string{"GET"}, Script: "mirror"}
	first := h.define(good)
	for _, c := range []struct {
		change func(d *slnet.ApiDefinition)
		kind   slnet.Kind
		says   string
	}{
		{func(d *slnet.ApiDefinition) { d.Name = "" }, slnet.KindInvalid, "Name"},
		{func(d *slnet.ApiDefinition) { d.Route = "" }, slnet.KindInvalid, "is empty"},
		{func(d *slnet.ApiDefinition) { d.Route = "/a" }, slnet.KindInvalid, "empty part"},
		{func(d *slnet.ApiDefinition) { d.Route = "a/../b" }, slnet.KindInvalid, "has a part .."},
		{func(d *slnet.ApiDefinition) { d.Route = "a b" }, slnet.KindInvalid, "has a part a b"},
		{func(d *slnet.ApiDefinition) { d.Route = "x{y}" }, slnet.KindInvalid, "has a part x{y}"},
		{func(d *slnet.ApiDefinition) { d.Route = "{1}" }, slnet.KindInvalid, "whose name is none"},
		{func(d *slnet.ApiDefinition) { d.Route = "{x}/{x}" }, slnet.KindInvalid, "{x} twice"},
		{func(d *slnet.ApiDefinition) { d.Route = "openapi.json" }, slnet.KindInvalid, "OpenAPI"},
		{func(d *slnet.ApiDefinition) { d.Methods = nil }, slnet.KindInvalid, "Methods"},
		{func(d *slnet.ApiDefinition) { d.Methods = []string{"get"} }, slnet.KindInvalid, `"get"`},
		{func(d *slnet.ApiDefinition) { d.Script = "nothing" }, slnet.KindNotFound, "nothing"},
		{func(d *slnet.ApiDefinition) { d.ScriptVersion = 7 }, slnet.KindNotFound, "version 7"},
		{func(d *slnet.ApiDefinition) { d.EntryPoint = "Run" }, slnet.KindInvalid, "does not have"},
		{func(d *slnet.ApiDefinition) { d.EntryPoint = "OnDomAction" }, slnet.KindInvalid, "EntryPoint"},
		{func(d *slnet.ApiDefinition) { d.MaxBody = 30 << 20 }, slnet.KindInvalid, "MaxBody"},
		{func(d *slnet.ApiDefinition) { d.Script, d.MaxBody = "greet", 2<<20 }, slnet.KindInvalid, "MaxBody"},
		{func(d *slnet.ApiDefinition) { d.RateLimit.Requests = 1 }, slnet.KindInvalid, "RateLimit"},
		{func(d *slnet.ApiDefinition) { d.Timeout = -1 }, slnet.KindInvalid, "Timeout"},
		{func(d *slnet.ApiDefinition) { d.Name = "FIRST" }, slnet.KindAlreadyExists, `"first"`},
		{func(d *slnet.ApiDefinition) { d.Route = "a/{x}" }, slnet.KindAlreadyExists, `"first" answers GET`},
		{func(d *slnet.ApiDefinition) { d.Route, d.Methods = "a/{y}", []string{"POST"} }, slnet.KindAlreadyExists, `"first"`},
	} {
		d := slnet.ApiDefinition{Name: "second", Route: "b", Methods: []string{"GET"}, Script: "mirror"}
		c.change(&d)
		refused(t, h.admin, create(d), c.kind, c.says)
	}
	// What differs is no collision, and a literal part counts before a name.
	literal := h.define(slnet.ApiDefinition{Name: "literal", Route: "a/b", Methods: []string{"GET"}, Script: "mirror"})
	posts := h.define(slnet.ApiDefinition{Name: "posts", Route: "a/{x}", Methods: []string{"POST"}, Script: "mirror"})
	deep := h.define(slnet.ApiDefinition{Name: "deep", Route: "{x}/b/c", Methods: []string{"GET"}, Script: "mirror"})
	deeper := h.define(slnet.ApiDefinition{Name: "deeper", Route: "a/{x}/d", Methods: []string{"GET"}, Script: "mirror"})
	one := h.define(slnet.ApiDefinition{Name: "one", Route: "{one}", Methods: []string{"GET"}, Script: "mirror"})
	secret := h.token("t", "", first.ID, literal.ID, posts.ID, deep.ID, deeper.ID, one.ID).Secret
	for _, c := range []struct {
		method, route string
		want          slnet.ApiDefinition
	}{
		{"GET", "a/b", literal}, {"GET", "a/c", first}, {"POST", "a/c", posts}, {"GET", "a/b/c", deep}, {"GET", "a/b/d", deeper}, {"GET", "zz", one},
	} {
		if run := h.run(h.ask(secret, c.method, c.route, "")); run.Trigger.ID != c.want.ID {
			t.Errorf("%s %s is answered by %s, want %s", c.method, c.route, run.Trigger.Name, c.want.Name)
		}
	}
	if got := h.ask(secret, "GET", "openapi.json", ""); !strings.Contains(got.body, `"openapi":"3.1.0"`) {
		t.Errorf("the document is hidden by {one}: %s", got.body)
	}
	// An update that was made on an old state is refused; deleting takes the
	// definition from its tokens.
	stale := first
	stale.Description = "changed"
	daemontest.Send[*slnet.ApiDefinitionResponse](t, h.admin, &slnet.UpdateApiDefinitionMessage{Definition: stale})
	refused(t, h.admin, &slnet.UpdateApiDefinitionMessage{Definition: stale}, slnet.KindConflict, "revision 2")
	daemontest.Send[*slnet.Empty](t, h.admin, &slnet.DeleteApiDefinitionMessage{ID: first.ID})
	token := daemontest.Send[*slnet.ApiTokenResponse](t, h.admin, &slnet.GetApiTokenMessage{Name: "t"}).Token
	if len(token.Definitions) != 5 {
		t.Errorf("the token is for %v", token.Definitions)
	}
	h.fails(h.ask(secret, "GET", "a/c", ""), 405, 3)
}

// TestNobodyGivesRightsByAPIs: who manages APIs makes no token for somebody with
// more rights, gets none to do something else, and decides nothing about what
// runs with them.
func TestNobodyGivesRightsByAPIs(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	eve := h.As(h.User("eve", slnet.PermissionAutomationApis))
	h.User("ann", slnet.PermissionAutomationApis, slnet.PermissionAutomationEdit)
	definition := h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors", Methods: []string{"GET"}, Script: "mirror"})
	own := h.define(slnet.ApiDefinition{Name: "own", Route: "own", Methods: []string{"GET"}, Script: "mirror"})
	token := h.token("admin's", "", definition.ID).Token

	const no = slnet.KindPermissionDenied
	refused(t, eve, &slnet.CreateApiTokenMessage{Token: slnet.ApiToken{Name: "t", User: "ann"}}, no, "AutomationRunAs")
	refused(t, eve, &slnet.CreateApiTokenMessage{Token: slnet.ApiToken{Name: "t", User: "Administrator"}}, no, "AutomationRunAs")
	wider := token
	wider.Definitions = []uuid.UUID{definition.ID, own.ID}
	refused(t, eve, &slnet.UpdateApiTokenMessage{Token: wider}, no, "")
	taken := token
	taken.User = "eve"
	refused(t, eve, &slnet.UpdateApiTokenMessage{Token: taken}, no, "")
	refused(t, eve, &slnet.DisableApiTokenMessage{ID: token.ID, Disabled: true}, no, "")
	other := definition
	other.Route = "elsewhere"
	refused(t, eve, &slnet.UpdateApiDefinitionMessage{Definition: other}, no, `the API token "admin's" is for`)
	refused(t, eve, &slnet.DisableApiDefinitionMessage{ID: definition.ID, Disabled: true}, no, "")
	refused(t, eve, &slnet.DeleteApiTokenMessage{ID: token.ID}, no, "")
	refused(t, eve, &slnet.DeleteApiDefinitionMessage{ID: definition.ID}, no, "")
	disguised := token
	disguised.ID, disguised.Name = uuid.Nil, "t"
	disguised.User, disguised.UserID = "eve", token.UserID // the id is not the client's to say
	made := daemontest.Send[*slnet.CreateApiTokenResponse](t, eve, &slnet.CreateApiTokenMessage{Token: disguised})
	if made.Token.User != "eve" || made.Token.UserID == token.UserID {
		t.Errorf("eve made a token of %s, %s", made.Token.User, made.Token.UserID)
	}
	// With their own rights people do as they like, but neither in a run nor with a
	// token that has a scope.
	daemontest.Send[*slnet.ApiDefinitionResponse](t, eve, &slnet.DisableApiDefinitionMessage{ID: own.ID, Disabled: true})
	scoped := daemontest.Send[*slnet.CreateTokenResponse](t, h.admin, &slnet.CreateTokenMessage{
		User: "eve", Scope: &slnet.TokenScope{Permissions: []slnet.PermissionFlag{slnet.PermissionAutomationApis}},
	})
	refused(t, h.As(scoped.Secret), &slnet.CreateApiTokenMessage{Token: slnet.ApiToken{Name: "u"}}, no, "AutomationRunAs")
}

// TestTheDocumentDescribesWhatATokenIsFor, by the types of the scripts.
func TestTheDocumentDescribesWhatATokenIsFor(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	daemontest.Deploy(t, h.admin, "greet", greet)
	greetings := h.define(slnet.ApiDefinition{Name: "greet them", Route: "greetings/{Name}", Methods: []string{"POST", "GET"}, Script: "greet"})
	h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors", Methods: []string{"PUT"}, Script: "mirror"})
	off := h.define(slnet.ApiDefinition{Name: "off", Route: "off", Methods: []string{"PUT"}, Script: "mirror", Disabled: true})
	got := h.ask(h.token("t", "", greetings.ID, off.ID).Secret, "GET", "openapi.json", "")
	type property map[string]any
	type operation struct {
		OperationID string
		Parameters  []struct {
			Name, In string
			Required bool
			Schema   property
		}
		RequestBody struct {
			Required bool
			Content  map[string]struct{ Schema property }
		}
		Responses map[string]struct {
			Content map[string]struct{ Schema property }
		}
	}
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]operation
	}
	if err := json.Unmarshal([]byte(got.body), &document); err != nil || got.StatusCode != 200 || document.OpenAPI != "3.1.0" {
		t.Fatalf("got %d %s: %v", got.StatusCode, got.body, err)
	}
	path := document.Paths["/greetings/{Name}"]
	if len(document.Paths) != 1 || len(path) != 2 {
		t.Fatalf("got the paths %+v", document.Paths)
	}
	get, post := path["get"], path["post"]
	if get.OperationID != "get_greet_them" || len(get.Parameters) != 2 || get.Parameters[0].In != "path" || !get.Parameters[0].Required ||
		get.Parameters[1].Name != "Times" || get.Parameters[1].In != "query" || get.Parameters[1].Required || get.Parameters[1].Schema["type"] != "integer" {
		t.Errorf("GET is %+v", get)
	}
	body := post.RequestBody.Content["application/json"].Schema
	if len(post.Parameters) != 1 || post.RequestBody.Required || body["properties"].(map[string]any)["Times"] == nil || body["properties"].(map[string]any)["Name"] != nil || body["$schema"] != nil {
		t.Errorf("POST is %+v", post)
	}
	if result := post.Responses["200"].Content["application/json"].Schema; result["type"] != "object" {
		t.Errorf("the answer is %+v", result)
	}
	all := daemontest.Send[*slnet.ApiDocumentResponse](t, h.admin, &slnet.GetApiDocumentMessage{}).Document
	if !strings.Contains(string(all), `"/mirrors"`) || strings.Contains(string(all), `"/off"`) {
		t.Errorf("the document of all is %s", all)
	}
	h.fails(h.ask("nobody", "GET", "openapi.json", ""), 401, 1010)
}

// TestRenamedScriptsGoOnAnswering: a definition follows the script it names, and
// keeps it from being deleted.
func TestRenamedScriptsGoOnAnswering(t *testing.T) {
	h := open(t)
	daemontest.Deploy(t, h.admin, "mirror", mirror)
	definition := h.define(slnet.ApiDefinition{Name: "mirrors", Route: "mirrors", Methods: []string{"GET"}, Script: "mirror"})
	secret := h.token("t", "", definition.ID).Secret
	const name = "looking glass"
	daemontest.Send[*slnet.ScriptResponse](t, h.admin, &slnet.UpdateScriptMessage{Name: "mirror", NewName: name})
	if run := h.run(h.ask(secret, "GET", "mirrors", "")); run.Script != name {
		t.Errorf("%s answers", run.Script)
	}
	found := daemontest.Send[*slnet.ApiDefinitionResponse](t, h.admin, &slnet.GetApiDefinitionMessage{ID: definition.ID}).Definition
	if found.Script != name {
		t.Errorf("the definition names %s", found.Script)
	}
	refused(t, h.admin, &slnet.DeleteScriptMessage{Name: name}, slnet.KindConflict, `API definition "mirrors"`)
}
