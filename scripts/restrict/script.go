// Restrict links groups of users to DOM definitions: from then on only they, and
// who may configure modules, have access to the instances of those definitions.
package main

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/dom"
)

// Params say who has access to what. Without links everybody has again.
type Params struct {
	Module string `required:"true"`
	Links  []Link
}

// Link gives the users of a group access to the instances of definitions.
type Link struct {
	Group       string   `required:"true"`
	Definitions []string `doc:"their names" required:"true"`
	ReadOnly    bool
}

// Run stores the links and lets them take effect.
func Run(ctx context.Context, engine *sdk.Engine, p Params) error {
	definitions, err := definitionIDs(ctx, engine.DomHelper(p.Module))
	if err != nil {
		return err
	}
	security := new(dom.LinkSecuritySettings)
	for _, l := range p.Links {
		link := dom.GroupLink{GroupName: l.Group}
		for _, name := range l.Definitions {
			id, ok := definitions[name]
			if !ok {
				return engine.ExitFail(fmt.Sprintf("the module %s has no definition %q", p.Module, name))
			}
			link.DomDefinitionReferences = append(link.DomDefinitionReferences,
				dom.DomDefinitionReference{DomDefinitionID: id, ReadOnly: l.ReadOnly})
		}
		security.GroupLinks = append(security.GroupLinks, link)
	}

	modules := engine.ModuleSettingsHelper().ModuleSettings
	settings, err := modules.Read(ctx, dom.ModuleSettingsExposers.ModuleID.Equal(p.Module))
	if err != nil {
		return err
	}
	if len(settings) == 0 {
		return engine.ExitFail("there is no module " + p.Module)
	}
	settings[0].DomManagerSettings.SecuritySettings.LinkSecurity = security
	// Somebody else may have changed the settings since they were read.
	if _, err := modules.UpdateIfUnchanged(ctx, settings[0]); err != nil {
		return err
	}
	_, err = engine.SendSLNetMessages(ctx, &dom.ReinitializeManagerMessage{ModuleID: p.Module})
	return err
}

// definitionIDs are the definitions of a module by their names.
func definitionIDs(ctx context.Context, helper *dom.DomHelper) (map[string]dom.DefinitionID, error) {
	definitions, err := helper.DomDefinitions.Read(ctx, dom.True())
	if err != nil {
		return nil, err
	}
	ids := make(map[string]dom.DefinitionID)
	for _, definition := range definitions {
		ids[definition.Name] = definition.ID
	}
	return ids, nil
}
