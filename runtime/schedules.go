package runtime

import (
	"context"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/automation/schedule"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// newSchedules makes the schedules of a daemon. They start nothing yet.
func (r *Runtime) newSchedules() *schedule.Schedules {
	return schedule.New(schedule.Options{
		Store: r.store, Now: time.Now, Check: r.checkSchedule, ActAs: r.accounts.ActAs, Enabled: r.accounts.Enabled,
		Stage: r.stageSchedule, Active: r.automation.OpenOf, Cancel: r.automation.CancelRun, Logger: r.log,
	})
}

// checkSchedule returns an error when the owner of a schedule may not execute its
// script, or it cannot be called as the schedule says. It gives the script the name
// that it has now.
func (r *Runtime) checkSchedule(ctx context.Context, s *slnet.Schedule) (err error) {
	if s.Script, err = r.automation.CurrentName(ctx, s.Script); err != nil {
		return err
	}
	if err := r.mayStart(schedule.Owner(s), "the owner of the schedule", s.Script); err != nil {
		return err
	}
	return r.automation.CheckCall(ctx, schedule.Owner(s), automation.ScheduledCall(s, false))
}

// mayStart returns an error when a user whose rights a run would have may not
// execute its script. who says what the user is to whoever reads that.
func (r *Runtime) mayStart(user security.Caller, who, script string) error {
	rights, err := r.accounts.Rights(user)
	if err != nil {
		return err
	}
	if !rights.MayScript(security.ExecuteScript, script) {
		return slnet.Errorf(slnet.KindPermissionDenied, "%s, user %s, lacks the permission %v, or a grant of it for the script %.100q",
			who, user.User, slnet.PermissionAutomationExecute, script).WithReason(security.NoPermission)
	}
	if rights.ReadOnly() {
		return readsOnly(rights)
	}
	return nil
}

// stageSchedule stores the run of a schedule that is due, or that a person starts.
func (r *Runtime) stageSchedule(tx *storage.Tx, start schedule.Start) (*slnet.Run, error) {
	script, err := automation.CurrentNameIn(&tx.Reader, start.Schedule.Script)
	if err != nil {
		return nil, err
	}
	if err := r.mayStart(schedule.Owner(start.Schedule), "the owner of the schedule", script); err != nil {
		return nil, err
	}
	owner := schedule.Owner(start.Schedule)
	call := automation.ScheduledCall(start.Schedule, start.InTurn)
	if start.StartedBy != "" {
		return r.automation.StageFor(tx, owner, security.Caller{User: start.StartedBy, UserID: start.StartedByID}, call)
	}
	call.StartedBy = "schedule " + start.Schedule.Name
	call.Trigger.Occurrence = start.Occurrence.UTC()
	return r.automation.Stage(tx, owner, call)
}

// addSchedules adds the rows of messages about schedules.
func addSchedules(table map[string]handler) {
	manage := holders(slnet.PermissionAutomationSchedules)
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.CreateScheduleMessage) (*slnet.ScheduleResponse, error) {
		return r.schedules.Create(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.UpdateScheduleMessage) (*slnet.ScheduleResponse, error) {
		return r.schedules.Update(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.DeleteScheduleMessage) (*slnet.Empty, error) {
		return r.schedules.Delete(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.PauseScheduleMessage) (*slnet.ScheduleResponse, error) {
		return r.schedules.Pause(ctx, c, m)
	})
	add(table, manage, func(r *Runtime, ctx context.Context, c security.Caller, m *slnet.RunScheduleMessage) (*slnet.RunResponse, error) {
		return r.schedules.Run(ctx, c, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetScheduleMessage) (*slnet.ScheduleResponse, error) {
		return r.schedules.Get(ctx, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetSchedulesMessage) (_ *slnet.SchedulesResponse, err error) {
		list := *m
		if list.Script, err = r.automation.CurrentName(ctx, m.Script); err != nil {
			return nil, err
		}
		return r.schedules.List(ctx, &list)
	})
	add(table, reading(everyone), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.PreviewScheduleMessage) (*slnet.PreviewScheduleResponse, error) {
		return r.schedules.Preview(ctx, m)
	})
	add(table, reading(manage), func(r *Runtime, ctx context.Context, _ security.Caller, m *slnet.GetSkippedOccurrencesMessage) (*slnet.SkippedOccurrencesResponse, error) {
		return r.schedules.Skipped(ctx, m)
	})
}

// scheduleSubject is the schedule that a message is about, for the audit.
func scheduleSubject(message slnet.Message) string {
	var id uuid.UUID
	switch m := message.(type) {
	case *slnet.CreateScheduleMessage:
		return m.Schedule.Name
	case *slnet.UpdateScheduleMessage:
		id = m.Schedule.ID
	case *slnet.DeleteScheduleMessage:
		id = m.ID
	case *slnet.PauseScheduleMessage:
		id = m.ID
	case *slnet.RunScheduleMessage:
		id = m.ID
	default:
		return ""
	}
	return id.String()
}
