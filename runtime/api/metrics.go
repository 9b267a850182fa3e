package api

import (
	"net/http"
	"time"

	"domovoi.dev/sdk/slnet"
)

// metricsType is the text format of Prometheus.
const metricsType = "text/plain; version=0.0.4; charset=utf-8"

// metrics is GET /metrics: the answer to a GetMetricsMessage of the caller, as
// Prometheus reads it.
func (e *edge) metrics(w http.ResponseWriter, r *http.Request, c *caller) {
	request := &slnet.GetMetricsMessage{}
	response, err := slnet.Send1(r.Context(), c.SendSLNetMessages, request)
	if err != nil {
		e.reply(w, r, nil, err)
		return
	}
	metrics, ok := response.(*slnet.MetricsResponse)
	if !ok {
		e.reply(w, r, nil, slnet.UnexpectedResponse(request, response))
		return
	}
	send(w, http.StatusOK, metricsType, []byte(metrics.Text))
}

// countedWriter remembers what is to be told of an answer.
type countedWriter struct {
	http.ResponseWriter
	edge   *edge
	route  string
	began  time.Time
	status int
}

// bare is the server's own writer, which package net/http asks for more than what
// http.ResponseWriter says.
func bare(w http.ResponseWriter) http.ResponseWriter {
	if counted, ok := w.(*countedWriter); ok {
		return counted.ResponseWriter
	}
	return w
}

// Unwrap is for http.ResponseController.
func (w *countedWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// WriteHeader implements http.ResponseWriter.
func (w *countedWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (w *countedWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// served tells of an answer that is complete, or of one that broke off before it
// began, which counts as a mistake of the daemon.
func (w *countedWriter) served() {
	status := w.status
	if status == 0 {
		status = http.StatusInternalServerError
	}
	w.edge.Served(w.route, status, time.Since(w.began))
}
