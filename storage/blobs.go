package storage

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"domovoi.dev/internal/fsync"
)

// ErrDamaged reports that a file does not hold what was written to it.
var ErrDamaged = errors.New("the content is damaged")

var errNoBlobs = errors.New("the store has no folder for blobs")

// BlobHash is the SHA-256 of a content.
type BlobHash [sha256.Size]byte

func (h BlobHash) String() string { return hex.EncodeToString(h[:]) }

// blobs are contents too large for the key space. Each is kept once, in a file
// named by its hash. A content is durable before a record that refers to it
// commits, and is removed after the commit that took the last such record away.
//
// Nobody may remove a file between its writing and the commit of its record.
// So who writes a content holds it until then, and a file is only removed with
// mu held, so that nobody begins to hold it, when it is not held and no durable
// record refers to it. Who ceases to hold a content looks whether it is in use,
// as does who removed a record. What remains when that fails, or after a crash,
// is removed by SweepBlobs.
type blobs struct {
	store *Store
	dir   string
	below *blobs // those of the store a fork was made of, which it reads; nil otherwise

	mu   sync.Mutex
	held map[BlobHash]int // how many hold a content; guarded by mu
	// forks is how many forks and snapshots may read what is here. Meanwhile nothing
	// is removed, and postponed is what is to be looked at afterwards. guarded by mu
	forks     int
	postponed map[BlobHash]struct{}
	// kept are the contents of a fork, for which there is room for so many bytes
	// more. guarded by mu
	kept map[BlobHash][]byte
	room int
}

// OpenBlobs makes dir the folder of the store's blobs and makes it when it does
// not exist. It is called at most once, before the store is shared.
func (s *Store) OpenBlobs(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := fsync.Dir(filepath.Dir(dir)); err != nil {
		return err
	}
	s.blobs = &blobs{store: s, dir: dir, held: make(map[BlobHash]int)}
	return nil
}

// Blob is a content that is durable, and is kept until Release.
type Blob struct {
	Hash  BlobHash
	Size  int64
	blobs *blobs
	once  sync.Once
}

// PutBlob stores a content. The caller commits a record that refers to it, if
// any, and then calls Release.
func (s *Store) PutBlob(content []byte) (*Blob, error) {
	b := s.blobs
	if b == nil {
		return nil, errNoBlobs
	}
	blob := b.hold(sha256.Sum256(content), int64(len(content)))
	write := b.write
	if b.below != nil {
		write = b.keep
	}
	if err := write(blob.Hash, content); err != nil {
		blob.Release()
		return nil, fmt.Errorf("write a blob: %w", err)
	}
	return blob, nil
}

// PutBlobFrom is PutBlob for a content that is written while it is read. The error
// of reading it is in the error returned. A fork takes none.
func (s *Store) PutBlobFrom(content io.Reader) (*Blob, error) {
	b := s.blobs
	if b == nil || b.below != nil {
		return nil, errNoBlobs
	}
	// Until its hash is known the file has a random one in its name, which keeps it
	// from being swept.
	var name BlobHash
	rand.Read(name[:])
	unnamed := b.hold(name, 0)
	defer unnamed.letGo()
	var blob *Blob
	sum := sha256.New()
	err := b.place(name, func(f *os.File) (BlobHash, error) {
		size, err := io.Copy(io.MultiWriter(f, sum), content)
		if err != nil {
			return name, err
		}
		blob = b.hold(BlobHash(sum.Sum(nil)), size)
		return blob.Hash, nil
	})
	if err != nil {
		if blob != nil {
			blob.Release()
		}
		return nil, fmt.Errorf("write a blob: %w", err)
	}
	return blob, nil
}

// hold keeps a content until it is released.
func (b *blobs) hold(hash BlobHash, size int64) *Blob {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.held[hash]++
	return &Blob{Hash: hash, Size: size, blobs: b}
}

// Hold is a blob of the same content, with a Release of its own. It is called
// before the Release of b.
func (b *Blob) Hold() *Blob { return b.blobs.hold(b.Hash, b.Size) }

// Release lets go of the content. It is removed when no record refers to it. A
// second call does nothing.
func (b *Blob) Release() {
	b.once.Do(func() {
		b.letGo()
		b.blobs.discard([]BlobHash{b.Hash})
	})
}

func (b *Blob) letGo() {
	b.blobs.mu.Lock()
	defer b.blobs.mu.Unlock()
	if b.blobs.held[b.Hash]--; b.blobs.held[b.Hash] == 0 {
		delete(b.blobs.held, b.Hash)
	}
}

// ReadBlob returns the record that find returns, and its content. find looks for
// it at the newest snapshot. A file that does not hold the content gives
// ErrDamaged.
func (s *Store) ReadBlob(ctx context.Context, find func(r *Reader) (*AttachmentRow, error)) (row *AttachmentRow, content []byte, err error) {
	if s.blobs == nil {
		return nil, nil, errNoBlobs
	}
	row, f, err := s.blobs.open(ctx, find)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	content = make([]byte, row.Size)
	if _, err := io.ReadFull(f, content); err != nil {
		return nil, nil, damaged(row.Hash, err)
	}
	if sha256.Sum256(content) != row.Hash {
		return nil, nil, damaged(row.Hash, errors.New("it has another hash"))
	}
	return row, content, nil
}

