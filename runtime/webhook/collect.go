package webhook

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// maxRows is how many rows of the feed are looked at in one transaction.
	maxRows = 1000
	// maxCollected is how many bytes of deliveries are queued in one transaction,
	// but for those of its last row.
	maxCollected = 4 << 20
	// maxWaiting is how many deliveries may wait for a webhook.
	maxWaiting = 10_000
	// maxBody is from which size on output and parameters of a run are left out.
	maxBody = 256 << 10
	// pause is how long the loops wait after the store refused something.
	pause = 10 * time.Second
)

// Start begins to send. Stop ends it.
func (w *Webhooks) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	w.stop = cancel
	w.loops.Go(func() {
		for ctx.Err() == nil {
			if err := w.follow(ctx); err != nil && ctx.Err() == nil {
				if !errors.Is(err, storage.ErrReadOnly) {
					w.Logger.Error("events for webhooks could not be read; it is tried again", "op", "webhook.follow", "err", err)
				}
				select {
				case <-time.After(pause):
				case <-ctx.Done():
				}
			}
		}
	})
}

// Stop ends the sending and waits for it. What was not delivered waits for the
// next Start.
func (w *Webhooks) Stop() {
	if w.stop != nil {
		w.stop()
	}
	w.loops.Wait()
	w.client.CloseIdleConnections()
}

