package sdk

import (
	"context"

	"domovoi.dev/sdk/slnet"
)

// Memory is what a script remembers from run to run: texts by key. All runs of
// the script share it, in all versions, whoever's rights they have. A key has 1
// to slnet.MaxMemoryKey characters, a text at most slnet.MaxMemoryValue bytes,
// and there are at most slnet.MaxMemoryKeys keys.
type Memory struct{ engine *Engine }

// Memory returns the memory of the script. It sends nothing until it is used.
func (e *Engine) Memory() *Memory { return &Memory{e} }

// Get returns the text under a key, "" when there is none.
func (m *Memory) Get(ctx context.Context, key string) (string, error) {
	response, err := ask[*slnet.MemoryResponse](ctx, m.engine, &slnet.GetMemoryMessage{Key: key})
	if err != nil {
		return "", err
	}
	return response.Value, nil
}

// Set remembers a text. It is durable when Set returns.
func (m *Memory) Set(ctx context.Context, key, value string) error {
	_, err := ask[*slnet.SetMemoryResponse](ctx, m.engine, &slnet.SetMemoryMessage{Key: key, Value: value})
	return err
}

// SetIf remembers a text if the one under the key is still old, where "" stands
// for none, and reports whether it did. Of two runs that change a text on the
// base of what they read, one is told so, and reads it again:
//
//	for set := false; !set; {
//		old, err := memory.Get(ctx, "cursor")
//		if err != nil {
//			return err
//		}
//		if set, err = memory.SetIf(ctx, "cursor", old, next(old)); err != nil {
//			return err
//		}
//	}
func (m *Memory) SetIf(ctx context.Context, key, old, value string) (bool, error) {
	response, err := ask[*slnet.SetMemoryResponse](ctx, m.engine, &slnet.SetMemoryMessage{Key: key, Value: value, Old: &old})
	if err != nil {
		return false, err
	}
	return response.Set, nil
}

// Delete forgets the text under a key; there need not be one.
func (m *Memory) Delete(ctx context.Context, key string) error {
	_, err := ask[*slnet.Empty](ctx, m.engine, &slnet.DeleteMemoryMessage{Key: key})
	return err
}

// Keys returns all keys, in their order by bytes.
func (m *Memory) Keys(ctx context.Context) ([]string, error) {
	response, err := ask[*slnet.MemoryKeysResponse](ctx, m.engine, new(slnet.GetMemoryKeysMessage))
	if err != nil {
		return nil, err
	}
	return response.Keys, nil
}
