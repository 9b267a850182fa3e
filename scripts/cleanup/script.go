// Cleanup deletes the small invoices of the module that the script invoices made.
package main

import (
	"context"
	"fmt"
	"strconv"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

// module is where the script invoices keeps them. Its settings ask for the
// permission PlmDeleteDomInstances to delete one.
const module = "my_secured_module"

// Run deletes the invoices whose amount is below that of the parameter below. A
// second run finds none of them and succeeds too.
func Run(ctx context.Context, engine *sdk.Engine) error {
	text := engine.GetScriptParam("below")
	below, err := strconv.ParseFloat(text, 64)
	if err != nil {
		return engine.ExitFail(fmt.Sprintf("the parameter below is %q, want an amount such as 99.50", text))
	}
	helper := engine.DomHelper(module)
	sections, err := helper.SectionDefinitions.Read(ctx, dom.SectionDefinitionExposers.Name.Equal("Invoice info"))
	if err != nil {
		return err
	}
	if len(sections) != 1 {
		return engine.ExitFail("there is no section \"Invoice info\"; run the script invoices first")
	}
	var amount dom.FieldDescriptorID
	for _, descriptor := range sections[0].FieldDescriptors {
		if descriptor.Name == "Amount" {
			amount = descriptor.ID
		}
	}
	query := dom.NewQuery(dom.InstanceExposers.FieldValue(amount).LessThan(below)).
		OrderBy(dom.InstanceExposers.FieldValue(amount))
	small, err := helper.DomInstances.ReadQuery(ctx, query)
	if err != nil {
		return err
	}
	engine.Log.Info("deleting", "invoices", len(small), "below", below)
	for _, invoice := range small {
		if err := helper.DomInstances.Delete(ctx, invoice); err != nil {
			return err
		}
	}
	left, err := helper.DomInstances.Count(ctx, dom.True())
	if err != nil {
		return err
	}
	engine.AddOrUpdateScriptOutput("deleted", fmt.Sprint(len(small)))
	engine.AddOrUpdateScriptOutput("left", fmt.Sprint(left))
	return nil
}
