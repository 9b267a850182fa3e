package dommanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

const (
	// DefaultMaxAttachment is the most bytes of an attached file when Options do
	// not say otherwise (row ATT-06).
	DefaultMaxAttachment = 20 << 20
	// MaxAttachments is the most files of an instance, so that one transaction can
	// delete an instance with all of them.
	MaxAttachments = 1000
	// maxFileName is the most bytes of the name of an attached file, as in common
	// file systems.
	maxFileName = 255
)

// checkFileName refuses names that could lead elsewhere when a file is saved
// under them (row ATT-05). Names are kept exactly as they are (row ATT-09).
func checkFileName(name string) error {
	problem := ""
	switch {
	case name == "":
		problem = "is empty"
	case len(name) > maxFileName:
		problem = "is too long"
	case !utf8.ValidString(name):
		problem = "is not valid UTF-8"
	case name == "." || name == "..":
		problem = "means a folder"
	case strings.ContainsAny(name, `/\`):
		problem = "is a path"
	case strings.ContainsFunc(name, unicode.IsControl):
		problem = "has a control character"
	default:
		return nil
	}
	return slnet.Errorf(slnet.KindInvalid, "the file name %.64q %s; the name of an attachment has 1 to %d bytes of UTF-8, "+
		`is not "." or "..", and has no slash, backslash or control character`, name, problem, maxFileName)
}

// hasInstance gives the error of an instance that files cannot be attached to
// (row ATT-04), or whose files the caller may not read, or write (row SEC-28).
func (m *manager) hasInstance(r *storage.Reader, access security.Access, id dom.InstanceID, writes bool) error {
	raw, err := r.Raw(dom.KindInstance, m.moduleID, id.String())
	if !access.IsFull() {
		return m.hasAccess(raw, err, access, id, writes)
	}
	if errors.Is(err, storage.ErrNotFound) {
		return slnet.Errorf(slnet.KindNotFound, "there is no instance %s in module %q, so it has no attachments", id, m.moduleID).
			WithReason(dom.ErrObjectDidNotExist)
	}
	return err
}

// hasAccess is hasInstance for those who do not have access to every instance. raw
// and err are what reading it gave.
func (m *manager) hasAccess(raw slnet.Raw, err error, access security.Access, id dom.InstanceID, writes bool) error {
	if err != nil && !errors.Is(err, storage.ErrNotFound) {
		return err
	}
	if err == nil {
		o, err := dom.DecodeObject(dom.KindInstance, raw)
		if err != nil {
			return err
		}
		if i := o.(*dom.Instance); writes && access.Writes(i) || !writes && access.Reads(i) {
			return nil
		}
	}
	return slnet.Errorf(slnet.KindPermissionDenied,
		"the user does not have that access to the attachments of DOM instance %s, or it does not exist", id).WithReason(dom.ErrNoPermission)
}

func (m *Managers) addAttachment(ctx context.Context, caller security.Caller, request *dom.AttachmentAddRequest) (slnet.Message, error) {
	_, _, err := m.put(ctx, caller, request, int64(len(request.Data)), func() (*storage.Blob, error) { return m.store.PutBlob(request.Data) })
	return &slnet.Empty{}, err
}

// AddAttachment attaches a content that is written while it is read, in place of
// the data of the request, whose sender has the permissions it needs. size is how
// many bytes it will have, or negative where that is not known. replaced reports
// that there was a file of that name. The error of reading is in the error
// returned.
func (m *Managers) AddAttachment(ctx context.Context, caller security.Caller, request *dom.AttachmentAddRequest, size int64, content io.Reader) (hash storage.BlobHash, replaced bool, err error) {
	return m.put(ctx, caller, request, size, func() (*storage.Blob, error) {
		arriving := &arriving{source: content, left: m.maxAttachment + 1}
		blob, err := m.store.PutBlobFrom(arriving)
		switch {
		case arriving.err != nil:
			return nil, slnet.Errorf(slnet.KindCanceled, "the attachment %q broke off: %v", request.FileName, arriving.err)
		case err == nil && arriving.left == 0:
			blob.Release()
			return nil, m.attachmentTooLarge(request.FileName, "more than that")
		}
		return blob, err
	})
}

// arriving is a content up to a bound, which remembers why it broke off.
type arriving struct {
	source io.Reader
	left   int64 // how many bytes are read at most
	err    error
}

// Read implements io.Reader.
func (a *arriving) Read(b []byte) (int, error) {
	if a.left == 0 {
		return 0, io.EOF
	}
	n, err := a.source.Read(b[:min(int64(len(b)), a.left)])
	a.left -= int64(n)
	if err != nil && err != io.EOF {
		a.err = err
	}
	return n, err
}

// put attaches what write makes durable. It asks first, so that nothing is written
// in vain.
func (m *Managers) put(ctx context.Context, caller security.Caller, request *dom.AttachmentAddRequest, size int64, write func() (*storage.Blob, error)) (hash storage.BlobHash, replaced bool, err error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return hash, false, err
	}
	if err := checkFileName(request.FileName); err != nil {
		return hash, false, err
	}
	if size > m.maxAttachment {
		return hash, false, m.attachmentTooLarge(request.FileName, fmt.Sprintf("%d bytes", size))
	}
	access := manager.access(caller)
	err = m.store.View(ctx, func(r *storage.Reader) error {
		_, err := manager.checkAttachable(r, access, request.DomInstanceID, request.FileName)
		return err
	})
	if err != nil {
		return hash, false, err
	}
	blob, err := write()
	if err != nil {
		return hash, false, err
	}
	defer blob.Release()
	replaced, err = manager.attach(ctx, caller, access, request.DomInstanceID, request.FileName, blob)
	return blob.Hash, replaced, err
}

func (m *Managers) attachmentTooLarge(name, size string) error {
	return slnet.Errorf(slnet.KindTooLarge, "at most %d bytes are allowed, the attachment %q has %s", m.maxAttachment, name, size)
}

// attach attaches a content to an instance that the caller may attach files to,
// and reports whether there was a file of that name.
func (m *manager) attach(ctx context.Context, caller security.Caller, access security.Access, id dom.InstanceID, name string, blob *storage.Blob) (replaced bool, err error) {
	_, err = m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) (err error) {
		if replaced, err = m.checkAttachable(&tx.Reader, access, id, name); err != nil {
			return err
		}
		return tx.PutAttachment(m.moduleID, id, name, blob)
	})
	return replaced, err
}

// checkAttachable looks whether an instance exists and has room for a file, or
// has one of that name, which is replaced.
func (m *manager) checkAttachable(r *storage.Reader, access security.Access, id dom.InstanceID, name string) (replaced bool, err error) {
	if err := m.hasInstance(r, access, id, true); err != nil {
		return false, err
	}
	if _, err := r.Attachment(m.moduleID, id, name); !errors.Is(err, storage.ErrNotFound) {
		return err == nil, err
	}
	rows, err := r.Attachments(m.moduleID, id)
	if err == nil && len(rows) >= MaxAttachments {
		err = slnet.Errorf(slnet.KindTooLarge, "instance %s has %d attachments, which is the most an instance can have", id, len(rows))
	}
	return false, err
}

func (m *Managers) attachmentNames(ctx context.Context, caller security.Caller, request *dom.AttachmentGetNamesRequest) (slnet.Message, error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	access := manager.access(caller)
	response := new(dom.AttachmentNamesResponse)
	err = m.store.View(ctx, func(r *storage.Reader) error {
		if err := manager.hasInstance(r, access, request.DomInstanceID, false); err != nil {
			return err
		}
		rows, err := r.Attachments(request.ModuleID, request.DomInstanceID)
		for _, row := range rows {
			response.FileNames = append(response.FileNames, row.Name)
		}
		return err
	})
	slices.Sort(response.FileNames)
	return response, err
}

func (m *Managers) attachment(ctx context.Context, caller security.Caller, request *dom.AttachmentGetRequest) (slnet.Message, error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	find, err := manager.findAttachment(caller, request)
	if err != nil {
		return nil, err
	}
	row, content, err := m.store.ReadBlob(ctx, find)
	if err != nil {
		return nil, unreadable(request, err)
	}
	return &dom.AttachmentResponse{FileName: row.Name, Data: content}, nil
}

// OpenAttachment is the answer to a request whose sender has the permissions it
// needs, with the content as a file. The caller closes it.
func (m *Managers) OpenAttachment(ctx context.Context, caller security.Caller, request *dom.AttachmentGetRequest) (*storage.AttachmentRow, io.ReadSeekCloser, error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, nil, err
	}
	find, err := manager.findAttachment(caller, request)
	if err != nil {
		return nil, nil, err
	}
	row, content, err := m.store.OpenBlob(ctx, find)
	if err != nil {
		return nil, nil, unreadable(request, err)
	}
	return row, content, nil
}

// findAttachment finds the record of an attached file for a caller who may read
// it.
func (m *manager) findAttachment(caller security.Caller, request *dom.AttachmentGetRequest) (func(r *storage.Reader) (*storage.AttachmentRow, error), error) {
	if err := checkFileName(request.FileName); err != nil {
		return nil, err
	}
	access := m.access(caller)
	return func(r *storage.Reader) (*storage.AttachmentRow, error) {
		if err := m.hasInstance(r, access, request.DomInstanceID, false); err != nil {
			return nil, err
		}
		return r.Attachment(m.moduleID, request.DomInstanceID, request.FileName)
	}, nil
}

// unreadable is the error of an attached file that could not be read.
func unreadable(request *dom.AttachmentGetRequest, err error) error {
	switch {
	case errors.Is(err, storage.ErrNotFound):
		return slnet.Errorf(slnet.KindNotFound, "instance %s has no attachment %q", request.DomInstanceID, request.FileName)
	case errors.Is(err, storage.ErrDamaged):
		return slnet.Errorf(slnet.KindInternal, "the attachment %q of instance %s cannot be read: %v; restore its file from a backup, or add it again",
			request.FileName, request.DomInstanceID, err)
	}
	return err
}

func (m *Managers) deleteAttachment(ctx context.Context, caller security.Caller, request *dom.AttachmentDeleteRequest) (slnet.Message, error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	access := manager.access(caller)
	if err := checkFileName(request.FileName); err != nil {
		return nil, err
	}
	_, err = m.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		if err := manager.hasInstance(&tx.Reader, access, request.DomInstanceID, true); err != nil {
			return err
		}
		return tx.DeleteAttachment(request.ModuleID, request.DomInstanceID, request.FileName)
	})
	return &slnet.Empty{}, err
}
