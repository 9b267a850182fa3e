package main

import (
	"net"

	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/slnet"
)

// adminAddress reads --admin-address, nil for none.
func adminAddress(text string) (*net.TCPAddr, error) {
	if text == "" {
		return nil, nil
	}
	return api.AdminAddress(text)
}

// listenAdmin opens the admin port, nil for none.
func listenAdmin(text string) (net.Listener, error) {
	address, err := adminAddress(text)
	if address == nil || err != nil {
		return nil, err
	}
	listener, err := net.ListenTCP("tcp", address)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindUnavailable, "the admin port cannot be opened: %v", err)
	}
	return listener, nil
}
