package runtime

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv"
)

// When to send a request again that was refused because the disk has no space, or
// because there are as many dry runs as there may be.
const (
	spaceAgain  = 30 * time.Second
	dryRunAgain = 5 * time.Second
)

// connection is a caller's access to the daemon. The identity is the
// connection's own: nothing in a message can change it.
type connection struct {
	runtime *Runtime
	caller  security.Caller
}

func (r *Runtime) connect(caller security.Caller) slnet.Connection {
	return &connection{r, caller}
}

// SendSLNetMessages implements slnet.Connection.
func (c *connection) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	if len(messages) > slnet.MaxMessages {
		return nil, slnet.Errorf(slnet.KindTooLarge, "a call carries %d messages, at most %d are allowed", len(messages), slnet.MaxMessages)
	}
	responses := make([]slnet.Message, 0, len(messages))
	for _, message := range messages {
		began := time.Now()
		response, handling, err := c.runtime.route(ctx, c.caller, message)
		if err = c.answered(ctx, message, began, handling, response, err); err != nil {
			return responses, err
		}
		responses = append(responses, response)
	}
	return responses, nil
}

// answered counts and audits a message that was answered, and returns its error as
// the sender gets to see it.
func (c *connection) answered(ctx context.Context, message slnet.Message, began time.Time, handling handling, response slnet.Message, err error) error {
	if err != nil {
		err = c.runtime.requestError(ctx, message, err)
	}
	c.runtime.metrics.Message(message.MessageName(), time.Since(began), err)
	c.runtime.auditMessage(c.caller, message, handling, response, err)
	return err
}

// requestError is the error of a message as its sender gets to see it. Errors
// of the store have kinds of their own; those nobody expected are logged here,
// once, with their cause.
func (r *Runtime) requestError(ctx context.Context, message slnet.Message, err error) error {
	var later *api.Later
	switch known, ok := slnet.AsError(err); {
	case errors.As(err, &later):
		return later
	case errors.Is(err, automation.ErrTooManyDryRuns):
		return &api.Later{After: dryRunAgain, Err: known}
	case ok:
		return known
	case errors.Is(err, context.DeadlineExceeded):
		return slnet.Errorf(slnet.KindTimeout, "%s was not answered in time", message.MessageName())
	case errors.Is(err, context.Canceled):
		return slnet.Errorf(slnet.KindCanceled, "%s was cancelled by its sender", message.MessageName())
	case errors.Is(err, kv.ErrConflict):
		return slnet.Errorf(slnet.KindConflict, "%s lost against concurrent changes too often; send it again", message.MessageName())
	case errors.Is(err, kv.ErrTooLarge):
		return slnet.Errorf(slnet.KindTooLarge, "%s writes more than one transaction can hold: %v", message.MessageName(), err)
	case r.dryRun != nil && errors.Is(err, kv.ErrFull):
		return slnet.Errorf(slnet.KindTooLarge, "%s was refused: a dry run keeps what it writes in memory, which is %d MiB at most, and as much of attachments", message.MessageName(), maxDryRun>>20)
	case r.dryRun != nil && errors.Is(err, kv.ErrClosed):
		return slnet.Errorf(slnet.KindCanceled, "%s came after the end of its dry run", message.MessageName())
	case errors.Is(err, kv.ErrReadOnly): // the store has logged it, once
		return storeRefuses(err)
	case errors.Is(err, kv.ErrClosed), errors.Is(err, kv.ErrFailed):
		r.log.ErrorContext(ctx, "the store refuses work", "op", "runtime.route", "msg", message.MessageName(), "err", err)
		return storeRefuses(err)
	}
	r.log.ErrorContext(ctx, "a message failed", "op", "runtime.route", "msg", message.MessageName(), "err", err)
	return slnet.Errorf(slnet.KindInternal, "%s failed because of a mistake in Domovoi; the daemon's log of %s has the cause",
		message.MessageName(), time.Now().UTC().Format(time.RFC3339))
}

