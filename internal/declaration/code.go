package declaration

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/script"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// manifestFile is the manifest in the folder of a script.
const manifestFile = "script.yaml"

// code is a document of KindScript, KindLibrary or KindPlugin.
type code struct {
	slnet.Script
	// Source is the folder or the Go file of a script, or the binary of a plugin.
	Source string `json:"Source"`
	// ManifestFile is the manifest. Where it is empty, a folder has its script.yaml.
	ManifestFile string `json:"ManifestFile"`

	deploy bool // whether a version is made
	upload func(ctx context.Context, send slnet.SendFunc, file io.Reader) (uuid.UUID, string, error)
}

func (c *code) name() string { return c.Name }

// kindOf is the kind of a document that calls itself kind: answers of a daemon call
// all three scripts.
func (c *code) kindOf(kind Kind) Kind {
	switch {
	case kind == KindPlugin || c.Engine == slnet.EnginePlugin:
		c.Engine = slnet.EnginePlugin
		return KindPlugin
	case c.Name != "" && (kind == KindLibrary || script.IsLibrary(c.Name)):
		c.Name = script.LibraryPrefix + strings.TrimPrefix(c.Name, script.LibraryPrefix)
		c.Engine = slnet.EngineInterpreted
		return KindLibrary
	}
	c.Engine = slnet.EngineInterpreted
	return kind
}

func (c *code) complete(d *document, r *reader) {
	c.upload = r.Upload
	note := func(member string, err error) {
		if err != nil {
			r.problems = append(r.problems, d.problem(member, "%v", err))
		}
	}
	note("Source", c.readSource(d, r))
	note("ManifestFile", c.readManifest(d))
}

func (c *code) readSource(d *document, r *reader) (err error) {
	path := d.path(c.Source)
	switch {
	case c.Source != "" && len(c.Files) > 0:
		return errors.New("it has a Source and also Files; leave one out")
	case c.Engine == slnet.EnginePlugin && c.Source != "":
		c.Hash, err = hashOf(path)
		return err
	case c.Engine == slnet.EnginePlugin && c.Hash == "":
		return errors.New("it has no Source, which is the file of the binary")
	case c.Engine == slnet.EnginePlugin:
		return nil // that of the answer of a daemon
	case c.Source != "":
		if c.Files, err = r.ReadScript(path); err != nil {
			return err
		}
	case len(c.Files) == 0:
		return errors.New("it has neither a Source, which is a folder or a Go file, nor Files")
	}
	if c.Files, err = script.Files(c.Files); err == nil {
		c.Hash = script.Hash(c.Files)
	}
	return err
}

func hashOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", errors.New("the Source cannot be read: " + err.Error())
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", errors.New("the Source cannot be read: " + err.Error())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

func (c *code) readManifest(d *document) error {
	file := d.path(c.ManifestFile)
	switch {
	case file != "" && c.ManifestText != "":
		return errors.New("it has a ManifestFile and also a ManifestText; leave one out")
	case file == "" && (c.Source == "" || c.ManifestText != "" || c.Engine == slnet.EnginePlugin):
		return nil
	case file == "":
		file = filepath.Join(d.path(c.Source), manifestFile)
	}
	text, err := os.ReadFile(file)
	if err != nil && c.ManifestFile == "" && (errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)) {
		return nil
	}
	if err != nil {
		return errors.New("the manifest cannot be read: " + err.Error())
	}
	c.ManifestText = string(text)
	return nil
}

// importedFirst puts libraries behind those they import.
func (r *reader) importedFirst(documents []*document) []*document {
	sorted := make([]*document, 0, len(documents))
	const visiting, visited = 1, 2
	state := make(map[*document]int)
	var visit func(d *document, by []string)
	visit = func(d *document, by []string) {
		c, ok := d.content.(*code)
		switch {
		case state[d] == visited:
			return
		case state[d] == visiting:
			r.problems = append(r.problems, d.problem("Source", "libraries import each other: %s", strings.Join(append(by, d.name), " imports ")))
			return
		}
		state[d] = visiting
		if ok && d.kind == KindLibrary {
			for _, name := range script.LibraryImports(c.Files) {
				for _, other := range documents {
					if other.kind == KindLibrary && other.name == name {
						visit(other, append(slices.Clone(by), d.name))
					}
				}
			}
		}
		state[d] = visited
		sorted = append(sorted, d)
	}
	for _, d := range documents {
		visit(d, nil)
	}
	return sorted
}

