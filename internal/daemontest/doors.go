package daemontest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/runtime/api"
	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

// doors are the ways to reach a daemon. All lead to the same answers.
var doors = []struct {
	name string
	open func(d *Daemon, token string) slnet.Connection
}{
	{"router", (*Daemon).As},
	{"http", (*Daemon).overHTTP},
	{"session", (*Daemon).inSession},
}

// EachDoor runs a test once for each way to reach a daemon, each time with a
// daemon of its own: in process, over HTTP, and through the session of a run.
// open returns the connection of a token.
func EachDoor(t *testing.T, test func(t *testing.T, d *Daemon, open func(token string) slnet.Connection)) {
	for _, door := range doors {
		t.Run(door.name, func(t *testing.T) {
			d := Start(t)
			test(t, d, func(token string) slnet.Connection {
				t.Helper()
				return door.open(d, token)
			})
		})
	}
}

// Listen serves HTTP as the program does, on a loopback port, and returns its
// host:port.
func (d *Daemon) Listen() string {
	d.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	server := api.NewServer(d.Handler(), api.ServerOptions{Logger: slog.New(slog.NewTextHandler(&d.log, nil))})
	go server.Serve(listener)
	d.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			d.t.Errorf("requests are still open: %v", err)
			server.Close()
		}
	})
	return listener.Addr().String()
}

// overHTTP returns a connection to the daemon's handler on a loopback port.
func (d *Daemon) overHTTP(token string) slnet.Connection {
	d.t.Helper()
	c, err := client.Dial(client.Options{Address: d.Listen(), Token: token})
	if err != nil {
		d.t.Fatal(err)
	}
	return c
}

// inSession starts a run, as the user of the token, of a script that passes on
// what it is sent over a socket, and returns a connection to that socket. So the
// messages of a test take the way of a script's.
func (d *Daemon) inSession(token string) slnet.Connection {
	d.t.Helper()
	conn, _ := d.relay(token, false)
	return conn
}

// InDryRun starts a dry run, as the user of the token, and returns a connection
// whose messages are those of its script. end ends the run and returns it.
func (d *Daemon) InDryRun(token string) (conn slnet.Connection, end func() slnet.Run) {
	d.t.Helper()
	return d.relay(token, true)
}

// relay starts a run, or a dry run, of the relay.
func (d *Daemon) relay(token string, dry bool) (slnet.Connection, func() slnet.Run) {
	d.t.Helper()
	// Not the test's own folder: a socket's path must be short.
	dir, err := os.MkdirTemp("", "relay")
	if err != nil {
		d.t.Fatal(err)
	}
	d.t.Cleanup(func() { os.RemoveAll(dir) })
	Send[*slnet.ScriptResponse](d.t, d.Administrator(), &slnet.DeployScriptMessage{
		Name: relayScript, Files: []slnet.ScriptFile{{Name: relayFile, Content: relaySource}},
		Manifest: "grants: {files: {write: [" + dir + "]}}",
	})
	listener, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		d.t.Fatal(err)
	}
	defer listener.Close()
	run := Send[*slnet.RunResponse](d.t, d.As(token), &slnet.ExecuteScriptMessage{
		ScriptName: relayScript, Async: true, DryRun: dry, Parameters: map[string]string{socketParameter: listener.Addr().String()},
	})
	conn, err := listener.Accept()
	if err != nil {
		d.t.Fatal(err)
	}
	c := newRelayConn(conn)
	d.t.Cleanup(c.close)
	return c, func() slnet.Run {
		d.t.Helper()
		c.close()
		return Send[*slnet.RunResponse](d.t, d.As(token), &slnet.GetRunMessage{ID: run.Run.ID, Wait: true}).Run
	}
}

// DeployPlugin deploys a plugin binary as the Administrator.
func (d *Daemon) DeployPlugin(name string, binary []byte) {
	d.t.Helper()
	DeployPluginAs(d.t, d.Administrator(), name, binary, "")
}

// DeployPluginAs deploys a plugin binary with a manifest.
func DeployPluginAs(t testing.TB, conn slnet.Connection, name string, binary []byte, manifest string) {
	t.Helper()
	upload := uuid.New()
	for at := 0; at == 0 || at < len(binary); at += slnet.MaxUploadPiece {
		piece := binary[at:min(at+slnet.MaxUploadPiece, len(binary))]
		Send[*slnet.Empty](t, conn, &slnet.UploadMessage{UploadID: upload, Offset: int64(at), Data: piece})
	}
	sum := sha256.Sum256(binary)
	Send[*slnet.ScriptResponse](t, conn, &slnet.DeployPluginMessage{Name: name, UploadID: upload, SHA256: hex.EncodeToString(sum[:]), Manifest: manifest})
}
