// Package backup reads and writes the files of backups: all rows of a store at
// one moment, and the files that belong to them, in one stream of compressed
// blocks. docs/backup.md has the format. A file that is not whole is never taken
// for one that is: every block has a checksum, and the last one counts what came
// before and has its SHA-256.
//
// An encrypted backup is such a file inside one of age, which other programs can
// open too.
package backup

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"strings"
	"time"

	"domovoi.dev/storage/kv"
)

// FormatVersion is the version of the format.
const FormatVersion = 1

// A file begins with magic, the version in digits, and a line break.
const magic = "domovoi-backup-"

// Errors of reading. They are wrapped with what is wrong and where.
var (
	// ErrDamaged: the file is not what was written.
	ErrDamaged = errors.New("the backup is damaged")
	// ErrNewerFormat: the file was written by a newer program.
	ErrNewerFormat = errors.New("the backup was written by a newer version")
	// ErrNoBackup: the file is none of a backup.
	ErrNoBackup = errors.New("this is no backup")
	// ErrEncrypted: the file is encrypted and there is nothing to open it with.
	ErrEncrypted = errors.New("the backup is encrypted")
	// ErrWrongKey: what was given does not open the file.
	ErrWrongKey = errors.New("the backup is encrypted for another key or passphrase")
)

// Header says what a backup is of. It is the first block.
type Header struct {
	// CreatedAt is the moment of the state the backup holds.
	CreatedAt time.Time
	// Program is the version of the program that wrote it.
	Program string
	// StoreVersion is that of the newest commit in it.
	StoreVersion uint64
	// Keys says that it holds the daemon's own keys and tokens, with which it is as
	// secret as the daemon itself.
	Keys bool
}

// Totals are what a backup holds, in bytes where they are sizes, before
// compression.
type Totals struct {
	Rows      int64
	RowBytes  int64
	Files     int64
	FileBytes int64
	// Missing are files that belong to the backup and that the daemon had lost when
	// it was made.
	Missing []string `json:",omitempty"`
}

// trailer is the last block.
type trailer struct {
	Totals
	Blocks int64
	// SHA256 is that of all bytes before this block.
	SHA256 []byte
}

// The types of blocks, in the order in which they may come.
const (
	blockHeader  = 'H' // once, JSON
	blockRows    = 'R' // uvarint length of the key and of the value, key, value; again and again
	blockFiles   = 'F' // uvarint length of the name, name, uvarint 2*length+last, content; again and again
	blockTrailer = 'T' // once, JSON
)

// How the content of a block is stored.
const (
	codecPlain = 0
	codecZstd  = 1
)

const (
	// blockSize is the most bytes of the content of a block but for those that hold
	// a single row.
	blockSize = 2 << 20
	// maxContent bounds the content of a block, maxStored what of it is in the file.
	maxContent = blockSize + kv.MaxValueSize + kv.MaxKeySize
	maxStored  = maxContent + maxContent/128 + 1<<10
	// pieceSize is the most bytes of a file in one entry.
	pieceSize = 1 << 20
	// maxName is the longest name of a file in bytes.
	maxName = 500
)

// Blocks begin anew behind keys that say so, and not where they are full, so that
// what has not changed between two backups makes the same blocks. cutOf says so for
// every cutEvery-th key.
const (
	cutEvery = 2048
	minBlock = 256 << 10
)

func cutOf(key []byte) bool { return crc32.Checksum(key, castagnoli)%cutEvery == 0 }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// frame is what stands before the content of a block: type, codec, two bytes of 0,
// the lengths of what is stored and of the content, and the CRC-32C of these and
// what is stored. Numbers are big endian.
const frameSize = 16

type frame struct {
	kind, codec     byte
	stored, content uint32
	sum             uint32
}

func (f *frame) put(b *[frameSize]byte) {
	b[0], b[1], b[2], b[3] = f.kind, f.codec, 0, 0
	binary.BigEndian.PutUint32(b[4:], f.stored)
	binary.BigEndian.PutUint32(b[8:], f.content)
	binary.BigEndian.PutUint32(b[12:], f.sum)
}

// parseFrame reads a frame and refuses one that cannot be.
func parseFrame(b *[frameSize]byte) (f frame, err error) {
	f = frame{
		kind: b[0], codec: b[1],
		stored: binary.BigEndian.Uint32(b[4:]), content: binary.BigEndian.Uint32(b[8:]), sum: binary.BigEndian.Uint32(b[12:]),
	}
	switch {
	case !strings.ContainsRune("HRFT", rune(f.kind)):
		err = fmt.Errorf("type %q of a block", f.kind)
	case f.codec > codecZstd || b[2]|b[3] != 0:
		err = fmt.Errorf("codec %x of a block", b[1:4])
	case f.content > maxContent || f.stored > maxStored || f.codec == codecPlain && f.stored != f.content:
		err = fmt.Errorf("a block of %d bytes stored as %d", f.content, f.stored)
	}
	return f, err
}

// sumOf is the checksum of a block.
func sumOf(b *[frameSize]byte, stored []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:12], castagnoli), castagnoli, stored)
}

// checkName refuses names that could lead out of a folder.
func checkName(name string) error {
	if !fs.ValidPath(name) || name == "." || len(name) > maxName || strings.ContainsAny(name, "\\:\x00") {
		return fmt.Errorf("%.100q is no name of a file in a backup", name)
	}
	return nil
}
