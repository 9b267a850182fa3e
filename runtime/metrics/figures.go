package metrics

import (
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"domovoi.dev/plugins"
	"domovoi.dev/runtime/automation"
	"domovoi.dev/runtime/dommanager"
	"domovoi.dev/runtime/webhook"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage/kv/pebblekv"
)

// Figures are what the rooms of a daemon have counted.
type Figures struct {
	Version      string // of the program
	StartedAt    time.Time
	Ready        bool              // it can do its work
	StoreVersion uint64            // of the newest commit
	Streams      int64             // event streams that are open
	Safe         bool              // nothing is started by itself
	Store        *pebblekv.Metrics // nil when the store has none
	Queue        automation.Metrics
	Processes    plugins.Metrics
	Managers     dommanager.Metrics
	Triggers     dom.TriggerCounts
	// Occurrences of schedules that have started a run, and that have not.
	OccurrencesStarted, OccurrencesSkipped int64
	Webhooks                               webhook.Metrics
	Backups                                slnet.BackupInfo
}

// family is a metric that is read from Figures.
type family struct {
	desc *prometheus.Desc
	kind prometheus.ValueType
	read func(f *Figures, emit func(value float64, labels ...string))
}

const (
	gauge   = prometheus.GaugeValue
	counter = prometheus.CounterValue
)

func one(kind prometheus.ValueType, name, help string, value func(f *Figures) float64) family {
	return family{prometheus.NewDesc(name, help, nil, nil), kind, func(f *Figures, emit func(float64, ...string)) { emit(value(f)) }}
}

func labeled(kind prometheus.ValueType, name, help string, labels []string, read func(f *Figures, emit func(value float64, labels ...string))) family {
	return family{prometheus.NewDesc(name, help, labels, nil), kind, read}
}

// stored is a metric of the store, which is not there when that has none.
func stored(kind prometheus.ValueType, name, help string, value func(m *pebblekv.Metrics) float64) family {
	return labeled(kind, name, help, nil, func(f *Figures, emit func(float64, ...string)) {
		if f.Store != nil {
			emit(value(f.Store))
		}
	})
}

func truth(is bool) float64 {
	if is {
		return 1
	}
	return 0
}

// families is the table of the metrics that are read from Figures.
func families() []family {
	return slices.Concat(daemonFamilies(), startFamilies(), storeFamilies())
}

func daemonFamilies() []family {
	return []family{
		labeled(gauge, "domovoi_build_info", "1, with the version of the program and of Go.", []string{"version", "goversion"},
			func(f *Figures, emit func(float64, ...string)) { emit(1, f.Version, runtime.Version()) }),
		one(gauge, "domovoi_start_time_seconds", "When the daemon was started, in seconds since 1970.",
			func(f *Figures) float64 { return seconds(f.StartedAt) }),
		one(gauge, "domovoi_ready", "1 when the daemon can do its work, as /readyz says, otherwise 0.",
			func(f *Figures) float64 { return truth(f.Ready) }),
		one(gauge, "domovoi_safe_mode", "1 when the daemon was told to start nothing by itself, otherwise 0.",
			func(f *Figures) float64 { return truth(f.Safe) }),
		one(gauge, "domovoi_event_streams", "Open event streams, of programs and of scripts.",
			func(f *Figures) float64 { return float64(f.Streams) }),
		one(gauge, "domovoi_dom_managers", "Modules whose DOM manager is initialised.",
			func(f *Figures) float64 { return float64(f.Managers.Running) }),
		one(counter, "domovoi_link_security_checks_total", "Requests to modules with group links, for each of which the access of its sender is asked for.",
			func(f *Figures) float64 { return float64(f.Managers.LinkChecks) }),
		one(counter, "domovoi_link_security_seconds_total", "Time that asking for access and narrowing filters took, without tests of single instances.",
			func(f *Figures) float64 { return f.Managers.LinkSeconds }),
		one(gauge, "domovoi_queue_slots", "Runs that may execute at a time, those started by runs excepted.",
			func(f *Figures) float64 { return float64(f.Queue.Slots) }),
		one(gauge, "domovoi_queue_slots_free", "Of them those not taken.",
			func(f *Figures) float64 { return float64(f.Queue.FreeSlots) }),
		labeled(gauge, "domovoi_queue_runs", "Runs that have not ended: executing, waiting for their turn, or waiting for their time (later). Of each that waits 10000 at most are counted.",
			[]string{"state"}, func(f *Figures, emit func(float64, ...string)) {
				emit(float64(f.Queue.Executing), "executing")
				emit(float64(f.Queue.Waiting), "waiting")
				emit(float64(f.Queue.Later), "later")
			}),
		labeled(gauge, "domovoi_processes", "Processes of scripts, those that wait for a run included: workers with a live interpreter, and plugin binaries.",
			[]string{"kind"}, func(f *Figures, emit func(float64, ...string)) {
				emit(float64(f.Processes.Workers), "worker")
				emit(float64(f.Processes.Plugins), "plugin")
			}),
		one(gauge, "domovoi_processes_spare", "Of the processes those that wait for a run, or are being prepared for one.",
			func(f *Figures) float64 { return float64(f.Processes.Spares) }),
		one(counter, "domovoi_process_starts_total", "Processes that were started.",
			func(f *Figures) float64 { return float64(f.Processes.Starts) }),
		one(counter, "domovoi_process_start_failures_total", "Of them those that did not become ready.",
			func(f *Figures) float64 { return float64(f.Processes.StartsFailed) }),
		one(counter, "domovoi_process_start_seconds_total", "Time that the starts took that did not fail.",
			func(f *Figures) float64 { return f.Processes.StartSeconds }),
		one(counter, "domovoi_process_reuses_total", "Runs that got the process of an earlier run.",
			func(f *Figures) float64 { return float64(f.Processes.Reuses) }),
		one(gauge, "domovoi_store_version", "Version of the newest commit.",
			func(f *Figures) float64 { return float64(f.StoreVersion) }),
	}
}

