package scripttest_test

import (
	"fmt"
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/plugins"
	"domovoi.dev/sdk/slnet"
)

func TestAnswersRequests(t *testing.T) {
	t.Parallel()
	scripttest.CallBothEngines(t, "scripts/echo", func(t *testing.T, call scripttest.Call) {
		trigger := func(input *slnet.ApiTriggerInput) (out slnet.ApiTriggerOutput, log string) {
			t.Helper()
			result, lines := call(slnet.EntryPointOnApiTrigger, input)
			if result.End != plugins.EndFinished || result.Failed {
				t.Fatalf("the call came to %+v", result)
			}
			if _, err := out.UnmarshalMsg(result.Result); err != nil {
				t.Fatal(err)
			}
			for _, line := range lines {
				log += line.Text
			}
			return out, log
		}
		out, log := trigger(&slnet.ApiTriggerInput{
			Method: "POST", Route: "orders/7", RouteValues: map[string]string{"id": "7"},
			Query: map[string][]string{"q": {"a", "b"}}, Body: []byte("body"),
		})
		want := `{"method":"POST","route":"orders/7","values":{"id":"7"},"query":{"q":["a","b"]},"body":"body","user":"Administrator"}`
		if out.StatusCode != 0 || string(out.Body) != want || log != "asked method=POST route=orders/7" {
			t.Errorf("it answered %d %s and logged %q, want %s", out.StatusCode, out.Body, log, want)
		}
		if out, log := trigger(&slnet.ApiTriggerInput{Method: "DELETE"}); out.StatusCode != 405 || out.Headers["Allow"] != "GET, POST" || log != "" {
			t.Errorf("DELETE was answered with %+v", out)
		}
		result, _ := call(slnet.EntryPointOnRequestScriptInfo, &slnet.RequestScriptInfoInput{})
		var info slnet.RequestScriptInfoOutput
		if _, err := info.UnmarshalMsg(result.Result); err != nil || fmt.Sprint(info.Data) != "map[methods:GET, POST]" {
			t.Errorf("about itself it says %v (%v)", info.Data, err)
		}
	})
}
