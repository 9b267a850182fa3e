package dommanager

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// SystemUser is who deletes what has outlived its time. No user can have this
// name, for it begins with neither a letter nor a digit.
const SystemUser = "(System)"

const (
	// sweepDelay is the time from the start to the first sweep, so that a daemon
	// that never runs for long sweeps too.
	sweepDelay = time.Minute
	// sweepInterval is the time between sweeps.
	sweepInterval = time.Hour
	// sweepBatch is the most objects one transaction of a sweep deletes, and
	// sweepHistoryBatch the most history records.
	sweepBatch        = 100
	sweepHistoryBatch = 1000
	// informationTTL is how long information events are kept.
	informationTTL = 90 * 24 * time.Hour
)

// Start starts the sweeps. Stop ends them.
func (m *Managers) Start() {
	ctx, cancel := context.WithCancel(context.Background())
	m.stop = cancel
	m.sweeps.Go(func() {
		timer := time.NewTimer(sweepDelay)
		defer timer.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-timer.C:
			}
			if err := m.Sweep(ctx, time.Now()); err != nil && ctx.Err() == nil {
				m.log.Error("a sweep failed; the next one tries again", "op", "dommanager.Sweep", "err", err)
			}
			timer.Reset(sweepInterval)
		}
	})
}

// Stop ends the sweeps and waits for the one under way to stop.
func (m *Managers) Stop() {
	if m.stop != nil {
		m.stop()
	}
	m.sweeps.Wait()
}

// Sweep deletes what has outlived its time at the moment now: the instances,
// templates and history of each module by the TTL settings of its manager, and
// information events. What fails in one module does not keep the others from
// being swept. (rows TTL-02 to TTL-05)
func (m *Managers) Sweep(ctx context.Context, now time.Time) error {
	err := m.store.RemoveInformation(ctx, now.Add(-informationTTL))
	if err != nil {
		err = fmt.Errorf("information events: %w", err)
	}
	var ids []string
	viewErr := m.store.View(ctx, func(r *storage.Reader) (err error) {
		ids, err = r.IDs(ctx, dom.KindModuleSettings, "", dom.True(), math.MaxInt)
		return err
	})
	err = errors.Join(err, viewErr)
	for _, id := range ids {
		if ctx.Err() != nil {
			break
		}
		if moduleErr := m.sweepModule(ctx, id, now); moduleErr != nil {
			err = errors.Join(err, fmt.Errorf("module %q: %w", id, moduleErr))
		}
	}
	return err
}

// sweepModule sweeps one module. Its manager is started only when its settings
// ask for a sweep.
func (m *Managers) sweepModule(ctx context.Context, moduleID string, now time.Time) error {
	if !m.started(moduleID) {
		manager, err := m.load(ctx, moduleID)
		if errors.Is(err, slnet.KindNotFound) {
			return nil // deleted since
		}
		if err != nil || manager.settings.DomManagerSettings.TTLSettings == (dom.TTLSettings{}) {
			return err
		}
	}
	manager, err := m.manager(ctx, moduleID)
	if err != nil {
		return err
	}
	ttl := manager.settings.DomManagerSettings.TTLSettings
	var errs []error
	if ttl.DomInstanceTTL > 0 {
		errs = append(errs, m.sweepObjects(ctx, manager, dom.KindInstance, now.Add(-ttl.DomInstanceTTL)))
	}
	if ttl.DomTemplateTTL > 0 {
		errs = append(errs, m.sweepObjects(ctx, manager, dom.KindTemplate, now.Add(-ttl.DomTemplateTTL)))
	}
	if ttl.DomInstanceHistoryTTL > 0 {
		errs = append(errs, m.sweepHistory(ctx, moduleID, now.Add(-ttl.DomInstanceHistoryTTL)))
	}
	return errors.Join(errs...)
}

// started reports whether a module has a manager, or is about to.
func (m *Managers) started(moduleID string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.running[moduleID] != nil
}

// system is the caller on whose behalf sweeps delete.
func system() security.Caller { return security.Caller{User: SystemUser} }

// sweepObjects deletes the objects of a kind that were last modified before a
// time.
func (m *Managers) sweepObjects(ctx context.Context, manager *manager, kind dom.ObjectKind, before time.Time) error {
	after := ""
	for more := true; more; {
		var ids []string
		err := m.store.View(ctx, func(r *storage.Reader) (err error) {
			ids, more, err = r.Expired(ctx, kind, manager.moduleID, before, after, sweepBatch)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		_, err = m.store.Update(ctx, system().Origin(), func(tx *storage.Tx) error {
			for _, id := range ids {
				if err := manager.expire(ctx, tx, kind, id, before); err != nil {
					return fmt.Errorf("%s %s: %w", kind, id, err)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		after = ids[len(ids)-1]
	}
	return nil
}

// expire deletes an object as its users do, unless it was deleted or modified
// since it was found (row TTL-02).
func (m *manager) expire(ctx context.Context, tx *storage.Tx, kind dom.ObjectKind, id string, before time.Time) error {
	o, err := tx.Object(kind, m.moduleID, id)
	if errors.Is(err, storage.ErrNotFound) {
		return nil
	}
	if err != nil || !o.GetTracking().LastModified.Before(before) {
		return err
	}
	_, err = m.remove(ctx, tx, system(), security.FullAccess(), kind, id)
	return err
}

// sweepHistory deletes the history records of a module from before a time.
func (m *Managers) sweepHistory(ctx context.Context, moduleID string, before time.Time) error {
	var after storage.HistoryKey
	for more := true; more; {
		var keys []storage.HistoryKey
		err := m.store.View(ctx, func(r *storage.Reader) (err error) {
			keys, more, err = r.ExpiredHistory(ctx, moduleID, before, after, sweepHistoryBatch)
			return err
		})
		if err != nil || len(keys) == 0 {
			return err
		}
		_, err = m.store.Update(ctx, system().Origin(), func(tx *storage.Tx) error {
			return tx.RemoveHistory(moduleID, keys)
		})
		if err != nil {
			return err
		}
		after = keys[len(keys)-1]
	}
	return nil
}
