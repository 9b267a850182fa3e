// Package runtime is the daemon: it opens the store and everything that stands
// on it, and routes messages between them.
package runtime

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	goruntime "runtime"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/semaphore"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/api"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/automation/endpoint"
	"domovoi.dev/runtime/automation/schedule"
	"domovoi.dev/runtime/automation/trigger"
	"domovoi.dev/runtime/backups"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/metrics"
	"domovoi.dev/runtime/outbound"
	"domovoi.dev/runtime/secrets"
	"domovoi.dev/runtime/security"
	"domovoi.dev/runtime/webhook"
	"domovoi.dev/sdk"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/pebblekv"
)

// TokenFile is the name of the file in the data directory that holds the first
// token of the Administrator.
const TokenFile = "administrator.token"

// SecretsKeyFile is the name of the file in the data directory that holds the key
// of secrets, unless Options say another.
const SecretsKeyFile = "secrets.key"

// Options say how a Runtime works.
type Options struct {
	// DataDir holds everything: the store, attachments, run logs, plugin
	// binaries. It is made with mode 0700.
	DataDir string
	// Logger gets what the daemon has to say; nil means slog.Default.
	Logger *slog.Logger
	// RecentLog holds the latest lines of Logger, whose handler it is; nil means one
	// that holds only what the Runtime logs itself.
	RecentLog *RecentLog
	// LogLevel is what Logger goes by, and may be changed while the daemon runs; nil
	// means one that changes nothing.
	LogLevel *slog.LevelVar
	// Version is the version of the program, for SystemInfo.
	Version string
	// Spares is how many processes may wait for a run, loaded with scripts that
	// were executed lately; 0 means two for each processor, less than 0 none.
	Spares int
	// Grace is how long a run may go on after it was cancelled before it is
	// killed; 0 means 2 s.
	Grace time.Duration
	// MaxAttachment is the most bytes of a file attached to an instance; 0 means
	// 20 MiB. More than 30 MiB do not fit into a message.
	MaxAttachment int64
	// Retention says which runs are kept of scripts that do not say so themselves;
	// zero fields mean automation.DefaultRetention.
	Retention slnet.ScriptRetention
	// AuditAge is how long records of the audit are kept; 0 means 90 days.
	AuditAge time.Duration
	// CacheSize, MemTableSize, MaxConcurrentCompactions, MinFree and Ballast are
	// settings of the store, in bytes where they are sizes. 0 means the default;
	// pebblekv.Options says which that is, and what they do.
	CacheSize                int64
	MemTableSize             int64
	MaxConcurrentCompactions int
	MinFree                  int64
	Ballast                  int64
	// SecretsKey is the file with the key that secrets are encrypted with; empty
	// means SecretsKeyFile in DataDir. It is made when there is none.
	SecretsKey string
	// WebhookNetworks are addresses that are not public and may be sent to by
	// webhooks nevertheless.
	WebhookNetworks []netip.Prefix
	// Safe starts a daemon that starts nothing by itself: no schedules, nothing for
	// changes, which are not made up for later, no scripts for requests to
	// user-defined APIs, no webhooks, and no runs that waited when the one before it ended.
	Safe bool
	// MaxDepth is how many runs may stand above another, each started by the one
	// before, by a change it made, or as an action; 0 means 16.
	MaxDepth int
	// ReadOnly starts a daemon that changes nothing, to look at a restored backup
	// beside the daemon it is of. It starts nothing by itself.
	ReadOnly bool
	// Backups say how backups are made.
	Backups BackupOptions
	// Console serves the files of the web console; nil means that there is none.
	Console http.Handler
	// TrustedProxies are the proxies whose word counts for where a request comes
	// from, and whether it came encrypted.
	TrustedProxies []netip.Prefix
	// Store replaces the store in DataDir, for tests. The Runtime closes it.
	Store kv.Store
	// OnFailure is called once when the store has failed for good; the program
	// should end then.
	OnFailure func(error)
}

