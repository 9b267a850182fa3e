package extract

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
