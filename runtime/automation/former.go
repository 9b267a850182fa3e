package automation

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Scripts once had no ids. Their tables had the folded name where they have the id
// now, and so had memoryTable, and the rows of runs.

// identifyScripts gives ids to scripts that have none. Each is one transaction.
func (a *Automation) identifyScripts(ctx context.Context) error {
	var heads []*slnet.Script
	err := a.Store.View(ctx, func(r *storage.Reader) error {
		return scriptTable.Scan(r, storage.Walk{}, func(s *slnet.Script) (bool, error) {
			if s.ID == uuid.Nil {
				heads = append(heads, s)
			}
			return true, ctx.Err()
		})
	})
	for _, head := range heads {
		if err == nil {
			_, err = a.Store.Update(ctx, storage.Origin{}, func(tx *storage.Tx) error { return identifyScript(tx, *head) })
		}
	}
	return err
}

func identifyScript(tx *storage.Tx, head slnet.Script) error {
	former := storage.Walk{Prefix: []string{nameKey(head.Name)}}
	var versions []*slnet.Script
	err := scriptVersions.Scan(&tx.Reader, former, func(v *slnet.Script) (bool, error) {
		versions = append(versions, v)
		return true, nil
	})
	if err != nil {
		return err
	}
	head.ID = uuid.New()
	for _, v := range versions {
		v.ID = head.ID
		if err := errors.Join(keep(tx, v), scriptVersions.Delete(tx, nameKey(head.Name), versionKey(v.Version))); err != nil {
			return err
		}
	}
	var memory []*slnet.MemoryEntry
	err = memoryTable.Scan(&tx.Reader, former, func(entry *slnet.MemoryEntry) (bool, error) {
		memory = append(memory, entry)
		return true, nil
	})
	for _, entry := range memory {
		err = errors.Join(err, memoryTable.Put(tx, entry, head.ID.String(), entry.Key), memoryTable.Delete(tx, nameKey(head.Name), entry.Key))
	}
	return errors.Join(err, keep(tx, &head), scriptTable.Delete(tx, nameKey(head.Name)))
}

// identifyRun gives a run that has none the id of its script, where there is one,
// and takes away the rows that have the name.
func identifyRun(tx *storage.Tx, run *slnet.Run) error {
	if run.ScriptID != uuid.Nil {
		return nil
	}
	name, id := nameKey(run.Script), run.ID.String()
	err := errors.Join(indexTable.Delete(tx, byScript, name, id), openTable.Delete(tx, openWaiting, orderOf(run), queueUser(run), name, id))
	if err == nil {
		run.ScriptID, err = idOf(&tx.Reader, run.Script)
	}
	return errors.Join(err, runTable.Put(tx, run, id))
}
