package sdk

import (
	"sync"

	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

var registry = sync.OnceValue(func() *slnet.Registry {
	return slnet.NewRegistry(slnet.Messages(), dom.Messages())
})

// Registry returns the registry of all messages of the platform.
func Registry() *slnet.Registry { return registry() }
