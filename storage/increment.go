package storage

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"github.com/google/uuid"

	"domovoi.dev/storage/kv"
)

// ErrLastIncrement reports that a counter has handed out the last number there
// is.
var ErrLastIncrement = errors.New("the counter has handed out its last number")

func incrementKey(id uuid.UUID) []byte { return appendGuid([]byte{spaceIncrement}, id) }

// Increment returns the last number a counter has handed out, 0 when it has
// handed out none.
func (r *Reader) Increment(id uuid.UUID) (int64, error) {
	b, err := r.kv.Get(incrementKey(id))
	switch {
	case errors.Is(err, kv.ErrNotFound):
		return 0, nil
	case err != nil:
		return 0, err
	case len(b) != 8:
		return 0, fmt.Errorf("the counter %s is damaged: %x", id, b)
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// SetIncrement sets the last number a counter has handed out. The next one is
// one more (dom.md part 5 no. 12).
func (tx *Tx) SetIncrement(id uuid.UUID, current int64) error {
	return tx.kv.Set(incrementKey(id), binary.BigEndian.AppendUint64(nil, uint64(current)))
}

// NextIncrement hands out the next number of a counter, 1 for a new one. The
// number is taken when the transaction commits, and only then: transactions that
// take numbers of one counter conflict, so that each number is handed out once
// and one that fails takes none.
func (tx *Tx) NextIncrement(id uuid.UUID) (int64, error) {
	current, err := tx.Increment(id)
	if err != nil {
		return 0, err
	}
	if current == math.MaxInt64 {
		return 0, fmt.Errorf("counter %s: %w, %d", id, ErrLastIncrement, current)
	}
	return current + 1, tx.SetIncrement(id, current+1)
}
