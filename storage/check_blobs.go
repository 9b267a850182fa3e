package storage

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// attachments looks for the instance of every attachment, and for the reference
// to its content.
func (c *checker) attachments() error {
	return c.each(spaceAttachment, func(key, value []byte) {
		c.result.Attachments++
		kind, moduleID, rest, err := parseKind(key)
		if err != nil {
			c.problem("attachment key %x: %v", key, err)
			return
		}
		id, rest, err := readObjectID(kind, rest)
		if err != nil {
			c.problem("attachment key %x: %v", key, err)
			return
		}
		name, rest, err := readString(rest)
		if err != nil || len(rest) > 0 {
			c.problem("attachment key %x: malformed name", key)
			return
		}
		row, err := decodeAttachment(key, value)
		if err != nil {
			c.problem("%v", err)
			return
		}
		if strings.ToLower(row.Name) != name {
			c.problem("attachment %q of instance %s/%s is kept as %q", row.Name, moduleID, id, name)
		}
		if _, err := c.r.Raw(dom.KindInstance, moduleID, id); err != nil {
			c.problem("attachment %q of instance %s/%s: the instance: %v", row.Name, moduleID, id, err)
		}
		if _, err := c.r.kv.Get(referenceKey(row.Hash, key)); err != nil {
			c.problem("attachment %q of instance %s/%s: the reference to its content: %v", row.Name, moduleID, id, err)
		}
	})
}

// references looks for the attachment of every reference, and compares each
// content with its hash.
func (c *checker) references() error {
	it := c.r.kv.Scan(kv.PrefixRange([]byte{spaceReference}))
	defer it.Close()
	var last BlobHash
	size := int64(-1) // of the content last looked at, negative when it is not known
	for it.Next() {
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		c.row()
		key := it.Key()
		if len(key) < 1+len(last) {
			c.problem("reference key %x: %v", key, errTuple)
			continue
		}
		hash := BlobHash(key[1:])
		row, err := c.r.attachment(key[1+len(hash):])
		if err != nil || row.Hash != hash {
			c.problem("reference %x has no attachment: %v", key, err)
			continue
		}
		if c.blobs == nil {
			continue
		}
		if hash != last {
			last = hash
			if size, err = c.blobs.measure(c.ctx, hash); err != nil {
				c.problem("attachment %q: %v", row.Name, err)
			}
		}
		if size >= 0 && size != row.Size {
			c.problem("attachment %q has %d bytes, its record says %d", row.Name, size, row.Size)
		}
	}
	return it.Err()
}

// measure compares a content with its hash and returns its size, or -1 when no
// record refers to it any more.
func (b *blobs) measure(ctx context.Context, hash BlobHash) (int64, error) {
	_, f, err := b.open(ctx, func(r *Reader) (*AttachmentRow, error) { return r.firstReferring(hash) })
	if errors.Is(err, ErrNotFound) {
		return -1, nil
	}
	if err != nil {
		return -1, err
	}
	defer f.Close()
	return sizeOf(f, hash)
}

// sizeOf reads a content to its end.
func sizeOf(f io.Reader, hash BlobHash) (int64, error) {
	h := sha256.New()
	size, err := io.Copy(h, f)
	if err != nil {
		return -1, damaged(hash, err)
	}
	if !bytes.Equal(h.Sum(nil), hash[:]) {
		return -1, damaged(hash, errors.New("it has another hash"))
	}
	return size, nil
}

// firstReferring returns a record that refers to a content, or ErrNotFound.
func (r *Reader) firstReferring(hash BlobHash) (*AttachmentRow, error) {
	prefix := referencePrefix(hash)
	it := r.kv.Scan(kv.PrefixRange(prefix))
	defer it.Close()
	if !it.Next() {
		return nil, errors.Join(ErrNotFound, it.Err())
	}
	row, err := r.attachment(it.Key()[len(prefix):])
	if err != nil {
		return nil, fmt.Errorf("reference %x: %w", it.Key(), err)
	}
	return row, nil
}

// information decodes every information event.
func (c *checker) information() error {
	return c.each(spaceInfo, func(key, value []byte) {
		c.result.InformationEvents++
		if _, err := decodeInformation(key, value); err != nil {
			c.problem("%v", err)
		}
	})
}
