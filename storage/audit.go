package storage

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// The audit has a row for each commit that came from a message, in that commit:
// which message, and from where. Who, when and what the feed row of the commit
// says already, so that the audit costs a create one small key. What committed
// nothing, such as a refusal, is added by itself.

const (
	// maxAuditVisits bounds how many rows one answer looks at.
	maxAuditVisits = 10_000
	// maxAuditObjects bounds the objects a record names.
	maxAuditObjects = 10
	// maxAuditBytes bounds an answer, in bytes of its rows and feed rows. Others
	// follow with the next.
	maxAuditBytes = 4 << 20
)

// AuditKey is the place of an audit row.
type AuditKey [auditKeySize]byte

// auditKeySize is that of a space, a version and a number.
const auditKeySize = 1 + 8 + 4

// About says what a message is about that changes records of a table, for the
// audit: one that changes objects of the feed needs not say it.
func (tx *Tx) About(kind, id string) {
	tx.about = append(tx.about, AuditSubject{Kind: kind, ID: id})
}

// aboutInstance says that a commit is about an instance, without changing it.
func (tx *Tx) aboutInstance(moduleID string, id dom.InstanceID) {
	tx.aboutModule = moduleID
	tx.About(string(dom.KindInstance), id.String())
}

// keepAudit writes the audit row of the commit, when it comes from a message and
// changes something.
func (tx *Tx) keepAudit() error {
	inFeed := len(tx.row.Changes)+len(tx.row.Events) > 0
	if tx.origin.Message == "" || !inFeed && len(tx.about) == 0 {
		return nil
	}
	row := AuditRow{Message: tx.origin.Message, Address: tx.origin.Address}
	if len(tx.about) > 0 {
		row.Own = &AuditOwn{
			Time: tx.row.Time, User: tx.row.User, RunID: tx.row.RunID, ModuleID: tx.aboutModule, Count: 1,
			Objects: tx.about[:min(len(tx.about), maxAuditObjects)],
		}
	}
	b, err := row.MarshalMsg(nil)
	if err != nil {
		return err
	}
	return tx.kv.SetVersioned([]byte{spaceAudit}, make([]byte, 4), b)
}

