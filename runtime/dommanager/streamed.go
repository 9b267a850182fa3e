package dommanager

import (
	"context"
	"io"
	"sync"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// streamedBodies are the bodies of requests that were written to the files of
// attachments, and may be attached by the runs they started.
type streamedBodies struct {
	mu    sync.Mutex
	blobs map[uuid.UUID]*storage.Blob // guarded by mu; those that are not released
}

// hold returns a body, which the caller releases, or nil when it is gone.
func (s *streamedBodies) hold(id uuid.UUID) *storage.Blob {
	s.mu.Lock()
	defer s.mu.Unlock()
	if blob := s.blobs[id]; blob != nil {
		return blob.Hold()
	}
	return nil
}

// Stream writes the body of a request to the files of attachments. It can be
// attached until release is called, which removes it where it was not. The error
// of reading the body is in the error returned.
func (m *Managers) Stream(body io.Reader) (streamed *slnet.StreamedBody, release func(), err error) {
	blob, err := m.store.PutBlobFrom(body)
	if err != nil {
		return nil, nil, err
	}
	s, id := &m.streamed, uuid.New()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.blobs[id] = blob
	release = func() {
		s.mu.Lock()
		delete(s.blobs, id)
		s.mu.Unlock()
		blob.Release()
	}
	return &slnet.StreamedBody{ID: id, Size: blob.Size, SHA256: blob.Hash.String()}, release, nil
}

// addStreamed attaches the body of the request that started a run. Whoever else
// knows its id cannot: what a request brought is for its run to judge.
func (m *Managers) addStreamed(ctx context.Context, caller security.Caller, request *dom.AttachmentAddStreamedRequest) (slnet.Message, error) {
	manager, err := m.manager(ctx, request.ModuleID)
	if err != nil {
		return nil, err
	}
	if err := checkFileName(request.FileName); err != nil {
		return nil, err
	}
	var blob *storage.Blob
	if m.streamedBody != nil && request.StreamedBodyID != uuid.Nil && m.streamedBody(caller) == request.StreamedBodyID {
		blob = m.streamed.hold(request.StreamedBodyID)
	}
	if blob == nil {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no streamed body %s; only the run that a request started can attach its body, "+
			"where the API definition has StreamBody, and until it ends", request.StreamedBodyID)
	}
	defer blob.Release()
	_, err = manager.attach(ctx, caller, manager.access(caller), request.DomInstanceID, request.FileName, blob)
	return &slnet.Empty{}, err
}
