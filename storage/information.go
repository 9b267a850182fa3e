package storage

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// Information events are part of the feed, for those who follow it, and have
// rows of their own besides, for those who look back: by commit and number in
// the commit, in the wire form of their message.

const (
	// maxInformationVisits bounds how many rows one answer looks at.
	maxInformationVisits = 10_000
	// maxInformationBytes bounds the rows of one answer. Others follow with the
	// next.
	maxInformationBytes = 4 << 20
)

// keepInformation adds a row with an information event of the commit.
func (tx *Tx) keepInformation(message []byte) error {
	tx.informed++
	return tx.kv.SetVersioned([]byte{spaceInfo}, binary.BigEndian.AppendUint32(nil, tx.informed), message)
}

// informationKeySize is that of a space, a version and a number.
const informationKeySize = 1 + 8 + 4

func decodeInformation(key, value []byte) (event slnet.InformationEventMessage, err error) {
	if len(key) != informationKeySize {
		return event, fmt.Errorf("information event key %x: %w", key, errTuple)
	}
	if rest, err := event.UnmarshalMsg(value); err != nil || len(rest) > 0 {
		return event, fmt.Errorf("information event %x is damaged: %w", key, err)
	}
	return event, nil
}

// InformationEvents returns the newest information events of a module, of all
// when moduleID is empty, at most limit. before continues behind an earlier
// answer's next, which is empty when there is no more; an answer may hold less
// than limit all the same.
func (r *Reader) InformationEvents(ctx context.Context, moduleID, before string, limit int) (events []slnet.InformationEventMessage, next string, err error) {
	all := kv.PrefixRange([]byte{spaceInfo})
	all.Reverse = true
	if before != "" {
		suffix, err := hex.DecodeString(before)
		if err != nil || len(suffix) != informationKeySize-1 {
			return nil, "", slnet.Errorf(slnet.KindInvalid, "%.40q is no position among the information events; take it from the Next of an answer", before)
		}
		all.End = append([]byte{spaceInfo}, suffix...)
	}
	it := r.kv.Scan(all)
	defer it.Close()
	var last []byte
	size := 0
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if n == maxInformationVisits || len(events) == limit || size > maxInformationBytes {
			return events, hex.EncodeToString(last[1:]), nil
		}
		event, err := decodeInformation(it.Key(), it.Value())
		if err != nil {
			return nil, "", err
		}
		last = append(last[:0], it.Key()...)
		if moduleID == "" || event.ModuleID == moduleID {
			events = append(events, event)
			size += len(it.Value())
		}
	}
	return events, "", it.Err()
}

// RemoveInformation removes the information events from before a time.
func (s *Store) RemoveInformation(ctx context.Context, before time.Time) error {
	var end []byte
	err := s.View(ctx, func(r *Reader) (err error) {
		end, err = r.informationSince(ctx, before)
		return err
	})
	if err != nil || end == nil {
		return err
	}
	_, err = s.kv.Update(ctx, func(tx kv.Tx) error { return tx.DeleteRange([]byte{spaceInfo}, end) })
	return err
}

// informationSince returns the end of the rows from before a time, nil when
// there are none. Rows are in the order of their commits, which is that of their
// times as long as nobody sets the clock back; a row from the future keeps those
// behind it until its time comes.
func (r *Reader) informationSince(ctx context.Context, before time.Time) (end []byte, err error) {
	it := r.kv.Scan(kv.PrefixRange([]byte{spaceInfo}))
	defer it.Close()
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		event, err := decodeInformation(it.Key(), it.Value())
		if err != nil {
			return nil, err
		}
		if !event.Time.Before(before) {
			break
		}
		end = append(append(end[:0], it.Key()...), 0)
	}
	return end, it.Err()
}
