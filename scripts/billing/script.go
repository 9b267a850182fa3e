// Billing keeps invoices: it creates them, sends them and notes that they are
// paid. The numbers come from a counter, the rules from a status system.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

const module = "billing"

// The ids of the model. They are chosen once, so that whoever works on the module
// has them without asking.
var (
	invoiceID = dom.DefinitionID{1}

	infoID     = dom.SectionDefinitionID{1}
	numberID   = dom.FieldDescriptorID{1}
	customerID = dom.FieldDescriptorID{2}
	paidID     = dom.FieldDescriptorID{3}

	lineID   = dom.SectionDefinitionID{2}
	textID   = dom.FieldDescriptorID{4}
	amountID = dom.FieldDescriptorID{5}
)

// Params say what to do.
type Params struct {
	Action   string `doc:"setup makes the module, once" enum:"setup,create,send,pay" required:"true"`
	Number   string `doc:"the invoice to send or pay, such as INV-00001"`
	Customer string `doc:"who is invoiced, for create"`
	Lines    []Line `doc:"what is invoiced, for create"`
}

// Line is one line of an invoice.
type Line struct {
	Text   string  `required:"true"`
	Amount float64 `min:"0" required:"true"`
}

// Invoice is an invoice as it is after the action.
type Invoice struct {
	Number string
	Status string
	Total  float64
}

// Run does what the action says.
func Run(ctx context.Context, engine *sdk.Engine, p Params) (Invoice, error) {
	helper := engine.DomHelper(module)
	switch p.Action {
	case "setup":
		return Invoice{}, setup(ctx, engine)
	case "create":
		return create(ctx, engine, p)
	}
	invoice, err := find(ctx, engine, p.Number)
	if err != nil {
		return Invoice{}, err
	}
	transition := "draft_to_sent"
	if p.Action == "pay" {
		transition = "sent_to_paid"
		invoice.AddOrUpdateFieldValue(infoID, paidID, time.Now())
		if invoice, err = helper.DomInstances.Update(ctx, invoice); err != nil {
			return Invoice{}, err
		}
	}
	if invoice, err = helper.DomInstances.DoStatusTransition(ctx, invoice.ID, transition); err != nil {
		return Invoice{}, err
	}
	return result(invoice), nil
}

// create creates an invoice. Its number is made by the daemon.
func create(ctx context.Context, engine *sdk.Engine, p Params) (Invoice, error) {
	if p.Customer == "" || len(p.Lines) == 0 {
		return Invoice{}, engine.ExitFail("an invoice needs a Customer and Lines")
	}
	invoice := dom.NewInstance(invoiceID)
	invoice.AddOrUpdateFieldValue(infoID, customerID, p.Customer)
	for _, l := range p.Lines {
		line := dom.NewSection(lineID)
		line.AddOrReplaceFieldValue(textID, l.Text)
		line.AddOrReplaceFieldValue(amountID, l.Amount)
		invoice.Sections = append(invoice.Sections, line)
	}
	created, err := engine.DomHelper(module).DomInstances.Create(ctx, invoice)
	if err != nil {
		return Invoice{}, err
	}
	engine.Log.Info("created", "invoice", result(created).Number, "customer", p.Customer)
	return result(created), nil
}

// find reads the invoice of a number.
func find(ctx context.Context, engine *sdk.Engine, number string) (*dom.Instance, error) {
	found, err := engine.DomHelper(module).DomInstances.Read(ctx, dom.InstanceExposers.FieldValue(numberID).Equal(number))
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, engine.ExitFail(fmt.Sprintf("there is no invoice with the Number %q", number))
	}
	return found[0], nil
}

func result(invoice *dom.Instance) Invoice {
	number, _ := invoice.GetFieldValue(infoID, numberID)
	r := Invoice{Number: number.Text(), Status: invoice.StatusID}
	for _, line := range invoice.SectionsOf(lineID) {
		amount, _ := line.GetFieldValueByID(amountID)
		r.Total += amount.Double()
	}
	return r
}

