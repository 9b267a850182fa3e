// Watch tells of the changes of a module's instances, those of the past too. It
// returns where it ended, for the next run to go on there: no change is missed,
// and none told twice.
package main

import (
	"context"
	"errors"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Params say what to watch.
type Params struct {
	Module string        `required:"true"`
	After  *uint64       `doc:"the Cursor of an earlier run, 0 for all there was; from now on when not given"`
	Most   int           `doc:"end after this many commits" default:"100" min:"1" max:"1000"`
	Quiet  time.Duration `doc:"end when nothing has happened for so long" default:"10s"`
}

// Result is what was seen.
type Result struct {
	Created, Updated, Deleted int
	// Cursor is where to go on: the After of the next run.
	Cursor *uint64
}

// Run watches until it has seen enough or nothing happens.
func Run(ctx context.Context, engine *sdk.Engine, p Params) (Result, error) {
	result := Result{Cursor: p.After}
	subscription, err := dom.SubscribeToChanges(p.Module, dom.KindInstance, dom.True())
	if err != nil {
		return result, err
	}
	if p.After != nil {
		after := slnet.Cursor(*p.After)
		subscription.After = &after
	}
	events, err := engine.Subscribe(ctx, subscription)
	if err != nil {
		return result, err
	}
	defer events.Close()
	for i := 0; i < p.Most; i++ {
		event, err := next(ctx, events, p.Quiet)
		if errors.Is(err, context.DeadlineExceeded) && ctx.Err() == nil {
			engine.Log.Info("nothing more happened", "for", p.Quiet)
			break
		}
		if err != nil {
			return result, err
		}
		if changed, ok := event.Message.(*dom.ObjectsChangedEventMessage); ok {
			if err := result.add(engine, changed); err != nil {
				return result, err
			}
		}
		cursor := uint64(event.Cursor)
		result.Cursor = &cursor
		engine.KeepAlive()
	}
	return result, nil
}

// next waits for an event, but not longer than limit.
func next(ctx context.Context, events *slnet.EventStream, limit time.Duration) (slnet.Event, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return events.Next(ctx)
}

// add counts the instances of an event and tells of them.
func (r *Result) add(engine *sdk.Engine, changed *dom.ObjectsChangedEventMessage) error {
	r.Created += len(changed.Created)
	r.Updated += len(changed.Updated)
	r.Deleted += len(changed.Deleted)
	return errors.Join(
		tell(engine, "created", changed.Created),
		tell(engine, "updated", changed.Updated),
		tell(engine, "deleted", changed.Deleted))
}

// tell writes a line about each of the instances, which come as the event carries
// them.
func tell(engine *sdk.Engine, what string, instances []slnet.Raw) error {
	for _, encoded := range instances {
		instance, err := dom.DecodeObject(dom.KindInstance, encoded)
		if err != nil {
			return err
		}
		tracking := instance.GetTracking()
		engine.Log.Info(what, "instance", instance.Key(), "revision", tracking.Revision, "by", tracking.LastModifiedBy)
	}
	return nil
}