func (c *code) plan(ctx context.Context, d *document, p *planner) error {
	response, found, err := find[*slnet.ScriptResponse](ctx, p.send, &slnet.GetScriptMessage{Name: c.Name})
	if err != nil {
		return err
	}
	if !found {
		if c.deploy = true; d.kind == KindLibrary {
			p.changed[strings.ToLower(c.Name)] = true
		}
		c.needBinary(d, p)
		p.step(d, interchange.Create, nil, func(ctx context.Context) error { return c.apply(ctx, d, p.send, nil) })
		return c.check(ctx, d, p)
	}
	stored := &response.Script
	if !strings.EqualFold(stored.Name, c.Name) {
		p.problem(d, "Name", "the script of this name was renamed to %q; declare it under that name", stored.Name)
		return nil
	}
	if stored.Engine != c.Engine {
		p.problem(d, "Name", "there is a script of this name that is %s, not %s", stored.Engine, c.Engine)
		return nil
	}
	changes, err := c.changes(ctx, d, p, stored)
	if err != nil {
		return err
	}
	if d.kind == KindLibrary {
		p.changed[strings.ToLower(c.Name)], p.same[strings.ToLower(c.Name)] = c.deploy, !c.deploy
	}
	if c.deploy {
		c.needBinary(d, p)
	}
	action := interchange.Update
	if len(changes) == 0 {
		action = interchange.Unchanged
	}
	p.step(d, action, changes, func(ctx context.Context) error { return c.apply(ctx, d, p.send, stored) })
	if !c.deploy {
		return nil
	}
	return c.check(ctx, d, p)
}

// needBinary notes a problem where a plugin is to be deployed and its file is not
// known.
func (c *code) needBinary(d *document, p *planner) {
	if c.Engine == slnet.EnginePlugin && c.Source == "" {
		p.problem(d, "Hash", "the daemon has no such binary, and the document has no Source, which is its file")
	}
}

// changes are those of a script, and whether they make a version.
func (c *code) changes(ctx context.Context, d *document, p *planner, stored *slnet.Script) ([]interchange.Change, error) {
	changes := difference("Name", stored.Name, c.Name)
	if stored.Hash != c.Hash {
		changes = append(changes, c.sourceChanges(stored)...)
	}
	changes = append(changes, difference("ManifestText", digest(stored.ManifestText), digest(c.ManifestText))...)
	if d.given("Description") {
		changes = append(changes, difference("Description", stored.Description, c.Description)...)
	}
	if d.given("Timeout") {
		changes = append(changes, difference("Timeout", stored.Timeout.String(), c.Timeout.String())...)
	}
	libraries, err := p.newerLibraries(ctx, stored)
	if err != nil {
		return nil, err
	}
	changes = append(changes, libraries...)
	c.deploy = len(changes) > 0
	if d.given("RunsAs") && !strings.EqualFold(stored.RunsAs, c.RunsAs) {
		changes = append(changes, difference("RunsAs", stored.RunsAs, c.RunsAs)...)
	}
	if d.given("Disabled") {
		changes = append(changes, difference("Disabled", stored.Disabled, c.Disabled)...)
	}
	return changes, nil
}

// digest stands for a text that is too long to be shown.
func digest(text string) any {
	if text == "" {
		return nil
	}
	sum := sha256.Sum256([]byte(text))
	return "sha256 " + hex.EncodeToString(sum[:6])
}

func (c *code) sourceChanges(stored *slnet.Script) []interchange.Change {
	if c.Engine == slnet.EnginePlugin {
		return difference("Hash", stored.Hash, c.Hash)
	}
	contents := func(files []slnet.ScriptFile) map[string]string {
		m := make(map[string]string)
		for _, f := range files {
			m[f.Name] = f.Content
		}
		return m
	}
	was, is := contents(stored.Files), contents(c.Files)
	var changes []interchange.Change
	for _, f := range stored.Files {
		path := "Files[" + f.Name + "]"
		if content, ok := is[f.Name]; !ok {
			changes = append(changes, interchange.Change{Path: path, Kind: interchange.Removed})
		} else {
			changes = append(changes, difference(path, digest(f.Content), digest(content))...)
		}
	}
	for _, f := range c.Files {
		if _, ok := was[f.Name]; !ok {
			changes = append(changes, interchange.Change{Path: "Files[" + f.Name + "]", Kind: interchange.Added})
		}
	}
	return changes
}

// newerLibraries are the libraries of a script of which there are newer versions,
// or will be: a deployment builds it with these.
func (p *planner) newerLibraries(ctx context.Context, stored *slnet.Script) ([]interchange.Change, error) {
	if len(stored.Libraries) == 0 {
		return nil, nil
	}
	if p.heads == nil {
		all, err := ask[*slnet.ScriptsResponse](ctx, p.send, &slnet.GetScriptsMessage{})
		if err != nil {
			return nil, err
		}
		p.heads = all.Scripts
	}
	var changes []interchange.Change
	for _, library := range stored.Libraries {
		path := "Libraries[" + library.Name + "].Version"
		if p.changed[strings.ToLower(library.Name)] {
			changes = append(changes, difference(path, library.Version, "new")...)
			continue
		}
		for i := range p.heads {
			if strings.EqualFold(p.heads[i].Name, library.Name) {
				changes = append(changes, difference(path, library.Version, p.heads[i].Version)...)
			}
		}
	}
	return changes, nil
}