// follow queues what is to be sent, with each commit, until something fails.
// While no webhook wants anything it waits for one that does.
func (w *Webhooks) follow(ctx context.Context) error {
	for {
		seen, wanted, err := w.Collect(ctx)
		if err != nil {
			return err
		}
		if err := w.employ(ctx); err != nil {
			return err
		}
		if !wanted {
			select {
			case <-w.wake:
				continue
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if _, err := w.Store.Wait(ctx, seen); err != nil {
			return err
		}
	}
}

// Collect queues what the feed has for webhooks behind what was looked at before.
// It returns up to where it has looked, and whether any webhook wants something.
func (w *Webhooks) Collect(ctx context.Context) (seen slnet.Cursor, wanted bool, err error) {
	for {
		var all []*hook
		var list []queued
		var from slnet.Cursor
		more := false
		err = w.Store.View(ctx, func(r *storage.Reader) error {
			all, err = hooks(r)
			all = slices.DeleteFunc(all, func(h *hook) bool { return h.Webhook.Disabled })
			if wanted = len(all) > 0; err != nil || !wanted {
				return err
			}
			// Nothing before the first of them is looked at.
			from = slnet.Cursor(slices.MinFunc(all, func(a, b *hook) int { return int(a.From - b.From) }).From)
			at, err := positionTable.Get(r, positionKey)
			if err == nil {
				from = max(from, w.seen, slnet.Cursor(at.Cursor))
			} else if !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			rows, size := 0, 0
			seen, err = r.Feed(from, func(cursor slnet.Cursor, row *storage.FeedRow) (bool, error) {
				found, err := match(all, cursor, row)
				list = append(list, found...)
				rows++
				for _, q := range found {
					size += len(q.Body)
				}
				more = rows == maxRows || size > maxCollected
				return !more && err == nil, errors.Join(err, ctx.Err())
			})
			return err
		})
		if err != nil || !wanted {
			return seen, wanted, err
		}
		// Where nothing is queued the position is written now and then only: the next
		// daemon looks at these rows again.
		if len(list) > 0 || seen >= from+maxRows {
			if err := w.enqueue(ctx, seen, list); err != nil {
				return seen, wanted, err
			}
			w.rouseSenders(list)
		}
		if w.seen = seen; !more {
			return seen, wanted, nil
		}
	}
}

// queued is a delivery of a webhook that is to be stored.
type queued struct {
	hook uuid.UUID
	delivery
}

// match makes the deliveries of the events of a commit.
func match(all []*hook, cursor slnet.Cursor, row *storage.FeedRow) (list []queued, err error) {
	for i, e := range row.Events {
		var body slnet.WebhookBody
		switch e.Name {
		case "RunChangedEventMessage":
			var m slnet.RunChangedEventMessage
			if _, err := m.UnmarshalMsg(e.Message); err != nil {
				return nil, err
			}
			body.Event, body.Time, body.Run = eventOf(&m.Run), m.Run.EndedAt, &m.Run
		case "InformationEventMessage":
			var m slnet.InformationEventMessage
			if _, err := m.UnmarshalMsg(e.Message); err != nil {
				return nil, err
			}
			body.Event, body.Time, body.Information = slnet.WebhookInformation, m.Time, &m
		}
		for _, h := range all {
			if int64(cursor) <= h.From || !wants(&h.Webhook, &body) {
				continue
			}
			d, err := newDelivery(h, eventKey(cursor, i), body)
			if err != nil {
				return nil, err
			}
			list = append(list, queued{h.Webhook.ID, d})
		}
	}
	return list, nil
}

// eventOf is the event of a run that has ended, empty for one that has not, and
// for a dry run, which happened to nobody.
func eventOf(run *slnet.Run) slnet.WebhookEvent {
	switch {
	case run.DryRun:
		return ""
	case run.State == slnet.RunSucceeded:
		return slnet.WebhookRunSucceeded
	case run.State == slnet.RunCanceled:
		return slnet.WebhookRunCancelled
	case run.State.Ended():
		return slnet.WebhookRunFailed
	}
	return ""
}

// wants reports whether a webhook tells of an event.
func wants(h *slnet.Webhook, body *slnet.WebhookBody) bool {
	return body.Event != "" && slices.Contains(h.Events, body.Event) &&
		(body.Run == nil || len(h.Scripts) == 0 ||
			slices.ContainsFunc(h.Scripts, func(pattern string) bool { return security.Covers(pattern, body.Run.Script) }))
}

// newDelivery makes the delivery of an event. Made twice, it is the same.
func newDelivery(h *hook, key string, body slnet.WebhookBody) (delivery, error) {
	body.ID, body.Webhook = uuid.NewSHA1(h.Webhook.ID, []byte(key)), h.Webhook.Name
	text, err := json.Marshal(&body)
	if err == nil && len(text) > maxBody && body.Run != nil {
		short := *body.Run
		short.Output, short.Parameters = nil, nil
		body.Run = &short
		text, err = json.Marshal(&body)
	}
	return delivery{Key: key, Delivery: slnet.WebhookDelivery{ID: body.ID, Event: body.Event, Time: body.Time}, Body: text}, err
}

// enqueue stores deliveries, and up to where the feed was looked at. What a
// webhook has no room for is counted.
func (w *Webhooks) enqueue(ctx context.Context, seen slnet.Cursor, list []queued) error {
	_, err := w.Store.Update(ctx, storage.Origin{User: systemUser}, func(tx *storage.Tx) error {
		waiting := make(map[uuid.UUID]int64)
		for _, q := range list {
			h, err := get(&tx.Reader, q.hook)
			if errors.Is(err, slnet.KindNotFound) {
				continue // deleted since
			}
			if err != nil {
				return err
			}
			if _, counted := waiting[q.hook]; !counted {
				if waiting[q.hook], err = count(&tx.Reader, queueTable, q.hook); err != nil {
					return err
				}
			}
			if waiting[q.hook] >= maxWaiting {
				h.Webhook.Dropped++
				err = hookTable.Put(tx, h, q.hook.String())
			} else {
				waiting[q.hook]++
				err = queueTable.Put(tx, &q.delivery, q.hook.String(), q.Key)
			}
			if err != nil {
				return err
			}
		}
		return positionTable.Put(tx, &position{int64(seen)}, positionKey)
	})
	return err
}

// systemUser is who makes changes that no user asked for.
const systemUser = "(System)"