// Runtime is a running daemon without its network side.
type Runtime struct {
	log        *slog.Logger
	version    string
	startedAt  time.Time
	registry   *slnet.Registry
	engine     *pebblekv.Store // nil when Options.Store is another one
	store      *storage.Store
	accounts   *security.Accounts
	audit      *security.Audit
	managers   *dommanager.Managers
	host       *plugins.Host
	automation *automation.Automation
	schedules  *schedule.Schedules
	triggers   *trigger.Triggers
	apis       *endpoint.APIs
	safe       bool
	maxDepth   int
	readOnly   bool
	backups    *backups.Folder
	secrets    *secrets.Vault
	webhooks   *webhook.Webhooks
	outbound   *outbound.Client
	proxies    []netip.Prefix
	logLevel   *slog.LevelVar
	recent     *RecentLog
	transfers  *semaphore.Weighted // modules that are exported or imported
	metrics    *metrics.Metrics
	streams    atomic.Int64 // event streams that are open
	console    http.Handler
	// dryRun is set in the stand-in of a dry run.
	dryRun *dryRun

	// stopping ends when Close begins.
	stopping context.Context
	stop     context.CancelFunc
}

// Open opens a data directory and starts the daemon on it. What it opened is
// closed again when it fails.
func Open(ctx context.Context, o Options) (_ *Runtime, err error) {
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.MaxAttachment < 0 || o.MaxAttachment > maxMaxAttachment {
		return nil, slnet.Errorf(slnet.KindInvalid, "attachments of %d bytes cannot be allowed, at most %d", o.MaxAttachment, maxMaxAttachment)
	}
	if o.MaxDepth < 0 || o.MaxDepth > maxMaxDepth {
		return nil, slnet.Errorf(slnet.KindInvalid, "the depth of runs can be 1 to %d, not %d", maxMaxDepth, o.MaxDepth)
	}
	lock, err := o.Backups.lock()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.DataDir, 0o700); err != nil {
		return nil, fmt.Errorf("the data directory: %w", err)
	}
	if o.RecentLog == nil {
		o.RecentLog = NewRecentLog(o.Logger.Handler())
		o.Logger = slog.New(o.RecentLog)
	}
	r := &Runtime{log: o.Logger, recent: o.RecentLog, version: o.Version, startedAt: time.Now().UTC(), registry: sdk.Registry(), proxies: o.TrustedProxies, safe: o.Safe || o.ReadOnly, readOnly: o.ReadOnly, console: o.Console, maxDepth: o.MaxDepth, transfers: semaphore.NewWeighted(maxTransfers)}
	r.logLevel, r.metrics = cmp.Or(o.LogLevel, new(slog.LevelVar)), r.newMetrics()
	r.stopping, r.stop = context.WithCancel(context.Background())
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close(context.Background()))
		}
	}()
	engine, err := openEngine(o)
	if err != nil {
		return nil, err
	}
	r.engine, _ = engine.(*pebblekv.Store)
	if r.readOnly {
		if engine, err = openScratch(engine); err != nil {
			return nil, err
		}
	}
	if r.store, err = openStore(ctx, o.DataDir, engine); err != nil {
		return nil, err
	}
	if r.accounts, err = security.Open(ctx, r.store, nil); err != nil {
		return nil, err
	}
	r.audit = security.NewAudit(r.store, cmp.Or(o.AuditAge, defaultAuditAge), o.Logger, nil)
	if err := r.accounts.EnsureAdministratorToken(ctx, filepath.Join(o.DataDir, TokenFile)); err != nil {
		return nil, err
	}
	if !r.readOnly {
		if err := r.store.SweepBlobs(ctx); err != nil {
			return nil, fmt.Errorf("the folder of attachments: %w", err)
		}
	}
	r.managers = dommanager.New(r.store, dommanager.Options{
		Accounts: r.accounts, Logger: o.Logger, MaxAttachment: o.MaxAttachment, Scripts: r.actionScripts(), Triggers: r.watchers(),
		StreamedBody: func(caller security.Caller) uuid.UUID { return r.automation.StreamedBody(caller) },
	})
	r.secrets = secrets.New(r.store, cmp.Or(o.SecretsKey, filepath.Join(o.DataDir, SecretsKeyFile)))
	r.outbound = outbound.New()
	r.backups = r.newBackups(o, lock)
	r.host, err = plugins.Open(plugins.Options{
		Dir: filepath.Join(o.DataDir, "sockets"), Logger: o.Logger, Grace: o.Grace, Spares: o.Spares,
	})
	if err != nil {
		return nil, err
	}
	if r.apis, err = r.openAPIs(ctx); err != nil {
		return nil, err
	}
	r.automation, err = automation.Open(ctx, automation.Options{
		Store: r.store, Host: r.host, Dir: o.DataDir, Connect: r.connect, Enabled: r.accounts.Enabled, ActAs: r.accounts.ActAs,
		DisplayName: r.accounts.DisplayName, MayGrant: r.mayGrant, DryRun: r.openDryRun, MayExecute: r.mayExecute, References: scriptReferences, Renaming: r.renamingScript, Ended: r.metrics.Run,
		Parallel: 2 * goruntime.NumCPU(), MaxDepth: o.MaxDepth, Retention: o.Retention, Logger: o.Logger, Hold: r.safe, Private: []string{r.backups.Dir},
	})
	if err != nil {
		return nil, err
	}
	r.triggers = r.newTriggers()
	r.triggers.Start()
	r.schedules = r.newSchedules()
	r.webhooks = webhook.New(webhook.Options{
		Store: r.store, Now: time.Now, Seal: r.secrets.Seal, Unseal: r.secrets.Unseal, Networks: o.WebhookNetworks, Logger: o.Logger,
	})
	if !r.safe {
		r.schedules.Start()
		r.webhooks.Start()
	}
	if !r.readOnly {
		r.backups.Start()
		r.apis.Start()
	}
	r.managers.Start()
	r.accounts.Start(o.Logger)
	r.audit.Start()
	return r, nil
}

