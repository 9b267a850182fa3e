package occ

const (
	firstChunk = 2 << 10
	lastChunk  = 64 << 10
)

// arena copies small slices into few large chunks.
type arena struct {
	chunk []byte
	next  int
}

// clone returns a copy of b, never nil, with room for extra more bytes behind.
func (a *arena) clone(b []byte, extra int) []byte {
	size := len(b) + extra
	if size == 0 {
		return []byte{}
	}
	if size > lastChunk/4 {
		return append(make([]byte, 0, size), b...)
	}
	if size > cap(a.chunk)-len(a.chunk) {
		a.next = min(max(2*a.next, firstChunk), lastChunk)
		a.chunk = make([]byte, 0, max(a.next, size))
	}
	n := len(a.chunk)
	a.chunk = a.chunk[:n+size]
	copied := a.chunk[n : n : n+size]
	return append(copied, b...)
}

// reset makes the newest chunk usable again; slices handed out before must no
// longer be in use.
func (a *arena) reset() { a.chunk = a.chunk[:0] }
