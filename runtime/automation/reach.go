package automation

import (
	"slices"

	"domovoi.dev/runtime/security"
)

// ReadSecret lets the run that a message comes from read a secret: read is called
// with the name of its script. What it returns is taken out of everything that
// the run leaves behind.
func (a *Automation) ReadSecret(caller security.Caller, name string, read func(script string) (string, error)) (string, error) {
	e, err := a.running(caller)
	if err != nil {
		return "", err
	}
	value, err := read(e.script.Name)
	if err != nil {
		return "", err
	}
	e.secrets.add(name, value)
	return value, nil
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
