package stress_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/internal/daemontest"
	"domovoi.dev/internal/stress"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// TestSingleInstancesAreLinearizable lets several clients call the same few
// instances at the same time.
func TestSingleInstancesAreLinearizable(t *testing.T) {
	seed, rounds := stress.Seed(*seedFlag), 8
	if stress.Long() {
		rounds = 400
	}
	d := daemontest.Start(t)
	admin, schema := d.Administrator(), plainSchema(seed)
	if err := schema.Create(t.Context(), admin); err != nil {
		t.Fatal(err)
	}
	calls := 0
	for round := range rounds {
		clients := callAtOnce(t, admin, schema, seed+uint64(round))
		if !stress.Linearizable(clients, time.Minute) {
			t.Fatalf("seed %d, round %d: no order of these calls explains the answers", seed, round)
		}
		for _, c := range clients {
			calls += len(c.Calls)
		}
	}
	t.Logf("seed %d: %d calls in %d rounds are linearizable", seed, calls, rounds)
}

// plainSchema is one whose instances have no status.
func plainSchema(seed uint64) *stress.Schema {
	schema := stress.NewSchema(seed, "load")
	schema.Definition.DomBehaviorDefinitionID = dom.BehaviorDefinitionID{}
	schema.Definition.SectionDefinitionLinks = []dom.SectionDefinitionLink{{SectionDefinitionID: schema.Section.ID}}
	return schema
}

// callAtOnce has six clients call three new instances.
func callAtOnce(t *testing.T, conn slnet.Connection, schema *stress.Schema, seed uint64) []*stress.Client {
	t.Helper()
	const perClient = 50
	instances := []dom.InstanceID{dom.InstanceID(uuid.New()), dom.InstanceID(uuid.New()), dom.InstanceID(uuid.New())}
	clients := make([]*stress.Client, 6)
	started := time.Now()
	var n atomic.Int64
	var wg sync.WaitGroup
	for i := range clients {
		clients[i] = &stress.Client{ID: i, Conn: conn, Schema: schema, Started: started}
		wg.Go(func() {
			for range perClient {
				if err := clients[i].Call(t.Context(), seed, instances, n.Add(1)); err != nil {
					t.Errorf("seed %d: %v", seed, err)
				}
			}
		})
	}
	wg.Wait()
	return clients
}

// forgetful answers every fifth read of an instance from before.
type forgetful struct {
	slnet.Connection
	mu     sync.Mutex
	reads  int                      // guarded by mu
	before map[string]slnet.Message // by filter; guarded by mu
}

func (f *forgetful) SendSLNetMessages(ctx context.Context, messages ...slnet.Message) ([]slnet.Message, error) {
	responses, err := f.Connection.SendSLNetMessages(ctx, messages...)
	read, ok := messages[0].(*dom.ManagerStoreReadRequest)
	if !ok || err != nil {
		return responses, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	of := read.Query.Filter.Value.String()
	was := f.before[of]
	f.before[of] = responses[0]
	if f.reads++; f.reads%5 == 0 && was != nil {
		responses[0] = was
	}
	return responses, nil
}

// TestStaleReadsAreFound makes sure that the search for an order finds a daemon
// that answers from a cache.
func TestStaleReadsAreFound(t *testing.T) {
	d := daemontest.Start(t)
	schema := plainSchema(1)
	if err := schema.Create(t.Context(), d.Administrator()); err != nil {
		t.Fatal(err)
	}
	conn := &forgetful{Connection: d.Administrator(), before: make(map[string]slnet.Message)}
	if stress.Linearizable(callAtOnce(t, conn, schema, 1), time.Minute) {
		t.Error("stale reads pass for linearizable")
	}
}
