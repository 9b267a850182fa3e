package pebblekv_test

import (
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// journal is the oracle of a crash: of every transaction it knows whether it
// was begun and whether it was acknowledged.
type journal struct {
	mu     sync.Mutex
	states map[string]kv.Version // 0: begun, else acknowledged with that version
}

func (j *journal) begin(id string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.states[id] = 0
}

func (j *journal) acknowledge(id string, v kv.Version) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.states[id] = v
}

// acknowledged returns what must survive a crash from now on.
func (j *journal) acknowledged() map[string]kv.Version {
	j.mu.Lock()
	defer j.mu.Unlock()
	sure := map[string]kv.Version{}
	for id, v := range j.states {
		if v > 0 {
			sure[id] = v
		}
	}
	return sure
}

func (j *journal) begun(id string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, ok := j.states[id]
	return ok
}

// write runs the transaction id: two rows, one of them large at times, a row of
// a feed and a counter, which stand and fall together.
func (j *journal) write(t *testing.T, s kv.Store, id string, size int) error {
	j.begin(id)
	v, err := s.Update(t.Context(), func(tx kv.Tx) error {
		for _, half := range []string{"a/", "b/"} {
			if err := tx.Set([]byte(half+id), make([]byte, size)); err != nil {
				return err
			}
		}
		if err := tx.Add([]byte("n"), 1); err != nil {
			return err
		}
		return tx.SetVersioned([]byte("f/"), nil, []byte(id))
	})
	if err == nil {
		j.acknowledge(id, v)
	}
	return err
}

// check compares a store that was opened after a crash with what was
// acknowledged before the crash and begun until now.
func (j *journal) check(t *testing.T, s kv.Store, sure map[string]kv.Version) {
	t.Helper()
	survived := map[string]kv.Version{}
	err := s.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.PrefixRange([]byte("f/")))
		defer it.Close()
		for it.Next() {
			v := kv.Version(binary.BigEndian.Uint64(it.Key()[len("f/"):]))
			if v > r.Version() {
				t.Errorf("a row of version %d in a store of version %d", v, r.Version())
			}
			survived[string(it.Value())] = v
		}
		for _, half := range []string{"a/", "b/"} {
			rows := r.Scan(kv.PrefixRange([]byte(half)))
			defer rows.Close()
			n := 0
			for ; rows.Next(); n++ {
				if _, ok := survived[string(rows.Key()[len(half):])]; !ok {
					t.Errorf("%s has survived in part", rows.Key())
				}
			}
			if n != len(survived) || rows.Err() != nil {
				t.Errorf("%d rows of %s, %d of the feed, %v", n, half, len(survived), rows.Err())
			}
		}
		n, err := r.GetCounter([]byte("n"))
		if err != nil || n != int64(len(survived)) {
			t.Errorf("the counter is %d, %v; transactions: %d", n, err, len(survived))
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	for id, v := range sure {
		if survived[id] != v {
			t.Errorf("%s was acknowledged with version %d, and is there with %d", id, v, survived[id])
		}
	}
	for id := range survived {
		if !j.begun(id) {
			t.Errorf("%s has appeared", id)
		}
	}
}

func TestCrash(t *testing.T) {
	const generations, crashes, workers, transactions = 3, 4, 4, 40
	for _, unsynced := range []int{0, 50, 100} {
		t.Run(fmt.Sprintf("unsynced=%d", unsynced), func(t *testing.T) {
			j := &journal{states: map[string]kv.Version{}}
			fs := pebblekv.NewCrashFS()
			for generation := range generations {
				s := open(t, pebblekv.Options{FS: fs, MemTableSize: 32 << 10, CacheSize: 64 << 10})
				sure := j.acknowledged()
				j.check(t, s, sure)

				// crash at quarters of the load, while it goes on.
				var after *pebblekv.CrashFS
				reached := make(chan struct{}, workers*transactions)
				var load sync.WaitGroup
				for w := range workers {
					load.Go(func() {
						for i := range transactions {
							id := fmt.Sprintf("%d.%d.%d", generation, w, i)
							if err := j.write(t, s, id, 100+i%10*200); err != nil {
								t.Errorf("write %s: %v", id, err)
							}
							reached <- struct{}{}
						}
					})
				}
				for range crashes {
					for range workers * transactions / (crashes + 1) {
						<-reached
					}
					sure := j.acknowledged()
					after = fs.Clone(unsynced)
					crashed := open(t, pebblekv.Options{FS: after})
					j.check(t, crashed, sure)
					if err := crashed.Close(); err != nil {
						t.Error(err)
					}
				}
				load.Wait()
				if err := s.Close(); err != nil {
					t.Error(err)
				}
				// Go on from the last crash: what only the original went on to
				// acknowledge is not part of that history.
				fs = after
				j = restart(t, fs, j)
			}
		})
	}
}

// restart returns a journal of what a store on fs holds.
func restart(t *testing.T, fs pebblekv.FS, j *journal) *journal {
	s := open(t, pebblekv.Options{FS: fs})
	defer s.Close()
	next := &journal{states: map[string]kv.Version{}}
	err := s.View(t.Context(), func(r kv.Reader) error {
		it := r.Scan(kv.PrefixRange([]byte("f/")))
		defer it.Close()
		for it.Next() {
			next.states[string(it.Value())] = kv.Version(binary.BigEndian.Uint64(it.Key()[len("f/"):]))
		}
		return it.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
	// Versions grow across the crash.
	last := s.Version()
	if err := next.write(t, s, fmt.Sprintf("after.%d", len(j.states)), 1); err != nil {
		t.Fatal(err)
	}
	if v := s.Version(); v != last+1 {
		t.Errorf("the first version after the crash is %d, the last before it %d", v, last)
	}
	return next
}
