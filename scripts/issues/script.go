// Issues is an issue tracker: people report issues, and technicians take them
// through investigation and fixing to their end.
package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

const module = "issues"

// The ids of the model.
var (
	issueID      = dom.DefinitionID{1}
	infoID       = dom.SectionDefinitionID{1}
	titleID      = dom.FieldDescriptorID{1}
	priorityID   = dom.FieldDescriptorID{2}
	technicianID = dom.FieldDescriptorID{3}
	solutionID   = dom.FieldDescriptorID{4}
)

// priorities are the entries of the field Priority; the value of an entry is its
// position.
var priorities = []string{"low", "normal", "high"}

// Params say what to do.
type Params struct {
	Action     string          `doc:"setup makes the module, once" enum:"setup,report,move,list" required:"true"`
	Title      string          `doc:"what is wrong, for report"`
	Priority   string          `doc:"how urgent it is, for report" enum:"low,normal,high" default:"normal"`
	Issue      *dom.InstanceID `doc:"the issue to move"`
	To         string          `doc:"the status to move it to" enum:"investigation,fixing,fixed" default:"investigation"`
	Technician string          `doc:"who works on it"`
	Solution   string          `doc:"how it was fixed"`
}

// Issue is an issue as it is now.
type Issue struct {
	ID         dom.InstanceID
	Title      string
	Priority   string
	Status     string
	Technician string `json:",omitempty"`
}

// Run does what the action says, and returns the issues it is about.
func Run(ctx context.Context, engine *sdk.Engine, p Params) ([]Issue, error) {
	switch p.Action {
	case "setup":
		return nil, setup(ctx, engine)
	case "report":
		return report(ctx, engine, p)
	case "move":
		return move(ctx, engine, p)
	}
	return list(ctx, engine)
}

func report(ctx context.Context, engine *sdk.Engine, p Params) ([]Issue, error) {
	if p.Title == "" {
		return nil, engine.ExitFail("an issue needs a Title")
	}
	issue := dom.NewInstance(issueID)
	issue.AddOrUpdateFieldValue(infoID, titleID, p.Title)
	for value, priority := range priorities {
		if priority == p.Priority {
			issue.AddOrUpdateFieldValue(infoID, priorityID, int32(value))
		}
	}
	created, err := engine.DomHelper(module).DomInstances.Create(ctx, issue)
	if err != nil {
		return nil, err
	}
	return []Issue{issueOf(created)}, nil
}

// move fills in what is given and takes the issue to its next status. What that
// status requires, and which statuses there are from here, the daemon checks.
func move(ctx context.Context, engine *sdk.Engine, p Params) ([]Issue, error) {
	if p.Issue == nil {
		return nil, engine.ExitFail("which Issue is to be moved? The action list has their ids")
	}
	instances := engine.DomHelper(module).DomInstances
	found, err := instances.Read(ctx, dom.InstanceExposers.ID.Equal(*p.Issue))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, engine.ExitFail("there is no issue " + p.Issue.String())
	}
	issue := found[0]
	if p.Technician != "" {
		issue.AddOrUpdateFieldValue(infoID, technicianID, p.Technician)
	}
	if p.Solution != "" {
		issue.AddOrUpdateFieldValue(infoID, solutionID, p.Solution)
	}
	if issue, err = instances.UpdateIfUnchanged(ctx, issue); err != nil {
		return nil, err
	}
	if issue, err = instances.DoStatusTransition(ctx, issue.ID, issue.StatusID+"_to_"+p.To); err != nil {
		return nil, err
	}
	engine.Log.Info("moved", "issue", issue.Name, "to", issue.StatusID)
	return []Issue{issueOf(issue)}, nil
}

// OnDomAction is the action take: who executes it takes the issue over and
// investigates it.
func OnDomAction(ctx context.Context, engine *sdk.Engine, action dom.ActionContext) error {
	instances := engine.DomHelper(action.ContextID.ModuleID).DomInstances
	found, err := instances.Read(ctx, dom.InstanceExposers.ID.Equal(action.ContextID.ID))
	if err != nil {
		return err
	}
	if len(found) == 0 {
		return engine.ExitFail("the issue was deleted meanwhile")
	}
	issue := found[0]
	issue.AddOrUpdateFieldValue(infoID, technicianID, engine.User())
	if issue, err = instances.UpdateIfUnchanged(ctx, issue); err != nil {
		return err
	}
	if _, err = instances.DoStatusTransition(ctx, issue.ID, "reported_to_investigation"); err != nil {
		return err
	}
	return engine.AddScriptOutput("technician", engine.User())
}

// list returns the issues that are not fixed, the most urgent first.
func list(ctx context.Context, engine *sdk.Engine) ([]Issue, error) {
	open := dom.NewQuery(dom.InstanceExposers.StatusID.NotEqual("fixed")).
		OrderByDescending(dom.InstanceExposers.FieldValue(priorityID)).
		ThenBy(dom.InstanceExposers.Name)
	found, err := engine.DomHelper(module).DomInstances.ReadQuery(ctx, open)
	if err != nil {
		return nil, err
	}
	issues := []Issue{}
	for _, issue := range found {
		issues = append(issues, issueOf(issue))
	}
	return issues, nil
}

