package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/stress"
	"domovoi.dev/runtime"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

// dump is what a store holds, but for the audit, which lists what is refused in a
// dry run too, and for what records the runs themselves.
func dump(t *testing.T, store kv.Store) map[string]string {
	t.Helper()
	all := make(map[string]string)
	err := store.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.Range{})
		defer it.Close()
		for it.Next() {
			key := string(it.Key())
			isRun := strings.HasPrefix(key, "t\x02run") || key[0] == 'f' && bytes.Contains(it.Value(), []byte("RunChangedEventMessage"))
			if key[0] != 'u' && !isRun {
				all[key] = string(it.Value())
			}
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func wantSameDump(t *testing.T, before, after map[string]string) {
	t.Helper()
	for key, value := range after {
		if was, ok := before[key]; !ok || was != value {
			t.Errorf("a dry run left %q = %q, it was %q", key, value, was)
		}
	}
	for key := range before {
		if _, ok := after[key]; !ok {
			t.Errorf("a dry run removed %q", key)
		}
	}
}

// switching is a connection whose first messages go to a daemon, and those after
// to what replaces it.
type switching struct {
	to    func() slnet.Connection
	count func()
}

func (s switching) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	s.count()
	return s.to().SendSLNetMessages(ctx, messages...)
}

func (s switching) Subscribe(ctx context.Context, subscription slnet.Subscription) (*slnet.EventStream, error) {
	return s.to().Subscribe(ctx, subscription)
}

// TestDryRunEqualsReality sends random messages of three users to a daemon, and
// the same to another where a part of them goes to a dry run: the answers are the
// same, the diff is the difference between the store and the dry run, and the
// store does not change by it.
func TestDryRunEqualsReality(t *testing.T) {
	seed, n := stress.Seed(0), 200
	if stress.Long() {
		n = 5000
	}
	t.Logf("seed %d", seed)
	for name, open := range map[string]func() kv.Store{
		"pebble": func() kv.Store { return daemontest.MemoryStore(t) },
		"memory": func() kv.Store { return memkv.New() },
	} {
		t.Run(name, func(t *testing.T) {
			want, _ := runPartlyDry(t, open(), seed, n, -1)
			got, dryRun := runPartlyDry(t, open(), seed, n, n)
			if !slices.Equal(got, want) {
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("seed %d: operation %d led to\n%s\nand in a dry run to\n%s", seed, i+1, want[i], got[i])
					}
				}
			}
			dryRun()
		})
	}
}

