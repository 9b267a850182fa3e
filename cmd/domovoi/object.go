package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"
	"go.yaml.in/yaml/v3"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// objectNoun is a kind of object of which modules are made.
type objectNoun struct {
	kind dom.ObjectKind
	noun string
	// what is the kind in a sentence.
	what string
	name func(o dom.Object) string
}

func objectNouns() []objectNoun {
	return []objectNoun{
		{dom.KindDefinition, "definition", "DOM definition", func(o dom.Object) string { return o.(*dom.Definition).Name }},
		{dom.KindSectionDefinition, "section", "section definition", func(o dom.Object) string { return o.(*dom.SectionDefinition).Name }},
		{dom.KindBehaviorDefinition, "behavior", "behavior definition", func(o dom.Object) string { return o.(*dom.BehaviorDefinition).Name }},
		{dom.KindTemplate, "template", "template", func(o dom.Object) string { return o.(*dom.Template).Name }},
	}
}

// objectCommands are the commands for the objects of which modules are made.
func (a *app) objectCommands() []*cobra.Command {
	var commands []*cobra.Command
	for _, n := range objectNouns() {
		names := func(ctx context.Context, c *client.Client, module string) []string {
			return objectKeys(ctx, c, n, module)
		}
		update := a.objectWriteCommand(n, "update MODULE", "Replace a "+n.what+" by what a file says", func(module string, o slnet.Raw) slnet.Message {
			return &dom.ManagerStoreUpdateRequest{ModuleID: module, Kind: n.kind, Object: o}
		})
		create := a.objectWriteCommand(n, "create MODULE", "Make a "+n.what+" of a file", func(module string, o slnet.Raw) slnet.Message {
			return &dom.ManagerStoreCreateRequest{ModuleID: module, Kind: n.kind, Object: o}
		})
		commands = append(commands, a.group(n.noun, "Look at the "+n.what+"s of a module, and change them",
			a.completes(a.leaf("list MODULE", "List the "+n.what+"s of a module", a.objectList(n)), moduleNames),
			a.completesSecond(a.leaf("show MODULE ID|NAME", "Show a "+n.what+" in the form that create and update read", a.objectShow(n)), names),
			create, update,
			a.completesSecond(a.leaf("delete MODULE ID|NAME", "Delete a "+n.what, a.objectDelete(n)), names)))
	}
	return commands
}

func readObjects(ctx context.Context, c *client.Client, n objectNoun, module string) ([]dom.Object, error) {
	response, err := ask[*dom.ManagerStoreCrudResponse](ctx, c, &dom.ManagerStoreReadRequest{ModuleID: module, Kind: n.kind, Query: dom.NewQuery(dom.True())})
	if err != nil {
		return nil, err
	}
	return decodeObjects(response)
}

