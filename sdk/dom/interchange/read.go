package interchange

import (
	"archive/zip"
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	pathpkg "path"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// moduleFile is the one file of the zip form.
const moduleFile = "module.json"

// limits bound what is read. They are far beyond what people ship.
type limits struct {
	total  int64 // bytes of all files, unpacked
	object int64 // bytes of one object
	files  int
}

var defaultLimits = limits{total: 1 << 30, object: 16 << 20, files: 200_000}

// Read reads the modules in a zip file or a folder. The errors are those of
// ReadZip and ReadDir, and those of the file system.
func Read(name string) ([]*Module, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindNotFound, "the modules cannot be read: %v", err)
	}
	if info.IsDir() {
		root, err := os.OpenRoot(name)
		if err != nil {
			return nil, err
		}
		defer root.Close()
		return ReadDir(root.FS())
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadZip(f, info.Size())
}

// ReadZip reads the modules in a zip: module.json, or the folder form packed
// up. What is not in the documented shape is an *Error; so is a zip with paths
// that lead elsewhere, or one that unpacks to more than a gigabyte.
func ReadZip(r io.ReaderAt, size int64) ([]*Module, error) {
	return newReader(defaultLimits).zip(r, size)
}

// ReadSmallZip is ReadZip for a zip that is kept in memory: it may unpack to most
// bytes at most.
func ReadSmallZip(r io.ReaderAt, size, most int64) ([]*Module, error) {
	l := defaultLimits
	l.total, l.object = min(l.total, most), min(l.object, most)
	return newReader(l).zip(r, size)
}

// ReadDir reads the modules in a folder: an unpacked module.json, the folder of
// one module, or one with a folder for each module. Files that are not JSON are
// passed over. What is not in the documented shape is an *Error.
func ReadDir(fsys fs.FS) ([]*Module, error) { return newReader(defaultLimits).dir(fsys) }

// reader reads modules within limits.
type reader struct {
	limits  limits
	left    int64 // bytes of all files that may still be read
	files   int   // files read so far
	modules map[string]bool
}

func newReader(l limits) *reader {
	return &reader{limits: l, left: l.total, modules: make(map[string]bool)}
}

func (rd *reader) zip(r io.ReaderAt, size int64) ([]*Module, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errorAt("", "", "want a zip file: %v", err)
	}
	if len(z.File) > rd.limits.files {
		return nil, errTooLarge("", "", "the zip has %d files, at most %d are read", len(z.File), rd.limits.files)
	}
	seen := make(map[string]bool)
	var total uint64
	for _, f := range z.File {
		name := strings.TrimSuffix(f.Name, "/")
		if !fs.ValidPath(name) || strings.ContainsAny(name, `\:`) || seen[name] {
			return nil, errorAt("", "", "the zip has the name %q, which is no plain relative path, or twice in it", f.Name)
		}
		seen[name] = true
		if total += f.UncompressedSize64; total > uint64(rd.limits.total) || f.UncompressedSize64 > uint64(rd.limits.total) {
			return nil, errTooLarge("", "", "the zip unpacks to more than %d bytes", rd.limits.total)
		}
	}
	return rd.dir(z)
}

func (rd *reader) dir(fsys fs.FS) ([]*Module, error) {
	entries, err := fs.ReadDir(fsys, ".")
	if err != nil {
		return nil, errorAt("", "", "%v", err)
	}
	var modules []*Module
	switch {
	case rd.isModuleFile(fsys):
		modules, err = rd.moduleFile(fsys)
	case isModuleDir(entries):
		var m *Module
		if m, err = rd.moduleDir(fsys, ".", entries); m != nil {
			modules = []*Module{m}
		}
	default:
		modules, err = rd.moduleDirs(fsys, entries)
	}
	if err != nil {
		return nil, err
	}
	if len(modules) == 0 {
		return nil, errorAt("", "", "there is no module: want %s, or folders such as SectionDefinitions with a file for each object", moduleFile)
	}
	return modules, nil
}

// isModuleFile reports whether there is a module.json, which is an array. The
// settings of a module called module are an object.
func (rd *reader) isModuleFile(fsys fs.FS) bool {
	f, err := fsys.Open(moduleFile)
	if err != nil {
		return false
	}
	defer f.Close()
	start, _ := skipMark(bufio.NewReader(f)).Peek(64)
	start = bytes.TrimLeft(start, " \t\r\n")
	return len(start) == 0 || start[0] != '{'
}

func (rd *reader) moduleDirs(fsys fs.FS, entries []fs.DirEntry) ([]*Module, error) {
	var modules []*Module
	for _, entry := range entries {
		if !entry.IsDir() || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		inner, err := fs.ReadDir(fsys, entry.Name())
		if err != nil {
			return nil, errorAt(entry.Name(), "", "%v", err)
		}
		if !isModuleDir(inner) {
			continue
		}
		m, err := rd.moduleDir(fsys, entry.Name(), inner)
		if err != nil {
			return nil, err
		}
		modules = append(modules, m)
	}
	return modules, nil
}

