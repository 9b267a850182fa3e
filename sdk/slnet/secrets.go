package slnet

import "time"

// Secret is a text that scripts may read and people may only replace: a
// password or key for another system.
type Secret struct {
	// Name has letters, digits and _ - . only. Case does not count.
	Name string `json:"Name"`
	// Scripts are the scripts whose runs may read it: names, or the beginning of
	// names followed by *.
	Scripts   []string  `json:"Scripts,omitempty"`
	ChangedAt time.Time `json:"ChangedAt,omitzero"`
	ChangedBy string    `json:"ChangedBy,omitempty"`
}

// SetSecretMessage makes a secret or changes what is given of it. A new one needs
// a Value. Answered with SecretResponse, which does not carry the value: nobody
// but the runs of Scripts gets it back.
type SetSecretMessage struct {
	Name string `json:"Name"`
	// Value has at most 65,536 bytes.
	Value *string `json:"Value,omitempty"`
	// Scripts replaces the scripts that may read it, where SetScripts is set.
	Scripts    []string `json:"Scripts,omitempty"`
	SetScripts bool     `json:"SetScripts,omitempty"`
}

// DeleteSecretMessage deletes a secret. Answered with Empty.
type DeleteSecretMessage struct {
	Name string `json:"Name"`
}

// GetSecretsMessage asks for all secrets by name, without their values. Answered
// with SecretsResponse.
type GetSecretsMessage struct{}

// GetSecretValueMessage asks for the value of a secret. Only a run of a script
// that the secret names may send it, and each time it does is audited. Answered
// with SecretValueResponse.
type GetSecretValueMessage struct {
	Name string `json:"Name"`
}

// SecretResponse carries one secret without its value.
type SecretResponse struct {
	Secret Secret `json:"Secret"`
}

// SecretsResponse carries secrets without their values.
type SecretsResponse struct {
	Secrets []Secret `json:"Secrets"`
}

// SecretValueResponse carries the value of a secret.
type SecretValueResponse struct {
	Value string `json:"Value"`
}
