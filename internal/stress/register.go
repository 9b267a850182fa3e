package stress

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// A Client calls single instances through a connection and notes the calls for
// porcupine.
type Client struct {
	ID     int
	Conn   slnet.Connection
	Schema *Schema
	// Started is when the calls of all clients count from.
	Started time.Time
	// Calls are what was called, with the answers.
	Calls []porcupine.Operation

	seen map[dom.InstanceID]int64 // the revision last met
}

type callKind string

const (
	callCreate callKind = "create"
	callRead   callKind = "read"
	callUpdate callKind = "update"
	callDelete callKind = "delete"
)

// call is what a client asks for.
type call struct {
	kind       callKind
	id         dom.InstanceID
	n          int64 // the value that is written
	ifRevision int64 // 0: any
}

// answer is what a client is told. The zero State is that of an instance that is
// not there.
type answer struct {
	reason slnet.Reason // "" when it was done
	state  State        // as it is, or for a delete as it was
}

// Call makes a random call to one of the instances. n is the value it writes.
func (c *Client) Call(ctx context.Context, seed uint64, instances []dom.InstanceID, n int64) error {
	r := newRandom(seed, uint64(n))
	asked := call{kind: pick(r, []callKind{callCreate, callRead, callRead, callUpdate, callUpdate, callUpdate, callDelete}), id: pick(r, instances), n: n}
	if asked.kind == callUpdate && r.chance(70) {
		asked.ifRevision = c.seen[asked.id]
	}
	begun := time.Since(c.Started)
	told, err := c.send(ctx, asked)
	if err != nil {
		return fmt.Errorf("%+v: %w", asked, err)
	}
	c.Calls = append(c.Calls, porcupine.Operation{
		ClientId: c.ID, Input: asked, Call: int64(begun), Output: told, Return: int64(time.Since(c.Started)),
	})
	if c.seen == nil {
		c.seen = make(map[dom.InstanceID]int64)
	}
	if told.state.Revision > 0 {
		c.seen[asked.id] = told.state.Revision
	}
	return nil
}

func (c *Client) send(ctx context.Context, asked call) (answer, error) {
	var message slnet.Message
	raw, err := dom.EncodeObject(c.Schema.NewVersion(asked.id, asked.n))
	if err != nil {
		return answer{}, err
	}
	switch moduleID := c.Schema.ModuleID; asked.kind {
	case callCreate:
		message = &dom.ManagerStoreCreateRequest{ModuleID: moduleID, Kind: dom.KindInstance, Object: raw}
	case callUpdate:
		message = &dom.ManagerStoreUpdateRequest{ModuleID: moduleID, Kind: dom.KindInstance, Object: raw, IfRevision: asked.ifRevision}
	case callDelete:
		message = &dom.ManagerStoreDeleteRequest{ModuleID: moduleID, Kind: dom.KindInstance, Key: asked.id.String()}
	default:
		message = &dom.ManagerStoreReadRequest{ModuleID: moduleID, Kind: dom.KindInstance, Query: dom.NewQuery(dom.InstanceExposers.ID.Equal(asked.id))}
	}
	response, err := slnet.Send1(ctx, c.Conn.SendSLNetMessages, message)
	if err != nil {
		return answer{}, err
	}
	crud := response.(*dom.ManagerStoreCrudResponse)
	switch {
	case len(crud.TraceData.ErrorData) > 0:
		return answer{reason: crud.TraceData.ErrorData[0].Reason}, nil
	case len(crud.Objects) == 0:
		return answer{}, nil
	case len(crud.Objects) > 1:
		return answer{}, errors.New("several instances were answered")
	}
	o, err := dom.DecodeObject(dom.KindInstance, crud.Objects[0])
	if err != nil {
		return answer{}, err
	}
	state, err := c.Schema.StateOf(o.(*dom.Instance))
	return answer{state: state}, err
}

// Linearizable reports whether there is an order of the calls of all clients, in
// accord with their times, in which one after the other would have answered the
// same.
func Linearizable(clients []*Client, patience time.Duration) bool {
	var history []porcupine.Operation
	for _, c := range clients {
		history = append(history, c.Calls...)
	}
	return porcupine.CheckOperationsTimeout(registerModel, history, patience) == porcupine.Ok
}

// registerModel is one instance; instances do not depend on each other.
var registerModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		by := make(map[dom.InstanceID][]porcupine.Operation)
		for _, o := range history {
			id := o.Input.(call).id
			by[id] = append(by[id], o)
		}
		var parts [][]porcupine.Operation
		for _, part := range by {
			parts = append(parts, part)
		}
		return parts
	},
	Init: func() any { return State{} },
	Step: func(state, input, output any) (bool, any) {
		want, next := step(state.(State), input.(call))
		return want == output.(answer), next
	},
}

// step is what a call must be answered in a state, and the state it leads to.
func step(is State, asked call) (answer, State) {
	there := is != State{}
	switch {
	case asked.kind == callRead:
		return answer{state: is}, is
	case asked.kind == callCreate && there:
		return answer{reason: dom.ErrObjectAlreadyExisted}, is
	case asked.kind == callCreate:
		is = State{Revision: 1, N: asked.n}
		return answer{state: is}, is
	case !there:
		return answer{reason: dom.ErrObjectDidNotExist}, is
	case asked.kind == callDelete:
		return answer{state: is}, State{}
	case asked.ifRevision != 0 && asked.ifRevision != is.Revision:
		return answer{reason: dom.ErrObjectChangedSinceRead}, is
	}
	is = State{Revision: is.Revision + 1, N: asked.n}
	return answer{state: is}, is
}
