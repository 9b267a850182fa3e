package filtertext

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// scanner reads the words of a text from left to right.
type scanner struct {
	text string
	pos  int
}

// newScanner refuses what is no text at all.
func newScanner(text string) (*scanner, error) {
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return nil, fail(i, "the text is not valid UTF-8 here")
		}
	}
	return &scanner{text: text}, nil
}

// skip goes to the next word and returns its place.
func (s *scanner) skip() int {
	s.pos += len(s.text[s.pos:]) - len(strings.TrimLeftFunc(s.text[s.pos:], unicode.IsSpace))
	return s.pos
}

// symbol reads a symbol, if it comes next.
func (s *scanner) symbol(symbol string) bool {
	s.skip()
	if !strings.HasPrefix(s.text[s.pos:], symbol) {
		return false
	}
	s.pos += len(symbol)
	return true
}

// peek returns the plain word that comes next, "" when none does.
func (s *scanner) peek() string {
	rest := s.text[s.skip():]
	for i, r := range rest {
		if !isNameRune(r, i == 0) {
			return rest[:i]
		}
	}
	return rest
}

// isNext reports whether a keyword comes next.
func (s *scanner) isNext(keyword string) bool { return strings.EqualFold(s.peek(), keyword) }

// keyword reads a keyword, if it comes next.
func (s *scanner) keyword(keyword string) bool {
	word := s.peek()
	if !strings.EqualFold(word, keyword) {
		return false
	}
	s.pos += len(word)
	return true
}

// expect reads a symbol that must come next.
func (s *scanner) expect(symbol string) error {
	if s.symbol(symbol) {
		return nil
	}
	return s.unexpected("expected " + symbol)
}

// unexpected is the error that something else was expected at the next word.
func (s *scanner) unexpected(expected string) error {
	return fail(s.skip(), "%s, found %s", expected, s.found())
}

// found describes what comes next.
func (s *scanner) found() string {
	rest := s.text[s.skip():]
	if rest == "" {
		return "the end of the text"
	}
	if word := s.peek(); word != "" {
		return shorten(word)
	}
	if bare := rest[:bareLength(rest)]; bare != "" {
		return shorten(bare)
	}
	r, _ := utf8.DecodeRuneInString(rest)
	if unicode.IsPrint(r) {
		return string(r)
	}
	return strings.Trim(strconv.QuoteRune(r), "'")
}

const maxFound = 40

func shorten(s string) string {
	if runes := []rune(s[:min(len(s), 4*maxFound)]); len(runes) > maxFound {
		return string(runes[:maxFound]) + "…"
	}
	return s
}

// bareLength is the length of the value without quotes at the start of a text.
func bareLength(text string) int {
	for i, r := range text {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_.:+-", r) {
			return i
		}
	}
	return len(text)
}

// bare reads a value without quotes; it is empty when none comes next.
func (s *scanner) bare() string {
	start := s.skip()
	s.pos += bareLength(s.text[start:])
	return s.text[start:s.pos]
}

// doubled reads what stands between two quotes in which the quote is written
// twice and nothing else means anything.
func (s *scanner) doubled(quote byte) (string, error) {
	start := s.pos
	var b strings.Builder
	for at := start + 1; ; {
		end := strings.IndexByte(s.text[at:], quote)
		if end < 0 {
			return "", fail(start, "this %c has no end; expected another %c", quote, quote)
		}
		b.WriteString(s.text[at : at+end])
		at += end + 1
		if at >= len(s.text) || s.text[at] != quote {
			s.pos = at
			return b.String(), nil
		}
		b.WriteByte(quote)
		at++
	}
}

// escaped reads what stands in double quotes.
func (s *scanner) escaped() (string, error) {
	start := s.pos
	var b strings.Builder
	for at := start + 1; at < len(s.text); {
		switch c := s.text[at]; c {
		case '"':
			s.pos = at + 1
			return b.String(), nil
		case '\\':
			r, size, err := s.escape(at)
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
			at += size
		default:
			b.WriteByte(c)
			at++
		}
	}
	return "", fail(start, `this " has no end; expected another "`)
}

// escapes are the characters after a backslash, with what they stand for.
var escapes = map[byte]rune{'"': '"', '\'': '\'', '\\': '\\', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads the character that stands at a backslash.
func (s *scanner) escape(at int) (r rune, size int, err error) {
	rest := s.text[at+1:]
	if rest == "" {
		return 0, 0, fail(at, `the text ends after a backslash`)
	}
	if r, ok := escapes[rest[0]]; ok {
		return r, 2, nil
	}
	if hex, ok := strings.CutPrefix(rest, "u{"); ok {
		digits, _, ok := strings.Cut(hex[:min(len(hex), 7)], "}")
		n, err := strconv.ParseUint(digits, 16, 32)
		if ok && err == nil && utf8.ValidRune(rune(n)) {
			return rune(n), len(`\u{}`) + len(digits), nil
		}
	}
	return 0, 0, fail(at, `a backslash in double quotes begins \\, \", \', \n, \r, \t or \u{e9}; write \\ for one, or put the text in single quotes, where it means nothing`)
}
