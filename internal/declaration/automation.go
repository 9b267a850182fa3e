package declaration

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

var triggerForm = form{
	members: []string{
		"Name", "Description", "ModuleId", "DomDefinitionId", "Events", "Filter", "PreviousFilter", "Fields", "FromStatus", "ToStatus",
		"Script", "ScriptVersion", "EntryPoint", "Parameters", "Input", "Values", "InOrder", "Owner", "Paused",
	},
	keep: []string{"Owner", "Paused"}, sets: []string{"Events", "Fields"}, names: []string{"Script", "Owner"},
	defaults: map[string]string{"EntryPoint": slnet.EntryPointOnDomInstanceCrud},
}

// trigger is a document of KindTrigger.
type trigger struct{ dom.Trigger }

func (t *trigger) name() string                { return t.Name }
func (t *trigger) complete(*document, *reader) {}

func (t *trigger) plan(ctx context.Context, d *document, p *planner) error {
	response, found, err := find[*dom.TriggerResponse](ctx, p.send, &dom.GetTriggerMessage{Name: t.Name})
	if err != nil {
		return err
	}
	var stored *dom.Trigger
	if found {
		stored = &response.Trigger
	}
	if err := p.needModule(ctx, d, t.ModuleID); err != nil {
		return err
	}
	if err := p.needScript(ctx, d, t.Script); err != nil {
		return err
	}
	plan(p, d, triggerForm, t.Trigger, stored, func(ctx context.Context, o dom.Trigger) error {
		_, err := ask[*dom.TriggerResponse](ctx, p.send, &dom.CreateTriggerMessage{Trigger: o})
		return err
	}, func(ctx context.Context, o dom.Trigger) error {
		if o.Owner != stored.Owner {
			o.OwnerID = uuid.Nil
		}
		_, err := ask[*dom.TriggerResponse](ctx, p.send, &dom.UpdateTriggerMessage{Trigger: o})
		return err
	})
	return nil
}

var scheduleForm = form{
	members: []string{
		"Name", "Description", "Script", "ScriptVersion", "EntryPoint", "Parameters", "Input", "Expression", "Once", "TimeZone",
		"Start", "End", "Jitter", "Owner", "Misfire", "Overlap", "Paused",
	},
	keep: []string{"Owner", "Paused"}, names: []string{"Script", "Owner"},
}

// schedule is a document of KindSchedule.
type schedule struct{ slnet.Schedule }

func (s *schedule) name() string                { return s.Name }
func (s *schedule) complete(*document, *reader) {}

func (s *schedule) plan(ctx context.Context, d *document, p *planner) error {
	response, found, err := find[*slnet.ScheduleResponse](ctx, p.send, &slnet.GetScheduleMessage{Name: s.Name})
	if err != nil {
		return err
	}
	var stored *slnet.Schedule
	if found {
		stored = &response.Schedule
	}
	if err := p.needScript(ctx, d, s.Script); err != nil {
		return err
	}
	plan(p, d, scheduleForm, s.Schedule, stored, func(ctx context.Context, o slnet.Schedule) error {
		_, err := ask[*slnet.ScheduleResponse](ctx, p.send, &slnet.CreateScheduleMessage{Schedule: o})
		return err
	}, func(ctx context.Context, o slnet.Schedule) error {
		if o.Owner != stored.Owner {
			o.OwnerID = uuid.Nil
		}
		_, err := ask[*slnet.ScheduleResponse](ctx, p.send, &slnet.UpdateScheduleMessage{Schedule: o})
		return err
	})
	return nil
}

var webhookForm = form{
	members: []string{"Name", "Url", "Events", "Scripts", "Disabled"},
	keep:    []string{"Disabled"}, sets: []string{"Events", "Scripts"},
}

// webhook is a document of KindWebhook. SecretFile is the file of the secret, which
// is read when the webhook is created: a daemon never tells a secret, so that of a
// webhook there is already is not compared.
type webhook struct {
	slnet.Webhook
	SecretFile string `json:"SecretFile"`
}

func (w *webhook) name() string                { return w.Name }
func (w *webhook) complete(*document, *reader) {}