// runPartlyDry runs operations on a daemon, from a number of messages on in a dry
// run. It returns what they led to, and what checks the dry run and ends it.
func runPartlyDry(t *testing.T, store kv.Store, seed uint64, operations, after int) (lines []string, finish func()) {
	t.Helper()
	d := daemontest.StartOn(t, t.TempDir(), store)
	tokens, err := stress.Users(t.Context(), d.Administrator())
	if err != nil {
		t.Fatal(err)
	}
	world := &stress.World{Connections: make(map[string]slnet.Connection), Check: stress.CheckWith(t.Context(), d.Administrator())}
	var dry *runtime.Rehearsal
	var before map[string]string
	sent := 0
	count := func() {
		if sent++; sent == after {
			before = dump(t, store)
			if dry, err = d.OpenDryRun(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	}
	for user, token := range tokens {
		real := d.As(token)
		world.Connections[user] = switching{count: count, to: func() slnet.Connection {
			if dry == nil {
				return real
			}
			c, err := dry.As(t.Context(), token)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}}
	}
	lines, err = stress.Run(t.Context(), world, seed, "m0", stress.Operations(operations))
	if err != nil {
		t.Fatalf("seed %d: %v", seed, err)
	}
	return lines, func() {
		t.Helper()
		if dry == nil {
			t.Fatalf("seed %d: %d operations sent %d messages, none of them in a dry run", seed, operations, sent)
		}
		check, err := dry.Check(t.Context(), d.Token())
		if err != nil || len(check.Problems) > 0 {
			t.Errorf("the store of the dry run is not sound: %v %s", err, strings.Join(check.Problems, "\n"))
		}
		inside, err := dry.As(t.Context(), d.Token())
		if err != nil {
			t.Fatal(err)
		}
		wantDifference(t, dry, d.Administrator(), inside)
		wantSameDump(t, before, dump(t, store))
		if err := dry.Close(); err != nil {
			t.Error(err)
		}
		wantSameDump(t, before, dump(t, store))
	}
}

// wantDifference compares the diff of a dry run with the difference of what can be
// read within it and without.
func wantDifference(t *testing.T, dry *runtime.Rehearsal, outside, inside slnet.Connection) {
	t.Helper()
	read := func(c slnet.Connection) map[string]string {
		objects := make(map[string]string)
		for _, kind := range dom.ObjectKinds() {
			response := daemontest.Send[*dom.ManagerStoreCrudResponse](t, c, &dom.ManagerStoreReadRequest{ModuleID: "m0", Kind: kind, Query: dom.NewQuery(dom.True())})
			for _, raw := range response.Objects {
				o, err := dom.DecodeObject(kind, raw)
				if err != nil {
					t.Fatal(err)
				}
				objects[string(kind)+" "+o.Key()] = string(raw)
			}
		}
		return objects
	}
	before, after := read(outside), read(inside)
	changes, err := dry.Changes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if changes.Total != int64(len(changes.Objects)) || changes.Total == 0 {
		t.Errorf("%d objects of %d", len(changes.Objects), changes.Total)
	}
	told := make(map[string]bool)
	for _, c := range changes.Objects {
		at := c.Kind + " " + c.Key
		if told[at] || before[at] != string(c.Before) || after[at] != string(c.After) || before[at] == after[at] && len(c.Files) == 0 {
			t.Errorf("%s: told before %x, after %x; really %x, %x", at, c.Before, c.After, before[at], after[at])
		}
		told[at] = true
	}
	for _, objects := range []map[string]string{before, after} {
		for at := range objects {
			if before[at] != after[at] && !told[at] {
				t.Errorf("%s differs and is not told", at)
			}
		}
	}
}

// shop is a module with one kind of instance: a thing with a price and a number.
type shop struct {
	section      *dom.SectionDefinition
	definition   *dom.Definition
	price, label dom.FieldDescriptorID
}

func newShop(t *testing.T, admin slnet.Connection) *shop {
	t.Helper()
	s := &shop{price: dom.NewFieldDescriptorID(), label: dom.NewFieldDescriptorID()}
	_, err := dom.NewModuleSettingsHelper(admin.SendSLNetMessages).ModuleSettings.Create(t.Context(), &dom.ModuleSettings{ModuleID: "shop"})
	helper := dom.NewDomHelper(admin.SendSLNetMessages, "shop")
	s.section = &dom.SectionDefinition{ID: dom.NewSectionDefinitionID(), Name: "Offer", FieldDescriptors: []*dom.FieldDescriptor{
		{ID: s.label, Name: "Label", FieldType: dom.TypeString, IsOptional: true},
		{ID: s.price, Name: "Price", FieldType: dom.TypeLong, IsOptional: true},
	}}
	if err == nil {
		_, err = helper.SectionDefinitions.Create(t.Context(), s.section)
	}
	s.definition = &dom.Definition{ID: dom.NewDefinitionID(), Name: "Thing", SectionDefinitionLinks: []dom.SectionDefinitionLink{{SectionDefinitionID: s.section.ID}}}
	if err == nil {
		_, err = helper.DomDefinitions.Create(t.Context(), s.definition)
	}
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shop) thing(label string, price int64) *dom.Instance {
	i := dom.NewInstance(s.definition.ID)
	i.AddOrUpdateFieldValue(s.section.ID, s.label, label)
	i.AddOrUpdateFieldValue(s.section.ID, s.price, price)
	return i
}

func (s *shop) create(t *testing.T, c slnet.Connection, i *dom.Instance) *dom.Instance {
	t.Helper()
	stored, err := dom.NewDomHelper(c.SendSLNetMessages, "shop").DomInstances.Create(t.Context(), i)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

func (s *shop) count(t *testing.T, c slnet.Connection) int64 {
	t.Helper()
	n, err := dom.NewDomHelper(c.SendSLNetMessages, "shop").DomInstances.Count(t.Context(), dom.True())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestDryRun tells the story of dry runs, each message sent by a script.
func TestDryRun(t *testing.T) {
	store := daemontest.MemoryStore(t)
	d := daemontest.StartOn(t, t.TempDir(), store)
	admin := d.Administrator()
	s := newShop(t, admin)
	old := s.create(t, admin, s.thing("old", 1))
	gone := s.create(t, admin, s.thing("gone", 2))
	daemontest.Send[*slnet.Empty](t, admin, &dom.AttachmentAddRequest{ModuleID: "shop", DomInstanceID: old.ID, FileName: "a.txt", Data: []byte("real")})
	ann := d.User("ann")
	daemontest.Deploy(t, admin, "child", childThatCreates(s))

	t.Run("changes are seen inside, told, and not stored", func(t *testing.T) {
		events, err := admin.Subscribe(t.Context(), slnet.Subscription{Events: []string{dom.ChangedEventName(dom.KindInstance), "InformationEventMessage"}})
		if err != nil {
			t.Fatal(err)
		}
		inside, end := d.InDryRun(d.Token())
		before := dump(t, store)
		own, err := inside.Subscribe(t.Context(), slnet.Subscription{Events: []string{dom.ChangedEventName(dom.KindInstance)}})
		if err != nil {
			t.Fatal(err)
		}
		helper := dom.NewDomHelper(inside.SendSLNetMessages, "shop")
		created := s.create(t, inside, s.thing("new", 3))
		if e, err := own.Next(t.Context()); err != nil || len(e.Message.(*dom.ObjectsChangedEventMessage).Created) != 1 {
			t.Errorf("its own event: %+v %v", e, err)
		}
		own.Close()
		changed := s.thing("old", 10)
		changed.ID, changed.Sections[0].ID = old.ID, old.Sections[0].ID
		if _, err := helper.DomInstances.Update(t.Context(), changed); err != nil {
			t.Fatal(err)
		}
		if err := helper.DomInstances.Delete(t.Context(), gone); err != nil {
			t.Fatal(err)
		}
		daemontest.Send[*slnet.Empty](t, inside, &dom.AttachmentDeleteRequest{ModuleID: "shop", DomInstanceID: old.ID, FileName: "a.txt"})
		daemontest.Send[*slnet.Empty](t, inside, &dom.AttachmentAddRequest{ModuleID: "shop", DomInstanceID: old.ID, FileName: "b.txt", Data: []byte("dry")})
		if got := daemontest.Send[*dom.AttachmentResponse](t, inside, &dom.AttachmentGetRequest{ModuleID: "shop", DomInstanceID: old.ID, FileName: "b.txt"}); string(got.Data) != "dry" {
			t.Errorf("the new attachment is %q", got.Data)
		}
		daemontest.Send[*slnet.Empty](t, inside, &slnet.GenerateInformationMessage{Text: "done"})
		if n := s.count(t, inside); n != 2 {
			t.Errorf("%d instances inside, want 2", n)
		}
		if n := s.count(t, d.As(ann)); n != 2 {
			t.Errorf("%d instances outside, want 2", n)
		}
		child := daemontest.Send[*slnet.RunResponse](t, inside, &slnet.ExecuteScriptMessage{ScriptName: "child"}).Run
		if child.State != slnet.RunSucceeded || !child.DryRun || child.Output["dry"] != "true" || s.count(t, inside) != 3 {
			t.Errorf("the script it started: %+v", child)
		}
		wantSameDump(t, before, dump(t, store))
		if again := s.create(t, admin, s.thing("meanwhile", 4)); s.count(t, inside) != 3 {
			t.Errorf("what is stored meanwhile is seen: %v", again.ID)
		}
		// What else is stored by a script is refused, what is read is told.
		for _, m := range []slnet.Message{&slnet.CreateUserMessage{Name: "eve"}, &slnet.CreateTokenMessage{}, &slnet.DeployScriptMessage{Name: "x"},
			&slnet.CancelRunMessage{ID: daemontest.Execute(t, admin, "child").ID}} {
			_, err := slnet.Send1(t.Context(), inside.SendSLNetMessages, m)
			if !errors.Is(err, slnet.KindConflict) {
				t.Errorf("%s: %v", m.MessageName(), err)
			}
		}
		if daemontest.Send[*slnet.WhoAmIResponse](t, inside, &slnet.WhoAmIMessage{}).User.Name != slnet.AdministratorName {
			t.Error("somebody else")
		}
		run := end()
		if run.State != slnet.RunSucceeded || !run.DryRun {
			t.Errorf("%+v", run)
		}
		response := daemontest.Send[*dom.RunChangesResponse](t, admin, &dom.GetRunChangesMessage{RunID: run.ID})
		var got []string
		for _, c := range response.Changes {
			text := fmt.Sprint(c.CrudType, " ", c.Key)
			for _, section := range c.Sections {
				for _, f := range section.Fields {
					text += fmt.Sprintf(" %s.%s %v>%v", section.Name, f.Name, f.ValueBefore, f.ValueAfter)
				}
			}
			for _, a := range c.Attachments {
				text += fmt.Sprintf(" %v %s %d", a.CrudType, a.FileName, a.Size)
			}
			got = append(got, text)
		}
		want := []string{
			fmt.Sprintf("Create %v Offer.Label <nil>>new Offer.Price <nil>>3", created.ID),
			fmt.Sprintf("Update %v Offer.Price 1>10 Delete a.txt 4 Create b.txt 3", old.ID),
			fmt.Sprintf("Delete %v Offer.Label gone><nil> Offer.Price 2><nil>", gone.ID),
			fmt.Sprintf("Create %v Offer.Label <nil>>child Offer.Price <nil>>5", child.Output["id"]),
		}
		if !slices.Equal(got, want) || len(response.Information) != 1 || response.Information[0].Text != "done" {
			t.Errorf("got\n%s\nwant\n%s\nand %v", strings.Join(got, "\n"), strings.Join(want, "\n"), response.Information)
		}
		if _, err := slnet.Send1(t.Context(), d.As(ann).SendSLNetMessages, &dom.GetRunChangesMessage{RunID: run.ID}); !errors.Is(err, slnet.KindNotFound) {
			t.Errorf("the changes of another's run: %v", err)
		}
		for _, id := range []uuid.UUID{child.ID, daemontest.Execute(t, admin, "child").ID} {
			if _, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &dom.GetRunChangesMessage{RunID: id}); !errors.Is(err, slnet.KindInvalid) {
				t.Errorf("the changes of run %s: %v", id, err)
			}
		}
		wantOnly(t, events, "meanwhile")
	})

	t.Run("two at once do not see each other", func(t *testing.T) {
		one, endOne := d.InDryRun(d.Token())
		two, endTwo := d.InDryRun(d.Token())
		was := s.count(t, two)
		s.create(t, one, s.thing("one", 1))
		if s.count(t, one) != was+1 || s.count(t, two) != was {
			t.Errorf("%d and %d instances, there were %d", s.count(t, one), s.count(t, two), was)
		}
		endOne()
		s.create(t, two, s.thing("two", 1)) // it goes on
		if run := endTwo(); run.State != slnet.RunSucceeded || s.count(t, admin) != was {
			t.Errorf("%s, %d instances", run.State, s.count(t, admin))
		}
	})

	t.Run("the rights are those of the caller", func(t *testing.T) {
		inside, end := d.InDryRun(ann)
		if err := dom.NewDomHelper(inside.SendSLNetMessages, "shop").DomDefinitions.Delete(t.Context(), s.definition); err == nil ||
			slnet.TraceDataOf(err).ErrorData[0].Reason != dom.ErrNoPermission {
			t.Errorf("ann deletes a definition: %v", err)
		}
		if _, err := slnet.Send1(t.Context(), inside.SendSLNetMessages, &slnet.GetUsersMessage{}); !errors.Is(err, slnet.KindPermissionDenied) {
			t.Errorf("ann lists users: %v", err)
		}
		s.create(t, inside, s.thing("ann's", 1))
		run := end()
		if c := daemontest.Send[*dom.RunChangesResponse](t, d.As(ann), &dom.GetRunChangesMessage{RunID: run.ID}); len(c.Changes) != 1 || c.Total != 1 {
			t.Errorf("%+v", c)
		}
	})

	t.Run("who may not read an instance is not told of its change", func(t *testing.T) {
		inside, end := d.InDryRun(d.Token())
		s.create(t, inside, s.thing("secret", 1))
		run := end()
		viewer := d.As(d.User("viewer", slnet.PermissionAutomationViewRuns))
		ask := func() *dom.RunChangesResponse {
			return daemontest.Send[*dom.RunChangesResponse](t, viewer, &dom.GetRunChangesMessage{RunID: run.ID})
		}
		if c := ask(); len(c.Changes) != 1 || c.Hidden != 0 {
			t.Errorf("before it is restricted: %+v", c)
		}
		settings := dom.NewModuleSettingsHelper(admin.SendSLNetMessages).ModuleSettings
		list, err := settings.Read(t.Context(), dom.ModuleSettingsExposers.ModuleID.Equal("shop"))
		if err != nil {
			t.Fatal(err)
		}
		list[0].DomManagerSettings.SecuritySettings.ViewPermissions = dom.PermissionPlmDeleteDomInstances
		if _, err := settings.Update(t.Context(), list[0]); err != nil {
			t.Fatal(err)
		}
		daemontest.Send[*slnet.Empty](t, admin, &dom.ReinitializeManagerMessage{ModuleID: "shop"})
		if c := ask(); len(c.Changes) != 0 || c.Hidden != 1 || c.Total != 1 {
			t.Errorf("after: %+v", c)
		}
	})

	t.Run("what is too much is refused", func(t *testing.T) {
		dry, err := d.OpenDryRun(t.Context()) // without a process, which only takes time
		if err != nil {
			t.Fatal(err)
		}
		inside, err := dry.As(t.Context(), d.Token())
		if err != nil {
			t.Fatal(err)
		}
		thing := s.create(t, inside, s.thing("large", 1))
		for i := 0; i < 5 && err == nil; i++ {
			_, err = slnet.Send1(t.Context(), inside.SendSLNetMessages, &dom.AttachmentAddRequest{
				ModuleID: "shop", DomInstanceID: thing.ID, FileName: fmt.Sprint(i), Data: bytes.Repeat([]byte{byte(i)}, 15<<20)})
		}
		if !errors.Is(err, slnet.KindTooLarge) || !strings.Contains(err.Error(), "64 MiB") {
			t.Errorf("75 MiB of attachments: %v", err)
		}
		if err := dry.Close(); err != nil {
			t.Error(err)
		}
	})

	t.Run("there are four at a time, and their snapshots are let go of", func(t *testing.T) {
		info := func() *slnet.StoreInfo {
			s.create(t, admin, s.thing("one more", 1)) // snapshots nobody uses are closed with the next commit
			return daemontest.Send[*slnet.SystemInfoResponse](t, admin, &slnet.GetSystemInfoMessage{}).Store
		}
		idle := info().Snapshots
		var ends []func() slnet.Run
		for range 4 {
			_, end := d.InDryRun(d.Token())
			ends = append(ends, end)
			s.create(t, admin, s.thing("between", 1))
		}
		if got := info().Snapshots; got < idle+3 {
			t.Errorf("%d snapshots with four dry runs, %d without", got, idle)
		}
		_, err := slnet.Send1(t.Context(), admin.SendSLNetMessages, &slnet.ExecuteScriptMessage{ScriptName: "child", DryRun: true})
		if !errors.Is(err, slnet.KindUnavailable) || !strings.Contains(err.Error(), "4 dry runs") {
			t.Errorf("a fifth: %v", err)
		}
		for i, end := range ends {
			if i == 3 { // cancelled, it lets go too
				runs := daemontest.Send[*slnet.RunsResponse](t, admin, &slnet.GetRunsMessage{}).Runs
				daemontest.Send[*slnet.RunResponse](t, admin, &slnet.CancelRunMessage{ID: runs[0].ID})
			}
			if run := end(); !run.State.Ended() {
				t.Errorf("run %d: %s", i, run.State)
			}
		}
		let := false
		for i := 0; i < 1000 && !let; i++ {
			let = info().Snapshots <= idle
		}
		if !let {
			t.Errorf("%d snapshots after the dry runs, %d before", info().Snapshots, idle)
		}
		run := daemontest.Send[*slnet.RunResponse](t, admin, &slnet.ExecuteScriptMessage{ScriptName: "child", DryRun: true}).Run
		if run.State != slnet.RunSucceeded {
			t.Errorf("one more: %+v", run)
		}
	})

	t.Run("scripts it does not wait for belong to it", func(t *testing.T) {
		inside, end := d.InDryRun(d.Token())
		child := daemontest.Send[*slnet.RunResponse](t, inside, &slnet.ExecuteScriptMessage{ScriptName: "child", Async: true}).Run
		run := end()
		child = daemontest.Send[*slnet.RunResponse](t, admin, &slnet.GetRunMessage{ID: child.ID}).Run
		changes := daemontest.Send[*dom.RunChangesResponse](t, admin, &dom.GetRunChangesMessage{RunID: run.ID})
		if !child.DryRun || child.State != slnet.RunSucceeded || len(changes.Changes) != 1 || changes.Changes[0].Key != child.Output["id"] {
			t.Errorf("%+v\n%+v", child, changes)
		}
	})
}

// wantOnly looks at the events of a subscription up to the creation of an
// instance, which must be the first.
func wantOnly(t *testing.T, events *slnet.EventStream, label string) {
	t.Helper()
	defer events.Close()
	e, err := events.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	message, ok := e.Message.(*dom.ObjectsChangedEventMessage)
	if !ok || len(message.Created) != 1 || !bytes.Contains(message.Created[0], []byte(label)) {
		t.Errorf("the first event outside is %+v", e.Message)
	}
}

// childThatCreates is a script that creates a thing.
func childThatCreates(s *shop) string {
	return fmt.Sprintf(`package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	section, _ := dom.ParseSectionDefinitionID(%q)
	definition, _ := dom.ParseDefinitionID(%q)
	label, _ := dom.ParseFieldDescriptorID(%q)
	price, _ := dom.ParseFieldDescriptorID(%q)
	thing := dom.NewInstance(definition)
	thing.AddOrUpdateFieldValue(section, label, "child")
	thing.AddOrUpdateFieldValue(section, price, int64(5))
	stored, err := dom.NewDomHelper(engine.SendSLNetMessages, "shop").DomInstances.Create(ctx, thing)
	if err != nil {
		return err
	}
	engine.AddOrUpdateScriptOutput("id", stored.ID.String())
	engine.AddOrUpdateScriptOutput("dry", fmt.Sprint(engine.Run().DryRun))
	return nil
}
`, s.section.ID, s.definition.ID, s.label, s.price)
}