// seconds is a time in seconds since 1970, 0 for none.
func seconds(t time.Time) float64 {
	if t.IsZero() {
		return 0
	}
	return float64(t.UnixMilli()) / 1e3
}

// startFamilies are of what starts by itself: for changes, at times, for events.
func startFamilies() []family {
	return []family{
		labeled(counter, "domovoi_trigger_changes_total", "Changes that a trigger is about, for each of them: those that started a run, that did not meet its conditions (not_met), and that started none for another reason (not_started).",
			[]string{"result"}, func(f *Figures, emit func(float64, ...string)) {
				emit(float64(f.Triggers.Started), "started")
				emit(float64(f.Triggers.NotMet), "not_met")
				emit(float64(f.Triggers.NotStarted), "not_started")
			}),
		labeled(counter, "domovoi_schedule_occurrences_total", "Occurrences of schedules that were due: those that started a run, and those that did not (skipped).",
			[]string{"result"}, func(f *Figures, emit func(float64, ...string)) {
				emit(float64(f.OccurrencesStarted), "started")
				emit(float64(f.OccurrencesSkipped), "skipped")
			}),
		labeled(counter, "domovoi_webhook_attempts_total", "Attempts to send an event to a webhook: those that the receiver took (delivered), and those it did not (failed).",
			[]string{"result"}, func(f *Figures, emit func(float64, ...string)) {
				emit(float64(f.Webhooks.Delivered), "delivered")
				emit(float64(f.Webhooks.Failed), "failed")
			}),
		one(gauge, "domovoi_webhook_waiting", "Events that wait to be sent to a webhook, or to be sent again; 10000 at most are counted.",
			func(f *Figures) float64 { return float64(f.Webhooks.Waiting) }),
		one(gauge, "domovoi_backup_newest_time_seconds", "When the newest backup in the daemon's folder was made, in seconds since 1970; 0 for none.",
			func(f *Figures) float64 {
				if f.Backups.Newest == nil {
					return 0
				}
				return seconds(f.Backups.Newest.CreatedAt)
			}),
		one(gauge, "domovoi_backup_next_time_seconds", "When the daemon makes the next backup by itself, in seconds since 1970; 0 for never.",
			func(f *Figures) float64 { return seconds(f.Backups.NextAt) }),
		one(gauge, "domovoi_backup_failed", "1 when the last backup failed, otherwise 0.",
			func(f *Figures) float64 { return truth(f.Backups.Failure != "") }),
	}
}

