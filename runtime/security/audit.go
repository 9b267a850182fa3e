package security

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// auditDelay is how long records wait for others, to be stored in one commit.
	auditDelay = time.Second
	// auditWindow is how long records that are alike are counted in one.
	auditWindow = time.Minute
	// maxAuditPending bounds the records in memory. There are as many as there
	// are users, messages and reasons at most; what goes beyond is counted in one.
	maxAuditPending = 2000
	// maxAuditDetail is the most bytes of a text in a record.
	maxAuditDetail = 400
	// auditSweep is the time between removals of old records.
	auditSweep = time.Hour
)

// AuditTooMany is the message of the record in which those are counted that are
// too many to have records of their own.
const AuditTooMany = "(others)"

// Audit records what is not the commit of a message, above all refusals. Those
// that are alike within a minute have one record with a count, and all are stored
// together, at most once a second, so that nobody can fill the disk or hold up
// the daemon by being refused. What waits to be stored is lost with a crash.
type Audit struct {
	store *storage.Store
	log   *slog.Logger
	keep  time.Duration
	now   func() time.Time

	mu      sync.Mutex
	pending map[auditLike]*auditPending // guarded by mu
	// storing is held while records are stored, so that none is stored twice.
	storing sync.Mutex

	wake chan struct{} // holds a value when there is something to store
	stop context.CancelFunc
	done sync.WaitGroup
}

// auditLike is what records have in common that are counted in one. What a
// caller can choose freely is not part of it.
type auditLike struct {
	user, message, reason, distinct string
	outcome                         slnet.AuditOutcome
}

type auditPending struct {
	record slnet.AuditRecord
	stored bool             // key is where
	key    storage.AuditKey // of the stored record
	count  int64            // in the stored record
}

// NewAudit returns the audit of a store. Records are kept for so long. A nil
// clock is time.Now.
func NewAudit(store *storage.Store, keep time.Duration, log *slog.Logger, now func() time.Time) *Audit {
	if now == nil {
		now = time.Now
	}
	return &Audit{
		store: store, keep: keep, log: log, now: now,
		pending: make(map[auditLike]*auditPending), wake: make(chan struct{}, 1),
	}
}

// Start begins to store records and to remove old ones. Stop ends it.
func (a *Audit) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	a.stop = cancel
	a.done.Go(func() { a.run(ctx) })
}

func (a *Audit) run(ctx context.Context) {
	store, sweep := time.NewTimer(auditDelay), time.NewTimer(auditDelay)
	defer store.Stop()
	defer sweep.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.wake:
			store.Reset(auditDelay)
		case <-store.C:
			if err := a.Store(ctx, false); err != nil && ctx.Err() == nil {
				a.log.Error("the audit could not be stored; it is tried again", "op", "security.Audit", "err", err)
				store.Reset(auditWindow)
			} else if a.waiting() {
				store.Reset(auditWindow)
			}
		case <-sweep.C:
			if err := a.Sweep(ctx); err != nil && ctx.Err() == nil {
				a.log.Error("old records of the audit could not be removed; it is tried again", "op", "security.Audit", "err", err)
			}
			sweep.Reset(auditSweep)
		}
	}
}

// Stop stores what waits and ends what Start began.
func (a *Audit) Stop(ctx context.Context) error {
	if a.stop != nil {
		a.stop()
	}
	a.done.Wait()
	return a.Store(ctx, true)
}