func issueOf(issue *dom.Instance) Issue {
	title, _ := issue.GetFieldValue(infoID, titleID)
	priority, _ := issue.GetFieldValue(infoID, priorityID)
	technician, _ := issue.GetFieldValue(infoID, technicianID)
	return Issue{issue.ID, title.Text(), priorities[priority.Long()], issue.StatusID, technician.Text()}
}

// setup makes the module. An instance is named by its title.
func setup(ctx context.Context, engine *sdk.Engine) error {
	settings := &dom.ModuleSettings{ModuleID: module}
	settings.DomManagerSettings.DomInstanceNameDefinition = &dom.NameDefinition{
		ConcatenationItems: []dom.NameItem{dom.NameField(titleID)},
	}
	if _, err := engine.ModuleSettingsHelper().ModuleSettings.Create(ctx, settings); err != nil {
		return err
	}
	urgency := dom.NewGenericEnum("Priority")
	for value, priority := range priorities {
		if err := urgency.AddEntry(priority, value); err != nil {
			return err
		}
	}
	helper := engine.DomHelper(module)
	if _, err := helper.SectionDefinitions.Create(ctx, &dom.SectionDefinition{
		ID: infoID, Name: "Issue", FieldDescriptors: []*dom.FieldDescriptor{
			{ID: titleID, Name: "Title", FieldType: dom.TypeString},
			{ID: priorityID, Name: "Priority", FieldType: dom.TypeEnumInt, Kind: dom.FieldGenericEnum, GenericEnum: urgency},
			{ID: technicianID, Name: "Technician", FieldType: dom.TypeString, Kind: dom.FieldUser},
			{ID: solutionID, Name: "Solution", FieldType: dom.TypeString},
		},
	}); err != nil {
		return err
	}
	behavior, err := helper.DomBehaviorDefinitions.Create(ctx, lifeOfIssue(engine.Run().Script))
	if err != nil {
		return err
	}
	definition := dom.NewDefinition("Issue", dom.SectionDefinitionLink{SectionDefinitionID: infoID})
	definition.ID = issueID
	definition.DomBehaviorDefinitionID = behavior.ID
	_, err = helper.DomDefinitions.Create(ctx, definition)
	return err
}

// lifeOfIssue says which fields each status has, which of them it requires, and
// that nothing of an issue changes any more when it is fixed. Issues that nobody
// works on have a button to take them, which this script carries out.
func lifeOfIssue(script string) *dom.BehaviorDefinition {
	behavior := dom.NewBehaviorDefinition("Life of an issue",
		dom.Status{ID: "reported", DisplayName: "Reported"},
		dom.Status{ID: "investigation", DisplayName: "Under investigation"},
		dom.Status{ID: "fixing", DisplayName: "Being fixed"},
		dom.Status{ID: "fixed", DisplayName: "Fixed"})
	behavior.StatusTransitions = []dom.StatusTransition{
		{ID: "reported_to_investigation", FromStatusID: "reported", ToStatusID: "investigation"},
		{ID: "investigation_to_fixing", FromStatusID: "investigation", ToStatusID: "fixing"},
		{ID: "fixing_to_investigation", FromStatusID: "fixing", ToStatusID: "investigation", FlowLevel: 1},
		{ID: "fixing_to_fixed", FromStatusID: "fixing", ToStatusID: "fixed"},
	}
	isReported := &dom.Condition{Statuses: []string{"reported"}}
	behavior.ActionDefinitions = []dom.ActionDefinition{{ID: "take", Script: script, Condition: isReported}}
	behavior.ButtonDefinitions = []dom.ButtonDefinition{{
		ID: "take", Layout: dom.ButtonLayout{Text: "Take over"}, ActionDefinitionIDs: []string{"take"}, VisibilityCondition: isReported,
	}}
	for _, status := range behavior.Statuses {
		fixed := status.ID == "fixed"
		behavior.StatusSectionDefinitionLinks = append(behavior.StatusSectionDefinitionLinks, dom.StatusSectionDefinitionLink{
			StatusID: status.ID, SectionDefinitionID: infoID,
			FieldDescriptorLinks: []dom.FieldDescriptorLink{
				{FieldDescriptorID: titleID, Visible: true, RequiredForStatus: true, ReadOnly: fixed},
				{FieldDescriptorID: priorityID, Visible: true, RequiredForStatus: true, ReadOnly: fixed},
				{FieldDescriptorID: technicianID, Visible: true, RequiredForStatus: status.ID != "reported", ReadOnly: fixed},
				{FieldDescriptorID: solutionID, Visible: true, RequiredForStatus: fixed, ReadOnly: fixed},
			},
		})
	}
	return behavior
}