// setup makes the module: two sections, of which an invoice has one and many, and
// a status system that says what can be changed when.
func setup(ctx context.Context, engine *sdk.Engine) error {
	if _, err := engine.ModuleSettingsHelper().ModuleSettings.Create(ctx, &dom.ModuleSettings{ModuleID: module}); err != nil {
		return err
	}
	helper := engine.DomHelper(module)
	for _, section := range []*dom.SectionDefinition{
		{ID: infoID, Name: "Invoice", FieldDescriptors: []*dom.FieldDescriptor{
			{ID: numberID, Name: "Number", FieldType: dom.TypeString, Kind: dom.FieldAutoIncrement,
				AutoIncrement: &dom.AutoIncrementOptions{AutoIncrementerID: uuid.New(), IDFormat: "INV-{0:00000}"}},
			{ID: customerID, Name: "Customer", FieldType: dom.TypeString},
			{ID: paidID, Name: "Paid", FieldType: dom.TypeDateTime},
		}},
		{ID: lineID, Name: "Line", FieldDescriptors: []*dom.FieldDescriptor{
			{ID: textID, Name: "Text", FieldType: dom.TypeString},
			{ID: amountID, Name: "Amount", FieldType: dom.TypeDouble},
		}},
	} {
		if _, err := helper.SectionDefinitions.Create(ctx, section); err != nil {
			return err
		}
	}
	behavior, err := helper.DomBehaviorDefinitions.Create(ctx, lifeOfInvoice())
	if err != nil {
		return err
	}
	definition := dom.NewDefinition("Invoice",
		dom.SectionDefinitionLink{SectionDefinitionID: infoID},
		dom.SectionDefinitionLink{SectionDefinitionID: lineID, AllowMultipleSections: true})
	definition.ID = invoiceID
	definition.DomBehaviorDefinitionID = behavior.ID
	_, err = helper.DomDefinitions.Create(ctx, definition)
	return err
}

// lifeOfInvoice says that an invoice is a draft, then sent, then paid. What was
// sent does not change any more, and what is paid has a date.
func lifeOfInvoice() *dom.BehaviorDefinition {
	behavior := dom.NewBehaviorDefinition("Life of an invoice",
		dom.Status{ID: "draft", DisplayName: "Draft"},
		dom.Status{ID: "sent", DisplayName: "Sent"},
		dom.Status{ID: "paid", DisplayName: "Paid"})
	behavior.StatusTransitions = []dom.StatusTransition{
		{ID: "draft_to_sent", FromStatusID: "draft", ToStatusID: "sent"},
		{ID: "sent_to_paid", FromStatusID: "sent", ToStatusID: "paid"},
	}
	for _, status := range behavior.Statuses {
		sent, paid := status.ID != "draft", status.ID == "paid"
		info := []dom.FieldDescriptorLink{
			{FieldDescriptorID: numberID, Visible: true, RequiredForStatus: true, ReadOnly: sent},
			{FieldDescriptorID: customerID, Visible: true, RequiredForStatus: true, ReadOnly: sent},
		}
		if sent {
			info = append(info, dom.FieldDescriptorLink{FieldDescriptorID: paidID, Visible: true, RequiredForStatus: paid, ReadOnly: paid})
		}
		behavior.StatusSectionDefinitionLinks = append(behavior.StatusSectionDefinitionLinks,
			dom.StatusSectionDefinitionLink{StatusID: status.ID, SectionDefinitionID: infoID, FieldDescriptorLinks: info},
			dom.StatusSectionDefinitionLink{StatusID: status.ID, SectionDefinitionID: lineID, AllowMultipleSections: true,
				FieldDescriptorLinks: []dom.FieldDescriptorLink{
					{FieldDescriptorID: textID, Visible: true, RequiredForStatus: true, ReadOnly: sent},
					{FieldDescriptorID: amountID, Visible: true, RequiredForStatus: true, ReadOnly: sent},
				}})
	}
	return behavior
}