// handling is what a rule says about the handling of a message.
type handling struct {
	// reads marks a message that changes nothing: who may change nothing may send
	// it, and the audit only lists that it was refused.
	reads bool
	// aside marks a message that does something without a commit, so that it is
	// audited by itself.
	aside bool
	// within marks a message that a dry run carries out itself. Others are answered
	// with what is stored, or refused when they do not only read.
	within bool
}

// route is the one way of every message: who may send it is decided here, and
// only here, then it goes to who handles it. The rights are those of this moment:
// one that was taken away is gone with the next message, also inside a run.
func (r *Runtime) route(ctx context.Context, caller security.Caller, message slnet.Message) (slnet.Message, handling, error) {
	rights, err := r.accounts.Rights(caller)
	if err != nil {
		return nil, handling{}, err
	}
	if err := ctx.Err(); err != nil {
		return nil, handling{reads: true}, err
	}
	caller.User, caller.Message = rights.User(), message.MessageName()
	if needs, ok, err := r.managers.Required(ctx, message); ok {
		how := handling{reads: needs.Reads, aside: needs.Aside}
		if err != nil {
			return nil, how, err
		}
		if missing, ok := missingOf(rights, needs); ok {
			if denied := dommanager.Deny(message, caller.User, missing); denied != nil {
				return denied, how, nil
			}
			return nil, how, lacks(rights, missing)
		}
		if err := r.refuseChange(rights, how); err != nil {
			return nil, how, err
		}
		response, err := r.managers.Handle(ctx, caller, message)
		if errors.Is(err, kv.ErrReadOnly) {
			// A request to a manager is one commit, so nothing of it was carried out.
			err = &api.Later{After: spaceAgain, Err: storeRefuses(err)}
		}
		return response, how, err
	}
	h, ok := handlers[message.MessageName()]
	if !ok {
		return nil, handling{reads: true}, slnet.Errorf(slnet.KindInvalid, "%s is no request", message.MessageName())
	}
	if h.runs && caller.RunID == uuid.Nil {
		return nil, h.handling, slnet.Errorf(slnet.KindPermissionDenied, "only a run of a script may send %s", message.MessageName()).
			WithReason(security.NoPermission)
	}
	if h.allow != nil {
		script := scriptOf(message)
		if script != "" {
			if script, err = r.automation.CurrentName(ctx, script); err != nil {
				return nil, h.handling, err
			}
		}
		if err := h.allow(rights, message, script); err != nil {
			return nil, h.handling, err
		}
	}
	if err := r.refuseChange(rights, h.handling); err != nil {
		return nil, h.handling, err
	}
	if r.dryRun != nil && !h.within {
		if !h.reads {
			return nil, h.handling, slnet.Errorf(slnet.KindConflict,
				"a dry run does not carry out %s: it would change more than objects, which cannot be taken back", message.MessageName())
		}
		r = r.dryRun.real
	}
	response, err := h.handle(r, ctx, caller, message)
	return response, h.handling, err
}

// missingOf returns a permission that a message about DOM objects needs and a
// caller lacks.
func missingOf(rights *security.Rights, needs dommanager.Requirement) (slnet.PermissionFlag, bool) {
	for _, p := range needs.Permissions {
		if p != slnet.PermissionNone && !rights.Has(p) {
			return p, true
		}
	}
	return 0, false
}

func lacks(rights *security.Rights, permission slnet.PermissionFlag) error {
	return slnet.Errorf(slnet.KindPermissionDenied, "user %s lacks the permission %s", rights.User(), permission).
		WithReason(security.NoPermission)
}

// refuseChange returns why a message that does not only read is not carried out.
func (r *Runtime) refuseChange(rights *security.Rights, how handling) error {
	switch {
	case how.reads:
		return nil
	case rights.ReadOnly():
		return readsOnly(rights)
	case r.readOnly:
		return slnet.Errorf(slnet.KindUnavailable, "this daemon changes nothing: it was started with --read-only")
	}
	return nil
}

func readsOnly(rights *security.Rights) error {
	return slnet.Errorf(slnet.KindPermissionDenied, "user %s may change nothing: the groups of the user, or the token, are read-only", rights.User()).
		WithReason(security.NoPermission)
}
