// Package dommanager holds the DOM managers: one for each module, started by the
// first request to it, which validates, stores and reads the module's objects.
package dommanager

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/security"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Managers are the DOM managers of all modules.
type Managers struct {
	store         *storage.Store
	accounts      *security.Accounts
	log           *slog.Logger
	maxAttachment int64
	costs         linkCosts
	scripts       Scripts
	triggers      Triggers
	streamedBody  func(caller security.Caller) uuid.UUID
	streamed      streamedBodies

	stop   context.CancelFunc // ends the sweeps; nil before Start
	sweeps sync.WaitGroup

	mu      sync.Mutex
	running map[string]*start // by module id; guarded by mu
}

// start is a manager that is initialised or being so. ready is closed when
// manager and err are set.
type start struct {
	ready   chan struct{}
	manager *manager
	err     error
}

// Options say how managers work.
type Options struct {
	// Accounts are the users and groups that the links of modules are about.
	// Without them links give access to nobody.
	Accounts *security.Accounts
	// Logger gets what they have to say; nil means slog.Default.
	Logger *slog.Logger
	// MaxAttachment is the most bytes of a file attached to an instance; 0 means
	// DefaultMaxAttachment.
	MaxAttachment int64
	// Scripts are those that actions execute.
	Scripts Scripts
	// Triggers are told of the changes of instances.
	Triggers Triggers
	// StreamedBody returns the id of the body that started the run of a caller, zero
	// for none. Nil means that no run has one.
	StreamedBody func(caller security.Caller) uuid.UUID
}

// New returns the managers of the modules in store. None is started.
func New(store *storage.Store, o Options) *Managers {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxAttachment == 0 {
		o.MaxAttachment = DefaultMaxAttachment
	}
	return &Managers{
		store: store, accounts: o.Accounts, log: o.Logger, maxAttachment: o.MaxAttachment, scripts: o.Scripts, triggers: o.Triggers, running: make(map[string]*start),
		streamedBody: o.StreamedBody, streamed: streamedBodies{blobs: make(map[uuid.UUID]*storage.Blob)},
	}
}

// MaxAttachment is the most bytes of a file attached to an instance.
func (m *Managers) MaxAttachment() int64 { return m.maxAttachment }

// Running returns the ids of the modules whose manager is initialised.
func (m *Managers) Running() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ids []string
	for id, s := range m.running {
		select {
		case <-s.ready:
			ids = append(ids, id)
		default:
		}
	}
	slices.Sort(ids)
	return ids
}

// maxWait is how long a request waits for a manager that is being initialised.
const maxWait = 30 * time.Second

// manager returns the manager of a module. The first request initialises it;
// those that come meanwhile wait for that one, and fail after maxWait (rows
// MOD-09, MOD-11).
func (m *Managers) manager(ctx context.Context, moduleID string) (*manager, error) {
	m.mu.Lock()
	s, ok := m.running[moduleID]
	if !ok {
		s = &start{ready: make(chan struct{})}
		m.running[moduleID] = s
		// The initialisation does not end with the request that began it, for
		// others wait for it too.
		go m.initialize(context.WithoutCancel(ctx), moduleID, s)
	}
	m.mu.Unlock()
	select {
	case <-s.ready:
		return s.manager, s.err
	default:
	}
	patience := time.NewTimer(maxWait)
	defer patience.Stop()
	select {
	case <-s.ready:
		return s.manager, s.err
	case <-patience.C:
		return nil, slnet.Errorf(slnet.KindTimeout, "initialising the DOM manager of module %q did not complete in time (%v)", moduleID, maxWait)
	case <-ctx.Done():
		return nil, slnet.Errorf(slnet.KindTimeout, "the DOM manager of module %q was not ready in time: %v", moduleID, context.Cause(ctx))
	}
}

