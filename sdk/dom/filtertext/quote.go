package filtertext

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// keywords cannot be the plain name of a field.
var keywords = []string{
	"and", "or", "not", "true", "false", "exists", "field",
	"contains", "matches", "in", "is", "ordinal", "asc", "desc",
}

// isPlain reports whether a name can stand in a text without quotes.
func isPlain(name string) bool {
	for i, r := range name {
		if !isNameRune(r, i == 0) {
			return false
		}
	}
	return name != "" && !slices.Contains(keywords, fold(name))
}

func isNameRune(r rune, first bool) bool {
	return r == '_' || unicode.IsLetter(r) || !first && (unicode.IsDigit(r) || unicode.IsMark(r))
}

// isWritable reports whether the name can stand in a text at all, so that a
// person can read it there.
func isWritable(name fieldName) bool {
	return isVisible(name.name) && (!name.inSection || isVisible(name.section))
}

func isVisible(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) || r == utf8.RuneError {
			return false
		}
	}
	return s != ""
}

// quoteName writes a name plainly where it can be, else in backquotes.
func quoteName(name string) string {
	if isPlain(name) {
		return name
	}
	return backquote(name)
}

func backquote(name string) string { return "`" + strings.ReplaceAll(name, "`", "``") + "`" }

// quote writes a text value: in double quotes, and where it has characters that
// mean something there in single quotes, in which nothing does.
func quote(s string) string {
	if strings.ContainsAny(s, `\"`) && isVisible(s) {
		return "'" + strings.ReplaceAll(s, "'", "''") + "'"
	}
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case !unicode.IsPrint(r):
			fmt.Fprintf(&b, `\u{%x}`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
