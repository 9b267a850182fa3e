package filtertext

import (
	"strings"

	"domovoi.dev/sdk/dom"
)

// ParseOrder reads the properties and fields to order objects of names.Kind by,
// such as "Amount desc, name"; none in an empty text. The error is an *Error.
func ParseOrder(text string, names Names) ([]dom.Order, error) {
	orders, err := parseOrder(text, names)
	if err != nil {
		return nil, locate(err, text)
	}
	return orders, nil
}

func parseOrder(text string, names Names) ([]dom.Order, error) {
	s, err := newScanner(text)
	if err != nil {
		return nil, err
	}
	p := parser{s, names}
	if p.skip() == len(text) {
		return nil, nil
	}
	var orders []dom.Order
	for {
		order, err := p.order()
		if err != nil {
			return nil, err
		}
		orders = append(orders, order)
		if p.skip() == len(text) {
			return orders, nil
		}
		if !p.symbol(",") {
			return nil, p.unexpected("expected asc, desc, a comma or the end of the text")
		}
	}
}

// order reads one property or field and its direction.
func (p parser) order() (dom.Order, error) {
	read := p.target
	if p.keyword("exists") {
		read = p.existsTarget
	}
	t, err := read()
	if err != nil {
		return dom.Order{}, err
	}
	descending := p.keyword("desc")
	if !descending {
		p.keyword("asc")
	}
	return dom.Order{Exposer: t.exposer, Descending: descending}, nil
}

// FormatOrder writes an order so that ParseOrder with the same names reads it
// again. What objects of names.Kind cannot be ordered by stands in <>, which
// ParseOrder refuses.
func FormatOrder(orders []dom.Order, names Names) string {
	texts := make([]string, len(orders))
	for i, o := range orders {
		texts[i] = names.exposerText(o.Exposer)
		if o.Descending {
			texts[i] += " desc"
		}
	}
	return strings.Join(texts, ", ")
}
