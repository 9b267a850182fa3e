package session

import (
	"context"
	"fmt"
	"net"

	"google.golang.org/grpc/credentials"
)

// PeerCredentials are the transport credentials of both sides. The socket of a
// process can be found by every program of the daemon's user; so each side takes
// the other for who it is only when the kernel says so: that process, and no
// other. Process returns its id, and is asked when a connection is made.
//
// The kernel is asked on Linux. Elsewhere any process is taken; there the
// permissions of the socket's directory are all that keeps others out.
func PeerCredentials(process func() int) credentials.TransportCredentials {
	return peerCredentials{process}
}

type peerCredentials struct{ process func() int }

// ClientHandshake implements credentials.TransportCredentials.
func (c peerCredentials) ClientHandshake(_ context.Context, _ string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return c.check(conn)
}

// ServerHandshake implements credentials.TransportCredentials.
func (c peerCredentials) ServerHandshake(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return c.check(conn)
}

func (c peerCredentials) check(conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	pid, known, err := peerOf(conn)
	if err != nil {
		return nil, nil, fmt.Errorf("who is at the other end of the socket is not known: %w", err)
	}
	if want := c.process(); known && pid != want {
		return nil, nil, fmt.Errorf("process %d is at the other end of the socket; want process %d", pid, want)
	}
	return conn, peer{credentials.CommonAuthInfo{SecurityLevel: credentials.NoSecurity}}, nil
}

// peer is what is known of the other side: no more than what was checked.
type peer struct{ credentials.CommonAuthInfo }

// AuthType implements credentials.AuthInfo.
func (peer) AuthType() string { return peerProtocol }

const peerProtocol = "peer"

// Info implements credentials.TransportCredentials.
func (c peerCredentials) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: peerProtocol}
}

// Clone implements credentials.TransportCredentials.
func (c peerCredentials) Clone() credentials.TransportCredentials { return c }

// OverrideServerName implements credentials.TransportCredentials.
func (peerCredentials) OverrideServerName(string) error { return nil }