func (m *Managers) initialize(ctx context.Context, moduleID string, s *start) {
	s.manager, s.err = m.load(ctx, moduleID)
	if s.err != nil {
		// Nobody keeps a failed start: the next request tries again.
		m.mu.Lock()
		if m.running[moduleID] == s {
			delete(m.running, moduleID)
		}
		m.mu.Unlock()
	} else {
		m.log.Info("DOM manager initialised", "module", moduleID)
	}
	close(s.ready)
}

// load makes a manager from the stored settings of its module.
func (m *Managers) load(ctx context.Context, moduleID string) (*manager, error) {
	if problem := checkModuleID(moduleID); problem != "" {
		return nil, slnet.Errorf(slnet.KindInvalid, "%q is no module id: %s", moduleID, problem).WithReason(dom.ErrInvalidModuleID)
	}
	var settings *dom.ModuleSettings
	err := m.store.View(ctx, func(r *storage.Reader) error {
		o, err := r.Object(dom.KindModuleSettings, "", moduleID)
		if err != nil {
			return err
		}
		settings = o.(*dom.ModuleSettings)
		return nil
	})
	if errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound,
			"module %q has no module settings, so it has no DOM manager; create its settings first", moduleID).
			WithReason(dom.ErrModuleNotInitialized)
	}
	if err != nil {
		return nil, err
	}
	indexed := settings.DomManagerSettings.StorageSettings
	if err := m.store.SetIndexedFields(ctx, moduleID, indexed.IndexedFields, indexed.TextSearchFields); err != nil {
		return nil, err
	}
	return &manager{
		store: m.store, moduleID: moduleID, settings: settings,
		accounts: m.accounts, links: security.NewLinks(settings.DomManagerSettings.SecuritySettings.GroupLinks()),
		triggers: m.triggers, costs: &m.costs,
	}, nil
}

// reinitialize replaces the manager of a module by one with the settings stored
// now. Requests that have the old manager finish with it; those that come now
// wait for the new one.
func (m *Managers) reinitialize(ctx context.Context, moduleID string) error {
	s := &start{ready: make(chan struct{})}
	m.mu.Lock()
	old := m.running[moduleID]
	m.running[moduleID] = s
	m.mu.Unlock()
	m.initialize(context.WithoutCancel(ctx), moduleID, s)
	if s.err != nil && old != nil && !errors.Is(s.err, slnet.KindNotFound) {
		// The settings could not be read: better the old ones than none.
		m.mu.Lock()
		if m.running[moduleID] == nil {
			m.running[moduleID] = old
		}
		m.mu.Unlock()
	}
	return s.err
}

// synchronize makes a manager read its model again with the next request. It is
// never needed: what a manager keeps is compared with the store in every
// transaction. It is there for those who know it (row CAC-01).
func (m *Managers) synchronize(ctx context.Context, moduleID string) (slnet.Message, error) {
	manager, err := m.manager(ctx, moduleID)
	if err != nil {
		return nil, err
	}
	manager.cached.Store(nil)
	return &slnet.Empty{}, nil
}

// forget drops the manager of a module whose settings were deleted.
func (m *Managers) forget(moduleID string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.running, moduleID)
}

// Requirement is what a message about DOM objects needs.
type Requirement struct {
	// Permissions are all needed. PermissionNone stands for nothing.
	Permissions []dom.Permission
	// Reads reports that the message changes nothing, Aside that it does
	// something without a commit.
	Reads, Aside bool
}