// check has the daemon compile what is to be deployed, and notes what is wrong with
// it. What is built with libraries that will be others is not checked, nor what the
// user may not deploy: the deployment tells.
func (c *code) check(ctx context.Context, d *document, p *planner) error {
	if c.Engine == slnet.EnginePlugin || slices.ContainsFunc(script.LibraryImports(c.Files), func(name string) bool {
		return p.declares(name, KindLibrary) != nil && !p.same[strings.ToLower(name)]
	}) {
		return nil
	}
	response, err := ask[*slnet.CheckScriptResponse](ctx, p.send, &slnet.CheckScriptMessage{Name: c.Name, Files: c.Files, Manifest: c.ManifestText})
	switch {
	case errors.Is(err, slnet.KindPermissionDenied):
		return nil
	case errors.Is(err, slnet.KindInvalid):
		p.problem(d, "Source", "%v", err)
		return nil
	case err != nil:
		return err
	}
	for _, mistake := range response.Problems {
		at := mistake.File
		if mistake.Line > 0 {
			at = fmt.Sprintf("%s:%d:%d", mistake.File, mistake.Line, mistake.Column)
		}
		p.problem(d, "Source", "%s", strings.TrimPrefix(at+": "+mistake.Message, ": "))
	}
	return nil
}

// apply deploys what changed; stored is the script as it was planned with, nil when
// there was none.
func (c *code) apply(ctx context.Context, d *document, send slnet.SendFunc, stored *slnet.Script) error {
	var runsAs *string
	if d.given("RunsAs") {
		runsAs = &c.RunsAs
	}
	if err := c.unchanged(ctx, send, stored); err != nil {
		return err
	}
	update := &slnet.UpdateScriptMessage{Name: c.Name}
	if c.deploy {
		if err := c.send(ctx, d, send, runsAs); err != nil {
			return err
		}
	} else if runsAs != nil && !strings.EqualFold(stored.RunsAs, c.RunsAs) {
		update.RunsAs = runsAs
	}
	if was := stored != nil && stored.Disabled; d.given("Disabled") && was != c.Disabled {
		update.Disabled = &c.Disabled
	}
	if update.RunsAs == nil && update.Disabled == nil {
		return nil
	}
	_, err := ask[*slnet.ScriptResponse](ctx, send, update)
	return err
}

// unchanged refuses what was deployed by somebody else since the plan was made.
func (c *code) unchanged(ctx context.Context, send slnet.SendFunc, stored *slnet.Script) error {
	response, found, err := find[*slnet.ScriptResponse](ctx, send, &slnet.GetScriptMessage{Name: c.Name})
	switch {
	case err != nil:
		return err
	case found && stored == nil:
		return slnet.Errorf(slnet.KindConflict, "the script %q has been deployed by %s meanwhile; look at the differences again", c.Name, response.Script.DeployedBy)
	case found && response.Script.Version != stored.Version:
		return slnet.Errorf(slnet.KindConflict, "the script %q has been deployed by %s meanwhile: it is at version %d, not %d; look at the differences again",
			c.Name, response.Script.DeployedBy, response.Script.Version, stored.Version)
	}
	return nil
}

func (c *code) send(ctx context.Context, d *document, send slnet.SendFunc, runsAs *string) error {
	description, timeout := "", time.Duration(0)
	if d.given("Description") {
		description = c.Description
	}
	if d.given("Timeout") {
		timeout = c.Timeout
	}
	if c.Engine != slnet.EnginePlugin {
		_, err := ask[*slnet.ScriptResponse](ctx, send, &slnet.DeployScriptMessage{
			Name: c.Name, Description: description, Files: c.Files, Timeout: timeout, Manifest: c.ManifestText, RunsAs: runsAs,
		})
		return err
	}
	file, err := os.Open(d.path(c.Source))
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the plugin cannot be read: %v", err)
	}
	defer file.Close()
	id, hash, err := c.upload(ctx, send, file)
	if err == nil && hash != c.Hash {
		err = slnet.Errorf(slnet.KindConflict, "the file %s has changed meanwhile; look at the differences again", c.Source)
	}
	if err != nil {
		return err
	}
	_, err = ask[*slnet.ScriptResponse](ctx, send, &slnet.DeployPluginMessage{
		Name: c.Name, Description: description, Timeout: timeout, UploadID: id, SHA256: hash, Manifest: c.ManifestText, RunsAs: runsAs,
	})
	return err
}
