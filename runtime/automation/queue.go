package automation

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
)

// window is how many waiting runs of a lane are in memory at a time. The others
// are in openTable only.
const window = 64

// queue decides which waiting run starts next, and knows what the executing ones
// hold. It does not read the store: what it lacks it asks for by name.
//
// Waiting runs stand in lanes: those of one order (children, then by priority),
// user and script. Among lanes of the same order the users take turns, and the
// lanes of a user do.
//
// Of a lane the first runs are in memory, ready to start. The queue has looked at
// all rows of the lane up to seen: each of them is ready, starting, or was passed
// over because its key had no room. Those are found again by their key, when it
// has.
type queue struct {
	// wake holds a token when there may be something to start or to read.
	wake chan struct{}

	mu      sync.Mutex
	free    int                 // guarded by mu: slots not taken
	levels  []*level            // guarded by mu: in order, none empty
	scripts map[string][]holder // guarded by mu: executing runs by script
	keys    map[string][]holder // guarded by mu: executing runs by concurrency key
	limits  map[string]int64    // guarded by mu: how many runs of a script may execute, 0 any; of scripts with lanes
	freed   []string            // guarded by mu: keys that have room again
	due     time.Time           // guarded by mu: when the first run of openLater may start, zero for none
	dueRead bool                // guarded by mu: due counts those that were there when the daemon started, too
	// callers has the waiting runs that are not stored, with what is closed when they
	// have what they need to start; guarded by mu.
	callers map[uuid.UUID]chan struct{}
}

// level has the lanes of one order.
type level struct {
	order string
	users []*turn // whoever is first is asked first
}

// turn has the lanes of one user.
type turn struct {
	user  string
	lanes []*lane
}

// lane is a row of waiting runs.
type lane struct {
	order, user, script string

	ready []openRun // by id
	seen  string    // the id up to which the rows in the store were looked at
	more  bool      // there may be rows behind seen
	added int       // counts the rows that came in behind seen
}

// holder is a run that executes.
type holder struct {
	run   uuid.UUID
	since time.Time
}

func newQueue(slots int) *queue {
	return &queue{
		wake: make(chan struct{}, 1), free: slots, scripts: make(map[string][]holder), keys: make(map[string][]holder),
		limits: make(map[string]int64), callers: make(map[uuid.UUID]chan struct{}),
	}
}

func (q *queue) rouse() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// tryTake takes what a new run needs to start at once, if that is free. limit is
// how many runs of its script may execute, 0 any.
func (q *queue) tryTake(run *slnet.Run, limit int64) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := openOf(run)
	if w.Order != orderChildren && (q.free <= 0 || !q.scriptHasRoom(w.Script, limit)) || !q.keyHasRoom(&w, run.Parents) {
		return false
	}
	q.take(&w)
	return true
}

// offer lets a new run that is not stored wait for its turn among those that are.
// The channel is closed when what it needs to start was taken for it. It is nil
// where the run cannot wait so: it has a key, for which others are looked up in the
// store, or there are more in its lane than are in memory. limit is how many runs
// of its script may execute, 0 any.
func (q *queue) offer(run *slnet.Run, limit int64) <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	w := openOf(run)
	if w.Key != "" {
		return nil
	}
	l := q.lane(w.Order, w.User, w.Script)
	if l.more || len(l.ready) >= window {
		return nil
	}
	at, _ := slices.BinarySearchFunc(l.ready, w, compareOpen)
	l.ready = slices.Insert(l.ready, at, w)
	if _, known := q.limits[w.Script]; !known {
		q.limits[w.Script] = limit
	}
	turn := make(chan struct{})
	q.callers[w.ID] = turn
	q.rouse()
	return turn
}

// withdraw takes back what was offered, and reports whether that was in time.
func (q *queue) withdraw(run *slnet.Run) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, waits := q.callers[run.ID]; !waits {
		return false
	}
	delete(q.callers, run.ID)
	w := openOf(run)
	l := q.lane(w.Order, w.User, w.Script)
	l.ready = slices.DeleteFunc(l.ready, func(o openRun) bool { return o.ID == run.ID })
	return true
}

// scriptHasRoom needs mu.
func (q *queue) scriptHasRoom(script string, limit int64) bool {
	return limit == 0 || int64(len(q.scripts[script])) < limit
}

// keyHasRoom needs mu. A run has room below one that holds its key.
func (q *queue) keyHasRoom(w *openRun, parents []uuid.UUID) bool {
	if w.Key == "" || int64(len(q.keys[w.Key])) < max(w.KeyLimit, 1) {
		return true
	}
	return slices.ContainsFunc(q.keys[w.Key], func(h holder) bool { return slices.Contains(parents, h.run) })
}