// Note adds what became of a message. Records with another distinct are not alike;
// it must not be something that a caller can choose freely. objects says what the
// message was about; it is called for the first of several that are alike.
func (a *Audit) Note(record slnet.AuditRecord, distinct string, objects func() (moduleID string, objects []slnet.AuditObject)) {
	now := a.now().UTC().Truncate(time.Millisecond)
	like := auditLike{fold(record.User), record.Message, record.Reason, distinct, record.Outcome}
	a.mu.Lock()
	defer a.mu.Unlock()
	p := a.pending[like]
	if p == nil && len(a.pending) >= maxAuditPending {
		record = slnet.AuditRecord{Message: AuditTooMany, Outcome: record.Outcome}
		like, objects = auditLike{message: AuditTooMany, outcome: record.Outcome}, nil
		p = a.pending[like]
	}
	// A record that could not be stored yet, for the store takes no writes, counts
	// on, so that they do not become more and more.
	if p != nil && (now.Sub(p.record.Time) < auditWindow || !p.stored || len(a.pending) >= maxAuditPending) {
		p.record.Count++
		p.record.Until = now
		return
	}
	if p != nil && p.count != p.record.Count {
		// The window is over and the count not stored yet: it must not be lost.
		a.pending[auditLike{like.user, like.message, like.reason + "\x00" + p.record.Time.String(), like.distinct, like.outcome}] = p
	}
	if objects != nil {
		record.ModuleID, record.Objects = objects()
	}
	record.Time, record.Count = now, 1
	record.Detail = cut(record.Detail)
	a.pending[like] = &auditPending{record: record}
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// cut bounds a text, at the beginning of a character.
func cut(text string) string {
	if len(text) <= maxAuditDetail {
		return text
	}
	end := maxAuditDetail
	for end > 0 && text[end]&0xc0 == 0x80 {
		end--
	}
	return text[:end] + "…"
}

// waiting reports whether there are records in memory.
func (a *Audit) waiting() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.pending) > 0
}

// Store stores records that are not stored yet, and the counts of those whose
// minute is over, or with all set of all.
func (a *Audit) Store(ctx context.Context, all bool) error {
	a.storing.Lock()
	defer a.storing.Unlock()
	now := a.now()
	var added []slnet.AuditRecord
	var fresh []*auditPending
	replaced := make(map[storage.AuditKey]slnet.AuditRecord)
	counted := make(map[*auditPending]int64)
	a.mu.Lock()
	for _, p := range a.pending {
		over := all || now.Sub(p.record.Time) >= auditWindow
		switch {
		case !p.stored:
			fresh, added = append(fresh, p), append(added, p.record)
			counted[p] = p.record.Count
		case over && p.count != p.record.Count:
			replaced[p.key] = p.record
			counted[p] = p.record.Count
		}
	}
	a.mu.Unlock()
	if len(counted) > 0 {
		keys, err := a.store.WriteAudit(ctx, added, replaced)
		if err != nil {
			return err
		}
		a.mu.Lock()
		for i, p := range fresh {
			p.stored, p.key = true, keys[i]
		}
		for p, count := range counted {
			p.count = count
		}
		a.mu.Unlock()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for like, p := range a.pending {
		if p.stored && p.count == p.record.Count && now.Sub(p.record.Time) >= auditWindow {
			delete(a.pending, like)
		}
	}
	return nil
}

// Sweep removes the records that are older than they are kept.
func (a *Audit) Sweep(ctx context.Context) error {
	return a.store.RemoveAudit(ctx, a.now().Add(-a.keep))
}

// Read answers a GetAuditMessage, with everything up to now that can be stored.
func (a *Audit) Read(ctx context.Context, m *slnet.GetAuditMessage) (*slnet.AuditResponse, error) {
	limit := m.Limit
	switch {
	case limit < 0 || limit > slnet.MaxAuditRecords:
		return nil, slnet.Errorf(slnet.KindInvalid, "Limit is %d, it must be 0 to %d", limit, slnet.MaxAuditRecords)
	case limit == 0:
		limit = slnet.DefaultAuditRecords
	}
	switch m.Outcome {
	case "", slnet.AuditAllowed, slnet.AuditRefused, slnet.AuditFailed:
	default:
		return nil, slnet.Errorf(slnet.KindInvalid, "there is no outcome %.40q; the outcomes are %s, %s and %s",
			m.Outcome, slnet.AuditAllowed, slnet.AuditRefused, slnet.AuditFailed)
	}
	if !m.From.IsZero() && !m.Until.IsZero() && !m.From.Before(m.Until) {
		return nil, slnet.Errorf(slnet.KindInvalid, "From is %v, which is not before Until, %v", m.From, m.Until)
	}
	if m.Before == "" {
		// What is stored can be read also when the store takes no writes.
		if err := a.Store(ctx, true); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "the newest records of the audit could not be stored; they are not in the answer", "op", "security.Audit", "err", err)
		}
	}
	response := &slnet.AuditResponse{Records: []slnet.AuditRecord{}}
	err := a.store.View(ctx, func(r *storage.Reader) error {
		records, next, err := r.Audit(ctx, m, int(limit))
		response.Records, response.Next = append(response.Records, records...), next
		return err
	})
	if err != nil {
		return nil, err
	}
	return response, nil
}
