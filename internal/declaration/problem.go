package declaration

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"domovoi.dev/sdk/slnet"
)

// Problem is something wrong with a document.
type Problem struct {
	// File is the file of the document as it was given, - for the standard input.
	// Line counts from 1; 0 is the file as a whole.
	File    string `json:"File"`
	Line    int    `json:"Line,omitempty"`
	Message string `json:"Message"`
}

func (p Problem) String() string {
	if p.Line == 0 {
		return p.File + ": " + p.Message
	}
	return fmt.Sprintf("%s:%d: %s", p.File, p.Line, p.Message)
}

// Problems are all that is wrong with documents: an error of slnet.KindInvalid.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, problem := range p {
		lines[i] = problem.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives the error its kind.
func (p Problems) Unwrap() error { return slnet.KindInvalid }

// err is p as an error, in the order of the files and lines; nil when there are
// none.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	sorted := slices.Clone(p)
	slices.SortStableFunc(sorted, func(a, b Problem) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return sorted
}
