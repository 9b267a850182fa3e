package storage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"

	"domovoi.dev/storage/kv"
)

// scanBytes is after how many bytes a long walk begins a new iterator. An open
// one keeps the files it reads from, also when they are rewritten meanwhile.
const scanBytes = 64 << 20

// Snapshot is all that a store holds at one moment.
type Snapshot struct {
	*Reader
	blobs *blobs
}

// Snapshot calls fn with the newest state of the store, while the store is in
// use. Until fn returns, the contents of attachments that are removed meanwhile
// are kept.
func (s *Store) Snapshot(ctx context.Context, fn func(s *Snapshot) error) error {
	s.blobs.retain()
	defer s.blobs.letGo()
	return s.View(ctx, func(r *Reader) error { return fn(&Snapshot{r, s.blobs}) })
}

// Rows calls each with the keys and values of the key space in their order. The
// slices are valid during the call.
func (s *Snapshot) Rows(ctx context.Context, each func(key, value []byte) error) error {
	from, done := []byte(nil), false
	for !done {
		var err error
		if from, done, err = s.someRows(ctx, from, each); err != nil {
			return err
		}
	}
	return nil
}

// someRows calls each with the rows from a key on, and returns where to go on.
func (s *Snapshot) someRows(ctx context.Context, from []byte, each func(key, value []byte) error) (next []byte, done bool, err error) {
	it := s.kv.Scan(kv.Range{Begin: from})
	defer it.Close()
	size := 0
	for n := 0; it.Next(); n++ {
		if n%cancelEvery == 0 && ctx.Err() != nil {
			return nil, false, ctx.Err()
		}
		if size >= scanBytes {
			return bytes.Clone(it.Key()), false, nil
		}
		size += len(it.Key()) + len(it.Value())
		if err := each(it.Key(), it.Value()); err != nil {
			return nil, false, err
		}
	}
	return nil, true, it.Err()
}

// BlobPath is where a content is in the folder of blobs, with slashes.
func BlobPath(hash BlobHash) string {
	name := hash.String()
	return name[:2] + "/" + name
}

// Blobs calls each with the contents that attachments refer to, in the order of
// their hashes. The error of a file that is not there is ErrDamaged; that it holds
// something else shows when it is compared with the hash.
func (s *Snapshot) Blobs(ctx context.Context, each func(hash BlobHash, open func() (io.ReadCloser, error)) error) error {
	if s.blobs == nil {
		return nil
	}
	it := s.kv.Scan(kv.PrefixRange([]byte{spaceReference}))
	defer it.Close()
	for ok := it.Next(); ok; {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if len(it.Key()) < 1+len(BlobHash{}) {
			return errTuple
		}
		hash := BlobHash(it.Key()[1:])
		open := func() (io.ReadCloser, error) {
			f, err := os.Open(s.blobs.path(hash))
			if errors.Is(err, fs.ErrNotExist) {
				return nil, damaged(hash, err)
			}
			return f, err
		}
		if err := each(hash, open); err != nil {
			return err
		}
		ok = it.Seek(kv.PrefixEnd(referencePrefix(hash)))
	}
	return it.Err()
}
