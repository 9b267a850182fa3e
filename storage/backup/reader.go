package backup

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"domovoi.dev/storage/kv"
)

// Reader reads a backup.
type Reader struct {
	r      *bufio.Reader
	offset int64
	sum    hash.Hash
	zstd   *zstd.Decoder
	header Header
	blocks int64
	totals Totals

	stored, content []byte
	key             []byte // the last one
	name            string // of the last file
	open            io.WriteCloser
}

// Sink takes what is in a backup. Nil functions take nothing.
type Sink struct {
	// Row is called with each row, keys ascending. The slices are valid during the
	// call.
	Row func(key, value []byte) error
	// File is called with the name of each file, names ascending, and returns where
	// its content goes, which is closed behind it.
	File func(name string) (io.WriteCloser, error)
}

// NewReader reads the header of a backup. The reader need not be closed.
func NewReader(r io.Reader) (*Reader, error) {
	decoder, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxContent))
	if err != nil {
		return nil, err
	}
	b := &Reader{r: bufio.NewReaderSize(r, 64<<10), sum: sha256.New(), zstd: decoder}
	if err := b.readMagic(); err != nil {
		return nil, err
	}
	kind, err := b.block()
	if err == nil && kind != blockHeader {
		err = fmt.Errorf("the first block has the type %q", kind)
	}
	if err == nil {
		err = unmarshal(b.content, &b.header)
	}
	if err != nil {
		return nil, b.damaged(err)
	}
	return b, nil
}

// readMagic reads the first line.
func (b *Reader) readMagic() error {
	const most = len(magic) + 5
	line, err := b.r.Peek(most)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	digits, ok := strings.CutPrefix(string(line), magic)
	digits, _, ended := strings.Cut(digits, "\n")
	version, numErr := strconv.ParseUint(digits, 10, 16)
	switch {
	case !ok:
		return ErrNoBackup
	case !ended || numErr != nil || version == 0 || digits[0] == '0':
		return b.damaged(errors.New("its first line has no version"))
	case version > FormatVersion:
		return fmt.Errorf("%w: its format is %d, this program knows up to %d", ErrNewerFormat, version, FormatVersion)
	}
	return b.fill(make([]byte, len(magic)+len(digits)+1))
}

// Header is the header.
func (b *Reader) Header() Header { return b.header }

// Read reads the backup to its end and hands everything to the sink. Only when it
// returns without an error the backup was whole, and what the sink got is all of
// it. An error of the sink is returned as it is.
func (b *Reader) Read(sink Sink) (Totals, error) {
	totals, err := b.read(sink)
	if b.open != nil {
		err = errors.Join(err, b.open.Close())
		b.open = nil
	}
	return totals, err
}

func (b *Reader) read(sink Sink) (Totals, error) {
	for last := byte(blockRows); ; {
		before := b.sum.Sum(nil)
		kind, err := b.block()
		if err != nil {
			return Totals{}, b.damaged(err)
		}
		if kind == blockHeader || kind == blockRows && last != blockRows {
			return Totals{}, b.damaged(fmt.Errorf("a block of type %q behind one of type %q", kind, last))
		}
		switch last = kind; kind {
		case blockRows:
			err = b.rows(sink.Row)
		case blockFiles:
			err = b.files(sink.File)
		case blockTrailer:
			return b.end(before)
		}
		if err != nil {
			return Totals{}, err
		}
	}
}

// end compares the trailer with what was read.
func (b *Reader) end(sum []byte) (Totals, error) {
	var t trailer
	if err := unmarshal(b.content, &t); err != nil {
		return Totals{}, b.damaged(err)
	}
	b.totals.Missing = t.Missing
	switch {
	case b.open != nil:
		return Totals{}, b.damaged(fmt.Errorf("file %q has no end", b.name))
	case t.Blocks != b.blocks-1 || t.Rows != b.totals.Rows || t.RowBytes != b.totals.RowBytes || t.Files != b.totals.Files || t.FileBytes != b.totals.FileBytes:
		return Totals{}, b.damaged(errors.New("its end does not say what was read"))
	case !bytes.Equal(t.SHA256, sum):
		return Totals{}, b.damaged(errors.New("it has another SHA-256 than its end says"))
	}
	if _, err := b.r.ReadByte(); !errors.Is(err, io.EOF) {
		if err != nil {
			return Totals{}, err
		}
		return Totals{}, b.damaged(errors.New("something stands behind its end"))
	}
	return b.totals, nil
}