// decodeObjects are the objects of a response, or why there are none.
func decodeObjects(response *dom.ManagerStoreCrudResponse) ([]dom.Object, error) {
	if !response.TraceData.HasSucceeded() {
		return nil, &slnet.CrudFailedError{TraceData: response.TraceData}
	}
	found := make([]dom.Object, len(response.Objects))
	for i, raw := range response.Objects {
		var err error
		if found[i], err = dom.DecodeObject(response.Kind, raw); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (a *app) objectList(n objectNoun) action {
	return func(ctx context.Context, args []string) error {
		c, err := a.connect()
		if err != nil {
			return err
		}
		defer c.Close()
		found, err := readObjects(ctx, c, n, args[0])
		if err != nil {
			return err
		}
		return a.answer(objects{n.kind, found}, func(t *table) {
			t.header("ID", "NAME", "REVISION", "CHANGED", "BY")
			for _, o := range found {
				by := o.GetTracking()
				t.row(o.Key(), n.name(o), fmt.Sprint(by.Revision), timeText(by.LastModified), by.LastModifiedBy)
			}
		})
	}
}

// withObject does something with the object that the arguments MODULE ID|NAME are
// about.
func (a *app) withObject(ctx context.Context, n objectNoun, args []string, do func(*client.Client, dom.Object) error) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := readObjects(ctx, c, n, args[0])
	if err != nil {
		return err
	}
	var found []dom.Object
	for _, o := range all {
		if strings.EqualFold(o.Key(), args[1]) {
			return do(c, o)
		}
		if strings.EqualFold(n.name(o), args[1]) {
			found = append(found, o)
		}
	}
	switch len(found) {
	case 0:
		return slnet.Errorf(slnet.KindNotFound, "there is no %s %q; \"%s\" shows them", n.what, args[1], strings.TrimSpace("domovoi "+n.noun+" list "+args[0]))
	case 1:
		return do(c, found[0])
	}
	return slnet.Errorf(slnet.KindInvalid, "%d %ss are called %q; give the id of one", len(found), n.what, args[1])
}

// objectShow prints the whole object: as YAML, which create and update read too,
// for there is no table of something so deep.
func (a *app) objectShow(n objectNoun) action {
	return func(ctx context.Context, args []string) error {
		return a.withObject(ctx, n, args, func(_ *client.Client, o dom.Object) error {
			if a.output == outputTable || a.output == outputWide {
				return a.printYAML(o)
			}
			return a.answer(o, nil)
		})
	}
}

func (a *app) objectDelete(n objectNoun) action {
	return func(ctx context.Context, args []string) error {
		return a.withObject(ctx, n, args, func(c *client.Client, o dom.Object) error {
			response, err := ask[*dom.ManagerStoreCrudResponse](ctx, c, &dom.ManagerStoreDeleteRequest{ModuleID: args[0], Kind: n.kind, Key: o.Key()})
			if err != nil {
				return err
			}
			_, err = decodeObjects(response)
			return err
		})
	}
}

// objectWriteCommand is a command that sends the object of a file.
func (a *app) objectWriteCommand(n objectNoun, use, short string, message func(module string, o slnet.Raw) slnet.Message) *cobra.Command {
	var file string
	c := a.leaf(use, short, func(ctx context.Context, args []string) error {
		if file == "" {
			return slnet.Errorf(slnet.KindInvalid, "what %s? Give --file", n.what)
		}
		content, err := a.readFile(file)
		if err != nil {
			return err
		}
		o, err := readObjectFile(n.kind, content)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		raw, err := dom.EncodeObject(o)
		if err != nil {
			return err
		}
		c, err := a.connect()
		if err != nil {
			return err
		}
		defer c.Close()
		module := ""
		if len(args) > 0 {
			module = args[0]
		}
		response, err := ask[*dom.ManagerStoreCrudResponse](ctx, c, message(module, raw))
		if err != nil {
			return err
		}
		stored, err := decodeObjects(response)
		if err != nil {
			return err
		}
		return a.answer(stored[0], func(t *table) { t.row(stored[0].Key(), n.name(stored[0])) })
	})
	show := n.noun + " show"
	if n.kind == dom.KindModuleSettings {
		show = n.noun + " settings"
	}
	c.Long = short + ".\n\nThe file is YAML or JSON as \"" + show + "\" prints it; - is the standard input."
	c.Flags().StringVarP(&file, "file", "f", "", "`file` of YAML or JSON")
	c.MarkFlagFilename("file")
	if use == c.Name() { // without MODULE
		return c
	}
	return a.completes(c, moduleNames)
}

// readObjectFile reads an object of YAML, of which JSON is a part. A member that
// objects of the kind do not have is an error.
func readObjectFile(kind dom.ObjectKind, content []byte) (dom.Object, error) {
	var document any
	if err := yaml.Unmarshal(content, &document); err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "%s", strings.TrimPrefix(err.Error(), "yaml: "))
	}
	asJSON, err := json.Marshal(document)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the names of members must be texts: %v", err)
	}
	o, err := dom.NewObject(kind)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(asJSON))
	d.DisallowUnknownFields()
	if err := d.Decode(o); err != nil || document == nil {
		if document == nil {
			err = io.ErrUnexpectedEOF
		}
		return nil, slnet.Errorf(slnet.KindInvalid, "this is no %s: %s", kind, strings.TrimPrefix(err.Error(), "json: "))
	}
	return o, nil
}

func objectKeys(ctx context.Context, c *client.Client, n objectNoun, module string) []string {
	found, err := readObjects(ctx, c, n, module)
	if err != nil {
		return nil
	}
	var keys []string
	for _, o := range found {
		keys = append(keys, cobra.CompletionWithDesc(o.Key(), n.name(o)))
	}
	return keys
}
