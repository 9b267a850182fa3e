package dommanager

import (
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// maxLinkErrors is the most references an answer complains about.
const maxLinkErrors = 100

// links validates the references by value of group links (row SEC-24). That the
// groups, definitions and fields exist is not asked: a link without them grants
// nothing.
func (c *settingsCheck) links(s *dom.DomManagerSecuritySettings) {
	if s.LinkSecurity != nil && len(s.LinkSecurity.GroupLinks) == 0 {
		s.LinkSecurity = nil
	}
	links := s.GroupLinks()
	for i := range links {
		for j := range links[i].FieldValueReferences {
			if len(c.trace.ErrorData) >= maxLinkErrors {
				return
			}
			c.valueReference(links[i].GroupName, &links[i].FieldValueReferences[j])
		}
	}
}

func (c *settingsCheck) valueReference(group string, r *dom.FieldValueReference) {
	for i, v := range r.Values {
		r.Values[i] = enumNumber(v)
	}
	switch {
	case r.DomDefinitionID.IsZero() || r.FieldDescriptorID.IsZero():
		c.failReference(group, r, dom.ErrDomSecurityFieldValueReferenceHasInvalidIDs, slnet.ErrorProperties{}, "the id of the definition or of the field is empty")
	case len(r.Values) == 0:
		c.failReference(group, r, dom.ErrDomSecurityFieldValueReferenceHasNoValues, slnet.ErrorProperties{}, "there are no values")
	case len(r.Values) > dom.MaxFieldValueReferenceValues:
		c.failReference(group, r, dom.ErrDomSecurityFieldValueReferenceHasTooManyValues, slnet.ErrorProperties{Limit: dom.MaxFieldValueReferenceValues},
			fmt.Sprintf("there are %d values, at most %d are allowed", len(r.Values), dom.MaxFieldValueReferenceValues))
	default:
		for _, v := range r.Values {
			if k := v.Kind(); k != r.Values[0].Kind() || k != dom.KindGuid && k != dom.KindInt && k != dom.KindString {
				c.fail("SecuritySettings.LinkSecurity", v.String(), fmt.Sprintf(
					"group %q, definition %s: the values are %s and %s; they have to be Guids, ints or strings, all of one kind", group, r.DomDefinitionID, r.Values[0].Kind(), k))
				return
			}
		}
	}
}

func (c *settingsCheck) failReference(group string, r *dom.FieldValueReference, reason slnet.Reason, properties slnet.ErrorProperties, problem string) {
	properties.GroupName, properties.DomDefinitionIDs = group, []uuid.UUID{uuid.UUID(r.DomDefinitionID)}
	e := c.invalid(group, "field value reference of group %q to definition %s: %s", group, r.DomDefinitionID, problem)
	e.Properties.InnerTraceData = &slnet.TraceData{ErrorData: []slnet.ErrorData{{
		Type: dom.ModuleSettingsManagerError, Reason: reason, Message: problem, Properties: properties,
	}}}
	c.trace.AddError(e)
}
