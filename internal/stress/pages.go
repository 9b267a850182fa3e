package stress

import (
	"fmt"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/filtertext"
	"domovoi.dev/sdk/slnet"
)

// maxPages is how many pages are read of a query while instances are changed: a
// client that moves what it reads to behind the page may find no end.
const maxPages = 200

// eachPage reads what a query selects in pages of a size and calls fn with each,
// until that returns false or there are no more.
func (r *run) eachPage(user string, kind dom.ObjectKind, query dom.Query, size int, fn func(page []slnet.Raw) (bool, error)) error {
	request := &dom.ManagerStorePagingRequest{ModuleID: r.model.settings.ModuleID, Kind: kind, Query: query, PageSize: size}
	for {
		response, trace, err := r.ask(user, request)
		if err != nil {
			return err
		}
		if err := refused(trace, ""); err != nil {
			return err
		}
		page := response.(*dom.ManagerStorePagingResponse)
		if len(page.Objects) > size || page.Cursor != "" && len(page.Objects) < size {
			return fmt.Errorf("a page of %d objects, want %d (there are more: %v)", len(page.Objects), size, page.Cursor != "")
		}
		if more, err := fn(page.Objects); err != nil || !more || page.Cursor == "" {
			return err
		}
		request.Cursor = page.Cursor
	}
}

// readPages reads what a query selects in pages and compares. They have what one
// answer has, in its order.
func (r *run) readPages(user string, s *subject, query dom.Query) error {
	size := 1 + r.random.IntN(9)
	r.say("%s reads %s in pages of %d: %s", user, s.kind, size, describeQuery(query))
	var got []slnet.Raw
	err := r.eachPage(user, s.kind, query, size, func(page []slnet.Raw) (bool, error) {
		got = append(got, page...)
		return true, nil
	})
	if err != nil {
		return err
	}
	want := r.model.selected(s.kind, query)
	r.came(len(want))
	if s.kind == dom.KindHistoryChange {
		return sameHistory(got, want)
	}
	return same(got, want)
}

// readPagesMeanwhile reads instances in pages while instances are changed. What
// is not changed comes exactly once, and what is changed not twice.
func (r *run) readPagesMeanwhile(user string, query dom.Query) error {
	query.Max = nil // it may be used up by what comes in between
	size := 1 + r.random.IntN(9)
	what := fmt.Sprintf("%s reads instances in pages of %d, while others change: %s", user, size, describeQuery(query))
	r.say("%s", what)
	before := make(map[string]dom.Object)
	for _, o := range r.model.selected(dom.KindInstance, query) {
		before[o.Key()] = o
	}
	all := make(map[string]dom.Object)
	for key, o := range r.model.objects[dom.KindInstance] {
		all[key] = o
	}
	removed := make(map[string]bool)
	seen := make(map[string]int)
	pages := 0
	err := r.eachPage(user, dom.KindInstance, query, size, func(page []slnet.Raw) (bool, error) {
		for _, raw := range page {
			o, err := dom.DecodeObject(dom.KindInstance, raw)
			if err != nil {
				return false, err
			}
			seen[o.Key()]++
		}
		pages++
		for range r.random.IntN(3) {
			if err := r.changeInstances(); err != nil {
				return false, fmt.Errorf("between two pages, %s: %w", r.what, err)
			}
			for key := range all {
				removed[key] = removed[key] || r.model.objects[dom.KindInstance][key] == nil
			}
		}
		r.say("%s", what)
		return pages < maxPages, nil
	})
	if err != nil || pages == maxPages {
		return err
	}
	for key, o := range all {
		now := r.model.objects[dom.KindInstance][key]
		switch n := seen[key]; {
		case before[key] != nil && now == o && n != 1:
			return fmt.Errorf("instance %s, which was not changed, came %d times", key, n)
		case !removed[key] && n > 1:
			return fmt.Errorf("instance %s came %d times", key, n)
		}
	}
	return nil
}

// changeInstances does one operation on instances.
func (r *run) changeInstances() error {
	switch n := r.random.IntN(10); {
	case n < 3:
		return r.createOperation(Ann)
	case n < 7:
		return r.updateOperation(Ann)
	case n < 8:
		return r.deleteOperation(Ann)
	}
	return r.transitionOperation(Ann)
}

// throughText writes a filter as text, as people do, and reads it back.
func (m *model) throughText(kind dom.ObjectKind, filter dom.Filter) (dom.Filter, error) {
	names := filtertext.NewNames(all[*dom.SectionDefinition](m, dom.KindSectionDefinition), all[*dom.Definition](m, dom.KindDefinition))
	names.Kind = kind
	text := filtertext.Format(filter, names)
	parsed, err := filtertext.Parse(text, names)
	if err != nil {
		return filter, fmt.Errorf("the filter was written as %s, which is not read: %w", text, err)
	}
	return parsed, nil
}