// take needs mu.
func (q *queue) take(w *openRun) {
	h := holder{w.ID, time.Now().UTC()}
	if w.Order != orderChildren {
		q.free--
	}
	q.scripts[w.Script] = append(q.scripts[w.Script], h)
	if w.Key != "" {
		q.keys[w.Key] = append(q.keys[w.Key], h)
	}
}

// give gives back what a run took.
func (q *queue) give(w *openRun) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.Order != orderChildren {
		q.free++
	}
	drop(q.scripts, w.Script, w.ID)
	if w.Key != "" {
		drop(q.keys, w.Key, w.ID)
		q.freed = append(q.freed, w.Key)
	}
	q.rouse()
}

// pass gives back what a run took whose turn it is not. It is found again by its
// key, when the one before it has ended.
func (q *queue) pass(w *openRun) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if w.Order != orderChildren {
		q.free++
	}
	drop(q.scripts, w.Script, w.ID)
	drop(q.keys, w.Key, w.ID)
	q.rouse()
}

// ended says that a run with a key has ended without having executed.
func (q *queue) ended(key string) {
	q.refree(key)
	q.rouse()
}

func drop(m map[string][]holder, key string, run uuid.UUID) {
	m[key] = slices.DeleteFunc(m[key], func(h holder) bool { return h.run == run })
	if len(m[key]) == 0 {
		delete(m, key)
	}
}

// add tells of a waiting run that was stored.
func (q *queue) add(w openRun) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !w.NotBefore.IsZero() {
		if q.due.IsZero() || w.NotBefore.Before(q.due) {
			q.due = w.NotBefore
		}
		q.rouse()
		return
	}
	q.enter(w)
	q.rouse()
}

// enter needs mu.
func (q *queue) enter(w openRun) {
	l := q.lane(w.Order, w.User, w.Script)
	id := w.ID.String()
	switch {
	case id > l.seen && (l.seen == "" || l.more || len(l.ready) >= window):
		l.more = true // it is met there
		l.added++
	case len(l.ready) >= 2*window: // too many that came out of order: begin again
		l.ready = slices.DeleteFunc(l.ready, func(o openRun) bool { return q.callers[o.ID] == nil })
		l.seen, l.more = "", true
		l.added++
	default:
		at, there := slices.BinarySearchFunc(l.ready, w, compareOpen)
		if !there {
			l.ready = slices.Insert(l.ready, at, w)
		}
		l.seen = max(l.seen, id)
	}
}

func compareOpen(a, b openRun) int { return slices.Compare(a.ID[:], b.ID[:]) }

// lane returns a lane, which it makes where there is none. It needs mu.
func (q *queue) lane(order, user, script string) *lane {
	i, ok := slices.BinarySearchFunc(q.levels, order, func(l *level, order string) int { return cmp.Compare(l.order, order) })
	if !ok {
		q.levels = slices.Insert(q.levels, i, &level{order: order})
	}
	v := q.levels[i]
	j := slices.IndexFunc(v.users, func(t *turn) bool { return t.user == user })
	if j < 0 {
		j = len(v.users)
		v.users = append(v.users, &turn{user: user})
	}
	t := v.users[j]
	k := slices.IndexFunc(t.lanes, func(l *lane) bool { return l.script == script })
	if k < 0 {
		k = len(t.lanes)
		t.lanes = append(t.lanes, &lane{order: order, user: user, script: script})
	}
	return t.lanes[k]
}

// next takes the run that starts next. Where it has to know more first, it
// returns a lane to be loaded instead; with neither, nothing can start. Those that
// were offered are started by whoever did.
func (q *queue) next() (w openRun, hungry *lane, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		w, hungry, ok = q.choose()
		turn, offered := q.callers[w.ID]
		if !ok || !offered {
			return w, hungry, ok
		}
		delete(q.callers, w.ID)
		close(turn)
	}
}

// choose needs mu.
func (q *queue) choose() (w openRun, hungry *lane, ok bool) {
	for _, v := range q.levels {
		if v.order != orderChildren && q.free <= 0 {
			break
		}
		for i, t := range v.users {
			for j, l := range t.lanes {
				limit, known := q.limits[l.script]
				if v.order != orderChildren && known && !q.scriptHasRoom(l.script, limit) {
					continue
				}
				if !known || len(l.ready) == 0 && l.more {
					return openRun{}, l, false
				}
				if w, ok := q.first(l); ok {
					// Whoever had a turn is asked last the next time.
					t.lanes = append(slices.Delete(t.lanes, j, j+1), l)
					v.users = append(slices.Delete(v.users, i, i+1), t)
					return w, nil, true
				}
				if l.more {
					return openRun{}, l, false
				}
			}
		}
	}
	q.sweep()
	return openRun{}, nil, false
}