// WriteAudit adds records to the audit, and replaces records it has. It returns
// the keys of the added ones.
func (s *Store) WriteAudit(ctx context.Context, added []slnet.AuditRecord, replaced map[AuditKey]slnet.AuditRecord) ([]AuditKey, error) {
	version, err := s.kv.Update(ctx, func(tx kv.Tx) error {
		for i, record := range added {
			b, err := auditRowOf(record).MarshalMsg(nil)
			if err != nil {
				return err
			}
			if err := tx.SetVersioned([]byte{spaceAudit}, binary.BigEndian.AppendUint32(nil, uint32(i)), b); err != nil {
				return err
			}
		}
		for key, record := range replaced {
			b, err := auditRowOf(record).MarshalMsg(nil)
			if err != nil {
				return err
			}
			if err := tx.Set(key[:], b); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	keys := make([]AuditKey, len(added))
	for i := range keys {
		b := binary.BigEndian.AppendUint64([]byte{spaceAudit}, uint64(version))
		keys[i] = AuditKey(binary.BigEndian.AppendUint32(b, uint32(i)))
	}
	return keys, nil
}

func auditRowOf(record slnet.AuditRecord) *AuditRow {
	own := &AuditOwn{
		Time: record.Time, User: record.User, RunID: record.RunID, ModuleID: record.ModuleID,
		Outcome: string(record.Outcome), Reason: record.Reason, Detail: record.Detail, Count: record.Count, Until: record.Until,
	}
	for _, o := range record.Objects[:min(len(record.Objects), maxAuditObjects)] {
		own.Objects = append(own.Objects, AuditSubject(o))
	}
	if record.Outcome == slnet.AuditAllowed {
		own.Outcome = ""
	}
	return &AuditRow{Message: record.Message, Address: record.Address, Own: own}
}

// auditEntry is an audit row with what the feed says about its commit.
type auditEntry struct {
	AuditRow
	feed *FeedRow // nil when the row says everything
}

func (r *Reader) decodeAudit(key, value []byte) (e auditEntry, size int, err error) {
	if len(key) != auditKeySize {
		return e, 0, fmt.Errorf("audit key %x: %w", key, errTuple)
	}
	if rest, err := e.UnmarshalMsg(value); err != nil || len(rest) > 0 {
		return e, 0, fmt.Errorf("audit row %x is damaged: %w", key, errors.Join(err, errTuple))
	}
	if e.Own != nil {
		return e, len(value), nil
	}
	feedKey := append([]byte{spaceFeed}, key[1:9]...)
	b, err := r.kv.Get(feedKey)
	if err != nil {
		return e, 0, fmt.Errorf("audit row %x: the feed row of its commit: %w", key, err)
	}
	_, e.feed, err = decodeFeed(feedKey, b)
	return e, len(value) + len(b), err
}

func (e *auditEntry) time() time.Time {
	if e.feed != nil {
		return e.feed.Time
	}
	return e.Own.Time
}

// record is the row as it is shown.
func (e *auditEntry) record() slnet.AuditRecord {
	record := slnet.AuditRecord{Message: e.Message, Address: e.Address, Outcome: slnet.AuditAllowed, Count: 1}
	if e.feed != nil {
		record.Time, record.User, record.RunID = e.feed.Time, e.feed.User, e.feed.RunID
		for i, c := range e.feed.Changes {
			if i == 0 {
				record.ModuleID = c.ModuleID
			}
			if i < maxAuditObjects {
				record.Objects = append(record.Objects, slnet.AuditObject{Kind: string(c.Kind), ID: c.ObjectID})
			}
		}
		record.ObjectCount = int64(len(e.feed.Changes))
		return record
	}
	own := e.Own
	record.Time, record.User, record.RunID, record.ModuleID = own.Time, own.User, own.RunID, own.ModuleID
	record.Reason, record.Detail, record.Count, record.Until = own.Reason, own.Detail, own.Count, own.Until
	if own.Outcome != "" {
		record.Outcome = slnet.AuditOutcome(own.Outcome)
	}
	for _, o := range own.Objects {
		record.Objects = append(record.Objects, slnet.AuditObject(o))
	}
	record.ObjectCount = int64(len(own.Objects))
	return record
}

// matches reports whether a request asks for the record. It looks at all objects
// of a commit, also at those the record does not name.
func (e *auditEntry) matches(record *slnet.AuditRecord, m *slnet.GetAuditMessage) bool {
	last := record.Time
	if record.Until.After(last) {
		last = record.Until
	}
	switch {
	case m.User != "" && !strings.EqualFold(m.User, record.User),
		m.RunID != uuid.Nil && m.RunID != record.RunID,
		m.Message != "" && m.Message != record.Message,
		m.ModuleID != "" && m.ModuleID != record.ModuleID,
		m.Outcome != "" && m.Outcome != record.Outcome,
		!m.From.IsZero() && last.Before(m.From),
		!m.Until.IsZero() && !record.Time.Before(m.Until):
		return false
	case m.Object == "":
		return true
	case e.feed != nil:
		return slices.ContainsFunc(e.feed.Changes, func(c Change) bool { return strings.EqualFold(c.ObjectID, m.Object) })
	}
	return slices.ContainsFunc(record.Objects, func(o slnet.AuditObject) bool { return strings.EqualFold(o.ID, m.Object) })
}

// Audit returns the newest records that a request asks for, at most limit. next
// is what the request goes on with, empty when there is no more; an answer may
// hold less than limit all the same.
func (r *Reader) Audit(ctx context.Context, m *slnet.GetAuditMessage, limit int) (records []slnet.AuditRecord, next string, err error) {
	all := kv.PrefixRange([]byte{spaceAudit})
	all.Reverse = true
	if m.Before != "" {
		suffix, err := hex.DecodeString(m.Before)
		if err != nil || len(suffix) != auditKeySize-1 {
			return nil, "", slnet.Errorf(slnet.KindInvalid, "%.40q is no position in the audit; take it from the Next of an answer", m.Before)
		}
		all.End = append([]byte{spaceAudit}, suffix...)
	}
	it := r.kv.Scan(all)
	defer it.Close()
	var last []byte
	total := 0
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return nil, "", ctx.Err()
		}
		if n == maxAuditVisits || len(records) == limit || total > maxAuditBytes {
			return records, hex.EncodeToString(last[1:]), nil
		}
		entry, size, err := r.decodeAudit(it.Key(), it.Value())
		if err != nil {
			return nil, "", err
		}
		total += size
		last = append(last[:0], it.Key()...)
		if record := entry.record(); entry.matches(&record, m) {
			records = append(records, record)
		}
	}
	return records, "", it.Err()
}

// RemoveAudit removes the audit from before a time. Rows are in the order of
// their commits; one from the future keeps those behind it until its time comes.
func (s *Store) RemoveAudit(ctx context.Context, before time.Time) error {
	var end []byte
	err := s.View(ctx, func(r *Reader) error {
		it := r.kv.Scan(kv.PrefixRange([]byte{spaceAudit}))
		defer it.Close()
		for n := 0; it.Next(); n++ {
			if n%cancelEvery == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			entry, _, err := r.decodeAudit(it.Key(), it.Value())
			if err != nil {
				return err
			}
			if !entry.time().Before(before) {
				break
			}
			end = append(append(end[:0], it.Key()...), 0)
		}
		return it.Err()
	})
	if err != nil || end == nil {
		return err
	}
	_, err = s.kv.Update(ctx, func(tx kv.Tx) error { return tx.DeleteRange([]byte{spaceAudit}, end) })
	return err
}

// audit decodes every row, and looks for the feed row of those that refer to it.
func (c *checker) audit() error {
	return c.each(spaceAudit, func(key, value []byte) {
		c.result.AuditRecords++
		if _, _, err := c.r.decodeAudit(key, value); err != nil {
			c.problem("%v", err)
		}
	})
}
