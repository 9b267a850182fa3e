package interchange

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"io"
	"io/fs"
	"os"
	pathpkg "path"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
)

// WriteZip writes modules as a zip with module.json, one object a line. Modules
// and objects are ordered by their ids, so equal modules give equal bytes.
func WriteZip(w io.Writer, modules []*Module) error {
	z := zip.NewWriter(w)
	f, err := z.CreateHeader(&zip.FileHeader{Name: moduleFile, Method: zip.Deflate})
	if err != nil {
		return err
	}
	b := bufio.NewWriter(f)
	b.WriteString("[")
	for i, m := range byID(modules) {
		if i > 0 {
			b.WriteString(",")
		}
		if err := m.writeMembers(b); err != nil {
			return err
		}
	}
	b.WriteString("]\n")
	if err := b.Flush(); err != nil {
		return err
	}
	return z.Close()
}

func byID(modules []*Module) []*Module {
	return slices.SortedFunc(slices.Values(modules), func(a, b *Module) int { return cmp.Compare(a.ID, b.ID) })
}

// writeMembers writes the module as an object of module.json.
func (m *Module) writeMembers(b *bufio.Writer) error {
	if err := m.checkUnknown(); err != nil {
		return err
	}
	b.WriteString("{\n\"ModuleSettings\":")
	if m.Settings == nil {
		b.WriteString("null")
	} else if err := m.writeObject(b, m.Settings, false, nil); err != nil {
		return err
	}
	types := m.fieldTypes()
	for _, shape := range shapes {
		b.WriteString(",\n\"" + shape.member + "\":[")
		for i, o := range m.objects(shape.kind) {
			if i > 0 {
				b.WriteString(",")
			}
			b.WriteString("\n")
			if err := m.writeObject(b, o, shape.typed, types); err != nil {
				return err
			}
		}
		b.WriteString("]")
	}
	rest, err := m.unknownMembers()
	if err != nil {
		return err
	}
	for _, member := range rest {
		b.WriteString(",\n")
		b.Write(appendString(nil, member.name))
		b.WriteString(":")
		b.Write(appendTree(nil, member.value, -1))
	}
	b.WriteString("}")
	return nil
}

func (m *Module) writeObject(b *bufio.Writer, o dom.Object, typed bool, types map[dom.FieldDescriptorID]dom.FieldType) error {
	v, err := m.encodeObject(o, typed, types)
	if err != nil {
		return err
	}
	_, err = b.Write(appendTree(b.AvailableBuffer(), v, -1))
	return err
}

// unknownMembers are what is unknown of the module itself.
func (m *Module) unknownMembers() ([]member, error) {
	rest := new(object)
	if err := m.restore(rest, "", ""); err != nil {
		return nil, err
	}
	slices.SortFunc(rest.members, func(a, b member) int { return cmp.Compare(a.name, b.name) })
	for _, member := range rest.members {
		if kindOfFolder(member.name) != "" || strings.EqualFold(member.name, string(dom.KindModuleSettings)) {
			return nil, errorAt("", member.name, "this is no unknown content")
		}
	}
	return rest.members, nil
}

// WriteDir writes modules into a folder, each into a folder of its own with a
// file for each object, on several lines, so that versions can be compared. The
// folders are made as needed. Files of objects that the module no longer has are
// removed from its folder; nothing else there is touched.
func WriteDir(dir string, modules []*Module) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return err
	}
	defer root.Close()
	for _, m := range byID(modules) {
		if err := m.writeDir(root); err != nil {
			return err
		}
	}
	return nil
}

func (m *Module) writeDir(root *os.Root) error {
	files, err := m.files()
	if err != nil {
		return err
	}
	for name, content := range files {
		if err := root.MkdirAll(pathpkg.Dir(name), 0o755); err != nil {
			return err
		}
		old, err := root.ReadFile(name)
		if err == nil && bytes.Equal(old, content) {
			continue
		}
		if err := root.WriteFile(name, content, 0o644); err != nil {
			return err
		}
	}
	return m.removeStale(root, files)
}

// files are the files of the module's folder form, by path.
func (m *Module) files() (map[string][]byte, error) {
	if err := m.checkUnknown(); err != nil {
		return nil, err
	}
	if !isFileName(m.ID) {
		return nil, errorAt("", "", "the id %q of the module is no name of a folder", m.ID)
	}
	files := make(map[string][]byte)
	types := m.fieldTypes()
	add := func(name string, o dom.Object, typed bool) error {
		v, err := m.encodeObject(o, typed, types)
		files[pathpkg.Join(m.ID, name+".json")] = append(appendTree(nil, v, 0), '\n')
		return err
	}
	if m.Settings != nil {
		if err := add(m.ID, m.Settings, false); err != nil {
			return nil, err
		}
	}
	for _, shape := range shapes {
		for _, o := range m.objects(shape.kind) {
			if err := add(pathpkg.Join(shape.member, o.Key()), o, shape.typed); err != nil {
				return nil, err
			}
		}
	}
	rest, err := m.unknownMembers()
	if err != nil {
		return nil, err
	}
	for _, member := range rest {
		name := pathpkg.Join(m.ID, member.name+".json")
		if _, taken := files[name]; taken || !isFilePath(member.name) {
			return nil, errorAt("", member.name, "the unknown content cannot be a file of this name")
		}
		files[name] = append(appendTree(nil, member.value, 0), '\n')
	}
	return files, nil
}

// isFileName reports whether a name is good for one file on every system.
func isFileName(name string) bool { return isFilePath(name) && !strings.Contains(name, "/") }

func isFilePath(name string) bool {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\:\x00") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}

// removeStale removes the files of objects that were not written.
func (m *Module) removeStale(root *os.Root, files map[string][]byte) error {
	for _, shape := range shapes {
		dir := pathpkg.Join(m.ID, shape.member)
		entries, err := fs.ReadDir(root.FS(), dir)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		for _, entry := range entries {
			file := pathpkg.Join(dir, entry.Name())
			id, isObject := strings.CutSuffix(entry.Name(), ".json")
			_, err := uuid.Parse(id)
			if _, written := files[file]; written || !isObject || err != nil || entry.IsDir() {
				continue
			}
			if err := root.Remove(file); err != nil {
				return err
			}
		}
	}
	return nil
}
