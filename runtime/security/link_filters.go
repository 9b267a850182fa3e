package security

import (
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// In restricted access mode a filter has to say of itself what it is about, so
// that the access is decided before anything is read. (DOC:DOM_SecuritySettings,
// "Filtering requirements when security is enabled")

// Scope is a read as it may be carried out.
type Scope struct {
	// Filter is the filter of the request, with what the access adds to it.
	Filter dom.Filter
	// Visible tells whether an instance is accessible, where Filter does not; nil
	// when it does.
	Visible func(o *dom.RawObject) bool
	// IsPartial says that there may be instances the user has no access to.
	IsPartial bool
}

// ScopeRead decides about reading instances. A filter that is scoped by
// definitions is refused with NoPermission when one of them is not accessible;
// of one that consists of instance ids those that are accessible are read.
// (rows SEC-03 to SEC-08, SEC-17 to SEC-19, SEC-29)
func (a Access) ScopeRead(f dom.Filter) (Scope, error) {
	if !a.IsRestricted() {
		return Scope{Filter: f}, nil
	}
	if _, ok := equalGuid(f, dom.InstanceExposers.ID); ok && f.Operator == dom.OperatorCompare {
		return Scope{Filter: f, Visible: a.Visible(), IsPartial: !a.all}, nil
	}
	if ids, ok := idsOf(f); ok {
		equal := make([]dom.Filter, len(ids))
		for i, id := range ids {
			equal[i] = dom.InstanceExposers.ID.Equal(id)
		}
		return Scope{Filter: dom.Or(equal...), Visible: a.Visible(), IsPartial: !a.all}, nil
	}
	scoped, err := a.scopeByDefinition(f, dom.ErrReadFilterNotSupportedBySecurity,
		"add DomDefinitionId == ... to it, in every part of an or; or let it consist of DomInstanceId == ... alone")
	return Scope{Filter: scoped, IsPartial: !a.all}, err
}

// ScopeCount decides about counting instances and returns the filter to count by.
// It has to be scoped by definitions. (rows SEC-09 to SEC-11)
func (a Access) ScopeCount(f dom.Filter) (dom.Filter, error) {
	if !a.IsRestricted() {
		return f, nil
	}
	return a.scopeByDefinition(f, dom.ErrCountFilterNotSupportedBySecurity,
		"add DomDefinitionId == ... to it, in every part of an or")
}

func (a Access) scopeByDefinition(f dom.Filter, reason slnet.Reason, advice string) (dom.Filter, error) {
	definitions, ok := scopeOf(f, definitionOf)
	if !ok {
		return f, notSupported(reason, advice)
	}
	if a.all {
		return f, nil
	}
	var closed, partial []uuid.UUID
	for _, id := range definitions {
		switch a.Grant(id).Reads {
		case ReachNone:
			closed = append(closed, uuid.UUID(id))
		case ReachValues:
			partial = append(partial, uuid.UUID(id))
		}
	}
	switch {
	case len(closed) > 0:
		return f, noPermission(slnet.ErrorProperties{DomDefinitionIDs: closed}, "the user has no access to the instances of the DOM definitions %s", listText(closed))
	case len(partial) == 0:
		return f, nil
	case len(definitions) > 1: // row SEC-19
		return f, noPermission(slnet.ErrorProperties{DomDefinitionIDs: partial},
			"a filter on several DOM definitions needs full access to each, and the user has access to a part of the instances of %s only; ask for one definition at a time", listText(partial))
	}
	return also(f, a.Grant(definitions[0]).Filter()), nil
}

// also adds a condition to a filter, beside its own where it is a conjunction.
func also(f, condition dom.Filter) dom.Filter {
	if f.Operator == dom.OperatorAnd {
		return dom.And(append(slices.Clip(slices.Clone(f.Operands)), condition)...)
	}
	return dom.And(f, condition)
}

// HistorySubjects returns the instances whose history a filter is scoped to.
// reason is that of a filter that is not. (rows SEC-12, SEC-13)
func (a Access) HistorySubjects(f dom.Filter, reason slnet.Reason) ([]dom.InstanceID, error) {
	ids, ok := scopeOf(f, subjectOf)
	if !ok {
		return nil, notSupported(reason, "add SubjectID == \"DomInstanceId_...\" to it, in every part of an or")
	}
	return ids, nil
}

// scopeOf returns the identities that the objects a filter selects are limited
// to, each once; ok is false when they are not limited. leaf says what a single
// comparison limits them to. All limits of an and count together, though one
// would do: nobody names a definition they have no access to.
func scopeOf[ID comparable](f dom.Filter, leaf func(dom.Filter) (ID, bool)) (ids []ID, ok bool) {
	ids, ok = limitsOf(f, leaf)
	return distinct(ids), ok
}

func limitsOf[ID comparable](f dom.Filter, leaf func(dom.Filter) (ID, bool)) (ids []ID, ok bool) {
	switch f.Operator {
	case dom.OperatorFalse:
		return nil, true
	case dom.OperatorCompare:
		id, ok := leaf(f)
		if !ok {
			return nil, false
		}
		return []ID{id}, true
	case dom.OperatorAnd:
		for _, operand := range f.Operands {
			if some, limits := limitsOf(operand, leaf); limits {
				ids, ok = append(ids, some...), true
			}
		}
	case dom.OperatorOr:
		for _, operand := range f.Operands {
			some, limits := limitsOf(operand, leaf)
			if !limits {
				return nil, false
			}
			ids = append(ids, some...)
		}
		ok = true
	}
	return ids, ok
}

func distinct[ID comparable](ids []ID) []ID {
	if len(ids) < 2 {
		return ids
	}
	seen := make(map[ID]bool, len(ids))
	return slices.DeleteFunc(ids, func(id ID) bool {
		if seen[id] {
			return true
		}
		seen[id] = true
		return false
	})
}

func definitionOf(f dom.Filter) (dom.DefinitionID, bool) {
	id, ok := equalGuid(f, dom.InstanceExposers.DomDefinitionID)
	return dom.DefinitionID(id), ok
}

func subjectOf(f dom.Filter) (dom.InstanceID, bool) {
	if f.Exposer != dom.HistoryExposers.SubjectID || f.Comparer != dom.Equals {
		return dom.InstanceID{}, false
	}
	id, err := dom.ParseSubjectID(f.Value.String())
	return id, err == nil
}

// idsOf returns the instances that a filter asks for which consists of their ids
// and nothing else.
func idsOf(f dom.Filter) (ids []dom.InstanceID, ok bool) {
	switch f.Operator {
	case dom.OperatorCompare:
		id, ok := equalGuid(f, dom.InstanceExposers.ID)
		return []dom.InstanceID{dom.InstanceID(id)}, ok
	case dom.OperatorAnd:
		for i, operand := range f.Operands {
			some, isIDs := idsOf(operand)
			if !isIDs {
				return nil, false
			}
			if i == 0 {
				ids = some
				continue
			}
			common := make(map[dom.InstanceID]bool, len(some))
			for _, id := range some {
				common[id] = true
			}
			ids = slices.DeleteFunc(ids, func(id dom.InstanceID) bool { return !common[id] })
		}
		return ids, len(f.Operands) > 0
	case dom.OperatorOr:
		for _, operand := range f.Operands {
			some, isIDs := idsOf(operand)
			if !isIDs {
				return nil, false
			}
			ids = append(ids, some...)
		}
		return distinct(ids), true
	}
	return nil, false
}

// equalGuid returns the Guid that a comparison demands of a property.
func equalGuid(f dom.Filter, e dom.Exposer) (uuid.UUID, bool) {
	if f.Exposer != e || f.Comparer != dom.Equals {
		return uuid.Nil, false
	}
	if f.Value.Kind() == dom.KindGuid {
		return f.Value.Guid(), true
	}
	id, err := uuid.Parse(f.Value.Text())
	return id, err == nil && f.Value.Kind() == dom.KindString
}

func notSupported(reason slnet.Reason, advice string) error {
	return refusal(reason, slnet.ErrorProperties{}, "the filter does not say whose access has to be checked, which it has to in a module with link security: %s", advice)
}

// DenyInstances refuses a request about instances that are not accessible or do
// not exist, which is the same to who has no access. (rows SEC-13, SEC-15, SEC-28)
func DenyInstances(moduleID string, ids ...dom.InstanceID) error {
	p := slnet.ErrorProperties{ModuleID: moduleID}
	for _, id := range ids {
		p.DomInstanceIDs = append(p.DomInstanceIDs, uuid.UUID(id))
	}
	if len(ids) == 1 {
		p.ID = ids[0].String()
	}
	return noPermission(p, "the user does not have that access to the DOM instances %s, or they do not exist", listText(p.DomInstanceIDs))
}

// DenyNew refuses to store an instance as it was sent. (row SEC-15)
func DenyNew(moduleID string, i *dom.Instance) error {
	return noPermission(slnet.ErrorProperties{
		ID: i.Key(), ModuleID: moduleID,
		DomDefinitionIDs: []uuid.UUID{uuid.UUID(i.DomDefinitionID)}, DomInstanceIDs: []uuid.UUID{uuid.UUID(i.ID)},
	}, "the user may not store such an instance of the DOM definition %s", i.DomDefinitionID)
}

func noPermission(p slnet.ErrorProperties, format string, args ...any) error {
	return refusal(dom.ErrNoPermission, p, format, args...)
}

// maxListed bounds the ids in an error, as elsewhere.
const maxListed = 100

func refusal(reason slnet.Reason, p slnet.ErrorProperties, format string, args ...any) error {
	p.DomDefinitionIDs = p.DomDefinitionIDs[:min(len(p.DomDefinitionIDs), maxListed)]
	p.DomInstanceIDs = p.DomInstanceIDs[:min(len(p.DomInstanceIDs), maxListed)]
	return &slnet.CrudFailedError{TraceData: slnet.TraceData{ErrorData: []slnet.ErrorData{{
		Type: dom.InstanceError, Reason: reason, Properties: p, Message: fmt.Sprintf(format, args...),
	}}}}
}

// listText lists the first of some ids.
func listText(ids []uuid.UUID) string {
	const few = 5
	var texts []string
	for _, id := range ids[:min(len(ids), few)] {
		texts = append(texts, id.String())
	}
	if n := len(ids) - few; n > 0 {
		texts = append(texts, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(texts, ", ")
}
