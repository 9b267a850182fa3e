package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"domovoi.dev/sdk/dom"
)

// Explanation says how a search was carried out.
type Explanation struct {
	// Plan are the steps, in words.
	Plan []string
	// IsScan: objects were looked at one after the other for want of an index that
	// is better.
	IsScan bool
	// IndexEntries and Objects are how many of these were looked at, for the plan
	// too. Returned is how many objects the answer has.
	IndexEntries, Objects, Returned int64
	// IsPrivate: IndexEntries and Objects are left out.
	IsPrivate bool
	Took      time.Duration
}

// Explain carries out a search and returns only how it was done.
func (r *Reader) Explain(ctx context.Context, s Search) (Explanation, error) {
	answer, err := r.Search(ctx, s)
	return answer.Explanation, err
}

func (q *search) explain(returned int, took time.Duration) Explanation {
	e := Explanation{
		Plan: q.work.how, IsScan: q.work.isScan, IndexEntries: q.work.Entries, Objects: q.work.Objects,
		Returned: int64(returned), Took: took, IsPrivate: q.isPrivate,
	}
	if e.IsPrivate {
		e.IndexEntries, e.Objects = 0, 0
	}
	if !q.indexes.propertiesReady && !onlyIDs(q.query.Filter) {
		e.Plan = append(e.Plan, "the indexes of the module are being filled and not used yet")
	}
	return e
}

// describe says in words where the ids of a path come from, with figures how
// many there are.
func (p *path) describe(figures bool) string {
	var text string
	switch p.op {
	case pathAll:
		return "every object"
	case pathIDs:
		text = fmt.Sprintf("%d ids", len(p.ids))
		if !figures {
			text = "ids"
		}
		if p.index != "" {
			text += " of index " + p.index
		}
		if p.isTwoEnded {
			text += ", a range with two ends"
		}
	case pathSpans:
		text = "index " + p.index
		switch {
		case p.test != nil:
			text += ", every text"
		case p.inOrder:
			text += ", one value"
		case len(p.spans) > 1:
			text += fmt.Sprintf(", %d values", len(p.spans))
		case p.isTwoEnded:
			text += ", a range with two ends"
		default:
			text += ", a range"
		}
		if figures {
			text += fmt.Sprintf(", about %d entries", p.estimate)
		}
	default:
		parts := make([]string, len(p.parts))
		for i, part := range p.parts {
			parts[i] = part.describe(figures)
		}
		word := " and "
		if p.op == pathOr {
			word = " or "
		}
		text = "(" + strings.Join(parts, ")"+word+"(") + ")"
	}
	if !p.exact && p.op != pathAnd && p.op != pathOr {
		text += ", filter applied to the objects"
	}
	return text
}

// describe says in words where the walk goes.
func (w *orderWalk) describe() string {
	text := "walk "
	if w.span != nil {
		text += "a range of "
	}
	text += "index " + w.index.name + " for order by " + describeOrder(w.q.query.Orders)
	if !w.isWhole {
		text += ", filter applied to the objects"
	}
	return text
}

// describeOrder says in words what a query orders by.
func describeOrder(orders []dom.Order) string {
	parts := make([]string, len(orders))
	for i, o := range orders {
		parts[i] = o.Exposer.String()
		if o.Descending {
			parts[i] += " descending"
		}
	}
	return strings.Join(parts, ", ")
}
