package declaration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// State is what became of a step.
type State string

// The states.
const (
	Planned State = ""       // nothing was tried yet, or nothing was to be done
	Done    State = "done"   // it was carried out
	Failed  State = "failed" // it was refused
)

// Step is what is done with one object.
type Step struct {
	Action interchange.Action `json:"Action"`
	Kind   Kind               `json:"Kind"`
	// Name is the name of the object. That of a part of a module is the id of the
	// module, and Part says which part.
	Name string `json:"Name"`
	Part string `json:"Part,omitempty"`
	// File and Line are where it is declared.
	File string `json:"File"`
	Line int    `json:"Line"`
	// Changes are what an update changes.
	Changes []interchange.Change `json:"Changes,omitempty"`
	State   State                `json:"State,omitempty"`
	// Message says why it was refused.
	Message string `json:"Message,omitempty"`

	batch *batch
}

// batch is what is carried out at once: one step, or those of a module.
type batch struct {
	steps []*Step
	// do returns why steps failed, and an error where it is not one of them.
	do func(ctx context.Context) (map[*Step]error, error)
}

// Plan is what is to be done, in that order.
type Plan struct {
	Steps []*Step `json:"Steps"`
	// Notes are what a person should know of.
	Notes []string `json:"Notes,omitempty"`
}

// Count returns how many steps there are of an action.
func (p *Plan) Count(action interchange.Action) int {
	n := 0
	for _, step := range p.Steps {
		if step.Action == action {
			n++
		}
	}
	return n
}

// Differs reports whether there is anything to do.
func (p *Plan) Differs() bool { return p.Count(interchange.Unchanged) < len(p.Steps) }

// NewPlan compares what is declared with what a daemon has. It changes nothing. The
// error is Problems where files or documents say what cannot be, those of the
// declaration included, or why the daemon did not tell what it has.
func NewPlan(ctx context.Context, send slnet.SendFunc, declared *Declaration) (*Plan, error) {
	p := &planner{
		Plan: new(Plan), send: send, declared: declared, problems: slices.Clone(declared.problems),
		changed: make(map[string]bool), same: make(map[string]bool),
	}
	if err := p.all(ctx); err != nil {
		return nil, errors.Join(declared.Err(), err)
	}
	if err := p.problems.err(); err != nil {
		return nil, err
	}
	return p.Plan, nil
}

func (p *planner) all(ctx context.Context) error {
	if err := p.memberships(ctx); err != nil {
		return err
	}
	for _, d := range p.declared.documents {
		if d.content == nil {
			continue
		}
		if err := d.plan(ctx, d, p); err != nil {
			return fmt.Errorf("%s:%d: %s %q: %w", d.file, d.line, d.kind, d.name, err)
		}
	}
	p.membersElsewhere()
	slices.SortStableFunc(p.Steps, func(a, b *Step) int { return slices.Index(Kinds(), a.Kind) - slices.Index(Kinds(), b.Kind) })
	return nil
}

// Apply carries the plan out and stops at the first step that is refused, whose
// error it returns. Each step then says what became of it. The parts of a module go
// on without one that is refused.
//
// What has a revision and was changed since the plan was made is refused.
func (p *Plan) Apply(ctx context.Context) error {
	carried := make(map[*batch]bool)
	for _, step := range p.Steps {
		b := step.batch
		if step.Action == interchange.Unchanged || carried[b] {
			continue
		}
		carried[b] = true
		if err := b.carryOut(ctx); err != nil {
			return err
		}
	}
	return nil
}

// carryOut returns the first error of its steps.
func (b *batch) carryOut(ctx context.Context) error {
	failures, first := b.do(ctx)
	for _, step := range b.steps {
		switch err := failures[step]; {
		case err != nil:
			step.State, step.Message = Failed, err.Error()
			if first == nil {
				first = err
			}
		case step.Action != interchange.Unchanged:
			step.State = Done
		}
	}
	return first
}

// planner makes a plan.
type planner struct {
	*Plan
	send     slnet.SendFunc
	declared *Declaration
	problems Problems

	// changed are the libraries that get a new version, same those of the files that
	// do not; both in small letters.
	changed, same map[string]bool
	heads         []slnet.Script // all scripts of the daemon, once asked for
	people        people
}

// step adds a step that is carried out by itself.
func (p *planner) step(d *document, action interchange.Action, changes []interchange.Change, do func(ctx context.Context) error) {
	step := &Step{Action: action, Kind: d.kind, Name: d.name, File: d.file, Line: d.line, Changes: changes}
	step.batch = &batch{[]*Step{step}, func(ctx context.Context) (map[*Step]error, error) {
		if err := do(ctx); err != nil {
			return map[*Step]error{step: err}, nil
		}
		return nil, nil
	}}
	p.Steps = append(p.Steps, step)
}

// problem notes one.
func (p *planner) problem(d *document, member, format string, args ...any) {
	p.problems = append(p.problems, d.problem(member, format, args...))
}

// declares returns the document of an object, nil when there is none.
func (p *planner) declares(name string, kinds ...Kind) *document {
	for _, d := range p.declared.documents {
		if slices.Contains(kinds, d.kind) && strings.EqualFold(d.name, name) {
			return d
		}
	}
	return nil
}

// ask sends one message.
func ask[Response slnet.Message](ctx context.Context, send slnet.SendFunc, message slnet.Message) (Response, error) {
	var none Response
	response, err := slnet.Send1(ctx, send, message)
	if err != nil {
		return none, err
	}
	typed, ok := response.(Response)
	if !ok {
		return none, slnet.UnexpectedResponse(message, response)
	}
	return typed, nil
}

// find sends a message that asks for something; found is false when there is no
// such thing.
func find[Response slnet.Message](ctx context.Context, send slnet.SendFunc, message slnet.Message) (response Response, found bool, err error) {
	response, err = ask[Response](ctx, send, message)
	if errors.Is(err, slnet.KindNotFound) {
		return response, false, nil
	}
	return response, err == nil, err
}
