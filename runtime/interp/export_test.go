package interp

import "strings"

// UnderRace tells the tests whether panics have an exact position in scripts
// with goroutines.
const UnderRace = underRace

// HasGeneric reports whether the library has a generic symbol of a package. A
// constraint is only for the type checker.
func HasGeneric(path, name string) bool {
	source, err := librarySource.ReadFile("library/" + path + ".txt")
	return err == nil && (name == "Ordered" || strings.Contains(string(source), "\nfunc "+name+"["))
}
