package secrets

import (
	"time"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// table has the secrets by folded name.
var table = storage.NewTable[record]("secrets")

// record is a stored secret.
type record struct {
	Name string `json:"Name"`
	// Sealed is the encrypted value: see cipherKey.seal.
	Sealed    []byte    `json:"Sealed"`
	Scripts   []string  `json:"Scripts,omitempty"`
	ChangedAt time.Time `json:"ChangedAt"`
	ChangedBy string    `json:"ChangedBy"`
}

func (r *record) secret() slnet.Secret {
	return slnet.Secret{Name: r.Name, Scripts: r.Scripts, ChangedAt: r.ChangedAt, ChangedBy: r.ChangedBy}
}