// Required returns what a message about DOM objects needs. ok is false for
// messages that are not about DOM objects. (seed DOM_security: table of user
// permissions)
func (m *Managers) Required(ctx context.Context, message slnet.Message) (needs Requirement, ok bool, err error) {
	configure := []dom.Permission{dom.PermissionModuleSettingsConfiguration}
	switch message := message.(type) {
	case *dom.ManagerStoreReadRequest:
		needs, err = m.requiredToView(ctx, message.Kind, message.ModuleID)
	case *dom.ManagerStoreCountRequest:
		needs, err = m.requiredToView(ctx, message.Kind, message.ModuleID)
	case *dom.ManagerStorePagingRequest:
		needs, err = m.requiredToView(ctx, message.Kind, message.ModuleID)
	case *dom.ManagerStoreExplainRequest:
		needs, err = m.requiredToView(ctx, message.Kind, message.ModuleID)
	case *dom.AttachmentGetNamesRequest:
		needs, err = m.requiredToView(ctx, dom.KindInstance, message.ModuleID)
	case *dom.AttachmentGetRequest:
		needs, err = m.requiredToView(ctx, dom.KindInstance, message.ModuleID)
	case *dom.DomInstanceActionsRequest:
		needs, err = m.requiredToView(ctx, dom.KindInstance, message.ModuleID)
	case *dom.DomInstanceActionRequest: // and the right to execute the script, which only the manager knows
		needs, err = m.requiredToView(ctx, dom.KindInstance, message.ModuleID)
		needs.Reads = false
	case *dom.AutoIncrementerGetRequest:
		needs.Reads = true
	case *dom.DomInstanceStatusTransitionRequest:
		needs, err = m.requiredToWrite(ctx, dom.KindInstance, message.ModuleID)
	case *dom.AttachmentAddRequest:
		needs, err = m.requiredToWrite(ctx, dom.KindInstance, message.ModuleID)
	case *dom.AttachmentAddStreamedRequest:
		needs, err = m.requiredToWrite(ctx, dom.KindInstance, message.ModuleID)
	case *dom.AttachmentDeleteRequest:
		needs, err = m.requiredToWrite(ctx, dom.KindInstance, message.ModuleID)
	case *dom.ManagerStoreBulkCreateOrUpdateRequest: // instances are all it takes
		needs, err = m.requiredToWrite(ctx, dom.KindInstance, message.ModuleID)
	case *dom.ManagerStoreCreateRequest:
		needs, err = m.requiredToWrite(ctx, message.Kind, message.ModuleID)
	case *dom.ManagerStoreUpdateRequest:
		needs, err = m.requiredToWrite(ctx, message.Kind, message.ModuleID)
	case *dom.ManagerStoreDeleteRequest:
		needs, err = m.requiredToDelete(ctx, message.Kind, message.ModuleID)
	case *dom.ManagerStoreBulkDeleteRequest:
		needs, err = m.requiredToDelete(ctx, dom.KindInstance, message.ModuleID)
	case *dom.ReinitializeManagerMessage, *dom.MidnightSyncMessage:
		needs = Requirement{Permissions: configure, Aside: true}
	case *dom.AutoIncrementerSetRequest:
		needs.Permissions = configure
	default:
		return Requirement{}, false, nil
	}
	return needs, true, err
}

// requiredToView returns what reading objects of a kind needs: what the module's
// settings say for its instances, nothing for others.
func (m *Managers) requiredToView(ctx context.Context, kind dom.ObjectKind, moduleID string) (Requirement, error) {
	if kind != dom.KindInstance && kind != dom.KindHistoryChange {
		return Requirement{Reads: true}, nil
	}
	security, err := m.securityOf(ctx, moduleID)
	return Requirement{Permissions: []dom.Permission{security.ViewPermissions}, Reads: true}, err
}

// requiredToWrite returns what creating and updating objects of a kind needs.
func (m *Managers) requiredToWrite(ctx context.Context, kind dom.ObjectKind, moduleID string) (Requirement, error) {
	if kind != dom.KindInstance {
		return m.requiredToConfigure(ctx, kind, moduleID)
	}
	security, err := m.securityOf(ctx, moduleID)
	return Requirement{Permissions: []dom.Permission{security.CreateAndUpdateDomInstancePermission}}, err
}

// requiredToDelete returns what deleting objects of a kind needs.
func (m *Managers) requiredToDelete(ctx context.Context, kind dom.ObjectKind, moduleID string) (Requirement, error) {
	if kind != dom.KindInstance {
		return m.requiredToConfigure(ctx, kind, moduleID)
	}
	security, err := m.securityOf(ctx, moduleID)
	return Requirement{Permissions: []dom.Permission{security.DeleteDomInstancePermission}}, err
}

