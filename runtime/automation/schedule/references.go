package schedule

import (
	"context"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScriptReferences returns the schedules that start a script with a name for
// which is reports true.
func ScriptReferences(ctx context.Context, r *storage.Reader, is func(name string) bool) (list []slnet.ScriptReference, err error) {
	err = scheduleTable.Scan(r, storage.Walk{}, func(schedule *slnet.Schedule) (bool, error) {
		if is(schedule.Script) {
			list = append(list, slnet.ScriptReference{Kind: slnet.ReferenceSchedule, Name: schedule.Name})
		}
		return true, ctx.Err()
	})
	return list, err
}

// ScriptRenamed gives the schedules that start a script its new name.
func ScriptRenamed(tx *storage.Tx, former, name string) error {
	var changed []*slnet.Schedule
	err := scheduleTable.Scan(&tx.Reader, storage.Walk{}, func(schedule *slnet.Schedule) (bool, error) {
		if storage.FoldName(schedule.Script) == storage.FoldName(former) {
			schedule.Script = name
			changed = append(changed, schedule)
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, schedule := range changed {
		if err := scheduleTable.Put(tx, schedule, schedule); err != nil {
			return err
		}
	}
	return nil
}
