package dommanager_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// counted is a module whose instances have one section with a text and an
// AutoIncrement field.
type counted struct {
	*dom.DomHelper
	section      *dom.SectionDefinition
	definition   *dom.Definition
	text, number *dom.FieldDescriptor
}

// newCounted creates a module whose numbers have a format.
func newCounted(t testing.TB, conn slnet.Connection, format string) *counted {
	t.Helper()
	return newCountedWith(t, conn, dom.NewAutoIncrementFieldDescriptor("Number", format))
}

// newCountedWith creates a module with AutoIncrement fields.
func newCountedWith(t testing.TB, conn slnet.Connection, numbers ...*dom.FieldDescriptor) *counted {
	t.Helper()
	c := &counted{DomHelper: newHelper(t, conn), text: dom.NewFieldDescriptor("Text", dom.TypeString)}
	c.text.IsOptional = true
	if len(numbers) > 0 {
		c.number = numbers[0]
	}
	c.section = createSection(t, c.DomHelper, dom.NewSectionDefinition("Data", append(numbers, c.text)...))
	c.definition = createDefinition(t, c.DomHelper, dom.NewDefinition("Order",
		dom.SectionDefinitionLink{SectionDefinitionID: c.section.ID, AllowMultipleSections: true}))
	return c
}

// instance is a new instance with empty sections.
func (c *counted) instance(sections int) *dom.Instance {
	instance := dom.NewInstance(c.definition.ID)
	for range sections {
		instance.Sections = append(instance.Sections, dom.NewSection(c.section.ID))
	}
	return instance
}

// create creates an instance with one empty section.
func (c *counted) create(t testing.TB) *dom.Instance {
	t.Helper()
	return createInstance(t, c.DomHelper, c.instance(1))
}

func (c *counted) update(t testing.TB, instance *dom.Instance) *dom.Instance {
	t.Helper()
	updated, err := c.DomInstances.Update(t.Context(), instance)
	if err != nil {
		t.Fatal(err)
	}
	return updated
}

// wantNumbers compares the numbers in the sections of a stored instance; "" is
// none.
func (c *counted) wantNumbers(t testing.TB, instance *dom.Instance, want ...string) {
	t.Helper()
	for _, i := range []*dom.Instance{instance, readInstance(t, c.DomHelper, instance.ID)} {
		var got []string
		for _, s := range i.Sections {
			value, _ := s.GetFieldValueByID(c.number.ID)
			got = append(got, value.Text())
		}
		if !slices.Equal(got, want) {
			t.Errorf("numbers %q, want %q", got, want)
		}
	}
}

// wantCurrent compares the last number of the field's counter.
func (c *counted) wantCurrent(t testing.TB, want int64) {
	t.Helper()
	got, err := c.AutoIncrementers().Get(t.Context(), c.number.AutoIncrement.AutoIncrementerID)
	if err != nil || got != want {
		t.Errorf("the counter's last number is %d (%v), want %d", got, err, want)
	}
}

func (c *counted) setCurrent(t testing.TB, current int64) {
	t.Helper()
	if err := c.AutoIncrementers().Set(t.Context(), c.number.AutoIncrement.AutoIncrementerID, current); err != nil {
		t.Fatal(err)
	}
}

func (c *counted) wantInstances(t testing.TB, want int64) {
	t.Helper()
	if got, err := c.DomInstances.Count(t.Context(), dom.True()); err != nil || got != want {
		t.Errorf("%d instances (%v), want %d", got, err, want)
	}
}

// sharing returns an AutoIncrement field with the counter of another.
func sharing(fd *dom.FieldDescriptor, format string) *dom.FieldDescriptor {
	other := dom.NewAutoIncrementFieldDescriptor("Shared", format)
	other.AutoIncrement.AutoIncrementerID = fd.AutoIncrement.AutoIncrementerID
	return other
}

