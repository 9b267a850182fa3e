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