func storeFamilies() []family {
	return []family{
		stored(gauge, "domovoi_store_read_only", "1 when the store takes no writes, otherwise 0.", func(m *pebblekv.Metrics) float64 { return truth(m.ReadOnly != "") }),
		stored(counter, "domovoi_store_commits_total", "Transactions that were committed.", func(m *pebblekv.Metrics) float64 { return float64(m.Commits) }),
		stored(counter, "domovoi_store_syncs_total", "Groups of transactions that were written and synced together.", func(m *pebblekv.Metrics) float64 { return float64(m.CommitGroups) }),
		stored(counter, "domovoi_store_sync_seconds_total", "Time that writing and syncing them took.", func(m *pebblekv.Metrics) float64 { return m.SyncTime.Seconds() }),
		stored(gauge, "domovoi_store_sync_pending_seconds", "For how long the group that is being written has waited for the disk, 0 when there is none.", func(m *pebblekv.Metrics) float64 { return m.Pending.Seconds() }),
		stored(counter, "domovoi_store_conflicts_total", "Attempts to commit that lost against another transaction.", func(m *pebblekv.Metrics) float64 { return float64(m.Conflicts) }),
		stored(gauge, "domovoi_store_disk_bytes", "What all files of the store take.", func(m *pebblekv.Metrics) float64 { return float64(m.DiskBytes) }),
		stored(gauge, "domovoi_store_live_bytes", "Of them the tables and the log in use.", func(m *pebblekv.Metrics) float64 { return float64(m.LiveBytes) }),
		stored(gauge, "domovoi_store_disk_free_bytes", "What the file system has free; 0 when nobody watches that.", func(m *pebblekv.Metrics) float64 { return float64(m.DiskFree) }),
		stored(gauge, "domovoi_store_disk_min_free_bytes", "With less free than this the store is read-only.", func(m *pebblekv.Metrics) float64 { return float64(m.MinFree) }),
		stored(gauge, "domovoi_store_memtable_bytes", "Memory of the tables that gather writes.", func(m *pebblekv.Metrics) float64 { return float64(m.MemTableBytes) }),
		stored(gauge, "domovoi_store_cache_bytes", "Memory of the cache.", func(m *pebblekv.Metrics) float64 { return float64(m.CacheBytes) }),
		stored(counter, "domovoi_store_cache_hits_total", "Blocks that were found in the cache.", func(m *pebblekv.Metrics) float64 { return float64(m.CacheHits) }),
		stored(counter, "domovoi_store_cache_misses_total", "Blocks that were read from files.", func(m *pebblekv.Metrics) float64 { return float64(m.CacheMisses) }),
		stored(counter, "domovoi_store_flushes_total", "Tables of writes that went to a file.", func(m *pebblekv.Metrics) float64 { return float64(m.Flushes) }),
		stored(counter, "domovoi_store_compactions_total", "Compactions that were done.", func(m *pebblekv.Metrics) float64 { return float64(m.Compactions) }),
		stored(gauge, "domovoi_store_compaction_debt_bytes", "Estimate of what waits to be compacted.", func(m *pebblekv.Metrics) float64 { return float64(m.CompactionDebt) }),
		stored(gauge, "domovoi_store_read_amplification", "How many tables a read may have to look at.", func(m *pebblekv.Metrics) float64 { return float64(m.ReadAmplification) }),
		stored(gauge, "domovoi_store_snapshots", "Snapshots held open.", func(m *pebblekv.Metrics) float64 { return float64(m.Snapshots) }),
		stored(gauge, "domovoi_store_iterators", "Iterators held open.", func(m *pebblekv.Metrics) float64 { return float64(m.Iterators) }),
		labeled(gauge, "domovoi_store_level_tables", "Table files, by level; 0 is the newest.", []string{"level"}, levels(func(l pebblekv.Level) float64 { return float64(l.Tables) })),
		labeled(gauge, "domovoi_store_level_bytes", "Size of the table files, by level.", []string{"level"}, levels(func(l pebblekv.Level) float64 { return float64(l.Bytes) })),
	}
}

// levels reads a figure of each level of the store.
func levels(value func(l pebblekv.Level) float64) func(f *Figures, emit func(float64, ...string)) {
	return func(f *Figures, emit func(float64, ...string)) {
		if f.Store == nil {
			return
		}
		for i, level := range f.Store.Levels {
			emit(value(level), strconv.Itoa(i))
		}
	}
}
