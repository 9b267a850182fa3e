package stress

import (
	"bytes"
	"context"
	"fmt"
	"hash/fnv"
	"slices"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// The users of a World: Ann may do everything, Ben only what needs no
// permission, Cat may delete instances besides.
const (
	Ann = "ann"
	Ben = "ben"
	Cat = "cat"
)

// World is a daemon that operations are run on.
type World struct {
	// Connections are those of the users.
	Connections map[string]slnet.Connection
	// Check compares everything in the store with everything else.
	Check func() error
	// Reopen closes the daemon, or lets it crash, and opens it again with new
	// Connections; nil for a daemon that stays.
	Reopen func() error
}

// Operations are the numbers of the first n operations.
func Operations(n int) []uint64 {
	list := make([]uint64, n)
	for i := range list {
		list[i] = uint64(i + 1)
	}
	return list
}

// Failure says what an operation did that it must not do.
type Failure struct {
	At   int    // its place in the list
	What string // in words
	Err  error
}

func (f *Failure) Error() string {
	return fmt.Sprintf("operation at %d: %s: %v", f.At, f.What, f.Err)
}

// Unwrap returns Err.
func (f *Failure) Unwrap() error { return f.Err }

// Run makes a new module, which follows from the seed, runs operations on it and
// on a model of it, and compares the two after each and at the end. What an
// operation does follows from the seed, its number and the state it meets, so
// any part of a list can be run. It returns a line for each operation; two
// worlds that behave alike return the same lines. The error is a *Failure where
// an operation is to blame.
func Run(ctx context.Context, world *World, seed uint64, moduleID string, operations []uint64) ([]string, error) {
	setup := newRandom(seed, 0)
	r := &run{ctx: ctx, world: world, model: newModel(setup.settings(moduleID))}
	if err := r.setUp(setup); err != nil {
		return nil, fmt.Errorf("set up: %w", err)
	}
	pause := newRandom(seed, 1<<63)
	for at, n := range operations {
		r.random, r.what, r.line = newRandom(seed, n), "", ""
		if err := r.operate(); err != nil {
			return r.lines, &Failure{at, r.what, err}
		}
		r.lines = append(r.lines, r.line)
		if world.Reopen != nil && pause.IntN(100) == 0 {
			if err := r.reopen(); err != nil {
				return r.lines, &Failure{at, "reopening after: " + r.what, err}
			}
		}
	}
	if err := r.compareAll(); err != nil {
		return r.lines, &Failure{len(operations) - 1, "comparison at the end", err}
	}
	return r.lines, world.Check()
}

// run is one run of operations.
type run struct {
	ctx   context.Context
	world *World
	model *model
	lines []string

	// Of the operation under way:
	random random
	what   string // what it does, for people
	line   string // what came of it
}

// setUp makes the module.
func (r *run) setUp(random random) error {
	r.random = random
	for range pick(random, []int{6, 30, 120}) {
		r.model.ids = append(r.model.ids, dom.InstanceID(random.uuid()))
	}
	var sections []*dom.SectionDefinition
	list := []dom.Object{r.model.settings}
	for range 2 + random.IntN(3) {
		sections = append(sections, random.sectionDefinition())
		list = append(list, sections[len(sections)-1])
	}
	random.searchTexts(r.model.settings, sections)
	// Fields that a behavior links cannot be removed, so some are left to others.
	behavior := random.behavior(sections[:1+random.IntN(len(sections)-1)])
	list = append(list, behavior)
	for i := range 3 {
		d := random.definition(sections)
		if i == 0 {
			d.DomBehaviorDefinitionID = behavior.ID
		}
		list = append(list, d)
	}
	for _, o := range list {
		if err := r.create(Ann, o, ""); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) reopen() error {
	if err := r.world.Reopen(); err != nil {
		return err
	}
	if err := r.world.Check(); err != nil {
		return err
	}
	return r.compareAll()
}

// compareAll compares everything that can be read.
func (r *run) compareAll() error {
	kinds := append(dom.ObjectKinds(), dom.KindHistoryChange)
	for _, kind := range kinds[1:] { // the settings do not belong to the module
		if err := r.compareRead(Ann, kind, dom.NewQuery(dom.True())); err != nil {
			return fmt.Errorf("all of %s: %w", kind, err)
		}
	}
	return nil
}

// say notes what the operation does.
func (r *run) say(format string, args ...any) { r.what = fmt.Sprintf(format, args...) }

// came notes what came of the operation.
func (r *run) came(args ...any) { r.line = fmt.Sprint(append([]any{r.line, " "}, args...)...) }

// ask sends a message as a user. It returns the TraceData of the answer besides.
func (r *run) ask(user string, message slnet.Message) (slnet.Message, slnet.TraceData, error) {
	response, err := slnet.Send1(r.ctx, r.world.Connections[user].SendSLNetMessages, message)
	if err != nil {
		return nil, slnet.TraceData{}, fmt.Errorf("%s: %w", message.MessageName(), err)
	}
	switch response := response.(type) {
	case *dom.ManagerStoreCrudResponse:
		return response, response.TraceData, nil
	case *dom.ManagerStoreCountResponse:
		return response, response.TraceData, nil
	case *dom.ManagerStoreSelectResponse:
		return response, response.TraceData, nil
	case *dom.ManagerStorePagingResponse:
		return response, response.TraceData, nil
	}
	return response, slnet.TraceData{}, nil
}

// refused compares why a request was refused with why it must be, "" for not at
// all.
func refused(trace slnet.TraceData, want slnet.Reason) error {
	reasons := make([]slnet.Reason, len(trace.ErrorData))
	for i, e := range trace.ErrorData {
		reasons[i] = e.Reason
	}
	if want == "" && len(reasons) > 0 || want != "" && !slices.Contains(reasons, want) {
		return fmt.Errorf("refused for %q (%s), want %q", reasons, &trace, want)
	}
	return nil
}

// write sends a request that stores sent, unless it must be refused.
func (r *run) write(user string, request slnet.Message, sent dom.Object, want slnet.Reason) error {
	response, trace, err := r.ask(user, request)
	if err != nil {
		return err
	}
	if err := refused(trace, want); err != nil || want != "" {
		r.came("refused ", want)
		return err
	}
	crud, ok := response.(*dom.ManagerStoreCrudResponse)
	if !ok || len(crud.Objects) != 1 {
		return fmt.Errorf("answered with %+v", response)
	}
	if err := r.model.stored(user, sent, crud.Objects[0]); err != nil {
		return err
	}
	r.cameOf(sent)
	return nil
}

// cameOf notes an object as it is stored now.
func (r *run) cameOf(o dom.Object) {
	hash := fnv.New64a()
	hash.Write(masked(r.model.objects[o.Kind()][o.Key()]))
	r.came(o.Key(), " ", hash.Sum64())
}

func (r *run) create(user string, o dom.Object, want slnet.Reason) error {
	raw, err := dom.EncodeObject(o)
	if err != nil {
		return err
	}
	request := &dom.ManagerStoreCreateRequest{ModuleID: r.model.settings.ModuleID, Kind: o.Kind(), Object: raw}
	if o.Kind() == dom.KindModuleSettings {
		request.ModuleID = ""
	}
	return r.write(user, request, o, want)
}

func (r *run) update(user string, o dom.Object, ifRevision int64, want slnet.Reason) error {
	raw, err := dom.EncodeObject(o)
	if err != nil {
		return err
	}
	return r.write(user, &dom.ManagerStoreUpdateRequest{
		ModuleID: r.model.settings.ModuleID, Kind: o.Kind(), Object: raw, IfRevision: ifRevision,
	}, o, want)
}

func (r *run) delete(user string, kind dom.ObjectKind, key string, want slnet.Reason) error {
	response, trace, err := r.ask(user, &dom.ManagerStoreDeleteRequest{ModuleID: r.model.settings.ModuleID, Kind: kind, Key: key})
	if err != nil {
		return err
	}
	if err := refused(trace, want); err != nil || want != "" {
		r.came("refused ", want)
		return err
	}
	if err := same(response.(*dom.ManagerStoreCrudResponse).Objects, []dom.Object{r.model.objects[kind][key]}); err != nil {
		return err
	}
	r.model.deleted(kind, key)
	r.came("deleted ", key)
	return nil
}

// same compares objects as they were answered with those that they must be.
func same(got []slnet.Raw, want []dom.Object) error {
	for i := range max(len(got), len(want)) {
		switch {
		case i == len(got):
			return fmt.Errorf("%d objects, want %d: %s is missing, and what follows", len(got), len(want), want[i].Key())
		case i == len(want):
			return fmt.Errorf("%d objects, want %d: too many are %x, and what follows", len(got), len(want), got[i])
		}
		raw, err := dom.EncodeObject(want[i])
		if err != nil {
			return err
		}
		if !bytes.Equal(raw, got[i]) {
			o, err := dom.DecodeObject(want[i].Kind(), got[i])
			return fmt.Errorf("object %d is\n%+v, want\n%+v (%v)", i+1, o, want[i], err)
		}
	}
	return nil
}
