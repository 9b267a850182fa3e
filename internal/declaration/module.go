package declaration

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// module is a document of KindModule. Its members are those of a module in
// module.json; or Source is a folder or zip of modules, as the command line exports
// them. Name is another id for a single module.
type module struct {
	Name         string `json:"Name"`
	Source       string `json:"Source"`
	KeepVanished bool   `json:"KeepVanished"`

	ModuleSettings         slnet.JSON `json:"ModuleSettings"`
	SectionDefinitions     slnet.JSON `json:"SectionDefinitions"`
	DomBehaviorDefinitions slnet.JSON `json:"DomBehaviorDefinitions"`
	DomDefinitions         slnet.JSON `json:"DomDefinitions"`
	DomTemplates           slnet.JSON `json:"DomTemplates"`
	DomInstances           slnet.JSON `json:"DomInstances"`

	modules []*interchange.Module
}

func (m *module) name() string { return m.Name }

func (m *module) complete(d *document, r *reader) {
	var err error
	if m.modules, err = m.read(d); err != nil {
		r.problems = append(r.problems, d.problem("Source", "%v", err))
		return
	}
	if m.Name != "" && len(m.modules) > 1 {
		r.problems = append(r.problems, d.problem("Name", "a Name is for a single module, and the Source holds %d", len(m.modules)))
		return
	}
	if m.Name != "" && m.modules[0].ID != m.Name {
		m.modules[0].Rename(m.Name)
	}
	if d.name = m.Name; len(m.modules) == 1 {
		d.name = m.modules[0].ID
	}
}

func (m *module) read(d *document) ([]*interchange.Module, error) {
	inline := make(map[string]json.RawMessage)
	for name, value := range map[string]slnet.JSON{
		"ModuleSettings": m.ModuleSettings, "SectionDefinitions": m.SectionDefinitions, "DomBehaviorDefinitions": m.DomBehaviorDefinitions,
		"DomDefinitions": m.DomDefinitions, "DomTemplates": m.DomTemplates, "DomInstances": m.DomInstances,
	} {
		if len(value) > 0 {
			inline[name] = json.RawMessage(value)
		}
	}
	switch {
	case m.Source != "" && len(inline) > 0:
		return nil, errors.New("it has a Source and also what is in one; leave one out")
	case m.Source != "":
		return interchange.Read(d.path(m.Source))
	case len(inline) == 0:
		return nil, errors.New("it has neither a Source, which is a folder or a zip of modules, nor ModuleSettings and definitions")
	}
	return readInline(inline)
}

// readInline reads the members of a module as a zip with module.json has them.
func readInline(members map[string]json.RawMessage) ([]*interchange.Module, error) {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	w, err := z.Create("module.json")
	if err == nil {
		err = json.NewEncoder(w).Encode([]any{members})
	}
	if err = errors.Join(err, z.Close()); err != nil {
		return nil, err
	}
	return interchange.ReadZip(bytes.NewReader(b.Bytes()), int64(b.Len()))
}

func (m *module) plan(ctx context.Context, d *document, p *planner) error {
	for _, one := range m.modules {
		made, err := interchange.NewPlan(ctx, p.send, one, interchange.ImportOptions{KeepVanished: m.KeepVanished})
		if errors.Is(err, slnet.KindNotFound) || errors.Is(err, slnet.KindInvalid) {
			p.problem(d, "Source", "%v", err)
			continue
		}
		if err != nil {
			return err
		}
		for _, u := range one.Unknown {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: not known, left out: %s", one.ID, u))
		}
		p.module(d, one.ID, made)
	}
	return nil
}

// module adds the steps for the parts of a module, which are carried out at once.
func (p *planner) module(d *document, id string, made *interchange.Plan) {
	own := make(map[*interchange.Step]*Step)
	b := new(batch)
	for _, part := range made.Steps {
		step := &Step{
			Action: part.Action, Kind: KindModule, Name: id, Part: partName(part), File: d.file, Line: d.line, Changes: part.Changes, batch: b,
		}
		own[part] = step
		b.steps = append(b.steps, step)
		if len(part.Vanished) > 0 && part.Action == interchange.Update {
			p.Notes = append(p.Notes, fmt.Sprintf("%s: %s no longer has %s", id, step.Part, strings.Join(part.Vanished, ", ")))
		}
	}
	b.do = func(ctx context.Context) (map[*Step]error, error) {
		failures, err := made.Apply(ctx)
		if err != nil {
			return b.allFailed(err), err
		}
		failed := make(map[*Step]error)
		for _, f := range failures {
			failed[own[f.Step]] = f.Err
		}
		return failed, nil
	}
	p.Steps = append(p.Steps, b.steps...)
}

// allFailed says of all steps that were to be done that they failed.
func (b *batch) allFailed(err error) map[*Step]error {
	failed := make(map[*Step]error)
	for _, step := range b.steps {
		if step.Action != interchange.Unchanged {
			failed[step] = err
		}
	}
	return failed
}

func partName(part *interchange.Step) string {
	name := part.Name
	if name == "" {
		name = part.Key
	}
	if part.Kind == dom.KindModuleSettings {
		return string(part.Kind)
	}
	return string(part.Kind) + " " + name
}

// declaresModule reports whether the files have a module.
func (p *planner) declaresModule(id string) bool {
	for _, d := range p.declared.of(KindModule) {
		m, ok := d.content.(*module)
		if !ok { // what is wrong with it is told
			return true
		}
		for _, one := range m.modules {
			if one.ID == id {
				return true
			}
		}
	}
	return false
}
