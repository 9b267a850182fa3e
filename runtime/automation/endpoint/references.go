package endpoint

import (
	"context"
	"strings"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScriptReferences returns the definitions that a script with a name for which is
// reports true answers.
func ScriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	err = definitionTable.Scan(r, storage.Walk{}, func(definition *slnet.ApiDefinition) (bool, error) {
		if is(definition.Script) {
			list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceAPI, Name: definition.Name})
		}
		return true, ctx.Err()
	})
	return list, err
}

// RenamingScript carries out an update of the store that gives a script another
// name, while no other change of the APIs is made. The update calls renamed in its
// transaction, for the definitions that the script answers.
func (a *APIs) RenamingScript(update func(renamed func(tx *storage.Tx, former, name string) error) error) error {
	a.changing.Lock()
	defer a.changing.Unlock()
	return update(func(tx *storage.Tx, former, name string) error {
		e := a.edit(systemUser)
		for _, definition := range e.sorted() {
			if strings.EqualFold(definition.Script, former) {
				changed := *definition
				changed.Script = name
				e.definitions[changed.ID] = &changed
				e.write(func(tx *storage.Tx) error { return definitionTable.Put(tx, &changed, changed.ID.String()) })
			}
		}
		for _, write := range e.writes {
			if err := write(tx); err != nil {
				return err
			}
		}
		e.routes = routesOf(e.definitions)
		tx.AfterCommit(func() { a.directory.Store(e.directory) })
		return nil
	})
}
