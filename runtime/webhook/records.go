package webhook

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// The tables of the store.
var (
	hookTable     = storage.NewTable[hook]("webhooks")             // by id
	queueTable    = storage.NewTable[delivery]("webhook_queue")    // what is to be sent, by webhook and event
	logTable      = storage.NewTable[delivery]("webhook_log")      // what was sent, or given up, likewise
	positionTable = storage.NewTable[position]("webhook_position") // one record
)

type table = storage.Table[delivery, *delivery]

// hook is a webhook as it is stored.
type hook struct {
	Webhook slnet.Webhook `json:"Webhook"`
	Sealed  []byte        `json:"Sealed"`
	// From is the commit behind which it tells of events.
	From int64 `json:"From"`
}

// delivery is an event for a webhook.
type delivery struct {
	Key      string                `json:"Key"` // in the tables, behind the webhook
	Delivery slnet.WebhookDelivery `json:"Delivery"`
	Body     []byte                `json:"Body,omitempty"` // until it is over
}

// position is up to which commit the feed was looked at.
type position struct {
	Cursor int64 `json:"Cursor"`
}

const positionKey = "position"

// eventKey is the key of an event of a commit, in the order of events.
func eventKey(cursor slnet.Cursor, event int) string {
	return fmt.Sprintf("%016x-%04x", int64(cursor), event)
}

func get(r *storage.Reader, id uuid.UUID) (*hook, error) {
	h, err := hookTable.Get(r, id.String())
	if errors.Is(err, storage.ErrNotFound) {
		return nil, slnet.Errorf(slnet.KindNotFound, "there is no webhook %s", id)
	}
	return h, err
}

// hooks are all webhooks by id.
func hooks(r *storage.Reader) (list []*hook, err error) {
	err = hookTable.Scan(r, storage.Walk{}, func(h *hook) (bool, error) {
		list = append(list, h)
		return true, nil
	})
	return list, err
}

// keys are those of the deliveries of a webhook in a table.
func keys(r *storage.Reader, t table, id uuid.UUID) (list []string, err error) {
	err = t.Keys(r, storage.Walk{Prefix: []string{id.String()}}, func(key []string) (bool, error) {
		list = append(list, key[1])
		return true, nil
	})
	return list, err
}

func count(r *storage.Reader, t table, id uuid.UUID) (int64, error) {
	list, err := keys(r, t, id)
	return int64(len(list)), err
}

// clear deletes the deliveries of a webhook from a table.
func clear(tx *storage.Tx, t table, id uuid.UUID) error {
	list, err := keys(&tx.Reader, t, id)
	for _, key := range list {
		err = errors.Join(err, t.Delete(tx, id.String(), key))
	}
	return err
}