// first takes the first ready run of a lane whose key has room, and forgets those
// before it. It needs mu.
func (q *queue) first(l *lane) (openRun, bool) {
	for i, w := range l.ready {
		if q.keyHasRoom(&w, nil) {
			l.ready = slices.Delete(l.ready, 0, i+1)
			q.take(&w)
			return w, true
		}
	}
	l.ready = nil
	return openRun{}, false
}

// sweep removes lanes in which nobody waits. It needs mu.
func (q *queue) sweep() {
	for _, v := range q.levels {
		for _, t := range v.users {
			t.lanes = slices.DeleteFunc(t.lanes, func(l *lane) bool { return len(l.ready) == 0 && !l.more })
		}
		v.users = slices.DeleteFunc(v.users, func(t *turn) bool { return len(t.lanes) == 0 })
	}
	q.levels = slices.DeleteFunc(q.levels, func(v *level) bool { return len(v.users) == 0 })
	used := make(map[string]bool)
	for _, v := range q.levels {
		for _, t := range v.users {
			for _, l := range t.lanes {
				used[l.script] = true
			}
		}
	}
	maps.DeleteFunc(q.limits, func(script string, _ int64) bool { return !used[script] })
}

// reading is where a lane is read on.
type reading struct {
	lane  *lane
	from  string
	added int
}

// read says where a lane is to be read on.
func (q *queue) read(l *lane) reading {
	q.mu.Lock()
	defer q.mu.Unlock()
	return reading{l, l.seen, l.added}
}

// loaded hands a lane the rows that were read. more says that there are others
// behind them. limit is how many runs of its script may execute, 0 any.
func (q *queue) loaded(r reading, rows []openRun, more bool, limit int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	l := r.lane
	q.limits[l.script] = limit
	if l.seen < r.from {
		return // it was begun again meanwhile
	}
	// Rows that came in meanwhile may be among those that were read, or not.
	l.more = more || l.added != r.added
	for _, w := range rows {
		l.seen = max(l.seen, w.ID.String())
		at, there := slices.BinarySearchFunc(l.ready, w, compareOpen)
		if !there && q.keyHasRoom(&w, nil) {
			l.ready = slices.Insert(l.ready, at, w)
		}
	}
}

// relimit tells how many runs of a script may execute from now on.
func (q *queue) relimit(script string, limit int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.limits[script]; known {
		q.limits[script] = limit
	}
	q.rouse()
}

// freedKeys returns the keys that have got room since it was called last.
func (q *queue) freedKeys() []string {
	q.mu.Lock()
	defer q.mu.Unlock()
	keys := q.freed
	q.freed = nil
	slices.Sort(keys)
	return slices.Compact(keys)
}

// refree takes back a key that freedKeys returned.
func (q *queue) refree(key string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.freed = append(q.freed, key)
}

// nextDue is when the first run that waits for its time may start, zero for none.
// It is not known before setDue was called.
func (q *queue) nextDue() (due time.Time, known bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.due, q.dueRead
}

// forgetDue makes nextDue not known, and setDue tells it, zero for none. Those that
// came in between count besides.
func (q *queue) forgetDue() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.due, q.dueRead = time.Time{}, false
}

func (q *queue) setDue(due time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dueRead = true
	if q.due.IsZero() || !due.IsZero() && due.Before(q.due) {
		q.due = due
	}
}

// found hands in runs that were found by a key that has room.
func (q *queue) found(rows []openRun) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, w := range rows {
		l := q.lane(w.Order, w.User, w.Script)
		if w.ID.String() > l.seen {
			l.more = true // it is met there
			l.added++
			continue
		}
		if at, there := slices.BinarySearchFunc(l.ready, w, compareOpen); !there {
			l.ready = slices.Insert(l.ready, at, w)
		}
	}
}

// waitsFor says what keeps a waiting run from starting, nil when nothing does.
func (q *queue) waitsFor(run *slnet.Run, limit int64) *slnet.RunWait {
	if !run.NotBefore.IsZero() {
		return &slnet.RunWait{Kind: slnet.WaitForTime, Until: run.NotBefore}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	w := openOf(run)
	held := func(kind slnet.RunWaitKind, key string, holders []holder) *slnet.RunWait {
		return &slnet.RunWait{Kind: kind, Key: key, HeldBy: holders[0].run, Since: holders[0].since}
	}
	switch {
	case !q.keyHasRoom(&w, run.Parents):
		return held(slnet.WaitForKey, w.Key, q.keys[w.Key])
	case w.Order == orderChildren:
	case !q.scriptHasRoom(w.Script, limit):
		return held(slnet.WaitForScript, "", q.scripts[w.Script])
	case q.free <= 0:
		return &slnet.RunWait{Kind: slnet.WaitForSlot}
	}
	return nil
}
