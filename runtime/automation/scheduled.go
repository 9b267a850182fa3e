package automation

import (
	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// ScheduledCall is the call that a schedule asks for. In turn, it waits for the
// end of earlier runs of the schedule.
func ScheduledCall(s *slnet.Schedule, inTurn bool) Call {
	c := Call{
		ScriptName: s.Script, Version: s.ScriptVersion, EntryPoint: s.EntryPoint, Parameters: s.Parameters, JSON: s.Input,
		Trigger: slnet.RunTrigger{Kind: slnet.TriggerSchedule, ID: s.ID, Name: s.Name}, Priority: slnet.PriorityBackground,
	}
	if inTurn {
		c.Key = scheduleKey + s.ID.String()
	}
	return c
}

// OpenOf returns the runs of a schedule that have not ended.
func (a *Automation) OpenOf(r *storage.Reader, schedule uuid.UUID) (runs []uuid.UUID, err error) {
	err = openTable.Scan(r, storage.Walk{Prefix: []string{openSchedule, schedule.String()}}, func(w *openRun) (bool, error) {
		runs = append(runs, w.ID)
		return true, nil
	})
	return runs, err
}

// StageFor is Stage for a run that somebody else than the one whose rights it has
// starts now. It is in the queue as one that person started.
func (a *Automation) StageFor(tx *storage.Tx, owner, by security.Caller, c Call) (*slnet.Run, error) {
	run, _, input, err := a.newRun(&tx.Reader, owner, c)
	if err != nil {
		return nil, err
	}
	run.QueuedAt, run.StartedBy, run.StartedByID, run.Priority = tx.Now(), by.User, by.UserID, 0
	return run, a.stage(tx, run, input)
}
