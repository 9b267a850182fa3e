package runtime

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/dom/interchange"
	"domovoi.dev/sdk/slnet"
)

// maxTransfers is how many modules are exported or imported at once, for each is
// wholly in memory.
const maxTransfers = 2

// addModules adds the rows of messages about whole modules. What they read and
// write goes through the sender's own connection, so they give nobody a right.
func addModules(table map[string]handler) {
	add(table, within(reading(everyone)), (*Runtime).exportModule)
	add(table, within(reading(everyone)), (*Runtime).planImport)
	add(table, within(everyone), (*Runtime).importModules)
	add(table, reading(holdersOfAll(slnet.PermissionSecurityAdministration, slnet.PermissionModuleSettingsConfiguration)), (*Runtime).moduleAccess)
}

// exportModule writes a module as a zip, as far as the caller may read it.
func (r *Runtime) exportModule(ctx context.Context, caller security.Caller, m *dom.ExportModuleMessage) (*dom.ExportModuleResponse, error) {
	if err := r.transfers.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer r.transfers.Release(1)
	send := r.connect(caller).SendSLNetMessages
	if m.Instances {
		n, err := countInstances(ctx, dom.NewDomHelper(send, m.ModuleID))
		if err != nil {
			return nil, moduleRefused(m.ModuleID, err)
		}
		if n > dom.MaxModuleInstances {
			return nil, tooLarge(`the module %.64q has %d instances, an export by message at most %d; "domovoi module export --instances" writes any number`, m.ModuleID, n, dom.MaxModuleInstances)
		}
	}
	module, err := interchange.Export(ctx, send, m.ModuleID, interchange.ExportOptions{Instances: m.Instances})
	if err != nil {
		return nil, moduleRefused(m.ModuleID, err)
	}
	var file bytes.Buffer
	if err := interchange.WriteZip(&file, []*interchange.Module{module}); err != nil {
		return nil, err
	}
	if file.Len() > dom.MaxModuleFile {
		return nil, tooLarge(`the file of the module %.64q has %d bytes, an export by message at most %d; "domovoi module export" writes it`, m.ModuleID, file.Len(), dom.MaxModuleFile)
	}
	return &dom.ExportModuleResponse{File: file.Bytes(), Objects: int64(len(module.Objects()))}, nil
}

func tooLarge(format string, args ...any) error {
	return slnet.Errorf(slnet.KindTooLarge, format, args...)
}

// countInstances counts the instances that the caller may read, of one definition
// after the other, as a module with links demands.
func countInstances(ctx context.Context, helper *dom.DomHelper) (int64, error) {
	definitions, err := helper.DomDefinitions.Read(ctx, dom.True())
	if err != nil {
		return 0, err
	}
	var all int64
	for _, d := range definitions {
		n, err := helper.DomInstances.Count(ctx, dom.InstanceExposers.DomDefinitionID.Equal(d.ID))
		if err != nil {
			return 0, err
		}
		all += n
	}
	return all, nil
}

// moduleRefused gives what a manager refused the kind of a request's error.
func moduleRefused(moduleID string, err error) error {
	switch {
	case slnet.TraceDataOf(err) == nil:
		return err
	case errors.Is(err, dom.ErrNoPermission):
		return slnet.Errorf(slnet.KindPermissionDenied, "the module %.64q: %v", moduleID, err).WithReason(security.NoPermission)
	}
	return slnet.Errorf(slnet.KindInvalid, "the module %.64q: %v", moduleID, err)
}

func (r *Runtime) planImport(ctx context.Context, caller security.Caller, m *dom.PlanModulesImportMessage) (*dom.ModuleImportResponse, error) {
	if err := r.transfers.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer r.transfers.Release(1)
	i, err := r.newImport(ctx, caller, m.File, m.ModuleID, m.KeepVanished)
	if err != nil {
		return nil, err
	}
	return i.response(), nil
}

func (r *Runtime) importModules(ctx context.Context, caller security.Caller, m *dom.ImportModulesMessage) (*dom.ModuleImportResponse, error) {
	if err := r.transfers.Acquire(ctx, 1); err != nil {
		return nil, err
	}
	defer r.transfers.Release(1)
	i, err := r.newImport(ctx, caller, m.File, m.ModuleID, m.KeepVanished)
	if err != nil {
		return nil, err
	}
	if m.Fingerprint != "" && m.Fingerprint != i.fingerprint {
		return nil, slnet.Errorf(slnet.KindConflict, "the import would do something else than the plan says, for the modules were changed since; look at a new plan")
	}
	for n, plan := range i.plans {
		if i.failures[n], err = plan.Apply(ctx); err != nil {
			return nil, moduleRefused(plan.ModuleID, err)
		}
	}
	return i.response(), nil
}

