package api

import (
	"net/http"
	"time"
)

var statusOK = []byte(`{"status":"ok"}` + "\n")

// health is GET /healthz: the process lives, or nothing but a new start helps it.
func (e *edge) health(w http.ResponseWriter, r *http.Request, _ *caller) {
	if err := e.Alive(); err != nil {
		e.reply(w, r, nil, err)
		return
	}
	send(w, http.StatusOK, jsonForm.contentType, statusOK)
}

// readyAgain is when to ask again whether a daemon is ready that will be by itself.
const readyAgain = 5 * time.Second

// ready is GET /readyz: the daemon can do its work, or says why not.
func (e *edge) ready(w http.ResponseWriter, r *http.Request, _ *caller) {
	if err := e.Ready(); err != nil {
		if e.Alive() == nil {
			err = &Later{readyAgain, err}
		}
		e.reply(w, r, nil, err)
		return
	}
	send(w, http.StatusOK, jsonForm.contentType, statusOK)
}
