package storage

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// fills are the goroutines that index what was stored before its index was
// asked for, at most one for each module. Store.Close stops them; what they have
// done stays, and the next SetIndexedFields of the module goes on from there.
type fills struct {
	ctx     context.Context
	cancel  context.CancelFunc
	running sync.WaitGroup

	mu      sync.Mutex
	modules map[string]*fill // guarded by mu
}

// fill is a running goroutine. again asks it to look once more before it ends;
// done is closed when it has ended.
type fill struct {
	again bool // guarded by fills.mu
	done  chan struct{}
	// instances are those that are indexed, of all.
	instances, all atomic.Int64
}

func (f *fills) start() {
	f.ctx, f.cancel = context.WithCancel(context.Background())
	f.modules = make(map[string]*fill)
}

func (f *fills) stop() {
	f.mu.Lock()
	f.cancel() // under the mutex, so that no goroutine starts behind it
	f.mu.Unlock()
	f.running.Wait()
}

// SetIndexedFields says which fields of a module's instances have an index of
// their values, where none means all, and which one of their texts. Indexes that
// are not wanted any more are removed at once. Objects
// stored before are indexed in the background, in bounded transactions, and go
// on where they were when the store is opened again and this is called. Until
// that is done no query uses an index that lacks objects.
func (s *Store) SetIndexedFields(ctx context.Context, moduleID string, values, texts []dom.FieldDescriptorID) error {
	want := newFieldSet(values, texts)
	var state *IndexState
	var instances int64
	err := s.View(ctx, func(r *Reader) (err error) {
		if state, err = r.storedIndexState(moduleID); err == nil {
			instances, err = r.kv.GetCounter(counterKey(dom.KindInstance, moduleID))
		}
		return err
	})
	if err != nil {
		return err
	}
	if !state.indexes().want.equal(want) {
		_, err := s.Update(ctx, Origin{}, func(tx *Tx) error {
			var err error
			state, err = tx.changeIndexes(moduleID, want)
			return err
		})
		if err != nil {
			return err
		}
	}
	if state.Filling && (s.maxFill == 0 || instances <= s.maxFill) {
		s.fill(moduleID)
	}
	return nil
}

