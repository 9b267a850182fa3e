package endpoint

import (
	"context"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScriptReferences returns the definitions whose requests a script answers with a
// name for which is reports true.
func ScriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	err = definitionTable.Scan(r, storage.Walk{}, func(definition *slnet.ApiDefinition) (bool, error) {
		if is(definition.Script) {
			list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceAPI, Name: definition.Name})
		}
		return true, ctx.Err()
	})
	return list, err
}
