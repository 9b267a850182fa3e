package lint_test

import (
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func checkImports(t *tree) (found []finding) {
	folders := t.packages()
	for _, folder := range sortedKeys(folders) {
		r, ok := roomOf(folder)
		if !ok {
			found = append(found, finding{folder, 0, "this package is in no room; give it a row in internal/lint/rooms_test.go and a line in docs/architecture.md, or put the code where it belongs"})
			continue
		}
		for _, f := range folders[folder] {
			found = append(found, importsOf(f, r)...)
		}
	}
	return found
}

func importsOf(f *file, r room) (found []finding) {
	test := r.testing || f.isTest()
	for _, spec := range f.syntax.Imports {
		name, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			continue
		}
		line := f.line(spec.Pos())
		inner, own := strings.CutPrefix(name, modulePath+"/")
		switch {
		case own && test:
		case own && isTestingRoom(inner):
			found = append(found, f.at(line, "%s is for tests only (%s); move what is needed into ordinary code", name, testRule))
		case own && !slices.ContainsFunc(r.rooms, func(p string) bool { return inRoom(p, inner) }):
			found = append(found, f.at(line, "%s may not import %s; ask for it through the caller, or change the table in internal/lint/rooms_test.go and docs/architecture.md with the reason", r.path, name))
		case own:
		case name == "testing" && !test:
			found = append(found, f.at(line, "only tests import testing (%s)", testRule))
		case !foreign(name):
		case slices.ContainsFunc(r.modules, func(p string) bool { return under(p, name) }):
		case test && slices.ContainsFunc(testLibraries, func(p string) bool { return under(p, name) }):
		default:
			found = append(found, f.at(line, "%s may not import %s; use the room that already wraps it, or add it to the table in internal/lint/rooms_test.go with the reason", r.path, name))
		}
	}
	return found
}

// foreign reports whether an import comes from another module: its first
// element is a host name.
func foreign(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return strings.Contains(first, ".")
}

// under reports whether name is the package p or one below it.
func under(p, name string) bool { return name == p || strings.HasPrefix(name, p+"/") }

// inRoom reports whether the pattern p of the table covers a folder.
func inRoom(p, folder string) bool {
	if base, ok := strings.CutSuffix(p, "/..."); ok {
		return under(base, folder)
	}
	if base, ok := strings.CutSuffix(p, "/*"); ok {
		return path.Dir(folder) == base
	}
	return p == folder
}

// roomOf finds the row of a folder: the one that names it, else the longest
// pattern that covers it.
func roomOf(folder string) (best room, ok bool) {
	for _, r := range rooms {
		if r.path == folder {
			return r, true
		}
		if inRoom(r.path, folder) && len(r.path) > len(best.path) {
			best, ok = r, true
		}
	}
	return best, ok
}

func isTestingRoom(folder string) bool {
	r, ok := roomOf(folder)
	return ok && r.testing
}

func TestRoomOf(t *testing.T) {
	for folder, want := range map[string]string{
		"sdk":                   "sdk",
		"sdk/dom":               "sdk/dom",
		"plugins":               "plugins",
		"plugins/mail":          "plugins/*",
		"plugins/mail/inner":    "",
		"scripts/invoices":      "scripts/*",
		"scripts":               "",
		"runtime":               "runtime",
		"runtime/interp":        "runtime/interp/...",
		"runtime/interp/stdlib": "runtime/interp/...",
		"runtime/other":         "",
		".":                     "",
	} {
		if got, _ := roomOf(folder); got.path != want {
			t.Errorf("roomOf(%q) = %q, want %q", folder, got.path, want)
		}
	}
}

// TestRoomsTable checks the table itself: no row twice, no row that leads
// nowhere, no circle, and nothing handed out that belongs to one room only.
func TestRoomsTable(t *testing.T) {
	byPath := make(map[string]room)
	for _, r := range rooms {
		if _, ok := byPath[r.path]; ok {
			t.Errorf("room %s is listed twice", r.path)
		}
		byPath[r.path] = r
	}
	for _, r := range rooms {
		for _, p := range r.rooms {
			if _, ok := roomOf(strings.TrimSuffix(p, "/...")); !ok {
				t.Errorf("room %s may import %s, which is no room", r.path, p)
			}
		}
		for _, m := range r.modules {
			for owned, owners := range onlyHere {
				if under(owned, m) && !slices.Contains(owners, r.path) {
					t.Errorf("room %s may import %s, which is for %v only", r.path, m, owners)
				}
			}
		}
		if circle := circleThrough(byPath, r.path); circle != nil {
			t.Errorf("the table allows a circle: %s", strings.Join(circle, " -> "))
		}
	}
}

// circleThrough returns a way through the table from a room back to it.
func circleThrough(byPath map[string]room, start string) []string {
	seen := make(map[string]bool)
	var walk func(at string, way []string) []string
	walk = func(at string, way []string) []string {
		way = append(slices.Clip(way), at)
		for _, p := range byPath[at].rooms {
			r, _ := roomOf(strings.TrimSuffix(p, "/..."))
			if r.path == at {
				continue // a room of several folders, within itself
			}
			if r.path == start {
				return append(way, start)
			}
			if !seen[r.path] {
				seen[r.path] = true
				if circle := walk(r.path, way); circle != nil {
					return circle
				}
			}
		}
		return nil
	}
	return walk(start, nil)
}
