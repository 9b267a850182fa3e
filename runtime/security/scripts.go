package security

import (
	"context"
	"slices"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScriptReferences returns the groups that have a grant for just one script, with
// a name for which is reports true; patterns do not name one.
func ScriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	err = groupTable.Scan(r, storage.Walk{}, func(g *groupRecord) (bool, error) {
		if slices.ContainsFunc(g.ScriptGrants, func(grant slnet.ScriptGrant) bool { return is(grant.Pattern) }) {
			list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceGroup, Name: g.Name})
		}
		return true, ctx.Err()
	})
	return list, err
}

// RenamingScript carries out an update of the store that gives a script another
// name, while no other change of the accounts is made. The update calls renamed in
// its transaction, for the grants of groups for just that script.
func (a *Accounts) RenamingScript(update func(renamed func(tx *storage.Tx, former, name string) error) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	return update(func(tx *storage.Tx, former, name string) error {
		e := &edit{directory: a.directory.Load().clone(), now: a.time()}
		e.renameScript(former, name)
		for _, write := range e.writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		tx.AfterCommit(func() { a.directory.Store(e.directory) })
		return nil
	})
}

// renameScript lets grants for just one script go by another name of it. Nobody
// gets a right by that which they did not have for the script.
func (e *edit) renameScript(former, name string) {
	for _, g := range e.groups {
		if !slices.ContainsFunc(g.ScriptGrants, func(grant slnet.ScriptGrant) bool { return fold(grant.Pattern) == fold(former) }) {
			continue
		}
		changed := *g
		changed.ScriptGrants = slices.Clone(g.ScriptGrants)
		for i := range changed.ScriptGrants {
			if fold(changed.ScriptGrants[i].Pattern) == fold(former) {
				changed.ScriptGrants[i].Pattern = name
			}
		}
		e.putGroup(&changed)
		e.about("group", g.Name)
	}
}
