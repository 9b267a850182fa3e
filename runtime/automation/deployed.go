package automation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The tables of scripts. A script is known by its id, to which its name leads,
// and each former name that no other script has taken. Every version is kept as
// it was deployed; what belongs to the script as a whole counts as it stands in
// the newest one, which is kept a second time.
var (
	scriptTable    = storage.NewKeptTable[slnet.Script]("scripts")     // the newest version by id
	scriptVersions = storage.NewTable[slnet.Script]("script_versions") // by id and version
	scriptNames    = storage.NewKeptTable[scriptLink]("script_names")  // by folded name
	scriptBinaries = storage.NewTable[scriptLink]("script_binaries")   // which versions need a binary: by hash, id and version
)

// scriptLink leads to a script from one of its names, which is folded. Where only
// source of the name was executed there is a link, and no script.
type scriptLink struct {
	ID   uuid.UUID `json:"Id"`
	Name string    `json:"Name"`
}

func linkTo(s *slnet.Script) *scriptLink { return &scriptLink{s.ID, nameKey(s.Name)} }

// maxScriptName is the most characters of a script's name.
const maxScriptName = 100

// checkScriptName returns an error when neither a script nor a library can have
// the name.
func checkScriptName(name string) error {
	bad := func(format string, args ...any) error {
		return slnet.Errorf(slnet.KindInvalid, "%q is no name for a script: %s", name, fmt.Sprintf(format, args...))
	}
	switch n := utf8.RuneCountInString(name); {
	case !utf8.ValidString(name):
		return bad("it is not valid UTF-8")
	case n == 0 || n > maxScriptName:
		return bad("it has %d characters; a name has 1 to %d", n, maxScriptName)
	case script.IsLibrary(name):
		if wrong := script.CheckLibraryName(name); wrong != "" {
			return slnet.Errorf(slnet.KindInvalid, "%q is no name for a library: %s", name, wrong)
		}
		return nil
	case strings.TrimSpace(name) != name:
		return bad("it begins or ends with a space")
	}
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune(" _-.()", r) {
			return bad("the character %q is not allowed in it; letters, digits, spaces and _ - . ( ) are", r)
		}
	}
	return nil
}

// nameKey is the key of a name: names differ by more than case.
func nameKey(name string) string { return strings.ToLower(name) }

func versionKey(version int64) string { return fmt.Sprintf("%010d", version) }

// named returns the newest version of the script that has or had a name.
func named(r *storage.Reader, name string) (*slnet.Script, error) {
	link, err := scriptNames.Get(r, nameKey(name))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, noScript(name)
	}
	if err != nil {
		return nil, err
	}
	s, err := scriptTable.Get(r, link.ID.String())
	if errors.Is(err, storage.ErrNotFound) { // only source of it was executed
		return nil, noScript(name)
	}
	return s, err
}

// identify gives source the id and the name of the script that has or had its
// name, or the id that the script will have when it is deployed. So what it
// remembers, and its runs, are the script's.
func (a *Automation) identify(ctx context.Context, source *slnet.Script) error {
	name := source.Name
	_, err := a.Store.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error {
		id, err := idOf(&tx.Reader, name)
		if err != nil {
			return err
		}
		if id == uuid.Nil {
			link := &scriptLink{uuid.New(), nameKey(name)}
			source.ID = link.ID
			return scriptNames.Put(tx, link, link.Name)
		}
		source.ID = id
		head, err := scriptTable.Get(&tx.Reader, id.String())
		if err == nil {
			source.Name = head.Name
		}
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		return err
	})
	return err
}

// idOf returns the id that a name leads to, zero where it leads to none.
func idOf(r *storage.Reader, name string) (uuid.UUID, error) {
	link, err := scriptNames.Get(r, nameKey(name))
	if errors.Is(err, storage.ErrNotFound) {
		return uuid.Nil, nil
	}
	if err != nil {
		return uuid.Nil, err
	}
	return link.ID, nil
}

// version returns a version of the script whose newest one is head, the newest
// for 0.
func version(r *storage.Reader, head *slnet.Script, number int64) (*slnet.Script, error) {
	if number == 0 || number == head.Version {
		return head, nil
	}
	s, err := scriptVersions.Get(r, head.ID.String(), versionKey(number))
	if errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "script %q has no version %d; its newest is %d", head.Name, number, head.Version)
	}
	if err != nil {
		return nil, err
	}
	s.Name, s.RunsAs, s.RunsAsID = head.Name, head.RunsAs, head.RunsAsID
	s.Disabled, s.DisabledBy, s.DisabledAt = head.Disabled, head.DisabledBy, head.DisabledAt
	return s, nil
}

