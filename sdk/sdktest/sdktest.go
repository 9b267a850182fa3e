// Package sdktest is for Go tests of scripts. It runs a daemon in memory, and
// calls the functions of a script with a real engine on it:
//
//	func TestRun(t *testing.T) {
//		house := sdktest.Open(t)
//		house.AddUser("ann", slnet.PermissionDomManager)
//		run := house.Run(Run, sdktest.Options{User: "ann", Input: Params{Customer: "acme"}})
//		if run.State != slnet.RunSucceeded {
//			t.Error(run.Errors)
//		}
//	}
//
// The daemon is a process of the program domovoi, which is found by the variable
// DOMOVOI or in PATH; "domovoi script test" sets the variable. The functions
// themselves are called in the process of the test, where a debugger sees them.
// So what they send has the rights of a user, but belongs to no run: the daemon
// has no record of one, and events do not name it.
package sdktest

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

// Program is the environment variable with the path of the program domovoi.
const Program = "DOMOVOI"

// Verb is the command of the program that is a daemon in memory. It writes a
// Greeting in one line of JSON, and ends with its standard input, after a check
// of its store: what that finds goes to standard error.
const Verb = "sdktest"

// Greeting is what the daemon says when it listens.
type Greeting struct {
	Address string
	Token   string
}

// House is a daemon that ends with the test.
type House struct {
	t     testing.TB
	hello Greeting

	mu    sync.Mutex
	users map[string]*client.Client // guarded by mu: by name; those with a token
}

// Open starts a daemon in memory, which has only the Administrator. At the end of
// the test its store is checked, and what is not sound fails the test.
func Open(t testing.TB) *House {
	t.Helper()
	program := os.Getenv(Program)
	if program == "" {
		found, err := exec.LookPath("domovoi")
		if err != nil {
			t.Fatalf("the program domovoi is not in PATH: set %s to where it is, or run the tests with \"domovoi script test\"", Program)
		}
		program = found
	}
	h := &House{t: t, users: make(map[string]*client.Client)}
	if err := h.start(program); err != nil {
		t.Fatal(err)
	}
	h.users[slnet.AdministratorName] = h.dial(h.hello.Token)
	return h
}

// patience bounds what the daemon may take to start and to end.
const patience = time.Minute

// start starts the daemon and reads what it says. The daemon ends with its
// standard input, so it does not outlive the process of the test.
func (h *House) start(program string) error {
	cmd := exec.Command(program, Verb)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return slnet.Errorf(slnet.KindUnavailable, "the daemon of the test cannot be started: %v", err)
	}
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		err = json.Unmarshal([]byte(line), &h.hello)
	}
	if err != nil {
		stdin.Close()
		waitErr := cmd.Wait()
		late.Stop()
		return slnet.Errorf(slnet.KindUnavailable, "%s is no program domovoi that can test scripts: %v\n%s", program, waitErr, stderr.String())
	}
	late.Stop()
	h.t.Cleanup(func() { h.stop(cmd, stdin, &stderr) })
	return nil
}

func (h *House) stop(cmd *exec.Cmd, stdin io.Closer, stderr *strings.Builder) {
	h.mu.Lock()
	for _, c := range h.users {
		c.Close()
	}
	h.mu.Unlock()
	stdin.Close()
	late := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer late.Stop()
	if err := cmd.Wait(); err != nil {
		h.t.Errorf("the daemon of the test: %v\n%s", err, stderr.String())
	}
}

func (h *House) dial(token string) *client.Client {
	h.t.Helper()
	c, err := client.Dial(client.Options{Address: h.hello.Address, Token: token})
	if err != nil {
		h.t.Fatal(err)
	}
	return c
}

// AddUser makes a user with permissions, and no others. Give
// slnet.PermissionAutomationExecute to one whose scripts start others.
func (h *House) AddUser(name string, permissions ...slnet.PermissionFlag) {
	h.t.Helper()
	admin := h.Connection("")
	group := name + " of the test"
	h.send(admin, &slnet.CreateGroupMessage{Group: slnet.Group{Name: group, Permissions: permissions}})
	h.send(admin, &slnet.CreateUserMessage{Name: name, Groups: []string{group}})
	created, ok := h.send(admin, &slnet.CreateTokenMessage{User: name}).(*slnet.CreateTokenResponse)
	if !ok {
		h.t.Fatal("the daemon has made no token")
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.users[name] = h.dial(created.Secret)
}

func (h *House) send(c *client.Client, message slnet.Message) slnet.Message {
	h.t.Helper()
	response, err := slnet.Send1(h.t.Context(), c.SendSLNetMessages, message)
	if err != nil {
		h.t.Fatalf("%s: %v", message.MessageName(), err)
	}
	return response
}

// Connection is what a user sends messages over; "" is the Administrator. A name
// that was not given to AddUser fails the test.
func (h *House) Connection(user string) *client.Client {
	h.t.Helper()
	if user == "" {
		user = slnet.AdministratorName
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	c, ok := h.users[user]
	if !ok {
		h.t.Fatalf("there is no user %q; make one with AddUser", user)
	}
	return c
}

// ModuleSettingsHelper is a helper with the rights of the Administrator, to
// prepare what a script works on and to look at what it did.
func (h *House) ModuleSettingsHelper() *dom.ModuleSettingsHelper {
	h.t.Helper()
	return dom.NewModuleSettingsHelper(h.Connection("").SendSLNetMessages)
}

// DomHelper is a helper for the objects of a module, likewise.
func (h *House) DomHelper(module string) *dom.DomHelper {
	h.t.Helper()
	return dom.NewDomHelper(h.Connection("").SendSLNetMessages, module)
}

// Deploy deploys source, for scripts that start others. It is checked and
// interpreted as on any daemon.
func (h *House) Deploy(name string, files ...slnet.ScriptFile) {
	h.t.Helper()
	h.send(h.Connection(""), &slnet.DeployScriptMessage{Name: name, Files: files})
}

// Events are all events of the daemon so far, in their order: what was created,
// updated and deleted, and information events.
func (h *House) Events() []slnet.Message {
	h.t.Helper()
	admin := h.Connection("")
	ctx, cancel := context.WithTimeout(h.t.Context(), patience)
	defer cancel()
	// The stream does not say where it is up to date, so an event of our own does.
	end := "end of the events " + uuid.NewString()
	h.send(admin, &slnet.GenerateInformationMessage{Text: end})
	stream, err := admin.Subscribe(ctx, slnet.Subscription{After: new(slnet.Cursor)})
	if err != nil {
		h.t.Fatal(err)
	}
	defer stream.Close()
	var list []slnet.Message
	for {
		event, err := stream.Next(ctx)
		if err != nil {
			h.t.Fatalf("after %d events: %v", len(list), err)
		}
		information, ok := event.Message.(*slnet.InformationEventMessage)
		switch {
		case ok && information.Text == end:
			return list
		case ok && strings.HasPrefix(information.Text, "end of the events "):
		default:
			list = append(list, event.Message)
		}
	}
}

// Information are the texts of the information events so far, in their order.
func (h *House) Information() []string {
	h.t.Helper()
	var texts []string
	for _, event := range h.Events() {
		if information, ok := event.(*slnet.InformationEventMessage); ok {
			texts = append(texts, information.Text)
		}
	}
	return texts
}