func TestAutoIncrement(t *testing.T) {
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		for _, row := range []struct{ row, format, want string }{
			{"INC-01", "Pre-{0}-Post", "Pre-10-Post"},
			{"INC-02", "REF-{0:000000}", "REF-000010"},
			{"INC-03", "ORDER-{0:D6}", "ORDER-000010"},
			{"INC-04", "", "10"},
		} {
			t.Run(row.row, func(t *testing.T) {
				c := newCounted(t, conn, row.format)
				c.setCurrent(t, 9)
				c.wantNumbers(t, c.create(t), row.want)
			})
		}
		t.Run("INC-06", func(t *testing.T) {
			c := newCounted(t, conn, "")
			c.wantCurrent(t, 0)
			c.wantNumbers(t, c.create(t), "1")
			c.wantCurrent(t, 1)
			c.wantNumbers(t, c.create(t), "2")
		})
		t.Run("INC-07", func(t *testing.T) {
			first := dom.NewAutoIncrementFieldDescriptor("First", "A{0}")
			c := newCountedWith(t, conn, first, sharing(first, "B{0}"))
			other := newCountedWith(t, conn, sharing(first, "C{0}"))
			c.wantNumbers(t, c.create(t), "A1")
			other.wantNumbers(t, other.create(t), "C3")
			c.wantNumbers(t, c.create(t), "A4")
			other.wantNumbers(t, other.create(t), "C6")
			other.wantCurrent(t, 6)
		})
		t.Run("INC-08", func(t *testing.T) {
			c := newCounted(t, conn, "N{0}")
			instance := c.create(t)
			instance.AddOrUpdateFieldValue(c.section.ID, c.text.ID, "changed")
			c.wantNumbers(t, c.update(t, instance), "N1")
			c.wantCurrent(t, 1)
		})
		t.Run("INC-09", func(t *testing.T) {
			c := newCountedWith(t, conn)
			instance := c.create(t)
			c.number = dom.NewAutoIncrementFieldDescriptor("Number", "N{0}")
			c.number.IsOptional = true
			c.section.AddOrReplaceFieldDescriptor(c.number)
			if _, err := c.SectionDefinitions.Update(t.Context(), c.section); err != nil {
				t.Fatal(err)
			}
			c.wantNumbers(t, instance, "")
			c.wantNumbers(t, c.update(t, instance), "N1")
		})
		t.Run("INC-10", func(t *testing.T) {
			c := newCounted(t, conn, "N{0}")
			instance := c.instance(1)
			instance.AddOrUpdateFieldValue(c.section.ID, c.number.ID, "mine")
			c.wantNumbers(t, createInstance(t, c.DomHelper, instance), "mine")
			c.wantCurrent(t, 0)
		})
		t.Run("INC-11", func(t *testing.T) {
			c := newCounted(t, conn, "N{0}")
			instance := createInstance(t, c.DomHelper, c.instance(2))
			c.wantNumbers(t, instance, "N1", "N2")
			instance.Sections = append(instance.Sections, dom.NewSection(c.section.ID))
			c.wantNumbers(t, c.update(t, instance), "N1", "N2", "N3")
		})
		t.Run("INC-12", func(t *testing.T) { testSetCounter(t, d, conn, open) })
		t.Run("INC-13", func(t *testing.T) {
			c := newCounted(t, conn, "N{0}")
			c.wantNumbers(t, c.create(t), "N1")
			invalid := c.instance(2)
			invalid.AddOrUpdateFieldValue(c.section.ID, dom.NewFieldDescriptorID(), "no such field")
			_, err := c.DomInstances.Create(t.Context(), invalid)
			wantReason(t, err, dom.InstanceError, dom.ErrFieldValueUsedInDomInstanceLinksToNonExistingFieldDescriptor)
			c.wantInstances(t, 1)
			c.wantCurrent(t, 1)
			second := c.create(t)
			c.wantNumbers(t, second, "N2")
			if err := c.DomInstances.Delete(t.Context(), second); err != nil {
				t.Fatal(err)
			}
			c.wantNumbers(t, c.create(t), "N3")
		})
		t.Run("INC-13 in bulk", func(t *testing.T) {
			c := newCounted(t, conn, "{0}")
			first, invalid, second := c.instance(1), c.instance(1), c.instance(1)
			invalid.AddOrUpdateFieldValue(c.section.ID, dom.NewFieldDescriptorID(), "no such field")
			_, err := c.DomInstances.CreateOrUpdate(t.Context(), []*dom.Instance{first, invalid, second})
			var failed *dom.BulkCrudFailedError
			if !errors.As(err, &failed) {
				t.Fatalf("bulk: %v", err)
			}
			c.wantInstances(t, 2)
			var numbers []string
			for _, id := range []dom.InstanceID{first.ID, second.ID, c.create(t).ID} {
				value, _ := readInstance(t, c.DomHelper, id).GetFieldValue(c.section.ID, c.number.ID)
				if value.Text() == "" || slices.Contains(numbers, value.Text()) {
					t.Errorf("after %q came %q", numbers, value.Text())
				}
				numbers = append(numbers, value.Text())
			}
		})
		t.Run("INC-14", func(t *testing.T) {
			c := newCounted(t, conn, "N{0}")
			if c.number.IsOptional {
				t.Fatal("the field is not required")
			}
			c.wantNumbers(t, c.create(t), "N1")
		})
		t.Run("SOF-09", func(t *testing.T) {
			number := dom.NewAutoIncrementFieldDescriptor("Number", "N{0}")
			number.IsSoftDeleted = true
			c := newCountedWith(t, conn, number)
			c.wantNumbers(t, c.create(t), "")
			c.wantCurrent(t, 0)
		})
		t.Run("the last number", func(t *testing.T) {
			c := newCounted(t, conn, "")
			c.setCurrent(t, math.MaxInt64-1)
			c.wantNumbers(t, c.create(t), strconv.FormatInt(math.MaxInt64, 10))
			_, err := c.DomInstances.Create(t.Context(), c.instance(1))
			got := wantReason(t, err, dom.ManagerStoreError, dom.ErrUnknown)
			if want := []uuid.UUID{uuid.UUID(c.number.ID)}; !slices.Equal(got.Properties.FieldDescriptorIDs, want) {
				t.Errorf("the error is about the fields %v, want %v", got.Properties.FieldDescriptorIDs, want)
			}
			c.wantInstances(t, 1)
			c.wantCurrent(t, math.MaxInt64)
		})
		t.Run("in a status", func(t *testing.T) { testNumberInStatus(t, conn) })
	})
}