// requiredToConfigure returns what changing the model of a module needs: the
// permission for that, and the one of the module's settings besides. A module
// that is not there needs no more, for then the message fails anyway.
func (m *Managers) requiredToConfigure(ctx context.Context, kind dom.ObjectKind, moduleID string) (Requirement, error) {
	needs := Requirement{Permissions: []dom.Permission{dom.PermissionModuleSettingsConfiguration}}
	if kind == dom.KindModuleSettings {
		return needs, nil
	}
	if security, err := m.securityOf(ctx, moduleID); err == nil {
		needs.Permissions = append(needs.Permissions, security.ConfigurePermission)
	}
	return needs, nil
}

// securityOf are the security settings of a module.
func (m *Managers) securityOf(ctx context.Context, moduleID string) (dom.DomManagerSecuritySettings, error) {
	manager, err := m.manager(ctx, moduleID)
	if err != nil {
		return dom.DomManagerSecuritySettings{}, err
	}
	return manager.settings.DomManagerSettings.SecuritySettings, nil
}

// MayView reports whether a caller with such permissions may see objects of a
// kind in a module, as its settings say. It is for those who read events. Where
// the settings are gone, nothing is said.
func (m *Managers) MayView(ctx context.Context, kind dom.ObjectKind, moduleID string, has func(dom.Permission) bool) bool {
	needs, err := m.requiredToView(ctx, kind, moduleID)
	if err != nil {
		return errors.Is(err, slnet.KindNotFound)
	}
	return !slices.ContainsFunc(needs.Permissions, func(p dom.Permission) bool { return p != dom.PermissionNone && !has(p) })
}

// Handle carries out a message about DOM objects for a caller who may send it.
// What a manager finds wrong stands in the TraceData of the response.
func (m *Managers) Handle(ctx context.Context, caller security.Caller, message slnet.Message) (slnet.Message, error) {
	switch message := message.(type) {
	case *dom.ManagerStoreCreateRequest:
		return m.write(ctx, message.Kind, message.ModuleID, func(h handler) (slnet.Raw, error) {
			return h.create(ctx, caller, message)
		})
	case *dom.ManagerStoreUpdateRequest:
		return m.write(ctx, message.Kind, message.ModuleID, func(h handler) (slnet.Raw, error) {
			return h.update(ctx, caller, message)
		})
	case *dom.ManagerStoreDeleteRequest:
		return m.write(ctx, message.Kind, message.ModuleID, func(h handler) (slnet.Raw, error) {
			return h.delete(ctx, caller, message)
		})
	case *dom.ManagerStoreBulkCreateOrUpdateRequest:
		return m.bulkCreateOrUpdate(ctx, caller, message)
	case *dom.ManagerStoreBulkDeleteRequest:
		return m.bulkDelete(ctx, caller, message)
	case *dom.DomInstanceStatusTransitionRequest:
		return m.write(ctx, dom.KindInstance, message.ModuleID, func(h handler) (slnet.Raw, error) {
			return h.(*manager).transition(ctx, caller, message)
		})
	case *dom.DomInstanceActionRequest:
		return m.executeAction(ctx, caller, message)
	case *dom.DomInstanceActionsRequest:
		return m.listActions(ctx, caller, message)
	case *dom.ManagerStoreReadRequest:
		return m.read(ctx, caller, message)
	case *dom.ManagerStoreCountRequest:
		return m.count(ctx, caller, message)
	case *dom.AutoIncrementerGetRequest:
		return m.autoIncrementer(ctx, message)
	case *dom.AutoIncrementerSetRequest:
		return m.setAutoIncrementer(ctx, caller, message)
	case *dom.AttachmentAddRequest:
		return m.addAttachment(ctx, caller, message)
	case *dom.AttachmentAddStreamedRequest:
		return m.addStreamed(ctx, caller, message)
	case *dom.AttachmentGetNamesRequest:
		return m.attachmentNames(ctx, caller, message)
	case *dom.AttachmentGetRequest:
		return m.attachment(ctx, caller, message)
	case *dom.AttachmentDeleteRequest:
		return m.deleteAttachment(ctx, caller, message)
	case *dom.MidnightSyncMessage:
		return m.synchronize(ctx, message.ModuleID)
	case *dom.ManagerStorePagingRequest:
		return m.readPage(ctx, caller, message)
	case *dom.ManagerStoreExplainRequest:
		return m.explain(ctx, caller, message)
	case *dom.ReinitializeManagerMessage:
		if err := m.reinitialize(ctx, message.ModuleID); err != nil {
			return nil, err
		}
		return &slnet.Empty{}, nil
	}
	return nil, slnet.Errorf(slnet.KindInvalid, "%s is no message for a DOM manager", message.MessageName())
}

