package endpoint

import (
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// documentRoute is where the OpenAPI document is, so no template can be it.
const documentRoute = "openapi.json"

const (
	maxRoute = 500 // bytes
	maxParts = 32
)

// methods are those a definition can have, in the order in which they are told.
var methods = []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete}

// templateProblem says why a text is no template of a route, empty when it is one.
func templateProblem(route string) string {
	parts := strings.Split(route, "/")
	switch {
	case route == "":
		return "is empty"
	case len(route) > maxRoute || len(parts) > maxParts:
		return "is too long: it has at most 500 characters, in 32 parts between slashes"
	case route == documentRoute:
		return "is where the OpenAPI document is"
	}
	var names []string
	for _, part := range parts {
		name, isName := nameOf(part)
		switch {
		case part == "":
			return "has an empty part; it neither begins nor ends with a slash, and has no two in a row"
		case isName && !isIdentifier(name):
			return "has a part " + part + ", whose name is none: a name has letters, digits and _, and begins with no digit"
		case isName && slices.Contains(names, name):
			return "has the name {" + name + "} twice"
		case isName:
			names = append(names, name)
		case part == "." || part == ".." || strings.ContainsFunc(part, notUnreserved):
			return "has a part " + part + "; a part is a name in braces, or letters, digits and the characters - . _ ~"
		}
	}
	return ""
}

// nameOf returns the name in a part of a template that stands for any part of a
// path.
func nameOf(part string) (string, bool) {
	if strings.HasPrefix(part, "{") && strings.HasSuffix(part, "}") && len(part) >= 2 {
		return part[1 : len(part)-1], true
	}
	return "", false
}

func isIdentifier(name string) bool {
	return name != "" && (name[0] < '0' || name[0] > '9') && !strings.ContainsFunc(name, func(r rune) bool { return r != '_' && !isAlphanumeric(r) })
}

func isAlphanumeric(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9'
}

func notUnreserved(r rune) bool { return !isAlphanumeric(r) && !strings.ContainsRune("-._~", r) }

// routes is a tree of templates by their parts.
type routes struct {
	literal     map[string]*routes
	any         *routes // behind a part in braces
	definitions []*slnet.ApiDefinition
}

func routesOf(definitions map[uuid.UUID]*slnet.ApiDefinition) *routes {
	root := new(routes)
	for _, definition := range definitions {
		at := root
		for part := range strings.SplitSeq(definition.Route, "/") {
			at = at.enter(part)
		}
		at.definitions = append(at.definitions, definition)
	}
	return root
}

// enter returns the node behind a part of a template, and makes it.
func (n *routes) enter(part string) *routes {
	if _, isName := nameOf(part); isName {
		if n.any == nil {
			n.any = new(routes)
		}
		return n.any
	}
	next := n.literal[part]
	if next == nil {
		if n.literal == nil {
			n.literal = make(map[string]*routes)
		}
		next = new(routes)
		n.literal[part] = next
	}
	return next
}

// find returns the definitions whose template fits a path. Of those that do, the
// ones count that are literal where they first differ.
func (n *routes) find(parts []string) []*slnet.ApiDefinition {
	if len(parts) == 0 {
		return n.definitions
	}
	if next := n.literal[parts[0]]; next != nil {
		if found := next.find(parts[1:]); found != nil {
			return found
		}
	}
	if n.any == nil || parts[0] == "" {
		return nil
	}
	return n.any.find(parts[1:])
}

// same returns the definitions with the same literal parts in the same places as
// a template.
func (n *routes) same(route string) []*slnet.ApiDefinition {
	for part := range strings.SplitSeq(route, "/") {
		if _, isName := nameOf(part); isName {
			n = n.any
		} else {
			n = n.literal[part]
		}
		if n == nil {
			return nil
		}
	}
	return n.definitions
}

// routeValues are the parts of a path that stand for the names in a template.
func routeValues(route string, parts []string) map[string]string {
	var values map[string]string
	for i, part := range strings.Split(route, "/") {
		if name, isName := nameOf(part); isName {
			if values == nil {
				values = make(map[string]string)
			}
			values[name] = parts[i]
		}
	}
	return values
}
