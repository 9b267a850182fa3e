package storage

import (
	"errors"
	"fmt"
	"strings"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/storage/kv"
)

// A file attached to an instance is a record with its name and the hash of its
// content, and a reference below that hash, which keeps the content from being
// removed. Files may share a content.

func attachmentPrefix(moduleID string, id dom.InstanceID) []byte {
	return appendGuid(kindPrefix(spaceAttachment, dom.KindInstance, moduleID), id)
}

// attachmentKey is the same for names that differ in case only (row ATT-07).
func attachmentKey(moduleID string, id dom.InstanceID, name string) []byte {
	return appendString(attachmentPrefix(moduleID, id), strings.ToLower(name))
}

// referencePrefix is the prefix of the references to a content.
func referencePrefix(hash BlobHash) []byte {
	return append([]byte{spaceReference}, hash[:]...)
}

// referenceKey is the reference to a content by the attachment of a key.
func referenceKey(hash BlobHash, attachment []byte) []byte {
	return append(referencePrefix(hash), attachment...)
}

func decodeAttachment(key, value []byte) (*AttachmentRow, error) {
	row := new(AttachmentRow)
	if rest, err := row.UnmarshalMsg(value); err != nil || len(rest) > 0 {
		return nil, fmt.Errorf("attachment row %x is damaged: %w", key, errors.Join(err, errTuple))
	}
	return row, nil
}

// Attachment returns the record of a file attached to an instance, or
// ErrNotFound.
func (r *Reader) Attachment(moduleID string, id dom.InstanceID, name string) (*AttachmentRow, error) {
	return r.attachment(attachmentKey(moduleID, id, name))
}

func (r *Reader) attachment(key []byte) (*AttachmentRow, error) {
	value, err := r.kv.Get(key)
	if errors.Is(err, kv.ErrNotFound) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return decodeAttachment(key, value)
}

// Attachments returns the records of the files attached to an instance, by name
// without case.
func (r *Reader) Attachments(moduleID string, id dom.InstanceID) ([]*AttachmentRow, error) {
	var rows []*AttachmentRow
	it := r.kv.Scan(kv.PrefixRange(attachmentPrefix(moduleID, id)))
	defer it.Close()
	for it.Next() {
		row, err := decodeAttachment(it.Key(), it.Value())
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, it.Err()
}

// PutAttachment attaches a file to an instance, and replaces one of the same
// name. The blob must be held until the transaction has ended.
func (tx *Tx) PutAttachment(moduleID string, id dom.InstanceID, name string, blob *Blob) error {
	tx.aboutInstance(moduleID, id)
	if err := tx.DeleteAttachment(moduleID, id, name); err != nil {
		return err
	}
	row := AttachmentRow{
		Name: name, Size: blob.Size, Hash: blob.Hash, Time: tx.row.Time, User: tx.row.User, RunID: tx.row.RunID,
	}
	value, err := row.MarshalMsg(nil)
	if err != nil {
		return err
	}
	key := attachmentKey(moduleID, id, name)
	if err := tx.kv.Set(key, value); err != nil {
		return err
	}
	return tx.kv.Set(referenceKey(blob.Hash, key), nil)
}

// DeleteAttachment removes a file attached to an instance; it need not exist.
func (tx *Tx) DeleteAttachment(moduleID string, id dom.InstanceID, name string) error {
	tx.aboutInstance(moduleID, id)
	key := attachmentKey(moduleID, id, name)
	row, err := tx.attachment(key)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := tx.kv.Delete(key); err != nil {
		return err
	}
	return tx.dropReference(row.Hash, key)
}

// removeAttachments removes the files attached to an instance that is deleted
// (row ATT-08).
func (tx *Tx) removeAttachments(moduleID string, id dom.InstanceID) error {
	prefix := attachmentPrefix(moduleID, id)
	it := tx.kv.Scan(kv.PrefixRange(prefix))
	defer it.Close()
	some := false
	for ; it.Next(); some = true {
		row, err := decodeAttachment(it.Key(), it.Value())
		if err != nil {
			return err
		}
		if err := tx.dropReference(row.Hash, it.Key()); err != nil {
			return err
		}
	}
	if err := it.Err(); err != nil || !some {
		return err
	}
	return tx.kv.DeleteRange(prefix, kv.PrefixEnd(prefix))
}

// dropReference removes a reference to a content, and has the content looked at
// after the commit.
func (tx *Tx) dropReference(hash BlobHash, attachment []byte) error {
	tx.dropped = append(tx.dropped, hash)
	return tx.kv.Delete(referenceKey(hash, attachment))
}

// referred reports whether a record refers to a content.
func (r *Reader) referred(hash BlobHash) (bool, error) {
	it := r.kv.Scan(kv.PrefixRange(referencePrefix(hash)))
	defer it.Close()
	return it.Next(), it.Err()
}