// moduleImport are the plans for the modules of one file.
type moduleImport struct {
	modules     []*interchange.Module
	plans       []*interchange.Plan
	failures    [][]interchange.Failure // of each plan, once it was applied
	fingerprint string
}

// newImport reads a file and makes the plans for its modules.
func (r *Runtime) newImport(ctx context.Context, caller security.Caller, file []byte, moduleID string, keepVanished bool) (*moduleImport, error) {
	if len(file) > dom.MaxModuleFile {
		return nil, tooLarge(`the file has %d bytes, an import by message at most %d; "domovoi module import" reads it`, len(file), dom.MaxModuleFile)
	}
	modules, err := interchange.ReadSmallZip(bytes.NewReader(file), int64(len(file)), dom.MaxModuleUnpacked)
	if err != nil {
		return nil, err
	}
	if moduleID != "" {
		if len(modules) > 1 {
			return nil, slnet.Errorf(slnet.KindInvalid, "the file holds %d modules, and only a single one can be given another id", len(modules))
		}
		modules[0].Rename(moduleID)
	}
	i := &moduleImport{modules: modules, failures: make([][]interchange.Failure, len(modules))}
	for _, m := range modules {
		plan, err := interchange.NewPlan(ctx, r.connect(caller).SendSLNetMessages, m, interchange.ImportOptions{KeepVanished: keepVanished})
		if err != nil {
			return nil, moduleRefused(m.ID, err)
		}
		i.plans = append(i.plans, plan)
	}
	all, err := json.Marshal(i.plans)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(all)
	i.fingerprint = hex.EncodeToString(sum[:16])
	return i, nil
}

func (i *moduleImport) response() *dom.ModuleImportResponse {
	response := &dom.ModuleImportResponse{Fingerprint: i.fingerprint, Modules: make([]dom.ModuleImport, len(i.plans))}
	for n, plan := range i.plans {
		response.Modules[n] = summary(plan, i.failures[n])
		for _, u := range i.modules[n].Unknown {
			response.Modules[n].Unknown = append(response.Modules[n].Unknown, u.String())
		}
	}
	return response
}

// summary is what is told of a plan: what failed of it, and then the rest.
func summary(plan *interchange.Plan, failures []interchange.Failure) dom.ModuleImport {
	s := dom.ModuleImport{
		ModuleID: plan.ModuleID, Failed: int64(len(failures)), Creates: int64(plan.Count(interchange.Create)),
		Updates: int64(plan.Count(interchange.Update)), Unchanged: int64(plan.Count(interchange.Unchanged)),
	}
	failed := make(map[*interchange.Step]bool, len(failures))
	for _, f := range failures {
		failed[f.Step] = true
		step := stepOf(f.Step)
		step.Failure, step.InUse = f.Err.Error(), f.InUse
		s.Steps = append(s.Steps, step)
	}
	instances := 0
	for _, step := range plan.Steps {
		if step.Action == interchange.Unchanged || failed[step] {
			continue
		}
		if step.Kind == dom.KindInstance {
			if instances++; instances > dom.MaxModuleSteps {
				s.Unlisted++
				continue
			}
		}
		s.Steps = append(s.Steps, stepOf(step))
	}
	return s
}

func stepOf(step *interchange.Step) dom.ModuleImportStep {
	s := dom.ModuleImportStep{
		Action: string(step.Action), Kind: step.Kind, Key: step.Key, Name: step.Name, Vanished: step.Vanished, Instances: step.Instances,
	}
	for _, c := range step.Changes {
		s.Changes = append(s.Changes, dom.ModuleImportChange{Path: c.Path, Kind: string(c.Kind), Before: shortened(c.Before), After: shortened(c.After)})
	}
	return s
}

// shortened cuts a value for people.
func shortened(value []byte) string {
	const most = 200
	if runes := []rune(string(value)); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return string(value)
}

