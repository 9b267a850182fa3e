package api

import "net/http"

var statusOK = []byte(`{"status":"ok"}` + "\n")

// health is GET /healthz: the process lives, or nothing but a new start helps it.
func (e *edge) health(w http.ResponseWriter, r *http.Request, _ *caller) {
	if err := e.Alive(); err != nil {
		e.reply(w, r, nil, err)
		return
	}
	send(w, http.StatusOK, jsonForm.contentType, statusOK)
}

// ready is GET /readyz: the daemon can do its work, or says why not.
func (e *edge) ready(w http.ResponseWriter, r *http.Request, _ *caller) {
	if err := e.Ready(); err != nil {
		e.reply(w, r, nil, err)
		return
	}
	send(w, http.StatusOK, jsonForm.contentType, statusOK)
}
