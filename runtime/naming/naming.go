// Package naming says which names and descriptions people can give to what they
// make: triggers, schedules, webhooks, APIs. Users and groups, whose names stand in
// rights, have stricter rules in runtime/security.
package naming

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"domovoi.dev/sdk/slnet"
)

const (
	maxName        = 100
	maxDescription = 1000
)

// Printable reports whether a text has at most so many characters, all of which can
// be printed.
func Printable(text string, most int) bool {
	return utf8.ValidString(text) && utf8.RuneCountInString(text) <= most && !strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) })
}

// Check returns an error of slnet.KindInvalid when something, such as a "trigger",
// cannot have a name.
func Check(what, name string) error {
	if name == "" || !Printable(name, maxName) || strings.TrimSpace(name) != name {
		return slnet.Errorf(slnet.KindInvalid, "the %s's Name %.120q cannot be taken: a name has 1 to %d printable characters and no space at its ends", what, name, maxName)
	}
	return nil
}

var breaks = strings.NewReplacer("\n", "", "\t", "")

// CheckDescription is Check for a description, which may be empty and have several
// lines.
func CheckDescription(what, description string) error {
	if !Printable(breaks.Replace(description), maxDescription) {
		return slnet.Errorf(slnet.KindInvalid, "the %s's Description has more than %d characters, or some that cannot be printed", what, maxDescription)
	}
	return nil
}