// OpenBlob is ReadBlob for a content that is not to be in memory. The caller closes
// it. All of it has been compared with its hash.
func (s *Store) OpenBlob(ctx context.Context, find func(r *Reader) (*AttachmentRow, error)) (row *AttachmentRow, content io.ReadSeekCloser, err error) {
	if s.blobs == nil {
		return nil, nil, errNoBlobs
	}
	row, content, err = s.blobs.open(ctx, find)
	if err != nil {
		return nil, nil, err
	}
	if _, err = sizeOf(content, row.Hash); err == nil {
		_, err = content.Seek(0, io.SeekStart)
	}
	if err != nil {
		return nil, nil, errors.Join(err, content.Close())
	}
	return row, content, nil
}

func damaged(hash BlobHash, err error) error {
	return fmt.Errorf("blob %s: %w: %w", hash, ErrDamaged, err)
}

// open finds a record and opens the content it refers to. No content is removed
// between the two.
func (b *blobs) open(ctx context.Context, find func(r *Reader) (*AttachmentRow, error)) (row *AttachmentRow, f io.ReadSeekCloser, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	err = b.store.View(ctx, func(r *Reader) (err error) {
		row, err = find(r)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if content, ok := b.kept[row.Hash]; ok {
		return row, memoryFile{bytes.NewReader(content)}, nil
	}
	f, err = b.file(row)
	return row, f, err
}

// memoryFile is a content of a fork as a file.
type memoryFile struct{ *bytes.Reader }

func (memoryFile) Close() error { return nil }

func (b *blobs) file(row *AttachmentRow) (io.ReadSeekCloser, error) {
	if b.below != nil {
		return b.below.file(row)
	}
	f, err := os.Open(b.path(row.Hash))
	if err != nil {
		return nil, damaged(row.Hash, err)
	}
	if info, err := f.Stat(); err != nil || info.Size() != row.Size {
		return nil, errors.Join(damaged(row.Hash, fmt.Errorf("want %d bytes", row.Size)), err, f.Close())
	}
	return f, nil
}

// path is where a content is kept: in one of 256 folders, so that none gets too
// large.
func (b *blobs) path(hash BlobHash) string {
	return filepath.Join(b.dir, filepath.FromSlash(BlobPath(hash)))
}

// partial ends the names of files that are being written. They begin with the
// hash.
const partial = ".partial"

// write makes a content durable. It writes it also when it is there, which
// repairs a damaged file and needs no knowledge of what others have synced.
func (b *blobs) write(hash BlobHash, content []byte) error {
	return b.place(hash, func(f *os.File) (BlobHash, error) {
		_, err := f.Write(content)
		return hash, err
	})
}

// place has fill write a file, which begins as one of name, and makes it durable
// as the content whose hash fill returns.
func (b *blobs) place(name BlobHash, fill func(f *os.File) (BlobHash, error)) (err error) {
	dir := filepath.Dir(b.path(name))
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, name.String()+".*"+partial)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	hash, err := fill(f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	path := b.path(hash)
	dir = filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return errors.Join(fsync.Dir(dir), fsync.Dir(b.dir))
}

// discard removes contents that are not in use. What cannot be removed is left
// to the sweep: the commit that ended its use stands.
func (b *blobs) discard(hashes []BlobHash) {
	for _, hash := range hashes {
		_ = b.remove(hash, b.path(hash))
	}
}

// remove removes a file of a content that is not in use.
func (b *blobs) remove(hash BlobHash, path string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.held[hash] > 0 {
		return nil
	}
	if b.forks > 0 {
		b.postponed[hash] = struct{}{}
		return nil
	}
	if !strings.HasSuffix(path, partial) {
		var used bool
		err := b.store.View(context.Background(), func(r *Reader) (err error) {
			used, err = r.referred(hash)
			return err
		})
		if err != nil || used {
			return err
		}
	}
	if b.below != nil {
		b.room += len(b.kept[hash])
		delete(b.kept, hash)
		return nil
	}
	if err := os.Remove(path); !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// SweepBlobs removes the files that no record refers to: what a crash left.
// Files that are about to be referred to stay, and so do files with names of
// another form, which are not the store's.
func (s *Store) SweepBlobs(ctx context.Context) error {
	b := s.blobs
	if b == nil {
		return errNoBlobs
	}
	folders, err := os.ReadDir(b.dir)
	if err != nil {
		return err
	}
	for _, folder := range folders {
		if !folder.IsDir() {
			continue
		}
		unused, err := b.unused(ctx, filepath.Join(b.dir, folder.Name()))
		if err != nil {
			return err
		}
		for path, hash := range unused {
			if err := b.remove(hash, path); err != nil {
				return err
			}
		}
	}
	return nil
}

// unused returns the files in a folder that nobody referred to a moment ago. The
// files are listed first: a file written later is not among them.
func (b *blobs) unused(ctx context.Context, dir string) (map[string]BlobHash, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	unused := make(map[string]BlobHash)
	err = b.store.View(ctx, func(r *Reader) error {
		for _, file := range files {
			hash, isPartial, ok := parseBlobName(file.Name())
			if !ok {
				continue
			}
			used, err := r.referred(hash)
			if err != nil {
				return err
			}
			if isPartial || !used {
				unused[filepath.Join(dir, file.Name())] = hash
			}
		}
		return ctx.Err()
	})
	return unused, err
}

// parseBlobName returns the hash of the content a file is for.
func parseBlobName(name string) (hash BlobHash, isPartial, ok bool) {
	const digits = 2 * sha256.Size
	if len(name) < digits {
		return hash, false, false
	}
	if _, err := hex.Decode(hash[:], []byte(name[:digits])); err != nil {
		return hash, false, false
	}
	isPartial = strings.HasSuffix(name, partial)
	return hash, isPartial, isPartial || len(name) == digits
}