// WaitIndexed waits until the indexes of a module that are being filled hold
// every object, or the filling ends for another reason.
func (s *Store) WaitIndexed(ctx context.Context, moduleID string) error {
	s.fills.mu.Lock()
	running := s.fills.modules[moduleID]
	s.fills.mu.Unlock()
	if running == nil {
		return nil
	}
	select {
	case <-running.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// changeIndexes makes the wanted indexes those of a module.
func (tx *Tx) changeIndexes(moduleID string, want fieldSet) (*IndexState, error) {
	state, err := tx.storedIndexState(moduleID)
	if err != nil {
		return nil, err
	}
	have := state.indexes()
	next := &IndexState{Limited: !want.all, Fields: want.some, Texts: want.texts, Several: those(state.Several, want.has)}
	if state.Filling || !want.within(have.want) {
		instances, err := tx.kv.GetCounter(counterKey(dom.KindInstance, moduleID))
		if err != nil {
			return nil, err
		}
		next.Filling = instances > 0 || !have.propertiesReady
		next.PropertiesReady = have.propertiesReady
		next.SeveralUnknown = state.SeveralUnknown && next.Filling
		ready := want.common(have.ready)
		next.AllReady, next.Ready, next.ReadyTexts = ready.all, ready.some, ready.texts
	}
	if !want.all {
		if err := tx.removeUnwanted(moduleID, indexField, want.some); err != nil {
			return nil, err
		}
	}
	if err := tx.removeUnwanted(moduleID, indexTexts, want.texts); err != nil {
		return nil, err
	}
	if err := tx.kv.Delete(fillKey(moduleID)); err != nil {
		return nil, err
	}
	return next, tx.putIndexState(moduleID, next)
}

// removeUnwanted removes the entries of all fields that are not wanted: what
// lies between the wanted ones.
func (tx *Tx) removeUnwanted(moduleID string, index indexID, want []uuid.UUID) error {
	begin := indexPrefix(dom.KindInstance, moduleID, index)
	end := kv.PrefixEnd(begin)
	for _, id := range want {
		prefix := fieldPrefix(moduleID, index, dom.FieldDescriptorID(id))
		if err := tx.kv.DeleteRange(begin, prefix); err != nil {
			return err
		}
		begin = kv.PrefixEnd(prefix)
	}
	return tx.kv.DeleteRange(begin, end)
}

// Indexing says how far the indexes are that are being filled, by module.
func (s *Store) Indexing() (list []slnet.IndexingInfo) {
	s.fills.mu.Lock()
	defer s.fills.mu.Unlock()
	for _, moduleID := range slices.Sorted(maps.Keys(s.fills.modules)) {
		f := s.fills.modules[moduleID]
		all := f.all.Load()
		list = append(list, slnet.IndexingInfo{ModuleID: moduleID, Instances: min(f.instances.Load(), all), All: all})
	}
	return list
}

// fill starts the goroutine that indexes a module, or makes the running one look
// again.
func (s *Store) fill(moduleID string) {
	f := &s.fills
	f.mu.Lock()
	defer f.mu.Unlock()
	if running := f.modules[moduleID]; running != nil {
		running.again = true
		return
	}
	if f.ctx.Err() != nil {
		return
	}
	this := &fill{done: make(chan struct{})}
	f.modules[moduleID] = this
	f.running.Go(func() {
		defer close(this.done)
		for {
			s.fillAll(moduleID, this)
			f.mu.Lock()
			again := this.again && f.ctx.Err() == nil
			if this.again = false; !again {
				delete(f.modules, moduleID)
			}
			f.mu.Unlock()
			if !again {
				return
			}
		}
	})
}

// fillPause is how long a filling waits after it lost against other writes. It
// then reads less at a time, so that it gets through under any load.
const fillPause = 50 * time.Millisecond

// fillAll indexes a module to the end. It gives up when the store fails or
// closes; the indexes then stay unused, and are filled by a later start.
func (s *Store) fillAll(moduleID string, progress *fill) {
	if err := s.countFilled(moduleID, progress); err != nil {
		return
	}
	most := fillObjects
	for done := false; !done; {
		instances := 0
		_, err := s.Update(s.fills.ctx, Origin{}, func(tx *Tx) (err error) {
			instances, done, err = tx.fillSome(moduleID, most)
			return err
		})
		switch {
		case err == nil:
			progress.instances.Add(int64(instances))
			most = min(2*most, fillObjects)
		case errors.Is(err, kv.ErrConflict) || errors.Is(err, kv.ErrReadOnly):
			most = max(most/4, 1)
			select {
			case <-time.After(fillPause):
			case <-s.fills.ctx.Done():
				return
			}
		default:
			return
		}
	}
}

// countFilled counts the instances of a module, and those an earlier filling has
// indexed.
func (s *Store) countFilled(moduleID string, progress *fill) error {
	return s.View(s.fills.ctx, func(r *Reader) error {
		all, err := r.kv.GetCounter(counterKey(dom.KindInstance, moduleID))
		if err != nil {
			return err
		}
		after, err := r.kv.Get(fillKey(moduleID))
		if err != nil && !errors.Is(err, kv.ErrNotFound) {
			return err
		}
		rng := kv.PrefixRange(kindPrefix(spaceObject, dom.KindInstance, moduleID))
		rng.End = append(bytes.Clone(after), 0) // behind the last that is indexed
		it := r.kv.Scan(rng)
		defer it.Close()
		filled := int64(0)
		for bytes.Compare(rng.Begin, rng.End) < 0 && it.Next() {
			if filled++; filled%cancelEvery == 0 && s.fills.ctx.Err() != nil {
				return s.fills.ctx.Err()
			}
		}
		progress.all.Store(all)
		progress.instances.Store(filled)
		return it.Err()
	})
}

// What one transaction of a filling reads and writes at most, but for its last
// object.
const (
	fillObjects = 200
	fillBytes   = 1 << 20
)

// fillSome indexes the next objects of a module, at most a number of them, and
// declares the indexes ready when there is none left. It returns how many
// instances it indexed.
func (tx *Tx) fillSome(moduleID string, most int) (instances int, done bool, err error) {
	state, err := tx.storedIndexState(moduleID)
	if err != nil || !state.Filling {
		return 0, true, err
	}
	after, err := tx.kv.Get(fillKey(moduleID))
	if err != nil && !errors.Is(err, kv.ErrNotFound) {
		return 0, false, err
	}
	last, instances, err := tx.fillAfter(moduleID, state.indexes(), after, most)
	if err != nil {
		return 0, false, err
	}
	if last != nil {
		return instances, false, tx.kv.Set(fillKey(moduleID), last)
	}
	*state = IndexState{Limited: state.Limited, Fields: state.Fields, Texts: state.Texts, Several: state.Several}
	if err := tx.kv.Delete(fillKey(moduleID)); err != nil {
		return 0, false, err
	}
	return 0, true, tx.putIndexState(moduleID, state)
}

// fillAfter writes the missing entries of the objects behind a key, and returns
// the key of the last, nil when there was none, and how many of them are instances.
func (tx *Tx) fillAfter(moduleID string, state indexes, after []byte, most int) (last []byte, instances int, err error) {
	for _, kind := range fillKinds() {
		rng := kv.PrefixRange(kindPrefix(spaceObject, kind, moduleID))
		if bytes.Compare(after, rng.Begin) > 0 {
			rng.Begin = append(bytes.Clone(after), 0)
		}
		if bytes.Compare(rng.Begin, rng.End) >= 0 || state.propertiesReady && kind != dom.KindInstance {
			continue
		}
		last, objects, err := tx.fillRange(kind, moduleID, state, rng, most)
		if kind != dom.KindInstance {
			objects = 0
		}
		if err != nil || last != nil {
			return last, objects, err
		}
	}
	return nil, 0, nil
}

// fillKinds are the kinds with indexes, by the order of their keys.
func fillKinds() []dom.ObjectKind {
	return slices.SortedFunc(func(yield func(dom.ObjectKind) bool) {
		for kind := range properties {
			if !yield(kind) {
				return
			}
		}
	}, func(a, b dom.ObjectKind) int { return int(kindBytes[a]) - int(kindBytes[b]) })
}

func (tx *Tx) fillRange(kind dom.ObjectKind, moduleID string, state indexes, rng kv.Range, most int) (last []byte, objects int, err error) {
	it := tx.kv.Scan(rng)
	defer it.Close()
	var several []dom.FieldDescriptorID
	for size := 0; objects < most && size < fillBytes && it.Next(); objects++ {
		o, err := dom.DecodeObject(kind, bytes.Clone(it.Value()))
		if err != nil {
			return nil, 0, err
		}
		var have [][]byte
		if state.propertiesReady {
			have = indexKeys(moduleID, o, state.ready)
		}
		want := indexKeys(moduleID, o, state.want)
		several = append(several, severalFields(moduleID, want)...)
		for _, key := range want {
			if _, had := slices.BinarySearchFunc(have, key, bytes.Compare); had {
				continue
			}
			if err := tx.kv.Set(key, nil); err != nil {
				return nil, 0, err
			}
			size += len(key)
		}
		size += len(it.Value())
		last = append(last[:0], it.Key()...)
	}
	return last, objects, errors.Join(it.Err(), tx.addSeveral(moduleID, several))
}
