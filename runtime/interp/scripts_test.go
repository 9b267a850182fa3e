package interp_test

import (
	"context"
	"testing"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// settings is the first script of the documentation.
const settings = `package main

import (
	"context"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

// Run creates a DOM manager.
func Run(ctx context.Context, engine *sdk.Engine) error {
	settingsHelper := dom.NewModuleSettingsHelper(engine.SendSLNetMessages)
	_, err := settingsHelper.ModuleSettings.Create(ctx, &dom.ModuleSettings{
		ModuleID: "my_module",
		DomManagerSettings: dom.DomManagerSettings{
			InformationEventSettings: dom.InformationEventSettings{Enable: true},
		},
	})
	return err
}
`

// invoices is the script of the demo, as issue 2 has it.
const invoices = `package main

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
`

// store is a connection to a store of objects in memory, without any rules: it
// keeps what is created and finds what a filter selects.
type store struct {
	noConnection
	objects map[dom.ObjectKind][]dom.Object
}

func (s *store) SendSLNetMessages(_ context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	var responses []slnet.Message
	for _, m := range messages {
		response := new(dom.ManagerStoreCrudResponse)
		switch m := m.(type) {
		case *dom.ManagerStoreCreateRequest:
			o, err := dom.DecodeObject(m.Kind, m.Object)
			if err != nil {
				return responses, err
			}
			s.objects[m.Kind] = append(s.objects[m.Kind], o)
			response.Kind, response.Objects = m.Kind, []slnet.Raw{m.Object}
		case *dom.ManagerStoreReadRequest:
			response.Kind = m.Kind
			for _, o := range s.objects[m.Kind] {
				if !m.Query.Filter.Matches(o) {
					continue
				}
				raw, err := dom.EncodeObject(o)
				if err != nil {
					return responses, err
				}
				response.Objects = append(response.Objects, raw)
			}
		default:
			return responses, slnet.Errorf(slnet.KindInvalid, "the test has no answer to %s", m.MessageName())
		}
		responses = append(responses, response)
	}
	return responses, nil
}

// execute runs a script on a new store.
func execute(t *testing.T, source string) (*store, *sdk.Engine) {
	t.Helper()
	s := &store{objects: make(map[dom.ObjectKind][]dom.Object)}
	engine := sdk.NewEngine(sdk.RunInfo{}, sdk.Host{Connection: s})
	if err := load(t, source)(t.Context(), engine); err != nil {
		t.Fatal(err)
	}
	return s, engine
}

func TestSettingsScript(t *testing.T) {
	s, _ := execute(t, settings)
	got := s.objects[dom.KindModuleSettings]
	if len(got) != 1 {
		t.Fatalf("got %d module settings, want 1", len(got))
	}
	m := got[0].(*dom.ModuleSettings)
	if m.ModuleID != "my_module" || !m.DomManagerSettings.InformationEventSettings.Enable {
		t.Errorf("got %+v", m)
	}
}

func TestInvoicesScript(t *testing.T) {
	s, engine := execute(t, invoices)
	if got := engine.GetScriptOutput("found"); got != "10" {
		t.Errorf("got found=%s, want 10", got)
	}
	if got := len(s.objects[dom.KindInstance]); got != 1000 {
		t.Errorf("got %d instances, want 1000", got)
	}
	m := s.objects[dom.KindModuleSettings][0].(*dom.ModuleSettings)
	if m.DomManagerSettings.SecuritySettings.DeleteDomInstancePermission != dom.PermissionPlmDeleteDomInstances {
		t.Errorf("got settings %+v", m)
	}
}
