package dom

import (
	"context"
	"fmt"

	"domovoi.dev/sdk/slnet"
)

// BulkResult says what became of each item of a bulk request.
type BulkResult struct {
	// SuccessfulItems are the instances as stored; empty for a deletion.
	SuccessfulItems []*Instance
	SuccessfulIDs   []InstanceID
	UnsuccessfulIDs []InstanceID
	// TraceDataPerItem says why an item failed.
	TraceDataPerItem map[InstanceID]slnet.TraceData
}

// HasFailures reports whether an item failed.
func (r *BulkResult) HasFailures() bool { return len(r.UnsuccessfulIDs) > 0 }

// GetTraceData is what there is to say about all items together.
func (r *BulkResult) GetTraceData() *slnet.TraceData {
	all := new(slnet.TraceData)
	for _, id := range append(append([]InstanceID(nil), r.SuccessfulIDs...), r.UnsuccessfulIDs...) {
		item := r.TraceDataPerItem[id]
		all.ErrorData = append(all.ErrorData, item.ErrorData...)
		all.WarningData = append(all.WarningData, item.WarningData...)
		all.InfoData = append(all.InfoData, item.InfoData...)
	}
	return all
}

// BulkCrudFailedError is the failure of some items of a bulk request. The
// others were stored.
type BulkCrudFailedError struct{ Result *BulkResult }

func (e *BulkCrudFailedError) Error() string {
	return fmt.Sprintf("%d of %d items failed: %s", len(e.Result.UnsuccessfulIDs),
		len(e.Result.UnsuccessfulIDs)+len(e.Result.SuccessfulIDs), e.Result.GetTraceData())
}

// Is reports whether target is the reason of one of the errors.
func (e *BulkCrudFailedError) Is(target error) bool {
	return (&slnet.CrudFailedError{TraceData: *e.Result.GetTraceData()}).Is(target)
}

// MaxAmountBulkOperation is the most items CreateOrUpdate and Delete of many
// take (row BLK-03).
func (c DomInstancesComponent) MaxAmountBulkOperation() int { return MaxAmountBulkOperation }

// CreateOrUpdate stores up to MaxAmountBulkOperation instances: those that exist
// are updated. When all fail the error is a *slnet.CrudFailedError; when some
// fail it is a *BulkCrudFailedError, and the result says which (rows BLK-04 to
// BLK-09).
func (c DomInstancesComponent) CreateOrUpdate(ctx context.Context, instances []*Instance) (*BulkResult, error) {
	if err := c.checkBulk(len(instances), instances == nil); err != nil {
		return nil, err
	}
	request := &ManagerStoreBulkCreateOrUpdateRequest{ModuleID: c.component.moduleID, Kind: KindInstance}
	for i, instance := range instances {
		if instance == nil {
			return nil, c.component.errNil(fmt.Sprintf("instance at position %d", i+1))
		}
		raw, err := EncodeObject(instance)
		if err != nil {
			c.component.note(slnet.TraceData{}, err)
			return nil, err
		}
		request.Objects = append(request.Objects, raw)
	}
	return c.bulk(ctx, request)
}

// TryCreateOrUpdate is CreateOrUpdate without an error: ok is false when an item
// failed. The result is nil when all did.
func (c DomInstancesComponent) TryCreateOrUpdate(ctx context.Context, instances []*Instance) (result *BulkResult, ok bool) {
	result, err := c.CreateOrUpdate(ctx, instances)
	return result, err == nil
}

// DeleteMany deletes up to MaxAmountBulkOperation instances. Errors are those of
// CreateOrUpdate.
func (c DomInstancesComponent) DeleteMany(ctx context.Context, instances []*Instance) (*BulkResult, error) {
	if err := c.checkBulk(len(instances), instances == nil); err != nil {
		return nil, err
	}
	request := &ManagerStoreBulkDeleteRequest{ModuleID: c.component.moduleID, Kind: KindInstance}
	for i, instance := range instances {
		if instance == nil {
			return nil, c.component.errNil(fmt.Sprintf("instance at position %d", i+1))
		}
		request.Keys = append(request.Keys, instance.Key())
	}
	return c.bulk(ctx, request)
}

// TryDeleteMany is DeleteMany without an error; see TryCreateOrUpdate.
func (c DomInstancesComponent) TryDeleteMany(ctx context.Context, instances []*Instance) (result *BulkResult, ok bool) {
	result, err := c.DeleteMany(ctx, instances)
	return result, err == nil
}

func (c DomInstancesComponent) checkBulk(n int, isNil bool) error {
	var err error
	switch {
	case isNil:
		return c.component.errNil("list of instances")
	case n > MaxAmountBulkOperation:
		err = slnet.Errorf(slnet.KindTooLarge, "%d instances are given, a bulk request takes at most %d", n, MaxAmountBulkOperation).
			WithReason(ErrMaxAmountExceeded)
		c.component.note(slnet.TraceData{}, err)
	}
	return err
}

func (c DomInstancesComponent) bulk(ctx context.Context, request slnet.Message) (*BulkResult, error) {
	response, err := ask[*ManagerStoreBulkResponse](ctx, c.component, request)
	if err != nil {
		return nil, err
	}
	result := &BulkResult{TraceDataPerItem: make(map[InstanceID]slnet.TraceData, len(response.TraceDataPerItem))}
	for _, raw := range response.Objects {
		o, err := DecodeObject(KindInstance, raw)
		if err != nil {
			return nil, err
		}
		result.SuccessfulItems = append(result.SuccessfulItems, o.(*Instance))
	}
	if result.SuccessfulIDs, err = parseInstanceIDs(response.SuccessfulKeys); err != nil {
		return nil, err
	}
	if result.UnsuccessfulIDs, err = parseInstanceIDs(response.UnsuccessfulKeys); err != nil {
		return nil, err
	}
	for key, trace := range response.TraceDataPerItem {
		id, err := ParseInstanceID(key)
		if err != nil {
			return nil, err
		}
		result.TraceDataPerItem[id] = trace
	}
	trace := *result.GetTraceData()
	switch {
	case !result.HasFailures():
		c.component.note(trace, nil)
		return result, nil
	case len(result.SuccessfulIDs) == 0:
		err = &slnet.CrudFailedError{TraceData: trace}
		result = nil
	default:
		err = &BulkCrudFailedError{result}
	}
	c.component.note(trace, nil)
	return result, err
}

func parseInstanceIDs(keys []string) ([]InstanceID, error) {
	ids := make([]InstanceID, len(keys))
	for i, key := range keys {
		var err error
		if ids[i], err = ParseInstanceID(key); err != nil {
			return nil, err
		}
	}
	return ids, nil
}