// handler writes the objects of one module, or the module settings.
type handler interface {
	create(ctx context.Context, caller security.Caller, request *dom.ManagerStoreCreateRequest) (slnet.Raw, error)
	update(ctx context.Context, caller security.Caller, request *dom.ManagerStoreUpdateRequest) (slnet.Raw, error)
	delete(ctx context.Context, caller security.Caller, request *dom.ManagerStoreDeleteRequest) (slnet.Raw, error)
}

// handler returns who handles writes of a kind in a module.
func (m *Managers) handler(ctx context.Context, kind dom.ObjectKind, moduleID string) (handler, error) {
	if _, err := dom.NewObject(kind); err != nil {
		return nil, err
	}
	switch kind {
	case dom.KindModuleSettings:
		return settingsHandler{m}, nil
	case dom.KindHistoryChange:
		return nil, slnet.Errorf(slnet.KindInvalid, "history is written by the server only")
	}
	return m.manager(ctx, moduleID)
}

// write carries out a write and answers it.
func (m *Managers) write(ctx context.Context, kind dom.ObjectKind, moduleID string, do func(h handler) (slnet.Raw, error)) (slnet.Message, error) {
	h, err := m.handler(ctx, kind, moduleID)
	if err != nil {
		return nil, err
	}
	raw, err := do(h)
	if trace := slnet.TraceDataOf(err); trace != nil {
		return &dom.ManagerStoreCrudResponse{Kind: kind, TraceData: *trace}, nil
	}
	if err != nil {
		return nil, err
	}
	response := &dom.ManagerStoreCrudResponse{Kind: kind, Objects: []slnet.Raw{raw}}
	if kind == dom.KindModuleSettings {
		response.TraceData.WarningData, err = deprecations(raw)
	}
	return response, err
}

// Deny is the answer to a message about DOM objects whose sender lacks a
// permission: an error in the TraceData, as documented.
func Deny(message slnet.Message, user string, permission dom.Permission) slnet.Message {
	text := "user " + user + " lacks the permission " + permission.String()
	trace := slnet.TraceData{ErrorData: []slnet.ErrorData{{
		Type: dom.ManagerStoreError, Reason: dom.ErrNoPermission, Message: text,
		Properties: slnet.ErrorProperties{Permission: int64(permission)},
	}}}
	switch message := message.(type) {
	case *dom.ManagerStoreCreateRequest:
		return &dom.ManagerStoreCrudResponse{Kind: message.Kind, TraceData: trace}
	case *dom.ManagerStoreUpdateRequest:
		return &dom.ManagerStoreCrudResponse{Kind: message.Kind, TraceData: trace}
	case *dom.ManagerStoreDeleteRequest:
		return &dom.ManagerStoreCrudResponse{Kind: message.Kind, TraceData: trace}
	case *dom.ManagerStoreBulkDeleteRequest:
		return denyBulk(message.Keys, trace)
	}
	return nil
}
