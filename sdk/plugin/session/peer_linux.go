package session

import (
	"fmt"
	"net"
	"syscall"
)

// peerOf is the process that connected to a unix socket, or that listens where
// one was connected to, see unix(7), SO_PEERCRED.
func peerOf(conn net.Conn) (pid int, known bool, err error) {
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return 0, false, fmt.Errorf("%s is no unix socket", conn.LocalAddr())
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return 0, false, err
	}
	var peer *syscall.Ucred
	var failed error
	err = raw.Control(func(fd uintptr) {
		peer, failed = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return 0, false, err
	}
	return int(peer.Pid), true, nil
}
