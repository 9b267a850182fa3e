package script

import (
	"go/doc"
	"unicode/utf8"
)

// maxDescription bounds what is taken of a comment, in bytes.
const maxDescription = 500

// Description is the first sentence of the package comment, "" where there is
// none. Of several files that have one, the first counts.
func (s *Checked) Description() string {
	for _, f := range s.Syntax {
		text := new(doc.Package).Synopsis(f.Doc.Text())
		if len(text) > maxDescription {
			text = text[:maxDescription]
			for !utf8.ValidString(text) {
				text = text[:len(text)-1]
			}
		}
		if text != "" {
			return text
		}
	}
	return ""
}
