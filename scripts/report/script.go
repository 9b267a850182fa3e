// Report counts and lists the invoices that the script invoices made. It changes
// nothing.
package main

import (
	"context"
	"fmt"
	"sort"
	"strings"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

const (
	// module is where the script invoices keeps them.
	module = "my_secured_module"
	// listed is how many of the largest invoices are listed.
	listed = 3
)

// Run reports on the invoices of the customer named by the parameter customer,
// or on those of all customers.
func Run(ctx context.Context, engine *sdk.Engine) error {
	helper := engine.DomHelper(module)
	sections, err := helper.SectionDefinitions.Read(ctx, dom.SectionDefinitionExposers.Name.Equal("Invoice info"))
	if err != nil {
		return err
	}
	if len(sections) != 1 {
		return engine.ExitFail("there is no section \"Invoice info\"; run the script invoices first")
	}
	section := sections[0]
	customer, amount := field(section, "Customer"), field(section, "Amount")

	filter := dom.InstanceExposers.KeyExists(amount).Equal(true)
	if name := engine.GetScriptParam("customer"); name != "" {
		filter = filter.And(dom.InstanceExposers.FieldValue(customer).Equal(name))
	}
	invoices, err := helper.DomInstances.Read(ctx, filter)
	if err != nil {
		return err
	}
	if len(invoices) == 0 {
		return engine.ExitFail("there is no invoice of " + engine.GetScriptParam("customer"))
	}

	count, sum := make(map[string]int), make(map[string]float64)
	total := 0.0
	for _, invoice := range invoices {
		name, _ := invoice.GetFieldValue(section.ID, customer)
		value, _ := invoice.GetFieldValue(section.ID, amount)
		count[name.Text()]++
		sum[name.Text()] += value.Double()
		total += value.Double()
	}
	names := make([]string, 0, len(count))
	for name := range count {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		engine.Log.Info(name, "invoices", count[name], "amount", sum[name])
	}

	largest, err := helper.DomInstances.ReadQuery(ctx,
		dom.NewQuery(filter).OrderByDescending(dom.InstanceExposers.FieldValue(amount)).Limit(listed))
	if err != nil {
		return err
	}
	var amounts []string
	for _, invoice := range largest {
		value, _ := invoice.GetFieldValue(section.ID, amount)
		amounts = append(amounts, value.String())
	}
	engine.AddOrUpdateScriptOutput("customers", fmt.Sprint(len(names)))
	engine.AddOrUpdateScriptOutput("invoices", fmt.Sprint(len(invoices)))
	engine.AddOrUpdateScriptOutput("amount", fmt.Sprintf("%.2f", total))
	engine.AddOrUpdateScriptOutput("largest", strings.Join(amounts, " "))
	return nil
}

// field returns the id of the field of a name, the empty id when there is none.
func field(section *dom.SectionDefinition, name string) dom.FieldDescriptorID {
	for _, descriptor := range section.FieldDescriptors {
		if descriptor.Name == name {
			return descriptor.ID
		}
	}
	return dom.FieldDescriptorID{}
}
