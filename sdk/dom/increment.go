package dom

import (
	"context"

	"github.com/google/uuid"
)

// AutoIncrementerGetRequest asks for the state of the counter of AutoIncrement
// fields. Answered with AutoIncrementerResponse.
type AutoIncrementerGetRequest struct {
	// AutoIncrementerID is the counter, see AutoIncrementOptions.
	AutoIncrementerID uuid.UUID `json:"AutoIncrementerId"`
}

// AutoIncrementerSetRequest sets the counter of AutoIncrement fields: the next
// number is Current + 1. It needs PermissionModuleSettingsConfiguration. Answered
// with AutoIncrementerResponse.
type AutoIncrementerSetRequest struct {
	AutoIncrementerID uuid.UUID `json:"AutoIncrementerId"`
	// Current is the number that is to count as handed out last.
	Current int64 `json:"Current"`
}

// AutoIncrementerResponse carries the last number a counter has handed out, 0
// when it has handed out none.
type AutoIncrementerResponse struct {
	// Current is the last number handed out.
	Current int64 `json:"Current"`
}

// MessageName implements slnet.Message.
func (*AutoIncrementerGetRequest) MessageName() string { return "AutoIncrementerGetRequest" }

// MessageName implements slnet.Message.
func (*AutoIncrementerSetRequest) MessageName() string { return "AutoIncrementerSetRequest" }

// MessageName implements slnet.Message.
func (*AutoIncrementerResponse) MessageName() string { return "AutoIncrementerResponse" }

// AutoIncrementersComponent reads and sets the counters of AutoIncrement fields.
// All modules share them.
type AutoIncrementersComponent struct{ component component }

// AutoIncrementers is the component for the counters of AutoIncrement fields.
func (h *DomHelper) AutoIncrementers() AutoIncrementersComponent {
	return AutoIncrementersComponent{newComponent(h.DomInstances.component.send, "", "")}
}

// Get returns the last number a counter has handed out, 0 when it has handed out
// none.
func (c AutoIncrementersComponent) Get(ctx context.Context, id uuid.UUID) (int64, error) {
	response, err := ask[*AutoIncrementerResponse](ctx, c.component, &AutoIncrementerGetRequest{id})
	if err != nil {
		return 0, err
	}
	return response.Current, nil
}

// Set makes current the last number a counter has handed out: after Set(ctx, id,
// 500) the next is 501 (row INC-12). It needs PermissionModuleSettingsConfiguration.
// A number that is set back is handed out again.
func (c AutoIncrementersComponent) Set(ctx context.Context, id uuid.UUID, current int64) error {
	_, err := ask[*AutoIncrementerResponse](ctx, c.component, &AutoIncrementerSetRequest{id, current})
	return err
}
