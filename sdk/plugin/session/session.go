// Package session is the protocol between a daemon and a script in a process of
// its own, as session.proto documents it, and the conversions between its types
// and those of the SDK. Only package plugin and the daemon's side of the process
// boundary use it; nobody else sees wire types.
package session

import (
	goplugin "github.com/hashicorp/go-plugin"
)

// ProtocolVersion is the version of the session protocol. It changes only when
// an older side could not work with a newer one at all.
const ProtocolVersion = 1

// PluginName is the name go-plugin knows the Script service by.
const PluginName = "script"

// Handshake is what host and script must agree on. The cookie tells a process
// that a daemon started it; it is no secret and protects nothing.
var Handshake = goplugin.HandshakeConfig{
	ProtocolVersion:  ProtocolVersion,
	MagicCookieKey:   "DOMOVOI_SCRIPT",
	MagicCookieValue: "a38f1d0c-session",
}

// HostPIDVariable is the environment variable with the process id of the host.
// A process whose parent is another one was orphaned while it started, and ends.
const HostPIDVariable = "DOMOVOI_HOST_PID"

// SharedVariable is the environment variable that is 1 in a process that carries
// several runs at a time.
const SharedVariable = "DOMOVOI_SHARED"

const (
	// MaxRequests is how many requests of a run may be unanswered at a time.
	MaxRequests = 64
	// MaxSubscriptions is how many subscriptions a run may have at a time.
	MaxSubscriptions = 64
	// MaxPayloadBytes bounds the payload of a request, response or event.
	MaxPayloadBytes = 32 << 20
	// MaxMessageBytes bounds a message of the transport: a payload and what is
	// around it. A side that sends more breaks the session.
	MaxMessageBytes = MaxPayloadBytes + 1<<20
	// WindowBytes is how much a side takes of a session, and of a connection, before
	// it is read. It is fixed: gRPC would find out by itself how much pays, with a
	// ping and its answer beside nearly each message.
	WindowBytes = 1 << 20
	// EventWindow is how many events a subscription may have under way.
	EventWindow = 64
	// MaxLogText bounds the text of one log line; what is longer is cut.
	MaxLogText = 32 << 10
	// CutMark ends the text of a line that was cut.
	CutMark = " ... (cut)"
	// MaxLogLine bounds a line of the log as it is written to standard error: a
	// text that is all escapes, and what is around it.
	MaxLogLine = 6*MaxLogText + 1<<10
)
