package slnet

import "encoding/json"

// JSON is the text of one JSON value. It stands as it is in the JSON form of a
// message, and as bytes in MessagePack. Empty means that there is none.
type JSON []byte

// MarshalJSON implements json.Marshaler.
func (j JSON) MarshalJSON() ([]byte, error) {
	if len(j) == 0 {
		return []byte("null"), nil
	}
	return j, nil
}

// UnmarshalJSON implements json.Unmarshaler. The value null is the empty JSON.
func (j *JSON) UnmarshalJSON(b []byte) error {
	*j = nil
	if string(b) != "null" {
		*j = append(*j, b...)
	}
	return nil
}

// Valid returns an error unless j is empty or one JSON value of at most limit
// bytes; what names the value in it.
func (j JSON) Valid(what string, limit int) error {
	switch {
	case len(j) > limit:
		return Errorf(KindTooLarge, "%s is %d bytes of JSON; at most %d are allowed", what, len(j), limit)
	case len(j) > 0 && !json.Valid(j):
		return Errorf(KindInvalid, "%s is not JSON", what)
	}
	return nil
}
