package dom

import (
	"context"

	"domovoi.dev/sdk/slnet"
)

// DoStatusTransition moves an instance to another status and returns it as
// stored (row STA-09).
func (c DomInstancesComponent) DoStatusTransition(ctx context.Context, id InstanceID, transitionID string) (*Instance, error) {
	return typed[*Instance](c.component.one(ctx, &DomInstanceStatusTransitionRequest{
		ModuleID: c.component.moduleID, DomInstanceID: id, TransitionID: transitionID,
	}))
}

// Attachments gives access to the files attached to instances. (dom.md 3.12)
func (c DomInstancesComponent) Attachments() Attachments { return Attachments(c) }

// Attachments manages the files attached to instances.
type Attachments struct{ component component }

// Add attaches a file, and replaces one of the same name.
func (a Attachments) Add(ctx context.Context, id InstanceID, fileName string, data []byte) error {
	_, err := ask[*slnet.Empty](ctx, a.component, &AttachmentAddRequest{
		ModuleID: a.component.moduleID, DomInstanceID: id, FileName: fileName, Data: data,
	})
	return err
}

// AddStreamed attaches the body of the request that started the run, and replaces
// a file of the same name.
func (a Attachments) AddStreamed(ctx context.Context, id InstanceID, fileName string, body *slnet.StreamedBody) error {
	request := &AttachmentAddStreamedRequest{ModuleID: a.component.moduleID, DomInstanceID: id, FileName: fileName}
	if body != nil { // without one the daemon says so
		request.StreamedBodyID = body.ID
	}
	_, err := ask[*slnet.Empty](ctx, a.component, request)
	return err
}

// GetFileNames returns the names of the attached files, sorted; an empty slice
// when there are none (row ATT-02).
func (a Attachments) GetFileNames(ctx context.Context, id InstanceID) ([]string, error) {
	response, err := ask[*AttachmentNamesResponse](ctx, a.component, &AttachmentGetNamesRequest{
		ModuleID: a.component.moduleID, DomInstanceID: id,
	})
	if err != nil {
		return nil, err
	}
	if response.FileNames == nil {
		return []string{}, nil
	}
	return response.FileNames, nil
}

// Get returns the content of an attached file.
func (a Attachments) Get(ctx context.Context, id InstanceID, fileName string) ([]byte, error) {
	response, err := ask[*AttachmentResponse](ctx, a.component, &AttachmentGetRequest{
		ModuleID: a.component.moduleID, DomInstanceID: id, FileName: fileName,
	})
	if err != nil {
		return nil, err
	}
	return response.Data, nil
}

// Delete removes an attached file; it need not exist.
func (a Attachments) Delete(ctx context.Context, id InstanceID, fileName string) error {
	_, err := ask[*slnet.Empty](ctx, a.component, &AttachmentDeleteRequest{
		ModuleID: a.component.moduleID, DomInstanceID: id, FileName: fileName,
	})
	return err
}