// moduleAccess says what others have access to. The rights are those that their
// own requests would have, the requirements those that the router asks for, and
// the links those of the module's manager. What there is to count, the caller may
// read anyway.
func (r *Runtime) moduleAccess(ctx context.Context, caller security.Caller, m *dom.GetModuleAccessMessage) (*dom.ModuleAccessResponse, error) {
	rights, err := r.rightsOf(m)
	if err != nil {
		return nil, err
	}
	access, err := r.managers.AccessWith(ctx, m.ModuleID, rights)
	if err != nil {
		return nil, err
	}
	v := accessView{runtime: r, rights: rights, access: access, response: &dom.ModuleAccessResponse{
		IsRestricted: access.IsRestricted(), IsFull: access.IsRestricted() && access.IsFull(), ReadOnly: rights.ReadOnly(), Definitions: []dom.DefinitionAccess{},
	}}
	if v.reads, err = v.may(ctx, &dom.ManagerStoreReadRequest{ModuleID: m.ModuleID, Kind: dom.KindInstance}); err != nil {
		return nil, err
	}
	if v.writes, err = v.may(ctx, &dom.ManagerStoreUpdateRequest{ModuleID: m.ModuleID, Kind: dom.KindInstance}); err != nil {
		return nil, err
	}
	if v.deletes, err = v.may(ctx, &dom.ManagerStoreDeleteRequest{ModuleID: m.ModuleID, Kind: dom.KindInstance}); err != nil {
		return nil, err
	}
	helper := dom.NewDomHelper(r.connect(caller).SendSLNetMessages, m.ModuleID)
	definitions, err := helper.DomDefinitions.Read(ctx, dom.True())
	if err != nil {
		return nil, moduleRefused(m.ModuleID, err)
	}
	for _, d := range definitions {
		if err := v.add(ctx, helper, d); err != nil {
			return nil, moduleRefused(m.ModuleID, err)
		}
	}
	return v.response, nil
}

func (r *Runtime) rightsOf(m *dom.GetModuleAccessMessage) (*security.Rights, error) {
	switch {
	case (m.Group == "") == (m.User == ""):
		return nil, slnet.Errorf(slnet.KindInvalid, "whose access: give a Group or a User, and not both")
	case m.Group != "":
		return r.accounts.GroupRights(m.Group)
	}
	return r.accounts.RightsOf(m.User)
}

// accessView puts together what somebody has access to in a module.
type accessView struct {
	runtime                *Runtime
	rights                 *security.Rights
	access                 security.Access
	reads, writes, deletes bool // whether such requests would be carried out at all
	response               *dom.ModuleAccessResponse
}

// may reports whether a request would get as far as the links.
func (v *accessView) may(ctx context.Context, message slnet.Message) (bool, error) {
	needs, _, err := v.runtime.managers.Required(ctx, message)
	if err != nil {
		return false, err
	}
	missing, lacks := missingOf(v.rights, needs)
	if lacks && !slices.Contains(v.response.Lacks, missing) {
		v.response.Lacks = append(v.response.Lacks, missing)
	}
	return !lacks && v.runtime.refuseChange(v.rights, handling{reads: needs.Reads}) == nil, nil
}

// add adds what there is to say about a definition.
func (v *accessView) add(ctx context.Context, helper *dom.DomHelper, d *dom.Definition) error {
	grant := v.access.Grant(d.ID)
	all := dom.InstanceExposers.DomDefinitionID.Equal(d.ID)
	n, err := helper.DomInstances.Count(ctx, all)
	if err != nil {
		return err
	}
	a := dom.DefinitionAccess{
		DomDefinitionID: d.ID, Name: d.Name, Instances: n, Values: grant.Reference(),
		Reads: reachOf(grant.Reads, v.reads), Writes: reachOf(grant.Writes, v.reads && v.writes), Deletes: reachOf(grant.Writes, v.reads && v.deletes),
	}
	switch a.Reads {
	case dom.AccessAll:
		a.Readable = n
	case dom.AccessValues:
		a.Readable, err = helper.DomInstances.Count(ctx, all.And(grant.Filter()))
	}
	v.response.Definitions = append(v.response.Definitions, a)
	return err
}

func reachOf(reach security.Reach, may bool) dom.AccessReach {
	switch {
	case !may || reach == security.ReachNone:
		return dom.AccessNone
	case reach == security.ReachValues:
		return dom.AccessValues
	}
	return dom.AccessAll
}
