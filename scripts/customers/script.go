// Customers imports customers with their contacts, a hundred at a time. Who is
// there already is replaced, so an import can be repeated.
package main

import (
	"context"
	"errors"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

const module = "customers"

// The ids of the model.
var (
	customerID = dom.DefinitionID{1}

	infoID  = dom.SectionDefinitionID{1}
	nameID  = dom.FieldDescriptorID{1}
	emailID = dom.FieldDescriptorID{2}

	contactID      = dom.SectionDefinitionID{2}
	contactNameID  = dom.FieldDescriptorID{3}
	contactPhoneID = dom.FieldDescriptorID{4}
)

// Params are what is imported.
type Params struct {
	Customers []Customer `required:"true"`
}

// Customer is a customer, who is known by the name.
type Customer struct {
	Name     string `required:"true"`
	Email    string
	Contacts []Contact
}

// Contact is somebody who works for a customer.
type Contact struct {
	Name  string `required:"true"`
	Phone string
}

// Result says what became of the customers.
type Result struct {
	Created, Updated int
	Failed           []Failure
}

// Failure is a customer who was not stored.
type Failure struct {
	Customer string
	Reason   string
}

// Run imports the customers. One who cannot be stored does not keep the others
// from being stored; the run has failed then.
func Run(ctx context.Context, engine *sdk.Engine, p Params) (Result, error) {
	result := Result{Failed: []Failure{}}
	if err := setup(ctx, engine); err != nil {
		return result, err
	}
	instances := engine.DomHelper(module).DomInstances
	size := instances.MaxAmountBulkOperation()
	for done := 0; done < len(p.Customers); done += size {
		batch := p.Customers[done:min(done+size, len(p.Customers))]
		known, err := stored(ctx, instances, batch)
		if err != nil {
			return result, err
		}
		if err := store(ctx, instances, batch, known, &result); err != nil {
			return result, err
		}
		engine.KeepAlive()
		engine.Log.Info("imported", "customers", done+len(batch), "of", len(p.Customers))
	}
	if len(result.Failed) > 0 {
		engine.AddError("not all customers were stored; the result has those who were not")
	}
	return result, nil
}

// stored returns the customers of a batch who are there already, by name.
func stored(ctx context.Context, instances dom.DomInstancesComponent, batch []Customer) (map[string]dom.InstanceID, error) {
	var names []dom.Filter
	for _, c := range batch {
		names = append(names, dom.InstanceExposers.FieldValue(nameID).Equal(c.Name))
	}
	found, err := instances.Read(ctx, dom.Or(names...))
	if err != nil {
		return nil, err
	}
	known := make(map[string]dom.InstanceID)
	for _, instance := range found {
		name, _ := instance.GetFieldValue(infoID, nameID)
		known[name.Text()] = instance.ID
	}
	return known, nil
}

// store stores a batch in one request.
func store(ctx context.Context, instances dom.DomInstancesComponent, batch []Customer, known map[string]dom.InstanceID, result *Result) error {
	var list []*dom.Instance
	names := make(map[dom.InstanceID]string)
	for _, c := range batch {
		instance := c.instance()
		if id, ok := known[c.Name]; ok {
			instance.ID = id
		}
		names[instance.ID] = c.Name
		list = append(list, instance)
	}
	stored, err := instances.CreateOrUpdate(ctx, list)
	var some *dom.BulkCrudFailedError
	if errors.As(err, &some) {
		stored = some.Result
	} else if err != nil {
		return err
	}
	for _, instance := range stored.SuccessfulItems {
		if instance.Revision == 1 {
			result.Created++
		} else {
			result.Updated++
		}
	}
	for _, id := range stored.UnsuccessfulIDs {
		trace := stored.TraceDataPerItem[id]
		result.Failed = append(result.Failed, Failure{names[id], trace.String()})
	}
	return nil
}

// instance is the customer as the module has it.
func (c Customer) instance() *dom.Instance {
	instance := dom.NewInstance(customerID)
	instance.AddOrUpdateFieldValue(infoID, nameID, c.Name)
	if c.Email != "" {
		instance.AddOrUpdateFieldValue(infoID, emailID, c.Email)
	}
	for _, who := range c.Contacts {
		contact := dom.NewSection(contactID)
		contact.AddOrReplaceFieldValue(contactNameID, who.Name)
		if who.Phone != "" {
			contact.AddOrReplaceFieldValue(contactPhoneID, who.Phone)
		}
		instance.Sections = append(instance.Sections, contact)
	}
	return instance
}

// setup makes the module where it is not there yet.
func setup(ctx context.Context, engine *sdk.Engine) error {
	settings := engine.ModuleSettingsHelper().ModuleSettings
	there, err := settings.Count(ctx, dom.ModuleSettingsExposers.ModuleID.Equal(module))
	if err != nil || there > 0 {
		return err
	}
	if _, err := settings.Create(ctx, &dom.ModuleSettings{ModuleID: module}); err != nil {
		return err
	}
	helper := engine.DomHelper(module)
	for _, section := range []*dom.SectionDefinition{
		{ID: infoID, Name: "Customer", FieldDescriptors: []*dom.FieldDescriptor{
			{ID: nameID, Name: "Name", FieldType: dom.TypeString},
			{ID: emailID, Name: "Email", FieldType: dom.TypeString, IsOptional: true},
		}},
		{ID: contactID, Name: "Contact", FieldDescriptors: []*dom.FieldDescriptor{
			{ID: contactNameID, Name: "Name", FieldType: dom.TypeString},
			{ID: contactPhoneID, Name: "Phone", FieldType: dom.TypeString, IsOptional: true},
		}},
	} {
		if _, err := helper.SectionDefinitions.Create(ctx, section); err != nil {
			return err
		}
	}
	definition := dom.NewDefinition("Customer",
		dom.SectionDefinitionLink{SectionDefinitionID: infoID},
		dom.SectionDefinitionLink{SectionDefinitionID: contactID, IsOptional: true, AllowMultipleSections: true})
	definition.ID = customerID
	_, err = helper.DomDefinitions.Create(ctx, definition)
	return err
}
