// History tells who changed what of an instance.
package main

import (
	"context"
	"time"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

// Params say whose history is told.
type Params struct {
	Module   string         `required:"true"`
	Instance dom.InstanceID `required:"true"`
}

// Change is one change of the instance.
type Change struct {
	Revision int64
	At       time.Time
	By       string
	// Status is the status it came to, where that changed.
	Status string `json:",omitempty"`
	Fields []Field
}

// Field is a field whose value changed. Before is empty for a value that was
// added, After for one that was removed.
type Field struct {
	Name, Before, After string
}

// Run returns the changes, the first one first.
func Run(ctx context.Context, engine *sdk.Engine, p Params) ([]Change, error) {
	helper := engine.DomHelper(p.Module)
	names, err := fieldNames(ctx, helper)
	if err != nil {
		return nil, err
	}
	history, err := helper.DomInstanceHistory.Read(ctx, dom.HistoryExposers.SubjectID.Equal(p.Instance.ToFileFriendlyString()))
	if err != nil {
		return nil, err
	}
	if len(history) == 0 {
		return nil, engine.ExitFail("there is no history of " + p.Instance.String())
	}
	changes := []Change{}
	for _, record := range history {
		change := Change{Revision: record.Revision, At: record.Time, By: record.FullUsername, Fields: []Field{}}
		if record.StatusChange != nil {
			change.Status = record.StatusChange.StatusIDAfter
		}
		for _, section := range record.SectionChanges {
			for _, value := range section.FieldValueChanges {
				change.Fields = append(change.Fields, Field{names[value.FieldDescriptorID], text(value.ValueBefore), text(value.ValueAfter)})
			}
		}
		engine.Log.Info("changed", "revision", change.Revision, "by", change.By, "fields", len(change.Fields))
		changes = append(changes, change)
	}
	return changes, nil
}

// fieldNames are the names of all fields of the module.
func fieldNames(ctx context.Context, helper *dom.DomHelper) (map[dom.FieldDescriptorID]string, error) {
	sections, err := helper.SectionDefinitions.Read(ctx, dom.True())
	if err != nil {
		return nil, err
	}
	names := make(map[dom.FieldDescriptorID]string)
	for _, section := range sections {
		for _, field := range section.FieldDescriptors {
			names[field.ID] = section.Name + "/" + field.Name
		}
	}
	return names, nil
}

func text(value *dom.Value) string {
	if value == nil {
		return ""
	}
	return value.String()
}