// testSetCounter is row INC-12: the stored number is the last one handed out.
func testSetCounter(t *testing.T, d *daemontest.Daemon, conn slnet.Connection, open func(string) slnet.Connection) {
	c := newCounted(t, conn, "")
	c.setCurrent(t, 500)
	c.wantCurrent(t, 500)
	c.wantNumbers(t, c.create(t), "501")
	id := c.number.AutoIncrement.AutoIncrementerID

	ann := dom.NewDomHelper(open(d.User("ann")).SendSLNetMessages, c.ModuleID).AutoIncrementers()
	if err := ann.Set(t.Context(), id, 7); !errors.Is(err, dom.ErrNoPermission) {
		t.Errorf("set without the permission: %v", err)
	}
	if got, err := ann.Get(t.Context(), id); err != nil || got != 501 {
		t.Errorf("get without the permission: %d, %v", got, err)
	}
	if err := c.AutoIncrementers().Set(t.Context(), uuid.Nil, 7); !errors.Is(err, slnet.KindInvalid) {
		t.Errorf("set of no counter: %v", err)
	}
	c.wantCurrent(t, 501)
}

// testNumberInStatus: a field gets its number in the first status that links it.
func testNumberInStatus(t *testing.T, conn slnet.Connection) {
	c := newCounted(t, conn, "N{0}")
	b := dom.NewBehaviorDefinition("Life", dom.Status{ID: "draft", DisplayName: "Draft"}, dom.Status{ID: "active", DisplayName: "Active"})
	b.StatusTransitions = []dom.StatusTransition{{ID: "draft_to_active", FromStatusID: "draft", ToStatusID: "active"}}
	b.StatusSectionDefinitionLinks = []dom.StatusSectionDefinitionLink{
		{StatusID: "draft", SectionDefinitionID: c.section.ID, FieldDescriptorLinks: []dom.FieldDescriptorLink{{FieldDescriptorID: c.text.ID}}},
		{StatusID: "active", SectionDefinitionID: c.section.ID, FieldDescriptorLinks: []dom.FieldDescriptorLink{
			{FieldDescriptorID: c.text.ID}, {FieldDescriptorID: c.number.ID, ReadOnly: true},
		}},
	}
	createBehavior(t, c.DomHelper, b)
	c.definition = dom.NewDefinition("Life", dom.SectionDefinitionLink{SectionDefinitionID: c.section.ID})
	c.definition.DomBehaviorDefinitionID = b.ID
	createDefinition(t, c.DomHelper, c.definition)

	instance := c.create(t)
	c.wantNumbers(t, instance, "")
	c.wantCurrent(t, 0)
	instance.AddOrUpdateFieldValue(c.section.ID, c.text.ID, "changed")
	c.wantNumbers(t, c.update(t, instance), "")
	moved, err := c.DomInstances.DoStatusTransition(t.Context(), instance.ID, "draft_to_active")
	if err != nil {
		t.Fatal(err)
	}
	c.wantNumbers(t, moved, "N1")

	active := c.instance(1)
	active.StatusID = "active"
	c.wantNumbers(t, createInstance(t, c.DomHelper, active), "N2")
}

// TestAutoIncrementInParallel: eight clients create instances in two modules
// with two fields each, all of one counter. Every number is handed out once, and
// none is left out (row INC-07).
func TestAutoIncrementInParallel(t *testing.T) {
	const clients, creates = 8, 20
	daemontest.EachDoor(t, func(t *testing.T, d *daemontest.Daemon, open func(string) slnet.Connection) {
		conn := open(d.Token())
		counter := dom.NewAutoIncrementFieldDescriptor("First", "")
		modules := []*counted{
			newCountedWith(t, conn, sharing(counter, ""), sharing(counter, "")),
			newCountedWith(t, conn, sharing(counter, ""), sharing(counter, "")),
		}
		numbers := make([][]string, clients)
		var wg sync.WaitGroup
		for i := range clients {
			wg.Go(func() {
				for n := range creates {
					c := modules[(i+n)%len(modules)]
					instance, err := c.DomInstances.Create(t.Context(), c.instance(1))
					if err != nil {
						t.Errorf("client %d: %v", i, err)
						return
					}
					for _, v := range instance.Sections[0].FieldValues {
						numbers[i] = append(numbers[i], v.Value.Text())
					}
				}
			})
		}
		wg.Wait()
		seen := make(map[string]bool)
		for _, number := range slices.Concat(numbers...) {
			if seen[number] {
				t.Errorf("%s was handed out twice", number)
			}
			seen[number] = true
		}
		for n := 1; n <= clients*creates*2; n++ {
			if !seen[fmt.Sprint(n)] {
				t.Errorf("%d was left out", n)
			}
		}
	})
}
