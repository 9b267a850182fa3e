package automation

import (
	"errors"
	"slices"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/storage"
)

// ReadSecret lets the run that a message comes from read a secret: read is called
// with the name of its script. What it returns is taken out of everything that
// the run leaves behind.
func (a *Automation) ReadSecret(caller security.Caller, name string, read func(script string) (string, error)) (string, error) {
	e, err := a.running(caller)
	if err != nil {
		return "", err
	}
	script, err := a.nameNow(e)
	if err != nil {
		return "", err
	}
	value, err := read(script)
	if err != nil {
		return "", err
	}
	e.secrets.add(name, value)
	return value, nil
}

// StreamedBody returns the id of the body that started the run that a message comes
// from, zero for none.
func (a *Automation) StreamedBody(caller security.Caller) uuid.UUID {
	e := a.executing(caller.RunID)
	if e == nil || e.run.Trigger.Request == nil || e.run.Trigger.Request.StreamedBody == nil {
		return uuid.Nil
	}
	return e.run.Trigger.Request.StreamedBody.ID
}

// nameNow returns the name that the script of a run has, also when it was renamed
// since the run began.
func (a *Automation) nameNow(e *execution) (name string, err error) {
	name = e.script.Name
	err = a.Store.View(e.ctx, func(r *storage.Reader) error {
		head, err := scriptTable.Get(r, e.script.ID.String())
		if err == nil {
			name = head.Name
		}
		if errors.Is(err, storage.ErrNotFound) { // deleted, or not deployed
			return nil
		}
		return err
	})
	return name, err
}

// Reach says which script the run that a message comes from executes, and which
// servers that is granted, as host:port.
func (a *Automation) Reach(caller security.Caller) (script string, servers []string, err error) {
	e, err := a.running(caller)
	if err != nil {
		return "", nil, err
	}
	return e.script.Name, slices.Clone(manifestOf(e.script).Grants.Network), nil
}
