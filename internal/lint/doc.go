// Package lint holds the house rules as tests: which room may import which
// (rooms_test.go is the table), what must be documented, and what must not be
// left lying about. It has no code of its own.
//
// Every rule reads one loaded tree and returns findings, each with the place
// and the way out. A finding that is right as it stands is listed with its
// reason in exceptions_test.go; an exception that no longer applies fails too.
package lint
