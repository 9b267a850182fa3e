package api

import (
	"net/http"
	"time"
)

// NewWithHeartbeat is New with another time between signs of life.
func NewWithHeartbeat(o Options, heartbeat time.Duration) http.Handler {
	e := newEdge(o)
	e.heartbeat = heartbeat
	return e
}

// Routes are the paths of all routes of an edge, each with its method.
func Routes(o Options) map[string]string {
	methods := make(map[string]string)
	for path, route := range newEdge(o).routes {
		methods[path] = ""
		if route.methods != nil {
			methods[path] = route.methods[0]
		}
	}
	return methods
}
