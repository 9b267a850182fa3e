package runtime

import (
	"context"

	"github.com/google/uuid"

	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// maxDryRun is the most bytes a dry run writes, in memory, and as many of
// attachments.
const maxDryRun = 64 << 20

// dryRun is what makes a Runtime the stand-in of another for a dry run: it has the
// users, the rights and the router of the daemon, and DOM managers of its own on a
// fork of the store.
type dryRun struct {
	real *Runtime
	run  *automation.DryRun
}

// automation is the dry run that a run started now belongs to, nil for none.
func (d *dryRun) automation() *automation.DryRun {
	if d == nil {
		return nil
	}
	return d.run
}

// openDryRun makes the stand-in for a dry run.
func (r *Runtime) openDryRun(ctx context.Context, run uuid.UUID) (*automation.DryRun, error) {
	fork, err := r.store.Fork(ctx, maxDryRun)
	if err != nil {
		return nil, err
	}
	log := r.log.With("dryrun", run)
	d := &automation.DryRun{}
	standIn := &Runtime{
		log: log, version: r.version, startedAt: r.startedAt, registry: r.registry,
		store: fork.Store, accounts: r.accounts, audit: r.audit, metrics: r.metrics, logLevel: r.logLevel, recent: r.recent, host: r.host, automation: r.automation, transfers: r.transfers,
		dryRun: &dryRun{real: r, run: d},
	}
	standIn.managers = dommanager.New(fork.Store, dommanager.Options{
		Accounts: r.accounts, Logger: log, MaxAttachment: r.managers.MaxAttachment(), Scripts: standIn.actionScripts(),
	})
	standIn.stopping, standIn.stop = context.WithCancel(r.stopping)
	d.Connect = standIn.connect
	d.Changes = func(ctx context.Context) (*automation.Changes, error) { return changesOf(ctx, fork) }
	d.Close = func() error {
		standIn.stop()
		return fork.Close()
	}
	return d, nil
}

// cancelRun cancels a run. A dry run cancels none but those it started.
func (r *Runtime) cancelRun(ctx context.Context, caller security.Caller, m *slnet.CancelRunMessage) (*slnet.RunResponse, error) {
	all := r.accounts.Has(caller, slnet.PermissionAutomationCancelRuns)
	if r.dryRun != nil && !r.automation.Within(r.dryRun.run, m.ID) {
		response, err := r.automation.Run(ctx, caller, all, m.ID)
		if err == nil && !response.Run.State.Ended() {
			err = slnet.Errorf(slnet.KindConflict, "a dry run does not cancel other runs than those it started, and run %s is none of these", m.ID)
		}
		if err != nil {
			return nil, err
		}
	}
	return r.automation.Cancel(ctx, caller, all, m.ID)
}

// changesOf are the differences between a fork and what it was made of, as far as
// they are kept.
func changesOf(ctx context.Context, fork *storage.Fork) (*automation.Changes, error) {
	changes := &automation.Changes{Names: make(map[string]string)}
	size := 0
	modules := make(map[string]bool) // with instances among the changes
	err := fork.Differences(ctx, func(d storage.Difference) error {
		changes.Total++
		size += len(d.Before) + len(d.After)
		if len(changes.Objects) >= dom.MaxRunChanges || size > dom.MaxRunChangesBytes {
			size = dom.MaxRunChangesBytes // the others are not kept either, so that none is left out between
			return nil
		}
		o := automation.ChangedObject{Kind: string(d.Kind), ModuleID: d.ModuleID, Key: d.ObjectID, Before: d.Before, After: d.After}
		for _, a := range d.Attachments {
			o.Files = append(o.Files, changedFile(a))
		}
		changes.Objects = append(changes.Objects, o)
		if d.Kind == dom.KindInstance {
			modules[d.ModuleID] = true
		}
		return nil
	}, func(e *slnet.InformationEventMessage) error {
		changes.InformationTotal++
		if len(changes.Information) < slnet.MaxInformationEvents && size+len(e.Text) <= dom.MaxRunChangesBytes {
			size += len(e.Text)
			changes.Information = append(changes.Information, *e)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return changes, namesOf(ctx, fork, modules, changes)
}

func changedFile(a storage.AttachmentDifference) automation.ChangedFile {
	f := automation.ChangedFile{Before: -1, After: -1}
	if a.Before != nil {
		f.Name, f.Before = a.Before.Name, a.Before.Size
	}
	if a.After != nil {
		f.Name, f.After = a.After.Name, a.After.Size
	}
	return f
}

// namesOf fills in the names of the sections and fields of changed instances, as
// they are at the end of the run.
func namesOf(ctx context.Context, fork *storage.Fork, modules map[string]bool, changes *automation.Changes) error {
	used := make(map[string]bool)
	for i := range changes.Objects {
		c := &changes.Objects[i]
		if c.Kind != string(dom.KindInstance) {
			continue
		}
		for _, raw := range [][]byte{c.Before, c.After} {
			instance, err := instanceOf(raw)
			if err != nil {
				return err
			}
			for _, s := range instance.Sections {
				used[nameKey(c.ModuleID, s.SectionDefinitionID)] = true
			}
		}
	}
	return fork.View(ctx, func(r *storage.Reader) error {
		for moduleID := range modules {
			sections, err := r.Query(ctx, dom.KindSectionDefinition, moduleID, dom.NewQuery(dom.True()))
			if err != nil {
				return err
			}
			for _, raw := range sections {
				o, err := dom.DecodeObject(dom.KindSectionDefinition, raw)
				if err != nil {
					return err
				}
				s := o.(*dom.SectionDefinition)
				key := nameKey(moduleID, s.ID)
				if !used[key] {
					continue
				}
				changes.Names[key] = s.Name
				for _, fd := range s.FieldDescriptors {
					changes.Names[key+"/"+fd.ID.String()] = fd.Name
				}
			}
		}
		return nil
	})
}

// nameKey is where Changes.Names has the name of a section definition.
func nameKey(moduleID string, id dom.SectionDefinitionID) string { return moduleID + "/" + id.String() }

// instanceOf decodes an instance; nil is one without anything.
func instanceOf(raw []byte) (*dom.Instance, error) {
	if len(raw) == 0 {
		return new(dom.Instance), nil
	}
	o, err := dom.DecodeObject(dom.KindInstance, raw)
	if err != nil {
		return nil, err
	}
	return o.(*dom.Instance), nil
}
