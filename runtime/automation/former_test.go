package automation_test

import (
	"errors"
	"testing"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
	"domovoi.dev/storage/kv"
	"domovoi.dev/storage/kv/memkv"
)

// TestScriptsFromBeforeTheyHadIdsGetOne opens a store as it was then: with the name
// of a script where its id is now.
func TestScriptsFromBeforeTheyHadIdsGetOne(t *testing.T) {
	engine := memkv.New()
	ended, queued := uuid.Must(uuid.NewV7()), uuid.Must(uuid.NewV7())
	formerStore(t, engine, ended, queued)
	h := openHouseOn(t, t.TempDir(), engine)
	if runs, err := h.Runs(t.Context(), ann, true, &slnet.GetRunsMessage{Filter: slnet.RunFilter{Script: "Former"}}); err != nil || len(runs.Runs) != 2 {
		t.Errorf("its runs are %+v, %v", runs, err)
	}
	if run := h.ended(queued); run.State != slnet.RunSucceeded || run.ExitReason != "one" {
		t.Errorf("the queued run %s: %s %v", run.State, run.ExitReason, run.Errors)
	}
	if s := h.deploy("former", "return engine.ExitSuccess(`three`)"); s.Version != 3 || s.ID == uuid.Nil {
		t.Errorf("the next version is %+v", s)
	}
	if _, err := h.update(&slnet.UpdateScriptMessage{Name: "former", NewName: "new"}); err != nil {
		t.Fatal(err)
	}
	if run := h.execute(&slnet.ExecuteScriptMessage{ScriptName: "former", ScriptVersion: 2}); run.ExitReason != "two" {
		t.Errorf("version 2 said %q %v", run.ExitReason, run.Errors)
	}
	memory, err := h.ScriptMemory(t.Context(), h.store, &slnet.GetScriptMemoryMessage{Name: "new"})
	if err != nil || len(memory.Entries) != 1 || memory.Entries[0].Value != "kept" {
		t.Errorf("it remembers %+v, %v", memory, err)
	}
}

func formerStore(t *testing.T, engine kv.Store, ended, queued uuid.UUID) {
	store, err := storage.Open(t.Context(), engine, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Update(t.Context(), storage.Origin{}, func(tx *storage.Tx) error {
		versions, heads := storage.NewTable[slnet.Script]("script_versions"), storage.NewTable[slnet.Script]("scripts")
		runs, rows := storage.NewTable[slnet.Run]("runs"), storage.NewTable[slnet.MemoryEntry]("script_memory")
		script := func(version int64, word string) *slnet.Script {
			return &slnet.Script{
				Name: "Former", Engine: slnet.EngineInterpreted, Version: version, Hash: word, EntryPoints: []string{slnet.EntryPointRun},
				Files: source("return engine.ExitSuccess(`" + word + "`)"),
			}
		}
		run := slnet.Run{Script: "Former", ScriptVersion: 1, Engine: slnet.EngineInterpreted, EntryPoint: slnet.EntryPointRun, RunsAs: "ann", Attempt: 1, Timeout: 1 << 40}
		over, waits := run, run
		over.ID, over.State = ended, slnet.RunSucceeded
		waits.ID, waits.State = queued, slnet.RunQueued
		return errors.Join(
			versions.Put(tx, script(1, "one"), "former", "0000000001"), versions.Put(tx, script(2, "two"), "former", "0000000002"),
			heads.Put(tx, script(2, "two"), "former"), rows.Put(tx, &slnet.MemoryEntry{Key: "k", Value: "kept"}, "former", "k"),
			runs.Put(tx, &over, ended.String()), runs.Put(tx, &waits, queued.String()),
		)
	})
	if err != nil {
		t.Fatal(err)
	}
}
