package dom

// ParseQueryMessage reads a filter and an order as people write them, with the
// names of a module's definitions, sections and fields, for programs that have no
// filtertext of their own. Answered with ParseQueryResponse.
type ParseQueryMessage struct {
	ModuleID string `json:"ModuleId"`
	// Filter is about instances; empty selects all. Order is what to order them by.
	Filter string `json:"Filter,omitempty"`
	Order  string `json:"Order,omitempty"`
	// TimeZone is the name of the time zone of times without one, such as
	// Europe/Berlin; empty means UTC.
	TimeZone string `json:"TimeZone,omitempty"`
}

// ParseQueryResponse carries what the texts mean.
type ParseQueryResponse struct {
	Query Query `json:"Query"`
	// Problem says what is wrong with a text; nil when nothing is. There is no
	// query then.
	Problem *QueryProblem `json:"Problem,omitempty"`
}

// QueryProblem is what is wrong with a text.
type QueryProblem struct {
	// InOrder says that it is the order, and not the filter.
	InOrder bool `json:"InOrder,omitempty"`
	// Line counts from 1, Column the characters from 1.
	Line   int64 `json:"Line"`
	Column int64 `json:"Column"`
	// Message is what was found, what was expected, and which names are near.
	Message string `json:"Message"`
}

// FormatQueryMessage writes a query as people write one, with the names of a
// module's definitions, sections and fields: what ParseQueryMessage reads. Answered
// with FormatQueryResponse.
type FormatQueryMessage struct {
	ModuleID string `json:"ModuleId"`
	// Query is about instances. Its bounds, and what of it no text can say, are left out.
	Query Query `json:"Query"`
}

// FormatQueryResponse carries a query as text.
type FormatQueryResponse struct {
	// Filter is "true" where all are selected, Order empty where there is none.
	Filter string `json:"Filter"`
	Order  string `json:"Order,omitempty"`
}

// MessageName implements slnet.Message.
func (*FormatQueryMessage) MessageName() string { return "FormatQueryMessage" }

// MessageName implements slnet.Message.
func (*FormatQueryResponse) MessageName() string { return "FormatQueryResponse" }

// MessageName implements slnet.Message.
func (*ParseQueryMessage) MessageName() string { return "ParseQueryMessage" }

// MessageName implements slnet.Message.
func (*ParseQueryResponse) MessageName() string { return "ParseQueryResponse" }
