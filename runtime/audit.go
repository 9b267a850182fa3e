package runtime

import (
	"errors"
	"net/url"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// audit notes what became of a message, where no commit says it: one that was
// refused or failed, and one that did something without a commit. What fails
// without changing anything, because it only reads, is of no interest.
func (r *Runtime) auditMessage(caller security.Caller, message slnet.Message, handling handling, response slnet.Message, err error) {
	record := slnet.AuditRecord{User: caller.User, RunID: caller.RunID, Message: message.MessageName(), Address: caller.Address}
	record.Outcome, record.Reason, record.Detail = outcomeOf(response, err)
	switch {
	case record.Outcome == slnet.AuditAllowed && !handling.aside, record.Outcome == slnet.AuditFailed && handling.reads:
		return
	case r.dryRun != nil && record.Outcome != slnet.AuditRefused:
		return // nothing happened
	}
	if rights, err := r.accounts.Rights(caller); err == nil {
		record.User = rights.User() // who is connected may have been renamed
	}
	r.audit.Note(record, distinct(message, record), func() (string, []slnet.AuditObject) { return subjectOf(message) })
}

// distinct is what sets a record apart from those that are alike otherwise. Each
// secret that is read has a record, of all that are not there one is enough.
func distinct(message slnet.Message, record slnet.AuditRecord) string {
	if read, ok := message.(*slnet.GetSecretValueMessage); ok && record.Outcome == slnet.AuditAllowed {
		return strings.ToLower(read.Name)
	}
	return ""
}

// outcomeOf says what became of a message, by its answer.
func outcomeOf(response slnet.Message, err error) (outcome slnet.AuditOutcome, reason, detail string) {
	if err != nil {
		known, _ := slnet.AsError(err)
		outcome, reason = slnet.AuditFailed, string(known.Kind)
		if errors.Is(err, slnet.KindPermissionDenied) || errors.Is(err, slnet.KindUnauthenticated) {
			outcome = slnet.AuditRefused
		}
		if known.Reason != "" {
			reason = string(known.Reason)
		}
		return outcome, reason, known.Message
	}
	trace := firstErrors(response)
	if trace.HasSucceeded() {
		return slnet.AuditAllowed, "", ""
	}
	outcome = slnet.AuditFailed
	first := trace.ErrorData[0]
	if first.Reason == dom.ErrNoPermission {
		outcome = slnet.AuditRefused
	}
	return outcome, string(first.Reason), first.Message
}

// firstErrors are the errors of an answer about DOM objects, of a bulk answer
// those of the first item that was not stored.
func firstErrors(response slnet.Message) *slnet.TraceData {
	switch response := response.(type) {
	case *dom.ManagerStoreCrudResponse:
		return &response.TraceData
	case *dom.DomInstanceActionResponse:
		return &response.TraceData
	case *dom.ManagerStoreBulkResponse:
		for _, key := range response.UnsuccessfulKeys {
			if trace, ok := response.TraceDataPerItem[key]; ok {
				return &trace
			}
		}
	}
	return nil
}

// subjectOf says what a message is about.
func subjectOf(message slnet.Message) (moduleID string, objects []slnet.AuditObject) {
	one := func(kind, id string) []slnet.AuditObject { return []slnet.AuditObject{{Kind: kind, ID: id}} }
	instance := func(id dom.InstanceID) []slnet.AuditObject { return one(string(dom.KindInstance), id.String()) }
	switch m := message.(type) {
	case *dom.ManagerStoreCreateRequest:
		return m.ModuleID, objectOf(m.Kind, m.Object)
	case *dom.ManagerStoreUpdateRequest:
		return m.ModuleID, objectOf(m.Kind, m.Object)
	case *dom.ManagerStoreDeleteRequest:
		return m.ModuleID, one(string(m.Kind), m.Key)
	case *dom.ManagerStoreBulkDeleteRequest:
		for _, key := range m.Keys[:min(len(m.Keys), dom.MaxAmountBulkOperation)] {
			objects = append(objects, slnet.AuditObject{Kind: string(dom.KindInstance), ID: key})
		}
		return m.ModuleID, objects
	case *dom.ManagerStoreBulkCreateOrUpdateRequest:
		return m.ModuleID, nil
	case *dom.ManagerStoreReadRequest:
		return m.ModuleID, nil
	case *dom.ManagerStoreCountRequest:
		return m.ModuleID, nil
	case *dom.ManagerStorePagingRequest:
		return m.ModuleID, nil
	case *dom.ManagerStoreExplainRequest:
		return m.ModuleID, nil
	case *dom.DomInstanceStatusTransitionRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.DomInstanceActionRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.DomInstanceActionsRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.AttachmentAddRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.AttachmentAddStreamedRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.AttachmentDeleteRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.AttachmentGetRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.AttachmentGetNamesRequest:
		return m.ModuleID, instance(m.DomInstanceID)
	case *dom.ReinitializeManagerMessage:
		return m.ModuleID, nil
	case *dom.MidnightSyncMessage:
		return m.ModuleID, nil
	case *slnet.CreateUserMessage:
		return "", one("user", m.Name)
	case *slnet.UpdateUserMessage:
		return "", one("user", m.Name)
	case *slnet.DeleteUserMessage:
		return "", one("user", m.Name)
	case *slnet.CreateGroupMessage:
		return "", one("group", m.Group.Name)
	case *slnet.UpdateGroupMessage:
		return "", one("group", m.Group.Name)
	case *slnet.DeleteGroupMessage:
		return "", one("group", m.Name)
	case *slnet.CreateTokenMessage:
		return "", one("user", m.User)
	case *slnet.GetTokensMessage:
		return "", one("user", m.User)
	case *slnet.RevokeTokenMessage:
		return "", one("token", m.ID.String())
	case *slnet.CancelRunMessage:
		return "", one("run", m.ID.String())
	case *slnet.UploadMessage:
		return "", one("upload", m.UploadID.String())
	case *slnet.ReadBackupMessage:
		return "", one("backup", m.Name)
	case *slnet.DeleteBackupMessage:
		return "", one("backup", m.Name)
	case *slnet.SetSecretMessage:
		return "", one("secret", m.Name)
	case *slnet.DeleteSecretMessage:
		return "", one("secret", m.Name)
	case *slnet.GetSecretValueMessage:
		return "", one("secret", m.Name)
	case *slnet.SendHTTPRequestMessage:
		if u, err := url.Parse(m.URL); err == nil {
			return "", one("server", u.Host)
		}
	}
	if objects := apiSubject(message); objects != nil {
		return "", objects
	}
	if id := scheduleSubject(message); id != "" {
		return "", one("schedule", id)
	}
	if id := webhookSubject(message); id != "" {
		return "", one("webhook", id)
	}
	if id := triggerSubject(message); id != "" {
		return "", one("trigger", id)
	}
	if name := scriptOf(message); name != "" {
		return "", one("script", name)
	}
	return "", nil
}

// objectOf names an object as it was sent, when it can be read.
func objectOf(kind dom.ObjectKind, raw slnet.Raw) []slnet.AuditObject {
	o, err := dom.DecodeObject(kind, raw)
	if err != nil || o.Key() == uuid.Nil.String() {
		return nil
	}
	return []slnet.AuditObject{{Kind: string(kind), ID: o.Key()}}
}

// auditEntry notes somebody who was refused at the door. user is who it would
// have been; one who does not exist is not named, for anybody can make up names.
func (r *Runtime) auditEntry(door, user, address string, err error) {
	if known, _ := slnet.AsError(err); errors.Is(err, slnet.KindUnauthenticated) {
		if !r.accounts.Enabled(security.Caller{User: user}) {
			user = ""
		}
		r.audit.Note(slnet.AuditRecord{
			User: user, Message: door, Outcome: slnet.AuditRefused, Reason: string(known.Kind), Detail: known.Message, Address: address,
		}, "", nil)
	}
}
