package storage

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

func TestGrams(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "a": "", "ab": "", "éü": "", "abc": "abc", "éüß": "éüß", "abcd": "abc bcd", "aé\x00üb": "aé\x00 é\x00ü \x00üb", "aaaa": "aaa aaa",
	} {
		var got []string
		eachGram(text, func(gram string) { got = append(got, gram) })
		if strings.Join(got, " ") != want {
			t.Errorf("grams of %q are %q, want %q", text, got, want)
		}
	}
}

// setTexts fills the text index of fieldText.
func setTexts(t *testing.T, store *Store, texts ...dom.FieldDescriptorID) {
	t.Helper()
	if err := store.SetIndexedFields(t.Context(), testModule, nil, texts); err != nil {
		t.Fatal(err)
	}
	if err := store.WaitIndexed(t.Context(), testModule); err != nil {
		t.Fatal(err)
	}
}

// Contains is answered by the text index, also of texts that the index of values
// cuts, and looks at few objects.
func TestContainsByTextIndex(t *testing.T) {
	store, engine := openTest(t)
	update(t, store, func(tx *Tx) error {
		for n := range 300 {
			o := testInstance(n, tx.Now())
			o.AddOrUpdateFieldValue(testSection, fieldText, fmt.Sprintf("%s number %03d, SOME ÜBER", strings.Repeat("x", n%100), n))
			if n == 150 {
				o.AddOrUpdateFieldValue(testSection, fieldText, []string{"other", "OverSIGHT number 150"})
			}
			if _, err := tx.Insert(testModule, o); err != nil {
				return err
			}
		}
		return nil
	})
	tests := []struct {
		text     string
		returned int64
		plan     string // with the text index
		objects  int64  // at most
	}{
		{"number 123", 1, "of the texts of FieldValue", 10},
		{"oversight", 1, "of the texts of FieldValue", 1},
		{"nowhere", 0, "0 ids", 0},
		{"R 29", 10, "of the texts of FieldValue", 20},
		{"some über", 299, "every text", 300},
		{"99", 3, "every text", 300},
	}
	for _, texts := range []bool{false, true} {
		if texts {
			setTexts(t, store, fieldText)
		}
		for _, test := range tests {
			query, want := dom.NewQuery(dom.InstanceExposers.FieldValue(fieldText).Contains(test.text)), test.plan
			if !texts {
				want = "every text"
			}
			err := store.View(t.Context(), func(r *Reader) error {
				got, err := r.Explain(t.Context(), Search{Kind: dom.KindInstance, ModuleID: testModule, Query: query})
				if plan := strings.Join(got.Plan, "; "); got.Returned != test.returned || !strings.Contains(plan, want) || texts && got.Objects > test.objects {
					t.Errorf("%q, with a text index %v: %d returned of %d looked at by %q, want %d of at most %d by %q",
						test.text, texts, got.Returned, got.Objects, plan, test.returned, test.objects, want)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
	setTexts(t, store)
	if n := countEntries(t, engine, indexPrefix(dom.KindInstance, testModule, indexTexts)); n != 0 {
		t.Errorf("%d entries are left of a text index that is not wanted any more", n)
	}
}

// While a text index is being filled the other indexes stay in use, and a count
// that one gram decides needs no object once it is there.
func TestTextIndexIsFilledBesideOthers(t *testing.T) {
	store, _ := openTest(t)
	insertMany(t, store, 3*fillObjects)
	update(t, store, func(tx *Tx) error {
		_, err := tx.changeIndexes(testModule, newFieldSet(nil, []dom.FieldDescriptorID{fieldText}))
		return err
	})
	explained := func(filter dom.Filter, want string) {
		t.Helper()
		err := store.View(t.Context(), func(r *Reader) error {
			got, err := r.Explain(t.Context(), Search{Kind: dom.KindInstance, ModuleID: testModule, Query: dom.NewQuery(filter)})
			if plan := strings.Join(got.Plan, "; "); !strings.Contains(plan, want) {
				t.Errorf("%s by %q, want %q", describeFilter(filter), plan, want)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	explained(dom.InstanceExposers.FieldValue(fieldText).Equal("text 7"), "6 ids of index FieldValue")
	explained(dom.InstanceExposers.FieldValue(fieldText).Contains("t 7"), "every text")
	setTexts(t, store, fieldText)
	explained(dom.InstanceExposers.FieldValue(fieldText).Contains("t 7"), "of the texts of")
	err := store.View(t.Context(), func(r *Reader) error {
		q, err := r.newSearch(t.Context(), dom.KindInstance, testModule, dom.NewQuery(dom.InstanceExposers.FieldValue(fieldText).Contains("T 7")))
		if err != nil {
			return err
		}
		n, err := q.count()
		if n != 66 || q.work.Objects != 0 {
			t.Errorf("counted %d, with %d objects looked at, want 66 of none", n, q.work.Objects)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Check finds entries of a text index that are missing, wrong or left over.
func TestCheckOfTextIndex(t *testing.T) {
	store, engine := openTest(t)
	list := insertMany(t, store, 2)
	setTexts(t, store, fieldText)
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Fatal(problems)
	}
	entry := func(gram string) []byte { return appendGuid(gramPrefix(testModule, fieldText, gram), list[0].ID) }
	_, err := engine.Update(t.Context(), func(tx kv.Tx) error {
		for _, gram := range []string{"zzz", "te", "Tex"} {
			if err := tx.Set(entry(gram), nil); err != nil {
				return err
			}
		}
		return tx.Delete(entry("tex"))
	})
	if err != nil {
		t.Fatal(err)
	}
	if problems := checkProblems(t, store); len(problems) != 4 {
		t.Errorf("the problems are %q, want 4", problems)
	}
}

// A store from before there were text indexes keeps its index states.
func TestFormatTwoIsUpgraded(t *testing.T) {
	engine := memkv.New()
	store := openOn(t, kept{engine})
	if err := store.SetIndexedFields(t.Context(), testModule, []dom.FieldDescriptorID{fieldNumber}, nil); err != nil {
		t.Fatal(err)
	}
	insertMany(t, store, 10)
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	_, err := engine.Update(t.Context(), func(tx kv.Tx) error {
		state, err := tx.Get(indexStateKey(testModule))
		if err != nil {
			return err
		}
		state = append([]byte{hadFive}, state[1:len(state)-len(noTexts)-len(noSeveral)]...)
		if err := tx.Set(indexStateKey(testModule), state); err != nil {
			return err
		}
		if err := tx.Set(fillKey("another"), []byte("a key")); err != nil {
			return err
		}
		return tx.Set(metaFormatKey, binary.BigEndian.AppendUint32(nil, formatNoTexts))
	})
	if err != nil {
		t.Fatal(err)
	}
	store = openOn(t, engine)
	defer store.Close()
	if problems := checkProblems(t, store); len(problems) > 0 {
		t.Error(problems)
	}
	err = store.View(t.Context(), func(r *Reader) error {
		state, err := r.indexState(testModule)
		if !state.want.equal(newFieldSet([]dom.FieldDescriptorID{fieldNumber}, nil)) {
			t.Errorf("the indexes are %+v after the upgrade", state)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Contains by text indexes gives what brute force gives, for texts of few
// characters, which have many grams in common: short and long ones, in lists and
// in several sections.
func TestContainsByTextIndexEqualsBruteForce(t *testing.T) {
	text := func(t *rapid.T, most int) string {
		return rapid.StringOfN(rapid.SampledFrom([]rune("aAbéÉ")), 0, most, -1).Draw(t, "text")
	}
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		defer w.store.Close()
		field := w.fields[0]
		values := rapid.SampledFrom([][]dom.FieldDescriptorID{nil, w.fields[1:2]}).Draw(t, "indexed")
		if err := w.store.SetIndexedFields(t.Context(), worldModule, values, w.fields[:1]); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(1, 20).Draw(t, "instances") {
			o := &dom.Instance{ID: w.newID(), DomDefinitionID: w.definitions[0]}
			for range rapid.IntRange(1, 2).Draw(t, "sections") {
				s := dom.NewSection(w.sections[0])
				if rapid.Bool().Draw(t, "list") {
					s.AddOrReplaceFieldValue(field, []string{text(t, 8), text(t, 8)})
				} else {
					s.AddOrReplaceFieldValue(field, text(t, rapid.SampledFrom([]int{8, 200}).Draw(t, "length")))
				}
				o.Sections = append(o.Sections, s)
			}
			w.instances[o.ID] = o
			if _, err := w.store.Update(t.Context(), Origin{}, func(tx *Tx) error {
				_, err := tx.Insert(worldModule, o)
				return err
			}); err != nil {
				t.Fatal(err)
			}
		}
		err := w.store.View(t.Context(), func(r *Reader) error {
			for range 5 {
				f := dom.InstanceExposers.FieldValue(field).Contains(text(t, 6))
				f.IsOrdinal = rapid.IntRange(0, 3).Draw(t, "ordinal") == 0
				w.compare(r, dom.NewQuery(f))
				w.compare(r, dom.NewQuery(f.And(w.leaf())))
				w.compare(r, dom.NewQuery(dom.Not(f)))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.check()
	})
}
