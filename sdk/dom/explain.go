package dom

import (
	"context"
	"fmt"
	"strings"
	"time"

	"domovoi.dev/sdk/slnet"
)

// ManagerStoreExplainRequest carries a query out and says how it was done.
// Answered with ManagerStoreExplainResponse.
type ManagerStoreExplainRequest struct {
	ModuleID string     `json:"ModuleId,omitempty"`
	Kind     ObjectKind `json:"Kind"`
	Query    Query      `json:"Query"`
	Select   []Exposer  `json:"Select,omitempty"`
	// PageSize, when it is not 0, explains the first page of that size.
	PageSize int `json:"PageSize,omitempty"`
}

// ManagerStoreExplainResponse carries an explanation.
type ManagerStoreExplainResponse struct {
	// Explanation says how the query was carried out.
	Explanation QueryExplanation `json:"Explanation"`
	TraceData   slnet.TraceData  `json:"TraceData,omitempty"`
}

// QueryExplanation says how a query was carried out.
type QueryExplanation struct {
	// Plan are the steps in words. The words may change with any version.
	Plan []string `json:"Plan"`
	// IsScan: objects were looked at one after the other, for want of an index or
	// because that is faster.
	IsScan bool `json:"IsScan,omitempty"`
	// IndexEntries and Objects are how many of these were looked at.
	IndexEntries int64 `json:"IndexEntries"`
	Objects      int64 `json:"Objects"`
	// Returned is how many objects the answer has.
	Returned int64 `json:"Returned"`
	// IsPrivate says that IndexEntries and Objects are left out, because they could
	// tell of instances that are not accessible.
	IsPrivate bool `json:"IsPrivate,omitempty"`
	// Took is how long it took in the store, in nanoseconds.
	Took time.Duration `json:"Took"`
}

// String is the explanation as text of several lines.
func (e QueryExplanation) String() string {
	if e.IsPrivate {
		return fmt.Sprintf("%s\nreturned %d, in %v", strings.Join(e.Plan, "\n"), e.Returned, e.Took)
	}
	return fmt.Sprintf("%s\nlooked at %d index entries and %d objects, returned %d, in %v",
		strings.Join(e.Plan, "\n"), e.IndexEntries, e.Objects, e.Returned, e.Took)
}

// The information in the TraceData of a read that looked at far more objects than
// it returned, because no index serves its filter.
const (
	QueryInfo         = "QueryInfo"
	QueryInfoScanned  = "ScannedObjects"
	QueryInfoPlan     = "Plan"
	QueryInfoObjects  = "Objects"
	QueryInfoReturned = "Returned"
)

// MessageName implements slnet.Message.
func (*ManagerStoreExplainRequest) MessageName() string { return "ManagerStoreExplainRequest" }

// MessageName implements slnet.Message.
func (*ManagerStoreExplainResponse) MessageName() string { return "ManagerStoreExplainResponse" }

func (c component) explain(ctx context.Context, query Query) (*QueryExplanation, error) {
	if err := query.Check(c.kind, nil); err != nil {
		c.note(slnet.TraceData{}, err)
		return nil, err
	}
	response, err := ask[*ManagerStoreExplainResponse](ctx, c, &ManagerStoreExplainRequest{ModuleID: c.moduleID, Kind: c.kind, Query: query})
	if err != nil {
		return nil, err
	}
	if !response.TraceData.HasSucceeded() {
		err = &slnet.CrudFailedError{TraceData: response.TraceData}
	}
	c.note(response.TraceData, err)
	return &response.Explanation, err
}
