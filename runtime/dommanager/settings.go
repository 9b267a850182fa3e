package dommanager

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// maxModuleID is the most characters of a module id (row MOD-04).
const maxModuleID = 40

// forbiddenInModuleID are the characters a module id must not have (row MOD-06).
const forbiddenInModuleID = `\/*?"'<>| ,#:-`

// checkModuleID returns the rule a module id breaks, "" when it breaks none.
// (DOC:DOM_ModuleId)
func checkModuleID(id string) string {
	switch {
	case id == "":
		return "it is empty"
	case !utf8.ValidString(id):
		return "it is not valid UTF-8"
	case utf8.RuneCountInString(id) > maxModuleID:
		return fmt.Sprintf("it has %d characters, at most %d are allowed", utf8.RuneCountInString(id), maxModuleID)
	case id != strings.ToLower(id):
		return "it has uppercase letters, only lowercase ones are allowed"
	}
	for _, r := range id {
		if strings.ContainsRune(forbiddenInModuleID, r) {
			return fmt.Sprintf("the character %q is not allowed in it", r)
		}
		if r < ' ' || r == 0x7f {
			return fmt.Sprintf("the control character %q is not allowed in it", r)
		}
	}
	return ""
}

// settingsHandler writes module settings.
type settingsHandler struct{ managers *Managers }

// decodeSettings reads and validates module settings.
func decodeSettings(raw slnet.Raw) (*dom.ModuleSettings, error) {
	o, err := dom.DecodeObject(dom.KindModuleSettings, raw)
	if err != nil {
		return nil, err
	}
	c := settingsCheck{settings: o.(*dom.ModuleSettings)}
	c.check()
	if !c.trace.HasSucceeded() {
		return nil, &slnet.CrudFailedError{TraceData: c.trace}
	}
	return c.settings, nil
}

func (h settingsHandler) create(ctx context.Context, caller security.Caller, request *dom.ManagerStoreCreateRequest) (slnet.Raw, error) {
	settings, err := decodeSettings(request.Object)
	if err != nil {
		return nil, err
	}
	var raw slnet.Raw
	_, err = h.managers.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) (err error) {
		if err := checkTextSearchFields(ctx, tx, settings); err != nil {
			return err
		}
		stampCreated(tx, caller, settings)
		raw, err = tx.Insert("", settings)
		if errors.Is(err, storage.ErrExists) {
			return alreadyExisted(settings, "")
		}
		return err
	})
	return raw, err
}

// checkTextSearchFields refuses fields for text search that are there and have no
// texts. Those that are not there yet may come.
func checkTextSearchFields(ctx context.Context, tx *storage.Tx, settings *dom.ModuleSettings) error {
	searched := settings.DomManagerSettings.StorageSettings.TextSearchFields
	if len(searched) == 0 {
		return nil
	}
	filters := make([]dom.Filter, len(searched))
	for i, id := range searched {
		filters[i] = dom.SectionDefinitionExposers.FieldDescriptorIDs.Equal(id)
	}
	sections, err := tx.Query(ctx, dom.KindSectionDefinition, settings.ModuleID, dom.NewQuery(dom.Or(filters...)))
	if err != nil {
		return err
	}
	c := settingsCheck{settings: settings}
	for _, raw := range sections {
		o, err := dom.DecodeObject(dom.KindSectionDefinition, raw)
		if err != nil {
			return err
		}
		s := o.(*dom.SectionDefinition)
		for _, fd := range s.FieldDescriptors {
			isText := fd.FieldType.Accepts(dom.ValueOf("")) || fd.FieldType.Accepts(dom.ValueOf([]string{""}))
			if !isText && slices.Contains(searched, fd.ID) {
				c.fail("StorageSettings.TextSearchFields", fd.ID.String(),
					fmt.Sprintf("field %q (%s) of section definition %q is of type %s; only texts can be searched", fd.Name, fd.ID, s.Name, fd.FieldType))
			}
		}
	}
	if !c.trace.HasSucceeded() {
		return &slnet.CrudFailedError{TraceData: c.trace}
	}
	return nil
}

func (h settingsHandler) update(ctx context.Context, caller security.Caller, request *dom.ManagerStoreUpdateRequest) (slnet.Raw, error) {
	settings, err := decodeSettings(request.Object)
	if err != nil {
		return nil, err
	}
	var raw slnet.Raw
	_, err = h.managers.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) error {
		old, err := existing(tx, "", settings, request.IfRevision)
		if err != nil {
			return err
		}
		if err := checkTextSearchFields(ctx, tx, settings); err != nil {
			return err
		}
		stampUpdated(tx, caller, old, settings)
		raw, err = tx.Replace("", old, settings)
		return err
	})
	return raw, err
}

// delete removes module settings. The objects of the module stay and are there
// again when settings of the same id are created.
func (h settingsHandler) delete(ctx context.Context, caller security.Caller, request *dom.ManagerStoreDeleteRequest) (slnet.Raw, error) {
	var raw slnet.Raw
	_, err := h.managers.store.Update(ctx, caller.Origin(), func(tx *storage.Tx) (err error) {
		var old dom.Object
		if raw, old, err = stored(tx, request.Kind, "", request.Key); err != nil {
			return err
		}
		return tx.Remove("", old, false)
	})
	if err == nil {
		h.managers.forget(request.Key)
	}
	return raw, err
}

// deprecations are warnings about settings that were stored.
func deprecations(raw slnet.Raw) (warnings []slnet.ErrorData, err error) {
	o, err := dom.DecodeObject(dom.KindModuleSettings, raw)
	if err != nil {
		return nil, err
	}
	settings := o.(*dom.ModuleSettings)
	s := settings.DomManagerSettings.SecuritySettings
	for _, setting := range []struct {
		name       string
		permission dom.Permission
	}{
		{"ViewPermissions", s.ViewPermissions},
		{"CreateAndUpdateDomInstancePermission", s.CreateAndUpdateDomInstancePermission},
		{"DeleteDomInstancePermission", s.DeleteDomInstancePermission},
		{"ConfigurePermission", s.ConfigurePermission},
	} {
		if setting.permission != dom.PermissionNone {
			warnings = append(warnings, slnet.ErrorData{
				Type: dom.ModuleSettingsManagerError, Reason: dom.ErrDeprecatedSetting,
				Message: fmt.Sprintf("settings of module %q: SecuritySettings.%s is deprecated; it is obeyed, but link security is what should decide who may do that",
					settings.ModuleID, setting.name),
				Properties: slnet.ErrorProperties{ModuleID: settings.ModuleID, Name: setting.name, Permission: int64(setting.permission)},
			})
		}
	}
	return warnings, nil
}
