package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

// Writer writes a backup: rows first, then files, each in their order. After an
// error the file is worth nothing.
type Writer struct {
	w      io.Writer
	sum    hash.Hash
	zstd   *zstd.Encoder
	totals Totals
	blocks int64

	kind    byte // of the block that is gathered
	content []byte
	packed  []byte
	key     []byte // the last one
	name    string // the last one
	err     error
}

// NewWriter begins a backup on w. It is complete after Close, which does not
// close w.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1), zstd.WithEncoderCRC(false))
	if err != nil {
		return nil, err
	}
	b := &Writer{sum: sha256.New(), zstd: encoder, kind: blockRows}
	b.w = io.MultiWriter(w, b.sum)
	if _, err := fmt.Fprintf(b.w, "%s%d\n", magic, FormatVersion); err != nil {
		return nil, err
	}
	text, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return b, b.write(blockHeader, codecPlain, text, text)
}

// Row adds a row. Keys ascend, and rows come before files. The slices are not
// kept.
func (b *Writer) Row(key, value []byte) error {
	switch {
	case b.err != nil:
		return b.err
	case b.kind != blockRows:
		return b.fail(errors.New("a row comes behind files"))
	case b.totals.Rows > 0 && bytes.Compare(b.key, key) >= 0:
		return b.fail(fmt.Errorf("key %.100x comes behind %.100x", key, b.key))
	}
	if len(b.content) > 0 && len(b.content)+len(key)+len(value) > blockSize {
		b.flush()
	}
	b.content = binary.AppendUvarint(b.content, uint64(len(key)))
	b.content = binary.AppendUvarint(b.content, uint64(len(value)))
	b.content = append(append(b.content, key...), value...)
	b.key = append(b.key[:0], key...)
	b.totals.Rows++
	b.totals.RowBytes += int64(len(key) + len(value))
	if len(b.content) >= minBlock && cutOf(key) || len(b.content) >= blockSize {
		b.flush()
	}
	return b.err
}

// File adds a file with what content has. Names ascend, and have slashes.
func (b *Writer) File(name string, content io.Reader) error {
	if err := b.begin(name); err != nil {
		return err
	}
	piece := make([]byte, pieceSize)
	for last := false; !last && b.err == nil; {
		n, err := io.ReadFull(content, piece)
		if last = errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF); err != nil && !last {
			return b.fail(fmt.Errorf("read %s: %w", name, err))
		}
		b.piece(name, piece[:n], last)
	}
	return b.err
}

// begin begins a file.
func (b *Writer) begin(name string) error {
	if b.err != nil {
		return b.err
	}
	if err := checkName(name); err != nil {
		return b.fail(err)
	}
	if name <= b.name {
		return b.fail(fmt.Errorf("file %q comes behind %q", name, b.name))
	}
	if b.kind != blockFiles {
		b.flush()
		b.kind = blockFiles
	}
	b.name = name
	b.totals.Files++
	return b.err
}

// piece adds a piece of a file. A large one has blocks of its own.
func (b *Writer) piece(name string, content []byte, last bool) {
	large := len(content) == pieceSize
	if len(b.content) > 0 && (large || len(b.content)+len(name)+len(content) > blockSize) {
		b.flush()
	}
	n := uint64(len(content)) << 1
	if last {
		n |= 1
	}
	b.content = append(binary.AppendUvarint(b.content, uint64(len(name))), name...)
	b.content = append(binary.AppendUvarint(b.content, n), content...)
	b.totals.FileBytes += int64(len(content))
	if large || len(b.content) >= minBlock && cutOf([]byte(name)) {
		b.flush()
	}
}

// Missing notes a file that should have been added and was not there.
func (b *Writer) Missing(name string) { b.totals.Missing = append(b.totals.Missing, name) }

// Close completes the backup.
func (b *Writer) Close() (Totals, error) {
	if b.flush(); b.err != nil {
		return Totals{}, b.err
	}
	text, err := json.Marshal(trailer{b.totals, b.blocks, b.sum.Sum(nil)})
	if err != nil {
		return Totals{}, b.fail(err)
	}
	if err := b.write(blockTrailer, codecPlain, text, text); err != nil {
		return Totals{}, err
	}
	b.err = errors.New("the backup is complete")
	return b.totals, nil
}

// flush writes the block that was gathered.
func (b *Writer) flush() {
	if len(b.content) == 0 || b.err != nil {
		return
	}
	b.packed = b.zstd.EncodeAll(b.content, b.packed[:0])
	if len(b.packed) < len(b.content) {
		b.write(b.kind, codecZstd, b.content, b.packed)
	} else {
		b.write(b.kind, codecPlain, b.content, b.content)
	}
	if b.content = b.content[:0]; cap(b.content) > 2*blockSize {
		b.content, b.packed = nil, nil // a large value need not be kept room for
	}
}

// write writes a block.
func (b *Writer) write(kind, codec byte, content, stored []byte) error {
	f := frame{kind: kind, codec: codec, stored: uint32(len(stored)), content: uint32(len(content))}
	var head [frameSize]byte
	f.put(&head)
	f.sum = sumOf(&head, stored)
	f.put(&head)
	b.blocks++
	if _, err := b.w.Write(head[:]); err != nil {
		return b.fail(err)
	}
	if _, err := b.w.Write(stored); err != nil {
		return b.fail(err)
	}
	return nil
}

func (b *Writer) fail(err error) error {
	if b.err == nil {
		b.err = fmt.Errorf("write a backup: %w", err)
	}
	return b.err
}
