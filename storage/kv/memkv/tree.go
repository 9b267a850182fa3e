package memkv

import (
	"bytes"
	"hash/maphash"
)

// tree is an immutable sorted map of keys, none of which is nil: a treap whose priorities are the hashes of
// its keys. nil is the empty tree. Every change returns a new tree that shares
// with the old one what is equal, so keeping a snapshot is keeping a pointer.
type tree struct {
	key, value  []byte
	priority    uint64
	left, right *tree
}

var seed = maphash.MakeSeed()

// split returns the keys before key, and those at and after it. A nil key is
// the end of the key space.
func (t *tree) split(key []byte) (lower, upper *tree) {
	if t == nil {
		return nil, nil
	}
	n := *t
	if before(t.key, key) {
		n.right, upper = t.right.split(key)
		return &n, upper
	}
	lower, n.left = t.left.split(key)
	return lower, &n
}

// join returns the keys of both trees; those of lower come before those of
// upper.
func join(lower, upper *tree) *tree {
	switch {
	case lower == nil:
		return upper
	case upper == nil:
		return lower
	case lower.priority > upper.priority:
		n := *lower
		n.right = join(lower.right, upper)
		return &n
	default:
		n := *upper
		n.left = join(lower, upper.left)
		return &n
	}
}

// set keeps key and value.
func (t *tree) set(key, value []byte) *tree {
	lower, upper := t.deleteRange(key, after(key)).split(key)
	n := &tree{key: key, value: value, priority: maphash.Bytes(seed, key)}
	return join(join(lower, n), upper)
}

func (t *tree) deleteRange(begin, end []byte) *tree {
	if !before(begin, end) {
		return t
	}
	lower, rest := t.split(begin)
	_, upper := rest.split(end)
	return join(lower, upper)
}

// seekGE returns the first key at or after key, seekLT the last before it, nil
// when there is none.
func (t *tree) seekGE(key []byte) (found *tree) {
	for t != nil {
		if before(t.key, key) {
			t = t.right
		} else {
			found, t = t, t.left
		}
	}
	return found
}

func (t *tree) seekLT(key []byte) (found *tree) {
	for t != nil {
		if before(t.key, key) {
			found, t = t, t.right
		} else {
			t = t.left
		}
	}
	return found
}

func (t *tree) get(key []byte) (value []byte, ok bool) {
	n := t.seekGE(key)
	if n == nil || !bytes.Equal(n.key, key) {
		return nil, false
	}
	return n.value, true
}

// before reports whether key < end, where a nil end is the end of the key
// space.
func before(key, end []byte) bool {
	return end == nil || bytes.Compare(key, end) < 0
}

// after returns the first key after key.
func after(key []byte) []byte {
	return append(append(make([]byte, 0, len(key)+1), key...), 0)
}

// clone returns a copy of b that is not nil, for nil stands for the end of the
// key space.
func clone(b []byte) []byte { return append([]byte{}, b...) }
