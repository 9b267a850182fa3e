// Package naming says which names and descriptions people can give to what they
// make: triggers, schedules, webhooks, APIs; and has the words for what is wrong
// with them. Users and groups, whose names stand in
// rights, have stricter rules in runtime/security.
package naming

import (
	"fmt"
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

// BadField is the error of slnet.KindInvalid for a field of something, such as a
// "trigger", that cannot be as it was given. The format says what is wrong with it
// and what it can be.
func BadField(what, field, format string, args ...any) error {
	return slnet.Errorf(slnet.KindInvalid, "the %s's %s %s", what, field, fmt.Sprintf(format, args...))
}

// CheckRevision returns an error of slnet.KindConflict when something called name
// is not at the revision it was read at, which is 0 for who does not mind.
func CheckRevision(what, name, changedBy string, revision, read int64) error {
	if read == 0 || read == revision {
		return nil
	}
	return slnet.Errorf(slnet.KindConflict, "the %s %q has been changed by %s since it was read: it is at revision %d, not %d",
		what, name, changedBy, revision, read)
}