func (w *webhook) plan(ctx context.Context, d *document, p *planner) error {
	response, err := ask[*slnet.WebhooksResponse](ctx, p.send, &slnet.GetWebhooksMessage{})
	if err != nil {
		return err
	}
	var stored *slnet.Webhook
	for i := range response.Webhooks {
		if strings.EqualFold(response.Webhooks[i].Name, w.Name) {
			stored = &response.Webhooks[i]
		}
	}
	var secret string
	if stored == nil {
		if secret, err = w.secret(d); err != nil {
			p.problem(d, "SecretFile", "%v", err)
		}
	}
	plan(p, d, webhookForm, w.Webhook, stored, func(ctx context.Context, o slnet.Webhook) error {
		_, err := ask[*slnet.WebhookResponse](ctx, p.send, &slnet.CreateWebhookMessage{Webhook: o, Secret: secret})
		return err
	}, func(ctx context.Context, o slnet.Webhook) error {
		_, err := ask[*slnet.WebhookResponse](ctx, p.send, &slnet.UpdateWebhookMessage{Webhook: o})
		return err
	})
	return nil
}

func (w *webhook) secret(d *document) (string, error) {
	if w.SecretFile == "" {
		return "", errors.New("a new webhook needs the SecretFile, which has the secret that deliveries are signed with")
	}
	text, err := os.ReadFile(d.path(w.SecretFile))
	if err != nil {
		return "", errors.New("the SecretFile cannot be read: " + err.Error())
	}
	return strings.TrimRight(string(text), "\r\n"), nil
}

var apiForm = form{
	members: []string{
		"Name", "Description", "Route", "Methods", "Script", "ScriptVersion", "EntryPoint", "Timeout", "RateLimit", "MaxBody", "StreamBody", "Disabled",
	},
	keep: []string{"EntryPoint", "Disabled"}, sets: []string{"Methods"}, names: []string{"Script"},
}

// apiDefinition is a document of KindApiDefinition.
type apiDefinition struct{ slnet.ApiDefinition }

func (a *apiDefinition) name() string                { return a.Name }
func (a *apiDefinition) complete(*document, *reader) {}

func (a *apiDefinition) plan(ctx context.Context, d *document, p *planner) error {
	response, found, err := find[*slnet.ApiDefinitionResponse](ctx, p.send, &slnet.GetApiDefinitionMessage{Name: a.Name})
	if err != nil {
		return err
	}
	var stored *slnet.ApiDefinition
	if found {
		stored = &response.Definition
	}
	if err := p.needScript(ctx, d, a.Script); err != nil {
		return err
	}
	plan(p, d, apiForm, a.ApiDefinition, stored, func(ctx context.Context, o slnet.ApiDefinition) error {
		_, err := ask[*slnet.ApiDefinitionResponse](ctx, p.send, &slnet.CreateApiDefinitionMessage{Definition: o})
		return err
	}, func(ctx context.Context, o slnet.ApiDefinition) error {
		_, err := ask[*slnet.ApiDefinitionResponse](ctx, p.send, &slnet.UpdateApiDefinitionMessage{Definition: o})
		return err
	})
	return nil
}

// needScript notes a problem where nothing has the script that a document names.
func (p *planner) needScript(ctx context.Context, d *document, name string) error {
	if name == "" {
		p.problem(d, "Script", "it names no Script")
		return nil
	}
	if p.declares(name, KindScript, KindPlugin) != nil {
		return nil
	}
	_, found, err := find[*slnet.ScriptsResponse](ctx, p.send, &slnet.GetScriptsMessage{Name: name})
	if err == nil && !found {
		p.problem(d, "Script", "there is no script %q, neither in the daemon nor in the files", name)
	}
	return err
}

// needModule notes a problem where nothing has the module that a document names.
func (p *planner) needModule(ctx context.Context, d *document, id string) error {
	if id == "" {
		p.problem(d, "ModuleId", "it names no ModuleId")
		return nil
	}
	if p.declaresModule(id) {
		return nil
	}
	settings, err := dom.NewModuleSettingsHelper(p.send).ModuleSettings.Read(ctx, dom.ModuleSettingsExposers.ModuleID.Equal(id).Ordinal())
	if err == nil && len(settings) == 0 {
		p.problem(d, "ModuleId", "there is no module %q, neither in the daemon nor in the files", id)
	}
	return err
}