const (
	defaultAuditAge = 90 * 24 * time.Hour

	// maxBody is the most bytes of a request: as many as a script may send.
	maxBody = 32 << 20
	// maxMaxAttachment leaves room in a request for what is around a file.
	maxMaxAttachment = 30 << 20
	// maxMaxDepth bounds the parents in the record of a run.
	maxMaxDepth = 100
)

// Close drains the daemon: no run begins any more, those that execute may end
// until ctx ends and are cancelled then; the store is closed last.
func (r *Runtime) Close(ctx context.Context) error {
	r.stop()
	if r.backups != nil {
		r.backups.Stop()
	}
	if r.schedules != nil {
		r.schedules.Stop()
	}
	if r.automation != nil {
		r.automation.Close(ctx)
	}
	if r.webhooks != nil {
		r.webhooks.Stop()
	}
	if r.outbound != nil {
		r.outbound.Close()
	}
	if r.managers != nil {
		r.managers.Stop()
	}
	var errs []error
	if r.triggers != nil {
		errs = append(errs, storeEnded(r.triggers.Stop(context.WithoutCancel(ctx))))
	}
	if r.host != nil {
		errs = append(errs, r.host.Close())
	}
	if r.apis != nil {
		errs = append(errs, storeEnded(r.apis.Stop(context.WithoutCancel(ctx))))
	}
	if r.accounts != nil {
		errs = append(errs, storeEnded(r.accounts.Stop(context.WithoutCancel(ctx))))
	}
	if r.audit != nil {
		errs = append(errs, storeEnded(r.audit.Stop(context.WithoutCancel(ctx))))
	}
	if r.store != nil {
		errs = append(errs, r.store.Close())
	}
	return errors.Join(errs...)
}

// Connect authenticates a token and returns a connection bound to its user.
func (r *Runtime) Connect(ctx context.Context, secret string) (slnet.Connection, error) {
	return r.ConnectFrom(ctx, secret, "")
}

// ConnectFrom is Connect for a caller at an address, which is for the audit.
func (r *Runtime) ConnectFrom(ctx context.Context, secret, address string) (slnet.Connection, error) {
	caller, err := r.accounts.Authenticate(ctx, secret)
	if err != nil {
		r.auditEntry(slnet.AuditConnect, "", address, err)
		return nil, err
	}
	caller.Address = address
	return r.connect(caller), nil
}

// Login exchanges a password for a token. The address is that of the caller,
// for the audit.
func (r *Runtime) Login(ctx context.Context, user, password, address string, purpose security.Purpose) (slnet.CreateTokenResponse, error) {
	response, err := r.accounts.Login(ctx, user, password, address, purpose)
	if err != nil {
		r.auditEntry(slnet.AuditLogin, user, address, err)
	}
	return response, err
}

// Handler returns the HTTP side of the daemon. Serve it with api.NewServer.
func (r *Runtime) Handler() http.Handler {
	return api.New(api.Options{
		Connect: r.ConnectFrom,
		Login: func(ctx context.Context, user, password, address string, browser bool) (slnet.CreateTokenResponse, error) {
			purpose := security.ForProgram
			if browser {
				purpose = security.ForBrowser
			}
			return r.Login(ctx, user, password, address, purpose)
		},
		Logout:         r.accounts.Logout,
		Custom:         r.openCustom,
		Console:        r.console,
		TrustedProxies: r.proxies,
		Registry:       r.registry,
		Ready:          r.ready,
		Alive:          r.alive,
		Served:         r.metrics.Request,
		Logger:         r.log,
		MaxBody:        maxBody,
	})
}
