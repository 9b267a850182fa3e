package extract

// replaced are the symbols that are taken from the hand-written part of package
// symbols instead.
var replaced = map[string]map[string]string{
	"text/template": {"Template": "templateTemplate", "New": "templateNew", "Must": "templateMust"},
}
