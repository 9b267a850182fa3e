package api

import "net/http"

var statusOK = []byte(`{"status":"ok"}` + "\n")

// health is GET /healthz: whoever gets an answer has reached a live process.
func (e *edge) health(w http.ResponseWriter, _ *http.Request, _ *caller) {
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
