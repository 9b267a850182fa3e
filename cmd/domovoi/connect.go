package main

import (
	"context"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// daemonInfo is what a running daemon writes into its data directory, for the
// commands that look for it.
type daemonInfo struct {
	// Address is host:port, or an https URL when the daemon speaks TLS.
	Address string
	Pid     int
	// Certificate is in PEM what a daemon with TLS shows to those who ask for
	// api.LocalName.
	Certificate string `json:",omitempty"`
	// Admin is host:port of the admin port, empty when there is none.
	Admin string `json:",omitempty"`
}

func daemonFile(dataDir string) string { return filepath.Join(dataDir, "daemon.json") }

// administratorToken is the file with the token of the built-in user, which the
// daemon writes when it makes its data directory.
func administratorToken(dataDir string) string {
	return filepath.Join(dataDir, "administrator.token")
}

// connect returns a client for the daemon, with the token of whoever calls.
func (a *app) connect() (*client.Client, error) {
	options, own, err := a.findDaemon()
	if err != nil {
		return nil, err
	}
	if options.Token, err = a.findToken(own); err != nil {
		return nil, err
	}
	return client.Dial(options)
}

// findDaemon says where the daemon is and how it proves who it is, and whether
// it is the one of the data directory.
func (a *app) findDaemon() (options client.Options, own bool, err error) {
	if err := a.useContext(); err != nil {
		return options, false, err
	}
	info, infoErr := readDaemonInfo(a.dataDir)
	address := a.address
	if address == "" {
		address = a.env("DOMOVOI_ADDRESS")
	}
	switch {
	case infoErr == nil && (address == "" || address == info.Address || "https://"+address == info.Address):
		return a.ownDaemon(info)
	case address != "":
		options.Address = address
		options.RootCAs, err = a.authorities()
		return options, false, err
	}
	why := infoErr.Error()
	if errors.Is(infoErr, fs.ErrNotExist) {
		why = "there is no " + daemonFile(a.dataDir)
	}
	return options, false, slnet.Errorf(slnet.KindUnavailable,
		"no daemon is known: %s; start one with \"domovoi serve\", or say where one runs with --address, DOMOVOI_ADDRESS or --data-dir", why)
}

// ownDaemon is the daemon of the data directory.
func (a *app) ownDaemon(info daemonInfo) (options client.Options, own bool, err error) {
	options.Address = info.Address
	if info.Certificate != "" {
		options.RootCAs, options.ServerName = x509.NewCertPool(), api.LocalName
		if !options.RootCAs.AppendCertsFromPEM([]byte(info.Certificate)) {
			return options, false, slnet.Errorf(slnet.KindInvalid, "%s is damaged: its certificate cannot be read", daemonFile(a.dataDir))
		}
	}
	return options, true, nil
}

// authorities are those that the user trusts, nil for the system's.
func (a *app) authorities() (*x509.CertPool, error) {
	file := a.caFile
	if file == "" {
		file = a.env("DOMOVOI_CA_FILE")
	}
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, slnet.Errorf(slnet.KindInvalid, "the authorities to trust cannot be read: %v", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(b) {
		return nil, slnet.Errorf(slnet.KindInvalid, "%s has no certificate in PEM", file)
	}
	return pool, nil
}

func readDaemonInfo(dataDir string) (daemonInfo, error) {
	var info daemonInfo
	b, err := os.ReadFile(daemonFile(dataDir))
	if err != nil {
		return info, err
	}
	if err := json.Unmarshal(b, &info); err != nil || info.Address == "" {
		return info, fmt.Errorf("%s is damaged", daemonFile(dataDir))
	}
	return info, nil
}

// findToken returns the caller's token. The Administrator's is sent to no other
// daemon than the one it was found beside.
func (a *app) findToken(own bool) (string, error) {
	if a.tokenFile != "" {
		return readToken(a.tokenFile)
	}
	if token := a.env("DOMOVOI_TOKEN"); token != "" {
		return token, nil
	}
	const hint = "give one with --token-file or DOMOVOI_TOKEN; \"domovoi login\" makes one"
	if !own {
		return "", slnet.Errorf(slnet.KindUnauthenticated, "no token: %s", hint)
	}
	token, err := readToken(administratorToken(a.dataDir))
	if err != nil {
		return "", slnet.Errorf(slnet.KindUnauthenticated, "no token: %s (%v)", hint, err)
	}
	return token, nil
}

func readToken(file string) (string, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return "", slnet.Errorf(slnet.KindUnauthenticated, "the token cannot be read: %v", err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", slnet.Errorf(slnet.KindUnauthenticated, "the token file %s is empty", file)
	}
	return token, nil
}

// ask sends one message and returns its response.
func ask[Response slnet.Message](ctx context.Context, c *client.Client, message slnet.Message) (Response, error) {
	var none Response
	response, err := slnet.Send1(ctx, c.SendSLNetMessages, message)
	if err != nil {
		return none, err
	}
	typed, ok := response.(Response)
	if !ok {
		return none, slnet.UnexpectedResponse(message, response)
	}
	return typed, nil
}

// idOrName is what an argument says that can be the id of something or its name;
// the other one is zero.
func idOrName(text string) (id uuid.UUID, name string) {
	if id, err := uuid.Parse(text); err == nil {
		return id, ""
	}
	return uuid.Nil, text
}

// request connects and sends one message.
func request[Response slnet.Message](ctx context.Context, a *app, message slnet.Message) (Response, error) {
	c, err := a.connect()
	if err != nil {
		var none Response
		return none, err
	}
	defer c.Close()
	return ask[Response](ctx, c, message)
}