// find returns a version of a script, the newest for version 0.
func (a *Automation) find(ctx context.Context, name string, number int64) (s *slnet.Script, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		s, err = scriptIn(r, name, number)
		return err
	})
	return s, err
}

// CurrentName returns the name that the script has now which has or had a name;
// the name itself when there is no such script.
func (a *Automation) CurrentName(ctx context.Context, name string) (current string, err error) {
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		current, err = CurrentNameIn(r, name)
		return err
	})
	return current, err
}

// CurrentNameIn is CurrentName in a transaction.
func CurrentNameIn(r *storage.Reader, name string) (string, error) {
	s, err := named(r, name)
	if errors.Is(err, slnet.KindNotFound) {
		return name, nil
	}
	if err != nil {
		return "", err
	}
	return s.Name, nil
}

// scriptIn returns a version of the script that has or had a name, the newest for
// version 0.
func scriptIn(r *storage.Reader, name string, number int64) (*slnet.Script, error) {
	head, err := named(r, name)
	if err != nil {
		return nil, err
	}
	return version(r, head, number)
}

// scriptOf returns the script of a run in the version that the run was queued
// with.
func scriptOf(r *storage.Reader, run *slnet.Run) (*slnet.Script, error) {
	head, err := headOf(r, run)
	if err != nil {
		return nil, err
	}
	return version(r, head, run.ScriptVersion)
}

// checkStart returns an error when the script of a run has been deleted or
// disabled since the run was queued.
func (a *Automation) checkStart(ctx context.Context, run *slnet.Run) error {
	if run.SourceHash != "" {
		return nil // it is not the deployed script that runs
	}
	return a.Store.View(ctx, func(r *storage.Reader) error {
		head, err := headOf(r, run)
		if err != nil {
			return err
		}
		return checkEnabled(head)
	})
}

// headOf returns the newest version of the script of a run.
func headOf(r *storage.Reader, run *slnet.Run) (*slnet.Script, error) {
	head, err := scriptTable.Get(r, run.ScriptID.String())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "script %q was deleted", run.Script)
	}
	return head, err
}

// checkEnabled returns an error when runs of a script do not start.
func checkEnabled(s *slnet.Script) error {
	if !s.Disabled {
		return nil
	}
	return slnet.Errorf(slnet.KindConflict, "script %q is disabled since %s by %s; domovoi script enable lets it start again",
		s.Name, s.DisabledAt.UTC().Format("2006-01-02 15:04:05Z"), s.DisabledBy)
}

func noScript(name string) error {
	return slnet.Errorf(slnet.KindNotFound, "there is no script %q; domovoi script list shows those there are", name)
}

// withoutSource is a script as it is told where the source was not asked for.
func withoutSource(s slnet.Script) slnet.Script {
	s.Files, s.ManifestText = nil, ""
	return withoutLibrarySource(s)
}

// withoutLibrarySource is a script as it is told to who may see it: whether they
// may see its libraries is another question.
func withoutLibrarySource(s slnet.Script) slnet.Script {
	libraries := make([]slnet.ScriptLibrary, len(s.Libraries))
	for i, l := range s.Libraries {
		libraries[i] = slnet.ScriptLibrary{Name: l.Name, Version: l.Version, Hash: l.Hash}
	}
	s.Libraries = libraries
	return s
}

// replaced tells the processes and the queue that another version of a script
// is the newest, or that the script has another name than former, or that its
// runs do not start any more. Runs that execute go on.
func (a *Automation) replaced(s *slnet.Script, former string) {
	a.Host.Retire(former)
	a.queue.relimit(s.ID.String(), manifestOf(s).Concurrency)
}

// keep stores a new version of a script.
func keep(tx *storage.Tx, s *slnet.Script) error {
	id, number := s.ID.String(), versionKey(s.Version)
	link := linkTo(s)
	if s.Engine == slnet.EnginePlugin {
		if err := scriptBinaries.Put(tx, link, s.Hash, id, number); err != nil {
			return err
		}
	}
	return errors.Join(
		scriptNames.Put(tx, link, nameKey(s.Name)),
		scriptTable.Put(tx, s, id),
		scriptVersions.Put(tx, s, id, number),
	)
}
