// Package reference has no code of its own. Its tests write docs/errors.md and
// docs/dom.md from the source of the SDK, from the table of permissions, from the
// errors that tests have met, and from the names of the tests that show a row of
// behaviour; and they fail when the pages are not what these say:
//
//	DOMOVOI_UPDATE=1 go test ./internal/reference
package reference
