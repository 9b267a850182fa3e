package api

import (
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"
)

// DefaultMaxConnections is the most connections of a server when ServerOptions
// does not say otherwise.
const DefaultMaxConnections = 4096

// ServerOptions say how a server meets the network.
type ServerOptions struct {
	// TLS encrypts; nil means plain HTTP. See NewTLS.
	TLS *tls.Config
	// MaxConnections is the most connections at a time; 0 means
	// DefaultMaxConnections.
	MaxConnections int
	// Logger receives what goes wrong with connections. Nil means slog.Default.
	Logger *slog.Logger
}

// NewServer returns an HTTP server, for HTTP/1 and over TLS also HTTP/2, with
// bounds on all that a peer could hold for ever: the time for a handshake, for
// the header of a request and between two requests, the size of a header, the
// requests of one connection at a time, and the number of connections. Times of
// reading and writing a body are the handler's matter, which knows how large it
// is and what it waits for; WriteTimeout is what holds where the handler does
// not say otherwise. With TLS call ServeTLS with empty file names.
func NewServer(handler http.Handler, o ServerOptions) *http.Server {
	if o.MaxConnections == 0 {
		o.MaxConnections = DefaultMaxConnections
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	connections := &connections{most: o.MaxConnections, idle: make(map[net.Conn]time.Time), busy: make(map[net.Conn]bool)}
	return &http.Server{
		Handler:           handler,
		TLSConfig:         o.TLS,
		ReadHeaderTimeout: 10 * time.Second, // also for the handshake of TLS
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		// The edge answers OPTIONS itself, with the headers of all answers.
		DisableGeneralOptionsHandler: true,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 256,
			SendPingTimeout:      time.Minute,
			PingTimeout:          writeTimeout,
			WriteByteTimeout:     writeTimeout,
		},
		ConnState: connections.changed,
		ErrorLog:  slog.NewLogLogger(o.Logger.Handler(), slog.LevelWarn),
	}
}

// connections bounds the connections of a server. When there is one too many,
// the one that has been without a request for the longest is closed, so that
// connections that only wait keep nobody out; when all are at work, the new one.
type connections struct {
	most int

	mu   sync.Mutex
	idle map[net.Conn]time.Time // guarded by mu: without a request, since when
	busy map[net.Conn]bool      // guarded by mu
}

// changed is the ConnState of the server.
func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.idle, conn)
	delete(c.busy, conn)
	switch state {
	case http.StateNew:
		if len(c.idle)+len(c.busy) >= c.most && !c.closeOldest() {
			cut(conn)
			return
		}
		c.idle[conn] = time.Now()
	case http.StateIdle:
		c.idle[conn] = time.Now()
	case http.StateActive:
		c.busy[conn] = true
	}
}

// closeOldest closes the connection that has waited for the longest, if any
// waits. The caller holds mu.
func (c *connections) closeOldest() bool {
	var oldest net.Conn
	for conn, since := range c.idle {
		if oldest == nil || since.Before(c.idle[oldest]) {
			oldest = conn
		}
	}
	if oldest == nil {
		return false
	}
	delete(c.idle, oldest)
	cut(oldest)
	return true
}

// cut closes a connection without the farewell of TLS, for which the peer could
// make us wait.
func cut(conn net.Conn) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	conn.Close()
}
