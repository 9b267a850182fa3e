package automation

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"domovoi.dev/plugins"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/schema"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// inputTable has what runs need that does not stand in them, by the id of the
// run, until the run has succeeded: one that has not may be repeated.
var inputTable = storage.NewTable[runInput]("run_inputs")

// runInput is what a run needs that does not stand in it.
type runInput struct {
	// Data is what an entry point other than Run is called with.
	Data []byte `json:"Data"`
	// Script is what is executed, where that is not a deployed version.
	Script *slnet.Script `json:"Script,omitempty"`
}

// input makes what a new run needs that does not stand in it, and is nil where
// there is nothing.
func (c *Call) input(s *slnet.Script, run *slnet.Run) (*runInput, error) {
	if c.EntryPoint == slnet.EntryPointRun {
		var err error
		run.Input, err = parameters(s, c.JSON, c.Parameters, c.later)
		if c.source == nil {
			return nil, err
		}
		return &runInput{Script: c.source}, err
	}
	if c.stored != nil {
		return c.stored, nil
	}
	if c.Input == nil {
		return nil, slnet.Errorf(slnet.KindInvalid,
			"%s of script %q is called by the platform, with an input of its own; what can be executed is %s", c.EntryPoint, s.Name, slnet.EntryPointRun)
	}
	data, err := c.Input.MarshalMsg(nil)
	if err == nil && len(data) > session.MaxPayloadBytes {
		err = slnet.Errorf(slnet.KindTooLarge, "the input of %s is %d bytes; at most %d are allowed", c.EntryPoint, len(data), session.MaxPayloadBytes)
	}
	return &runInput{Data: data}, err
}

// parameters checks the parameters of a run and fills in their defaults. Those
// given as texts are taken in where the script has typed ones. Those named in
// later may be missing.
func parameters(s *slnet.Script, input slnet.JSON, texts map[string]string, later map[string]dom.TriggerValue) (slnet.JSON, error) {
	if err := input.Valid("Input", slnet.MaxRunInput); err != nil {
		return nil, err
	}
	if len(s.ParameterSchema) == 0 {
		if len(input) > 0 {
			return nil, slnet.Errorf(slnet.KindInvalid, "script %q has no typed parameters; give it Parameters, not Input", s.Name)
		}
		return nil, nil
	}
	described, err := schema.Read(s.ParameterSchema)
	if err != nil {
		return nil, err
	}
	value := any(map[string]any{})
	if len(input) > 0 {
		if value, err = schema.Parse(input); err != nil {
			return nil, slnet.Errorf(slnet.KindInvalid, "Input is not JSON: %v", err)
		}
	}
	problems := mergeTexts(described, value, texts)
	value, err = described.Check(value)
	var found schema.Problems
	errors.As(err, &found)
	told := len(problems)
	for _, p := range found {
		if !slices.ContainsFunc(problems[:told], func(before schema.Problem) bool { return before.Path == p.Path }) {
			problems = append(problems, p)
		}
	}
	problems = lessLater(described, problems, later)
	if len(problems) > 0 {
		return nil, slnet.Errorf(slnet.KindInvalid, "script %q was not started; its parameters are wrong:\n%v", s.Name, problems)
	}
	checked, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	return checked, slnet.JSON(checked).Valid("Input with its defaults", slnet.MaxRunInput)
}

// mergeTexts adds the parameters given as texts to an object. Their names may
// differ from those of the fields in case.
func mergeTexts(s *schema.Schema, value any, texts map[string]string) schema.Problems {
	object, ok := value.(map[string]any)
	if !ok {
		return nil // Check says so
	}
	var problems schema.Problems
	problem := func(name, format string, args ...any) {
		problems = append(problems, schema.Problem{Path: name, Message: fmt.Sprintf(format, args...)})
	}
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		p := propertyOf(s, name)
		if p == nil {
			object[name] = texts[name] // Check says that there is no such parameter
			continue
		}
		if _, twice := object[p.Name]; twice {
			problem(p.Name, "is given twice")
			continue
		}
		v, err := p.Schema.FromText(texts[name])
		if err != nil {
			problem(p.Name, "%v", err)
			continue
		}
		object[p.Name] = v
	}
	return problems
}

// sent is what a run's entry point is sent.
func (e *execution) sent() []byte {
	if e.run.EntryPoint == slnet.EntryPointRun {
		return e.run.Input
	}
	return e.input.Data
}

// executed reads what a run executes, and what it needs besides. The script is nil
// where it does not exist any more.
func executed(r *storage.Reader, run *slnet.Run) (s *slnet.Script, input *runInput, err error) {
	if input, err = storedInput(r, run); err != nil {
		return nil, nil, err
	}
	if run.SourceHash != "" {
		return input.Script, input, nil
	}
	s, err = scriptOf(r, run)
	if errors.Is(err, slnet.KindNotFound) {
		return nil, input, nil
	}
	return s, input, err
}

// storedInput reads what a run needs that does not stand in it, nil for a run of
// a deployed Run.
func storedInput(r *storage.Reader, run *slnet.Run) (input *runInput, err error) {
	if run.EntryPoint == slnet.EntryPointRun && run.SourceHash == "" {
		return nil, nil
	}
	if input, err = inputTable.Get(r, run.ID.String()); err != nil {
		return nil, fmt.Errorf("the input of run %s: %w", run.ID, err)
	}
	return input, nil
}

// maxDescription bounds what a script says it is for, in bytes.
const maxDescription = 4096

// checkDescription refuses schemas that are none, and texts that are no
// description.
func checkDescription(d plugins.Description) error {
	if len(d.Text) > maxDescription {
		return slnet.Errorf(slnet.KindTooLarge, "the description of the script has %d bytes; at most %d are allowed", len(d.Text), maxDescription)
	}
	for _, b := range [][]byte{d.ParameterSchema, d.ResultSchema} {
		if len(b) == 0 {
			continue
		}
		if err := slnet.JSON(b).Valid("a JSON Schema of the script", slnet.MaxRunInput); err != nil {
			return err
		}
		if _, err := schema.Read(b); err != nil {
			return slnet.Errorf(slnet.KindInvalid, "%v", err)
		}
	}
	return nil
}
