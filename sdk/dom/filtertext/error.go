package filtertext

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"domovoi.dev/sdk/slnet"
)

// Position is a place in a text.
type Position struct {
	Offset int // bytes before the place
	Line   int // from 1
	Column int // characters from 1
}

func positionOf(text string, offset int) Position {
	line := strings.LastIndexByte(text[:offset], '\n') + 1
	return Position{
		Offset: offset,
		Line:   1 + strings.Count(text[:offset], "\n"),
		Column: 1 + utf8.RuneCountInString(text[line:offset]),
	}
}

// Error says what is wrong with a text, and where. It is of slnet.KindInvalid.
type Error struct {
	// Text is the whole text.
	Text     string
	Position Position
	// Message is what was found, what was expected, and which names are near.
	Message string
}

// Error is the message after the place: "line 1, column 8: ...".
func (e *Error) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.Position.Line, e.Position.Column, e.Message)
}

// Unwrap returns slnet.KindInvalid.
func (e *Error) Unwrap() error { return slnet.KindInvalid }

// The most characters Caret shows before and after the place.
const (
	caretBefore = 60
	caretAfter  = 20
)

// Caret shows the place on a terminal: the line of the text, cut when it is
// long, and below it a line with ^ under the place. There is no newline at the
// end.
func (e *Error) Caret() string {
	offset := min(max(e.Position.Offset, 0), len(e.Text))
	before, after := e.Text[:offset], e.Text[offset:]
	before = before[strings.LastIndexByte(before, '\n')+1:]
	if end := strings.IndexByte(after, '\n'); end >= 0 {
		after = after[:end]
	}
	left, right := []rune(before), []rune(after)
	if len(left) > caretBefore {
		left = append([]rune("…"), left[len(left)-caretBefore:]...)
	}
	if len(right) > caretAfter {
		right = append(right[:caretAfter:caretAfter], '…')
	}
	return visible(left) + visible(right) + "\n" + strings.Repeat(" ", len(left)) + "^"
}

// visible leaves one character for each, none of which moves the cursor.
func visible(runes []rune) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case !unicode.IsPrint(r):
			return utf8.RuneError
		}
		return r
	}, string(runes))
}

// fail returns an error at an offset. The text is added by locate.
func fail(offset int, format string, args ...any) error {
	return &Error{Position: Position{Offset: offset}, Message: fmt.Sprintf(format, args...)}
}

// locate completes an error of this package with the text it is about.
func locate(err error, text string) error {
	if e, ok := err.(*Error); ok {
		return &Error{Text: text, Position: positionOf(text, e.Position.Offset), Message: e.Message}
	}
	return err
}
