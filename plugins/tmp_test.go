package plugins_test
import ("testing";"context";"os";"domovoi.dev/sdk";"strings")
func init() {
	scripts["words exit"] = func(_ context.Context, e *sdk.Engine) error { e.Log.Info("last words"); os.Exit(3); return nil }
	scripts["words panic"] = func(ctx context.Context, e *sdk.Engine) error { go func(){ e.Log.Info("last words"); panic("x") }(); <-ctx.Done(); return nil }
}
func TestWords(t *testing.T) {
	host := openHost(t)
	for _, n := range []string{"words exit","words panic"} {
		lost := 0
		for range 30 { r := new(recorder); carry(t, host, t.Context(), n, r.run()); if !strings.Contains(r.text(), "INFO last words") { lost++ } }
		t.Log(n, "lost", lost, "of 30")
	}
}
