package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// libraryWait bounds what a check waits for the daemon that may have a library.
const libraryWait = 10 * time.Second

// libraries finds the source of libraries for a check. What stands in a directory
// above the script counts, for it is what its author is about to deploy; what does
// not is asked of the daemon.
type libraries struct {
	a       *app
	path    string // of the script, absolute
	client  *client.Client
	missing []string // those found nowhere
	why     error    // why the daemon could not be asked
}

// withLibraries adds the files of the libraries that the files of a script, read
// from path, import directly or through others, as far as they are found. hint
// says where those were looked for that were not.
func (a *app) withLibraries(ctx context.Context, path, name string, files []slnet.ScriptFile) (all []slnet.ScriptFile, hint string, err error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, "", slnet.Errorf(slnet.KindInvalid, "%s: %v", path, err)
	}
	l := &libraries{a: a, path: absolute}
	defer l.close()
	ctx, cancel := context.WithTimeout(ctx, libraryWait)
	defer cancel()
	have := []string{name}
	for imported := script.LibraryImports(files); len(imported) > 0; imported = imported[1:] {
		library := imported[0]
		if slices.Contains(have, library) || script.CheckLibraryName(library) != "" {
			continue
		}
		have = append(have, library)
		source, err := l.find(ctx, library)
		if err != nil {
			return nil, "", err
		}
		files = append(files, script.LibraryFiles(library, source)...)
		imported = append(imported, script.LibraryImports(source)...)
	}
	return files, l.hint(), nil
}

// find returns the source of a library, none where it is not found.
func (l *libraries) find(ctx context.Context, name string) ([]slnet.ScriptFile, error) {
	if dir := libraryDir(l.path, name); dir != "" {
		return readSource(dir)
	}
	if l.client == nil && l.why == nil {
		l.client, l.why = l.a.connect()
	}
	if l.why == nil {
		response, err := ask[*slnet.ScriptResponse](ctx, l.client, &slnet.GetScriptMessage{Name: name})
		if err == nil {
			return response.Script.Files, nil
		}
		if !errors.Is(err, slnet.KindNotFound) {
			l.why = err
		}
	}
	l.missing = append(l.missing, name)
	return nil, nil
}

func (l *libraries) hint() string {
	if len(l.missing) == 0 {
		return ""
	}
	asked := "the daemon has none of that name"
	if l.why != nil {
		asked = fmt.Sprintf("the daemon could not be asked: %v", l.why)
	}
	return fmt.Sprintf("%s was looked for as a directory %[1]s above the script, and then in the daemon; %s", strings.Join(l.missing, ", "), asked)
}

func (l *libraries) close() {
	if l.client != nil {
		l.client.Close()
	}
}

// libraryDir returns the directory of a library in the nearest directory above
// path that has one, "" when there is none.
func libraryDir(path, library string) string {
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if found := filepath.Join(dir, filepath.FromSlash(library)); isDir(found) {
			return found
		}
		if dir == filepath.Dir(dir) {
			return ""
		}
	}
}
