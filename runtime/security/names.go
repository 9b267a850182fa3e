package security

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"domovoi.dev/sdk/slnet"
)

const (
	// maxName is the most characters the name of a user or group has.
	maxName = 64
	// maxText is the most characters a display name or the name of a token has.
	maxText = 128
	// reserved are characters that stand between names elsewhere: in paths,
	// domain names, lists, patterns and on command lines.
	reserved = `/\:;,*?"<>|`
)

// fold is the form names are compared in: lower case, by way of upper case, so
// that names equal by strings.EqualFold have one form. Otherwise a user called
// like another but for a long s could be taken for that user elsewhere.
func fold(name string) string {
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, name)
}

// checkName checks the name of a new user or group: 1 to 64 printable
// characters, the first a letter or a digit, the last no space, none reserved.
// Printable leaves out control characters, every space but the ordinary one, and
// characters that show nothing or turn the direction of text.
func checkName(what, name string) error {
	problem := ""
	first, _ := utf8.DecodeRuneInString(name)
	switch {
	case name == "":
		problem = "is empty"
	case !utf8.ValidString(name):
		problem = "is not valid UTF-8"
	case utf8.RuneCountInString(name) > maxName:
		problem = "is too long"
	case !unicode.IsLetter(first) && !unicode.IsDigit(first):
		problem = "begins with neither a letter nor a digit"
	case strings.HasSuffix(name, " "):
		problem = "ends with a space"
	case strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) || strings.ContainsRune(reserved, r) }):
		problem = "has a character that is not allowed"
	default:
		return nil
	}
	return slnet.Errorf(slnet.KindInvalid, "the %s name %.64q %s; a name has 1 to %d characters, begins with a letter or a digit, "+
		"does not end with a space, and has no control characters and none of %s", what, name, problem, maxName, reserved)
}

// checkText checks a display name or the name of a token, which may be empty.
func checkText(what, text string) error {
	if utf8.ValidString(text) && utf8.RuneCountInString(text) <= maxText &&
		!strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) {
		return nil
	}
	return slnet.Errorf(slnet.KindInvalid, "the %s %.64q cannot be taken; it has at most %d characters, in valid UTF-8, and no control characters",
		what, text, maxText)
}
