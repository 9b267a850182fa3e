package api

import (
	"context"
	"net"
	"net/http"
	"net/http/pprof"

	"domovoi.dev/sdk/slnet"
)

// NewAdmin returns the handler of the admin port, which asks nobody who they are
// and must be served on a loopback address:
//
//	GET /metrics       the metrics, for Prometheus
//	GET /debug/pprof/  the profiles of package net/http/pprof
//
// It answers only requests that name a loopback address as their host, so that no
// page in a browser of this machine reaches it by a name of its own.
func NewAdmin(metrics func(context.Context) (string, error)) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /metrics", func(w http.ResponseWriter, r *http.Request) {
		text, err := metrics(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		send(w, http.StatusOK, metricsType, []byte(text))
	})
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cross-Origin-Resource-Policy", "same-origin")
		if !namesLoopback(r.Host) {
			http.Error(w, "the admin port answers only requests to a loopback address", http.StatusForbidden)
			return
		}
		mux.ServeHTTP(w, r)
	})
}

// namesLoopback reports whether a Host header is a loopback address or localhost.
func namesLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// AdminAddress reads the address of an admin port, which must be a loopback one.
func AdminAddress(text string) (*net.TCPAddr, error) {
	host, _, err := net.SplitHostPort(text)
	if err == nil && host == "" {
		return nil, slnet.Errorf(slnet.KindInvalid, "the address %q of the admin port has no host; 127.0.0.1 is one that other machines do not reach", text)
	}
	address, err := net.ResolveTCPAddr("tcp", text)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the address of the admin port: %v", err)
	}
	if !address.IP.IsLoopback() {
		return nil, slnet.Errorf(slnet.KindInvalid, "%s is not a loopback address; the admin port asks nobody who they are, so other machines must not reach it", text)
	}
	return address, nil
}
