package plugins

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"

	"domovoi.dev/sdk/slnet"
)

// binaries holds plugin binaries ready to be executed: as copies in memory that
// nobody can change any more, so that what runs is what was hashed, whatever
// becomes of the file meanwhile. Where there are no such copies the open file is
// executed, hashed at each start.
type binaries struct {
	mu   sync.Mutex
	held map[string]*binary // guarded by mu: copies by hash

	hashed func() // for tests: called when a binary is hashed and not executed yet
}

// binary is a program to execute.
type binary struct {
	hash   string
	file   *os.File
	sealed bool   // it is a copy in memory
	from   source // the file that was copied

	users int         // guarded by binaries.mu
	idle  *time.Timer // guarded by binaries.mu: drops a copy nobody uses
}

// source tells a file and its content apart from what it may be replaced by.
type source struct {
	path          string
	inode         uint64
	size          int64
	modified      time.Time
	statusChanged int64
}

// binaryIdle is how long a copy is kept that nobody uses.
const binaryIdle = 10 * time.Minute

// get returns the program of a spec. The caller gives it back with put.
func (bs *binaries) get(spec Spec) (*binary, error) {
	want, err := hex.DecodeString(spec.SHA256)
	if err != nil || len(want) != sha256.Size {
		return nil, slnet.Errorf(slnet.KindInvalid, "plugin %s: %q is no SHA-256 in hexadecimal digits", spec.Name, spec.SHA256)
	}
	file, err := os.Open(spec.Path)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInternal, "plugin %s: %v", spec.Name, err)
	}
	info, err := file.Stat()
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	from := sourceOf(spec.Path, info)

	bs.mu.Lock()
	defer bs.mu.Unlock()
	hash := hex.EncodeToString(want)
	if b := bs.held[hash]; b != nil && b.from == from {
		b.users++
		return b, file.Close()
	}
	b, err := newBinary(file, from, hash)
	if err == errOtherContent {
		err = slnet.Errorf(slnet.KindInvalid,
			"plugin %s: the file %s is not what was deployed: its SHA-256 is not %s", spec.Name, spec.Path, spec.SHA256)
	} else if err != nil {
		err = slnet.Errorf(slnet.KindInternal, "plugin %s: %v", spec.Name, err)
	}
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	if b.sealed {
		if bs.held == nil {
			bs.held = make(map[string]*binary)
		}
		if old := bs.held[hash]; old != nil {
			bs.dropLocked(old)
		}
		bs.held[hash] = b
	}
	return b, nil
}

func sourceOf(path string, info fs.FileInfo) source {
	from := source{path: path, size: info.Size(), modified: info.ModTime()}
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		from.inode, from.statusChanged = uint64(stat.Ino), changeTime(stat)
	}
	return from
}

var errOtherContent = errors.New("the content has another hash")

// newBinary hashes a file while it is copied, and takes the file over.
func newBinary(file *os.File, from source, hash string) (*binary, error) {
	sum := sha256.New()
	matches := func() error {
		if hex.EncodeToString(sum.Sum(nil)) != hash {
			return errOtherContent
		}
		return nil
	}
	b := &binary{hash: hash, file: file, from: from, users: 1}
	copied, err := newSealed(hash)
	if err != nil { // this system has no such files, or lets nobody execute them
		if _, err := io.Copy(sum, file); err != nil {
			return nil, err
		}
		return b, matches()
	}
	_, err = io.Copy(io.MultiWriter(copied, sum), file)
	if err == nil {
		err = matches()
	}
	if err == nil {
		err = seal(copied)
	}
	if err != nil {
		_ = copied.Close()
		return nil, err
	}
	_ = file.Close() // nothing was written
	b.file, b.sealed = copied, true
	return b, nil
}

// put gives a program back. A copy is kept for the next start.
func (bs *binaries) put(b *binary) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	b.users--
	switch {
	case b.users > 0:
	case bs.held[b.hash] != b:
		_ = b.file.Close()
	case b.idle == nil:
		b.idle = time.AfterFunc(binaryIdle, func() { bs.drop(b) })
	default:
		b.idle.Reset(binaryIdle)
	}
}

func (bs *binaries) drop(b *binary) {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	if b.users == 0 && bs.held[b.hash] == b {
		bs.dropLocked(b)
	}
}

// dropLocked forgets a copy; one in use is closed by put. The caller holds mu.
func (bs *binaries) dropLocked(b *binary) {
	delete(bs.held, b.hash)
	if b.idle != nil {
		b.idle.Stop()
	}
	if b.users == 0 {
		_ = b.file.Close()
	}
}

// close drops all copies.
func (bs *binaries) close() {
	bs.mu.Lock()
	defer bs.mu.Unlock()
	for _, b := range bs.held {
		bs.dropLocked(b)
	}
}
