package main

import (
	"context"
	"fmt"
	"time"
)

// A reading is a record, with the fields of internal/load.
type reading struct {
	sensor, note string
	count        int64
	value        float64
	at           time.Time
}

const (
	// equalHits is how many records have the same value.
	equalHits = 10
	// rangeHits is how many records a list in an order has.
	rangeHits = 100
	// countHits is how many records are counted by a filter.
	countHits = 1000
)

// scatter is a prime: its multiples go through all records in no order.
const scatter = 1_000_003

// readingOf is the n-th of a number of readings. Their counts are 0 to among-1, in
// no order. Those behind them have counts and values of their own, and are in no
// answer to a question about the first ones.
func readingOf(n, among int) reading {
	r := reading{
		sensor: fmt.Sprintf("sensor %04d", n%1000),
		note:   fmt.Sprintf("reading %d of a load", n),
		count:  int64(n),
		value:  -float64(n),
		at:     time.Unix(1_700_000_000+int64(n)*scatter%31_536_000, 0).UTC(),
	}
	if n < among {
		r.count = int64(n) * scatter % int64(among)
		r.value = float64(n%(among/equalHits)) / 4
	}
	return r
}

// A store is one side of the comparison, through one of its doors. Lists are
// decoded to their fields.
type store interface {
	create(ctx context.Context, r reading) error
	// read reads the n-th of the records it was filled with, by its id.
	read(ctx context.Context, n int) error
	// equal lists the records with a value, at most equalHits, and returns how many
	// there are.
	equal(ctx context.Context, value float64) (int, error)
	// between lists the records with counts from one to below another, in the order
	// of their counts.
	between(ctx context.Context, from, to int64) (int, error)
	// all counts all records.
	all(ctx context.Context) (int, error)
	// countBetween counts the records with counts from one to below another.
	countBetween(ctx context.Context, from, to int64) (int, error)
}