// fill reads all of p and counts it.
func (b *Reader) fill(p []byte) error {
	n, err := io.ReadFull(b.r, p)
	b.offset += int64(n)
	b.sum.Write(p[:n])
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return err
}

// block reads the next block into content.
func (b *Reader) block() (kind byte, err error) {
	var head [frameSize]byte
	if err := b.fill(head[:]); err != nil {
		return 0, err
	}
	f, err := parseFrame(&head)
	if err != nil {
		return 0, err
	}
	b.stored = resize(b.stored, int(f.stored))
	if err := b.fill(b.stored); err != nil {
		return 0, err
	}
	if sumOf(&head, b.stored) != f.sum {
		return 0, errors.New("a block has another checksum than it says")
	}
	if b.blocks++; f.codec == codecPlain {
		b.content = append(b.content[:0], b.stored...)
		return f.kind, nil
	}
	if b.content, err = b.zstd.DecodeAll(b.stored, b.content[:0]); err != nil {
		return 0, err
	}
	if len(b.content) != int(f.content) {
		return 0, fmt.Errorf("a block has %d bytes and says %d", len(b.content), f.content)
	}
	return f.kind, nil
}

func resize(p []byte, n int) []byte {
	if cap(p) < n {
		return make([]byte, n)
	}
	return p[:n]
}

// rows hands out the rows of a block.
func (b *Reader) rows(row func(key, value []byte) error) error {
	for rest := b.content; len(rest) > 0; {
		keySize, rest1, ok1 := uvarint(rest)
		valueSize, rest2, ok2 := uvarint(rest1)
		if !ok1 || !ok2 || keySize > kv.MaxKeySize || valueSize > kv.MaxValueSize || keySize+valueSize > uint64(len(rest2)) {
			return b.damaged(errors.New("a row is cut"))
		}
		key, value := rest2[:keySize], rest2[keySize:keySize+valueSize]
		if b.totals.Rows > 0 && bytes.Compare(b.key, key) >= 0 {
			return b.damaged(errors.New("rows are not in their order"))
		}
		b.key = append(b.key[:0], key...)
		b.totals.Rows++
		b.totals.RowBytes += int64(len(key) + len(value))
		if row != nil {
			if err := row(key, value); err != nil {
				return err
			}
		}
		rest = rest2[keySize+valueSize:]
	}
	return nil
}

// files hands out the pieces of files of a block.
func (b *Reader) files(file func(name string) (io.WriteCloser, error)) error {
	for rest := b.content; len(rest) > 0; {
		nameSize, rest1, ok := uvarint(rest)
		if !ok || nameSize > maxName || nameSize > uint64(len(rest1)) {
			return b.damaged(errors.New("the name of a file is cut"))
		}
		name := string(rest1[:nameSize])
		n, rest2, ok := uvarint(rest1[nameSize:])
		size, last := n>>1, n&1 == 1
		if !ok || size > uint64(len(rest2)) {
			return b.damaged(fmt.Errorf("file %.100q is cut", name))
		}
		if err := b.piece(name, rest2[:size], last, file); err != nil {
			return err
		}
		rest = rest2[size:]
	}
	return nil
}

// piece hands out a piece of a file.
func (b *Reader) piece(name string, content []byte, last bool, file func(name string) (io.WriteCloser, error)) error {
	if b.open == nil {
		if err := checkName(name); err != nil {
			return b.damaged(err)
		}
		if name <= b.name {
			return b.damaged(errors.New("files are not in their order"))
		}
		b.name, b.open = name, discard{}
		b.totals.Files++
		if file != nil {
			f, err := file(name)
			if err != nil {
				b.open = nil
				return err
			}
			b.open = f
		}
	} else if name != b.name {
		return b.damaged(fmt.Errorf("file %.100q has no end", b.name))
	}
	b.totals.FileBytes += int64(len(content))
	if _, err := b.open.Write(content); err != nil {
		return err
	}
	if !last {
		return nil
	}
	f := b.open
	b.open = nil
	return f.Close()
}

// discard is a file that nobody wants.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
func (discard) Close() error                { return nil }

func uvarint(b []byte) (n uint64, rest []byte, ok bool) {
	n, size := binary.Uvarint(b)
	if size <= 0 {
		return 0, nil, false
	}
	return n, b[size:], true
}

// unmarshal decodes JSON without fields that this program does not know.
func unmarshal(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one value")
	}
	return nil
}

// damaged is an error of what was read. Errors of reading itself keep their kind.
func (b *Reader) damaged(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = errors.New("it ends too early")
	}
	return fmt.Errorf("%w near byte %d: %w", ErrDamaged, b.offset, err)
}
