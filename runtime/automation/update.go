package automation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/script"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// UpdateScript changes the name of a script, the user it is bound to, and whether
// its runs start. Runs that began go on as they are.
func (a *Automation) UpdateScript(ctx context.Context, caller security.Caller, m *slnet.UpdateScriptMessage) (*slnet.ScriptResponse, error) {
	if m.RunsAs == nil && m.Disabled == nil && m.NewName == "" {
		return nil, slnet.Errorf(slnet.KindInvalid, "there is nothing to change of script %q; give RunsAs, Disabled or NewName", m.Name)
	}
	var updated *slnet.Script
	var former string
	update := func(renamed func(tx *storage.Tx, former, name string) error) error {
		_, err := a.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) (err error) {
			if updated, err = named(&tx.Reader, m.Name); err != nil {
				return err
			}
			former = updated.Name
			return a.update(ctx, tx, caller, updated, m, renamed)
		})
		return err
	}
	var err error
	if m.NewName == "" || a.Renaming == nil {
		err = update(func(*storage.Tx, string, string) error { return nil })
	} else {
		err = a.Renaming(update)
	}
	if err != nil {
		return nil, err
	}
	if updated.Disabled || updated.Name != former {
		a.replaced(updated, former)
	}
	return &slnet.ScriptResponse{Script: withoutSource(*updated)}, nil
}

// update changes a script as a message says.
func (a *Automation) update(ctx context.Context, tx *storage.Tx, caller security.Caller, s *slnet.Script, m *slnet.UpdateScriptMessage, renamed func(tx *storage.Tx, former, name string) error) error {
	tx.About("script", s.Name)
	if m.RunsAs != nil {
		if err := a.bind(caller, s, s, m.RunsAs); err != nil {
			return err
		}
	}
	if m.Disabled != nil {
		if err := disable(s, *m.Disabled, caller.User, tx.Now()); err != nil {
			return err
		}
	}
	if former := s.Name; m.NewName != "" && m.NewName != former {
		if err := a.rename(ctx, tx, s, m.NewName); err != nil {
			return err
		}
		if err := renamed(tx, former, m.NewName); err != nil {
			return err
		}
	}
	return scriptTable.Put(tx, s, s.ID.String())
}

func disable(s *slnet.Script, disabled bool, by string, at time.Time) error {
	switch {
	case script.IsLibrary(s.Name):
		return slnet.Errorf(slnet.KindInvalid, "%s is a library, which nothing runs; it can be neither disabled nor enabled", s.Name)
	case s.Disabled == disabled:
		return nil
	}
	s.Disabled, s.DisabledBy, s.DisabledAt = disabled, by, at
	if !disabled {
		s.DisabledBy, s.DisabledAt = "", time.Time{}
	}
	return nil
}

// rename gives a script another name. The former name goes on to lead to it.
func (a *Automation) rename(ctx context.Context, tx *storage.Tx, s *slnet.Script, name string) error {
	if err := checkScriptName(name); err != nil {
		return err
	}
	former := s.Name
	if script.IsLibrary(former) || script.IsLibrary(name) {
		return slnet.Errorf(slnet.KindInvalid, "script %q cannot be renamed to %q: the name of a library is the path it is imported by, deploy it under the new one", former, name)
	}
	s.Name = name
	if nameKey(name) == nameKey(former) {
		return nil
	}
	if err := a.checkFree(ctx, &tx.Reader, s.ID, name); err != nil {
		return fmt.Errorf("script %q cannot be renamed to %q: %w", former, name, err)
	}
	tx.About("script", name)
	if err := forgetSource(tx, name); err != nil {
		return err
	}
	return scriptNames.Put(tx, linkTo(s), nameKey(name))
}

// forgetSource removes what source remembers that was executed under a name which
// is no script's.
func forgetSource(tx *storage.Tx, name string) error {
	id, err := idOf(&tx.Reader, name)
	if err != nil || id == uuid.Nil {
		return err
	}
	if _, err := scriptTable.Get(&tx.Reader, id.String()); !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	return forget(tx, id.String())
}

// checkFree returns an error when a script cannot take a name from another.
func (a *Automation) checkFree(ctx context.Context, r *storage.Reader, id uuid.UUID, name string) error {
	other, err := named(r, name)
	switch {
	case errors.Is(err, slnet.KindNotFound): // or only source of the name was executed
		return nil
	case err != nil:
		return err
	case other.ID == id:
		return nil // a former name of its own
	case nameKey(other.Name) == nameKey(name):
		return slnet.Errorf(slnet.KindConflict, "there is a script of this name already")
	}
	references, err := a.referencesTo(ctx, r, nil, []string{name})
	if err != nil || len(references) == 0 {
		return err
	}
	return slnet.Errorf(slnet.KindConflict, "it is a former name of script %q, and still used:\n%s", other.Name, listed(references, int64(len(references))))
}

// maxListed is how many references an error names.
const maxListed = 10

// listed names references for people, one a line; n is how many there are.
func listed(references []slnet.ScriptReference, n int64) string {
	var lines []string
	for _, r := range references[:min(len(references), maxListed)] {
		lines = append(lines, "  "+r.String())
	}
	if more := n - int64(len(lines)); more > 0 {
		lines = append(lines, fmt.Sprintf("  and %d more", more))
	}
	return strings.Join(lines, "\n")
}

