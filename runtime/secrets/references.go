package secrets

import (
	"context"
	"slices"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScriptReferences returns the secrets that name a script with a name for which
// is reports true; patterns do not name one.
func ScriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	err = table.Scan(r, storage.Walk{}, func(secret *record) (bool, error) {
		if slices.ContainsFunc(secret.Scripts, is) {
			list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceSecret, Name: secret.Name})
		}
		return true, ctx.Err()
	})
	return list, err
}

// ScriptRenamed lets a script that has a new name read the secrets that named it.
func ScriptRenamed(tx *storage.Tx, former, name string) error {
	var changed []*record
	err := table.Scan(&tx.Reader, storage.Walk{}, func(secret *record) (bool, error) {
		named := false
		for i, script := range secret.Scripts {
			if nameKey(script) == nameKey(former) {
				secret.Scripts[i], named = name, true
			}
		}
		if named {
			changed = append(changed, secret)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, secret := range changed {
		if err := table.Put(tx, secret, nameKey(secret.Name)); err != nil {
			return err
		}
	}
	return nil
}
