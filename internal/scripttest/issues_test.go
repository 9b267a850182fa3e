package scripttest_test

import (
	"encoding/json"
	"errors"
	"testing"

	"domovoi.dev/internal/scripttest"
	"domovoi.dev/sdk/dom"
)

func TestIssues(t *testing.T) {
	t.Parallel()
	scripttest.BothEngines(t, "scripts/issues", func(t *testing.T, h *scripttest.House) {
		type issue struct {
			ID                                  dom.InstanceID
			Title, Priority, Status, Technician string
		}
		ann := h.As(h.User("ann"))
		do := func(input map[string]any) (issues []issue) {
			t.Helper()
			text, err := json.Marshal(input)
			if err != nil {
				t.Fatal(err)
			}
			h.RunWith(ann, "issues", string(text), &issues)
			return issues
		}
		titles := func() (titles string) {
			t.Helper()
			for _, i := range do(map[string]any{"Action": "list"}) {
				titles += i.Title + ":" + i.Priority + ":" + i.Status + ":" + i.Technician + " "
			}
			return titles
		}
		h.RunWith(h.Admin, "issues", `{"Action": "setup"}`, nil)

		do(map[string]any{"Action": "report", "Title": "squeaks"})
		fire := do(map[string]any{"Action": "report", "Title": "burns", "Priority": "high"})[0]
		do(map[string]any{"Action": "report", "Title": "blinks"})
		if got, want := titles(), "burns:high:reported: blinks:normal:reported: squeaks:normal:reported: "; got != want {
			t.Errorf("the list is %q, want %q", got, want)
		}

		// Who takes an issue over is its technician, and nobody takes it then.
		hums := do(map[string]any{"Action": "report", "Title": "hums", "Priority": "low"})[0]
		issues := dom.NewDomHelper(ann.SendSLNetMessages, "issues").DomInstances
		if result, err := issues.ExecuteAction(t.Context(), hums.ID, "take"); err != nil || result.Output["technician"] != "ann" {
			t.Errorf("the action: %+v, %v", result, err)
		}
		if _, err := issues.ExecuteAction(t.Context(), hums.ID, "take"); !errors.Is(err, dom.ErrConditionNotMet) {
			t.Errorf("an issue is taken twice: %v", err)
		}
		if _, buttons, err := issues.GetActions(t.Context(), hums.ID); err != nil || len(buttons) != 1 || buttons[0].IsVisible {
			t.Errorf("the buttons of an issue that was taken: %+v, %v", buttons, err)
		}
		if got, want := titles(), "burns:high:reported: blinks:normal:reported: squeaks:normal:reported: hums:low:investigation:ann "; got != want {
			t.Errorf("the list is %q, want %q", got, want)
		}
		do(map[string]any{"Action": "move", "Issue": hums.ID, "To": "fixing"})
		do(map[string]any{"Action": "move", "Issue": hums.ID, "To": "fixed", "Solution": "oil"})

		move := func(to, more string) string {
			return `{"Action": "move", "Issue": "` + fire.ID.String() + `", "To": "` + to + `"` + more + `}`
		}
		h.FailWith(ann, "issues", move("fixed", ""), dom.ErrStatusTransitionNotFound)
		h.FailWith(ann, "issues", move("investigation", ""), dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus)
		h.RunWith(ann, "issues", move("investigation", `, "Technician": "ben"`), nil)
		h.RunWith(ann, "issues", move("fixing", ""), nil)
		h.RunWith(ann, "issues", move("investigation", ""), nil) // it was something else
		h.RunWith(ann, "issues", move("fixing", ""), nil)
		if got, want := titles(), "burns:high:fixing:ben blinks:normal:reported: squeaks:normal:reported: "; got != want {
			t.Errorf("the list is %q, want %q", got, want)
		}
		h.FailWith(ann, "issues", move("fixed", ""), dom.ErrDomInstanceHasMissingRequiredFieldsForNextStatus)
		h.RunWith(ann, "issues", move("fixed", `, "Solution": "water"`), nil)
		if got, want := titles(), "blinks:normal:reported: squeaks:normal:reported: "; got != want {
			t.Errorf("the list is %q, want %q", got, want)
		}

		h.FailWith(ann, "issues", move("investigation", `, "Technician": "ann"`), dom.ErrReadOnlyFieldsChangedForCurrentStatus)
		h.FailWith(ann, "issues", `{"Action": "move", "To": "fixing"}`, "")
		h.FailWith(ann, "issues", `{"Action": "move", "Issue": "00000000-0000-0000-0000-000000000001"}`, "")
		h.FailWith(ann, "issues", `{"Action": "report"}`, "")
	})
}