// names returns the names that lead to a script, folded.
func names(r *storage.Reader, id uuid.UUID) (list []string, err error) {
	err = scriptNames.Scan(r, storage.Walk{}, func(link *scriptLink) (bool, error) {
		if link.ID == id {
			list = append(list, link.Name)
		}
		return true, nil
	})
	return list, err
}

// referencesTo returns what refers to a script by one of its names, and the
// scripts that are built with it where it is a library. The script may be nil.
func (a *Automation) referencesTo(ctx context.Context, r *storage.Reader, s *slnet.Script, names []string) (list []slnet.ScriptReference, err error) {
	if s != nil && script.IsLibrary(s.Name) {
		return importers(ctx, r, s.Name)
	}
	if a.References == nil {
		return nil, nil
	}
	is := make(map[string]bool)
	for _, name := range names {
		is[nameKey(name)] = true
	}
	return a.References(ctx, r, func(name string) bool { return is[nameKey(name)] })
}

// importers returns the scripts whose newest version is built with a library.
func importers(ctx context.Context, r *storage.Reader, library string) (list []slnet.ScriptReference, err error) {
	err = scriptTable.Scan(r, storage.Walk{}, func(s *slnet.Script) (bool, error) {
		for _, l := range s.Libraries {
			if l.Name == library {
				list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceScript, Name: s.Name, Version: s.Version, LibraryVersion: l.Version})
			}
		}
		return true, ctx.Err()
	})
	return list, err
}

// ScriptReferences tells what refers to a script. may reports whether the caller
// may know of a reference; the others are counted.
func (a *Automation) ScriptReferences(ctx context.Context, m *slnet.GetScriptReferencesMessage, may func(slnet.ScriptReference) bool) (response *slnet.ScriptReferencesResponse, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		s, err := named(r, m.Name)
		if err != nil {
			return err
		}
		response, err = a.references(ctx, r, s, may)
		return err
	})
	return response, err
}

func (a *Automation) references(ctx context.Context, r *storage.Reader, s *slnet.Script, may func(slnet.ScriptReference) bool) (*slnet.ScriptReferencesResponse, error) {
	known, err := names(r, s.ID)
	if err != nil {
		return nil, err
	}
	all, err := a.referencesTo(ctx, r, s, known)
	if err != nil {
		return nil, err
	}
	response := &slnet.ScriptReferencesResponse{References: []slnet.ScriptReference{}}
	for _, reference := range all {
		if len(response.References) == slnet.MaxScriptReferences || !may(reference) {
			response.More++
			continue
		}
		response.References = append(response.References, reference)
	}
	return response, nil
}

// DeleteScript deletes a script with all its versions, unless something refers to
// it. may is that of ScriptReferences.
func (a *Automation) DeleteScript(ctx context.Context, caller security.Caller, m *slnet.DeleteScriptMessage, may func(slnet.ScriptReference) bool) (*slnet.ScriptReferencesResponse, error) {
	var response *slnet.ScriptReferencesResponse
	var deleted *slnet.Script
	var binaries []string
	_, err := a.Store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		s, err := named(&tx.Reader, m.Name)
		if err != nil {
			return err
		}
		deleted, binaries = s, nil
		tx.About("script", s.Name)
		if response, err = a.references(ctx, &tx.Reader, s, may); err != nil {
			return err
		}
		if n := int64(len(response.References)) + response.More; n > 0 && !m.Force {
			return slnet.Errorf(slnet.KindConflict, "script %q was not deleted, for it is used:\n%s\nChange these first, or delete it all the same with --force", s.Name, listed(response.References, n))
		}
		binaries, err = remove(tx, s)
		return err
	})
	if err != nil {
		return nil, err
	}
	a.Host.Retire(deleted.Name)
	a.queue.relimit(deleted.ID.String(), 0) // runs that wait fail

	return response, a.dropBinaries(ctx, binaries...)
}

// remove deletes all records of a script. It returns the binaries that its
// versions needed.
func remove(tx *storage.Tx, s *slnet.Script) (binaries []string, err error) {
	id := s.ID.String()
	known, err := names(&tx.Reader, s.ID)
	if err != nil {
		return nil, err
	}
	for _, name := range known {
		if err := scriptNames.Delete(tx, name); err != nil {
			return nil, err
		}
	}
	var versions []*slnet.Script
	err = scriptVersions.Scan(&tx.Reader, storage.Walk{Prefix: []string{id}}, func(v *slnet.Script) (bool, error) {
		versions = append(versions, &slnet.Script{Version: v.Version, Hash: v.Hash, Engine: v.Engine})
		return true, nil
	})
	if err != nil {
		return nil, err
	}
	for _, v := range versions {
		number := versionKey(v.Version)
		if err := scriptVersions.Delete(tx, id, number); err != nil {
			return nil, err
		}
		if v.Engine != slnet.EnginePlugin {
			continue
		}
		binaries = append(binaries, v.Hash)
		if err := scriptBinaries.Delete(tx, v.Hash, id, number); err != nil {
			return nil, err
		}
	}
	return binaries, errors.Join(forget(tx, id), scriptTable.Delete(tx, id))
}