// isModuleDir reports whether a folder is that of one module.
func isModuleDir(entries []fs.DirEntry) bool {
	for _, entry := range entries {
		if entry.IsDir() && kindOfFolder(entry.Name()) != "" || !entry.IsDir() && isJSON(entry.Name()) {
			return true
		}
	}
	return false
}

func isJSON(name string) bool {
	return strings.EqualFold(pathpkg.Ext(name), ".json") && !strings.HasPrefix(name, ".")
}

func kindOfFolder(name string) dom.ObjectKind {
	for _, shape := range shapes {
		if strings.EqualFold(shape.member, name) {
			return shape.kind
		}
	}
	return ""
}

// moduleDir reads the folder of one module. The settings come first: they name
// the module.
func (rd *reader) moduleDir(fsys fs.FS, dir string, entries []fs.DirEntry) (*Module, error) {
	m := rd.newModule()
	if dir != "." {
		m.ID = dir
	}
	for _, entry := range entries {
		if entry.IsDir() || !isJSON(entry.Name()) {
			continue
		}
		if err := rd.settingsFile(fsys, m, pathpkg.Join(dir, entry.Name())); err != nil {
			return nil, err
		}
	}
	for _, shape := range shapes {
		for _, entry := range entries {
			if !entry.IsDir() || kindOfFolder(entry.Name()) != shape.kind {
				continue
			}
			if err := rd.objectFiles(fsys, m, shape.kind, pathpkg.Join(dir, entry.Name())); err != nil {
				return nil, err
			}
		}
	}
	for _, entry := range entries {
		if !entry.IsDir() || kindOfFolder(entry.Name()) != "" || strings.HasPrefix(entry.Name(), ".") {
			continue
		}
		if err := rd.unknownFiles(fsys, m, dir, pathpkg.Join(dir, entry.Name())); err != nil {
			return nil, err
		}
	}
	return m.Module, rd.finish(m, dir)
}

// settingsFile reads a file beside the folders: the settings, or one that is
// not known.
func (rd *reader) settingsFile(fsys fs.FS, m *moduleReader, file string) error {
	v, err := rd.readFile(fsys, file)
	if err != nil {
		return err
	}
	if o, ok := v.(*object); !ok || o.find("ModuleId") < 0 {
		m.unknown(strings.TrimSuffix(pathpkg.Base(file), pathpkg.Ext(file)), v)
		return nil
	}
	return m.object(dom.KindModuleSettings, v, file, "")
}

func (rd *reader) objectFiles(fsys fs.FS, m *moduleReader, kind dom.ObjectKind, dir string) error {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return errorAt(dir, "", "%v", err)
	}
	for _, entry := range entries {
		file := pathpkg.Join(dir, entry.Name())
		switch {
		case entry.IsDir():
			return errorAt(file, "", "want a file for each object, not a folder")
		case !isJSON(entry.Name()):
			continue
		}
		v, err := rd.readFile(fsys, file)
		if err != nil {
			return err
		}
		if err := m.object(kind, v, file, ""); err != nil {
			return err
		}
	}
	return nil
}

// unknownFiles keeps the JSON files of a folder that is not known.
func (rd *reader) unknownFiles(fsys fs.FS, m *moduleReader, base, dir string) error {
	return fs.WalkDir(fsys, dir, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return errorAt(file, "", "%v", err)
		case entry.IsDir() || !isJSON(entry.Name()):
			return nil
		}
		v, err := rd.readFile(fsys, file)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(file, base+"/")
		m.unknown(strings.TrimSuffix(name, pathpkg.Ext(name)), v)
		return nil
	})
}

// readFile reads one object from a file of its own.
func (rd *reader) readFile(fsys fs.FS, file string) (tree, error) {
	meter, err := rd.open(fsys, file)
	if err != nil {
		return nil, err
	}
	defer meter.Close()
	var b bytes.Buffer
	if _, err := b.ReadFrom(skipMark(bufio.NewReader(meter))); err != nil {
		return nil, rd.syntaxError(file, "", err)
	}
	v, err := parseTree(b.Bytes())
	if err != nil {
		return nil, rd.syntaxError(file, "", err)
	}
	return v, nil
}

// moduleFile reads module.json, one object at a time.
func (rd *reader) moduleFile(fsys fs.FS) ([]*Module, error) {
	meter, err := rd.open(fsys, moduleFile)
	if err != nil {
		return nil, err
	}
	defer meter.Close()
	s := &stream{dec: json.NewDecoder(skipMark(bufio.NewReader(meter))), meter: meter}
	var modules []*Module
	err = s.array(nil, func(at *path) error {
		m := rd.newModule()
		err := s.object(at, func(at *path, name string) error { return rd.moduleMember(s, m, at, name) })
		if err != nil {
			return err
		}
		modules = append(modules, m.Module)
		return rd.finish(m, moduleFile)
	})
	if err == nil {
		s.last = nil
		if _, end := s.dec.Token(); !errors.Is(end, io.EOF) {
			err = errors.New("something follows the array of modules")
			if end != nil {
				err = end
			}
		}
	}
	if err != nil {
		return nil, rd.locate(s, err)
	}
	return modules, nil
}

