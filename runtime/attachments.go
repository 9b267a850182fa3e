package runtime

import (
	"context"
	"io"
	"time"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// A connection of the daemon carries attached files without having them in memory.
var _ api.Attachments = (*connection)(nil)

// OpenAttachment implements api.Attachments. It counts, and is audited, as the
// message does that it takes.
func (c *connection) OpenAttachment(ctx context.Context, request *dom.AttachmentGetRequest) (*api.File, error) {
	began := time.Now()
	file, how, err := c.runtime.openAttachment(ctx, c.caller, request)
	return file, c.answered(ctx, request, began, how, nil, err)
}

// PutAttachment implements api.Attachments, as OpenAttachment does.
func (c *connection) PutAttachment(ctx context.Context, request *dom.AttachmentAddRequest, size int64, content io.Reader) (sha256 string, created bool, err error) {
	began := time.Now()
	sha256, created, how, err := c.runtime.putAttachment(ctx, c.caller, request, size, content)
	return sha256, created, c.answered(ctx, request, began, how, nil, err)
}

func (r *Runtime) openAttachment(ctx context.Context, caller security.Caller, request *dom.AttachmentGetRequest) (*api.File, handling, error) {
	caller, how, err := r.admit(ctx, caller, request)
	if err != nil {
		return nil, how, err
	}
	row, content, err := r.managers.OpenAttachment(ctx, caller, request)
	if err != nil {
		return nil, how, err
	}
	return &api.File{ReadSeekCloser: content, Name: row.Name, Size: row.Size, SHA256: row.Hash.String(), Changed: row.Time}, how, nil
}

func (r *Runtime) putAttachment(ctx context.Context, caller security.Caller, request *dom.AttachmentAddRequest, size int64, content io.Reader) (sha256 string, created bool, how handling, err error) {
	if caller, how, err = r.admit(ctx, caller, request); err != nil {
		return "", false, how, err
	}
	if err := r.ready(); err != nil { // the store could not refer to what would be written
		return "", false, how, err
	}
	hash, replaced, err := r.managers.AddAttachment(ctx, caller, request, size, content)
	return hash.String(), !replaced, how, err
}

// admit is what route asks before it hands on a message about DOM objects, for those
// whose content goes another way. It returns the caller as it is now called.
func (r *Runtime) admit(ctx context.Context, caller security.Caller, message slnet.Message) (security.Caller, handling, error) {
	rights, err := r.accounts.Rights(caller)
	if err != nil {
		return caller, handling{reads: true}, err
	}
	caller.User, caller.Message = rights.User(), message.MessageName()
	needs, _, err := r.managers.Required(ctx, message)
	how := handling{reads: needs.Reads, aside: needs.Aside}
	if err != nil {
		return caller, how, err
	}
	if missing, ok := missingOf(rights, needs); ok {
		return caller, how, lacks(rights, missing)
	}
	return caller, how, r.refuseChange(rights, how)
}
