// Invoices makes a module whose instances not everybody may delete, and fills it.
// Below this comment stands the script of the documentation, letter for letter.
package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

func Run(ctx context.Context, engine *sdk.Engine) error {
	settings := engine.ModuleSettingsHelper()
	if _, err := settings.ModuleSettings.Create(ctx, &dom.ModuleSettings{
		ModuleID: "my_secured_module",
		DomManagerSettings: dom.DomManagerSettings{
			// Secure DomInstance deletion with the PlmDeleteDomInstances permission.
			SecuritySettings: dom.DomManagerSecuritySettings{
				DeleteDomInstancePermission: dom.PermissionPlmDeleteDomInstances,
			},
			InformationEventSettings: dom.InformationEventSettings{Enable: true},
		},
	}); err != nil {
		return err
	}

	helper := engine.DomHelper("my_secured_module")
	name := dom.NewFieldDescriptor("Customer", dom.TypeString)
	amount := dom.NewFieldDescriptor("Amount", dom.TypeDouble)
	section := dom.NewSectionDefinition("Invoice info", name, amount)
	if _, err := helper.SectionDefinitions.Create(ctx, section); err != nil {
		return err
	}
	definition := dom.NewDefinition("Invoice", dom.SectionDefinitionLink{SectionDefinitionID: section.ID})
	if _, err := helper.DomDefinitions.Create(ctx, definition); err != nil {
		return err
	}
	for i := 0; i < 1000; i++ {
		invoice := dom.NewInstance(definition.ID)
		invoice.AddOrUpdateFieldValue(section.ID, name.ID, fmt.Sprintf("customer %d", i%10))
		invoice.AddOrUpdateFieldValue(section.ID, amount.ID, float64(i))
		if _, err := helper.DomInstances.Create(ctx, invoice); err != nil {
			return err
		}
	}
	filter := dom.InstanceExposers.DomDefinitionID.Equal(definition.ID).
		And(dom.InstanceExposers.FieldValue(amount.ID).GreaterThan(989.5))
	found, err := helper.DomInstances.Read(ctx, filter)
	if err != nil {
		return err
	}
	engine.AddScriptOutput("found", fmt.Sprint(len(found)))
	return nil
}