func (rd *reader) moduleMember(s *stream, m *moduleReader, at *path, name string) error {
	if m.members[strings.ToLower(name)] {
		return errorAt(moduleFile, at.String(), "the module has this member twice")
	}
	m.members[strings.ToLower(name)] = true
	if strings.EqualFold(name, string(dom.KindModuleSettings)) {
		v, err := s.value()
		if err != nil || v == nil {
			return err
		}
		return m.object(dom.KindModuleSettings, v, moduleFile, at.String())
	}
	kind := kindOfFolder(name)
	if kind == "" {
		v, err := s.value()
		if err == nil {
			m.unknown(name, v)
		}
		return err
	}
	return s.list(at, func(at *path) error {
		v, err := s.value()
		if err != nil {
			return err
		}
		return m.object(kind, v, moduleFile, at.String())
	})
}

// open opens a regular file and meters it.
func (rd *reader) open(fsys fs.FS, file string) (*meter, error) {
	if rd.files++; rd.files > rd.limits.files {
		return nil, errTooLarge(file, "", "there are more than %d files", rd.limits.files)
	}
	f, err := fsys.Open(file)
	if err != nil {
		return nil, errorAt(file, "", "%v", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New("this is no file")
	}
	if err != nil {
		f.Close()
		return nil, errorAt(file, "", "%v", err)
	}
	return &meter{File: f, reader: rd, object: rd.limits.object}, nil
}

// syntaxError gives an error about the text of a file its position.
func (rd *reader) syntaxError(file, at string, err error) error {
	var own *Error
	var syntax *json.SyntaxError
	var limit errLimit
	switch {
	case errors.As(err, &own):
		return err
	case errors.As(err, &limit):
		return errTooLarge(file, at, "%v", limit)
	case errors.As(err, &syntax):
		return errorAt(file, at, "this is no JSON: at byte %d: %v", syntax.Offset, syntax)
	case errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF):
		return errorAt(file, at, "this is no JSON: the text ends too early")
	}
	return errorAt(file, at, "%v", err)
}

func (rd *reader) locate(s *stream, err error) error {
	var own *Error
	if errors.As(err, &own) {
		return err
	}
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		return errorAt(moduleFile, s.last.String(), "this is no JSON: at byte %d: %v", s.dec.InputOffset(), syntax)
	}
	return rd.syntaxError(moduleFile, s.last.String(), err)
}

// finish checks a module that was read, at the place where it was read.
func (rd *reader) finish(m *moduleReader, at string) error {
	if m.ID == "" {
		return errorAt(at, "", "the module has no settings, and nothing else names it")
	}
	if rd.modules[m.ID] {
		return errorAt(at, "", "the module %q is there twice", m.ID)
	}
	rd.modules[m.ID] = true
	for _, o := range m.Objects() {
		if module := moduleOf(o); module != nil && *module == "" {
			*module = m.ID
		}
		if t, ok := o.(*dom.Template); ok && t.TemplateData != nil && t.TemplateData.ModuleID == "" {
			t.TemplateData.ModuleID = t.ModuleID
		}
	}
	return nil
}

// moduleReader puts a module together.
type moduleReader struct {
	*Module
	members map[string]bool
	seen    map[string]bool // kinds and keys of objects
	types   map[dom.FieldDescriptorID]dom.FieldType
}

func (rd *reader) newModule() *moduleReader {
	return &moduleReader{new(Module), make(map[string]bool), make(map[string]bool), make(map[dom.FieldDescriptorID]dom.FieldType)}
}

// object adds an object that was read at a place.
func (m *moduleReader) object(kind dom.ObjectKind, v tree, file, at string) error {
	o, unknown, err := decodeObject(kind, v, m.ID, m.types)
	if err != nil {
		var own *Error
		if errors.As(err, &own) {
			place := own.Path
			if at != "" && place != "" && !strings.HasPrefix(place, "[") {
				place = "." + place
			}
			return &Error{File: file, Path: at + place, Message: own.Message, kind: own.kind}
		}
		return errorAt(file, at, "%v", err)
	}
	name := fmt.Sprint(kind, " ", o.Key())
	if kind == dom.KindModuleSettings {
		name = string(kind)
	}
	if m.seen[name] {
		return errorAt(file, at, "%s is there twice", name)
	}
	m.seen[name] = true
	m.add(o)
	m.Unknown = append(m.Unknown, unknown...)
	if kind == dom.KindModuleSettings {
		m.ID = o.Key()
	} else if m.ID == "" {
		m.ID = *moduleOf(o)
	}
	if section, ok := o.(*dom.SectionDefinition); ok {
		for _, fd := range section.FieldDescriptors {
			m.types[fd.ID] = fd.FieldType
		}
	}
	return nil
}

// unknown keeps a member of the module, or a file in its folder.
func (m *moduleReader) unknown(name string, v tree) {
	var at *path
	m.Unknown = append(m.Unknown, Unknown{Path: at.member(name).String(), Value: appendTree(nil, v, -1)})
}
