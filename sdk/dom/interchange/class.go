package interchange

import (
	"strings"
)

// class is a .NET type.
type class struct {
	name     string // with its namespace, and `1 for one type argument
	assembly string
	args     []class
}

// The assemblies and namespaces of the types in the form.
const (
	mscorlib   = "mscorlib"
	slNetTypes = "SLNetTypes"

	nsSections   = "Skyline.DataMiner.Net.Sections."
	nsEnums      = "Skyline.DataMiner.Net.GenericEnums."
	nsDOM        = "Skyline.DataMiner.Net.Apps.DataMinerObjectModel."
	nsConcat     = nsDOM + "Concatenation."
	nsConditions = nsDOM + "Conditions."
	nsActions    = nsDOM + "Actions."
	nsButtons    = nsDOM + "Buttons."
	nsSettings   = nsDOM + "Settings."
)

// identities are what full names of types add to the name of an assembly.
var identities = map[string]string{
	mscorlib:   ", Version=4.0.0.0, Culture=neutral, PublicKeyToken=b77a5c561934e089",
	slNetTypes: ", Version=1.0.0.0, Culture=neutral, PublicKeyToken=9789b1eac4cb1b12",
}

func slnetClass(name string, args ...class) class { return class{name, slNetTypes, args} }
func system(name string) class                    { return class{"System." + name, mscorlib, nil} }
func listClass(of class) class {
	return class{"System.Collections.Generic.List`1", mscorlib, []class{of}}
}
func enumClass(of class) class { return slnetClass(nsEnums+"GenericEnum`1", of) }

// String is the name as $type has it; full adds the identities of assemblies.
func (c class) String() string { return c.format(false) }

func (c class) format(full bool) string {
	var b strings.Builder
	b.WriteString(c.name)
	if len(c.args) > 0 {
		b.WriteByte('[')
		for i, arg := range c.args {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString("[" + arg.format(full) + "]")
		}
		b.WriteByte(']')
	}
	if c.assembly != "" {
		b.WriteString(", " + c.assembly)
		if full {
			b.WriteString(identities[c.assembly])
		}
	}
	return b.String()
}

// key is what types are told apart by: the name without namespace and
// assembly, such as List<Guid>.
func (c class) key() string {
	name := c.name[strings.LastIndexAny(c.name, ".+")+1:]
	name, _, _ = strings.Cut(name, "`")
	if len(c.args) == 0 {
		return name
	}
	args := make([]string, len(c.args))
	for i, arg := range c.args {
		args[i] = arg.key()
	}
	return name + "<" + strings.Join(args, ",") + ">"
}

// parseClass reads the name of a type, with or without assembly identities.
func parseClass(s string) (class, bool) {
	c, rest, ok := readClass(s, 0)
	return c, ok && rest == ""
}

// readClass reads a type up to the bracket that ends it as an argument.
func readClass(s string, depth int) (c class, rest string, ok bool) {
	if depth > 8 {
		return c, s, false
	}
	end := strings.IndexAny(s, "[],")
	if end < 0 {
		end = len(s)
	}
	c.name, s = s[:end], s[end:]
	if c.name == "" {
		return c, s, false
	}
	for strings.HasPrefix(s, "[[") || len(c.args) > 0 && strings.HasPrefix(s, ",[") {
		var arg class
		if arg, s, ok = readClass(s[2:], depth+1); !ok || !strings.HasPrefix(s, "]") {
			return c, s, false
		}
		c.args, s = append(c.args, arg), s[1:]
	}
	if len(c.args) > 0 {
		if !strings.HasPrefix(s, "]") {
			return c, s, false
		}
		s = s[1:]
	}
	if !strings.HasPrefix(s, ",") {
		return c, s, true
	}
	end = strings.IndexAny(s, "[]")
	if end < 0 {
		end = len(s)
	}
	c.assembly, _, _ = strings.Cut(s[1:end], ",")
	c.assembly = strings.TrimSpace(c.assembly)
	return c, s[end:], true
}
