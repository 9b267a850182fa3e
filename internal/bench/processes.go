package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"domovoi.dev/internal/measure"
	"domovoi.dev/sdk/slnet"
)

// processes is the group of P11 and P13: the script of testdata/calls, deployed
// as source and as a plugin binary, and executed by the daemon as any other. The
// floor is the bare plugin of testdata/echo. It is a program of its own, because
// this one, with a daemon and an interpreter in it, starts slower.
//
// The worker that interprets the source is this program. It holds the same
// packages as domovoi does, command line apart.
type processes struct {
	*measure.House
	echo   string           // the bare plugin's binary
	caller slnet.Connection // who executes the script, and may do nothing else
	answer int              // bytes of the answer to a call
}

// The names the script is deployed under.
const (
	asSource = "calls as source"
	asPlugin = "calls as plugin"
)

// calls is how many calls of the engine are timed in one run.
const calls = 800

// answerBytes is how large the answer to a call is to be, as goals.md has it.
const answerBytes = 300

func processesGroup(ctx context.Context, h *measure.House) ([]*measure.Measure, error) {
	p, err := newProcesses(ctx, h, "")
	if err != nil {
		return nil, err
	}
	return []*measure.Measure{
		p.engineCall("P11 plugin", asPlugin),
		p.engineCall("P11 worker", asSource),
		p.coldStart("P13 plugin", asPlugin),
		p.coldStart("P13 worker", asSource),
	}, nil
}

// newProcesses builds and deploys the programs, the plugin with a manifest.
func newProcesses(ctx context.Context, h *measure.House, manifest string) (*processes, error) {
	p := &processes{House: h, echo: filepath.Join(h.Dir, "echo")}
	if err := build(ctx, p.echo, testdata+"echo"); err != nil {
		return nil, err
	}
	plugin := filepath.Join(h.Dir, "calls")
	if err := build(ctx, plugin, testdata+"calls"); err != nil {
		return nil, err
	}
	if err := p.deployPlugin(ctx, plugin, manifest); err != nil {
		return nil, err
	}
	if err := p.deploySource(ctx); err != nil {
		return nil, err
	}
	return p, p.addCaller(ctx)
}

// addCaller makes the user who executes the script, with names so long that
// the answer to "who am I" has as many bytes as wanted.
func (p *processes) addCaller(ctx context.Context) error {
	const name = "caller"
	group := text(32)
	answers, err := p.User.SendSLNetMessages(ctx,
		&slnet.CreateGroupMessage{Group: slnet.Group{Name: group, Permissions: []slnet.PermissionFlag{slnet.PermissionAutomationExecute}}},
		&slnet.CreateUserMessage{Name: name, Groups: []string{group}},
		&slnet.CreateTokenMessage{User: name})
	if err != nil {
		return err
	}
	token := answers[2].(*slnet.CreateTokenResponse)
	if p.caller, err = p.Daemon.Connect(ctx, token.Secret); err != nil {
		return err
	}
	short, err := p.whoAmI(ctx)
	if err != nil {
		return err
	}
	if short > answerBytes {
		return fmt.Errorf("the answer to a call has %d bytes, more than %d", short, answerBytes)
	}
	padding := text(answerBytes - short)
	if _, err := slnet.Send1(ctx, p.User.SendSLNetMessages, &slnet.UpdateUserMessage{Name: name, DisplayName: &padding}); err != nil {
		return err
	}
	p.answer, err = p.whoAmI(ctx)
	return err
}

// whoAmI is how many bytes the caller's answer to a call has in a run.
func (p *processes) whoAmI(ctx context.Context) (int, error) {
	answer, err := slnet.Send1(ctx, p.caller.SendSLNetMessages, &slnet.WhoAmIMessage{})
	if err != nil {
		return 0, err
	}
	answer.(*slnet.WhoAmIResponse).Token = nil // as in a run
	encoded, err := slnet.AppendMessages(nil, []slnet.Message{answer})
	return len(encoded), err
}

const testdata = "domovoi.dev/internal/bench/testdata/"

// build builds a program as a release is built.
func build(ctx context.Context, binary, program string) error {
	out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-ldflags", "-s -w", "-o", binary, program).CombinedOutput()
	if err != nil {
		return fmt.Errorf("build %s: %w\n%s", program, err, out)
	}
	return nil
}

func (p *processes) deploySource(ctx context.Context) error {
	folder, err := exec.CommandContext(ctx, "go", "list", "-f", "{{.Dir}}", testdata+"calls").Output()
	if err != nil {
		return fmt.Errorf("the folder of the script: %w", err)
	}
	content, err := os.ReadFile(filepath.Join(string(folder[:len(folder)-1]), "script.go"))
	if err != nil {
		return err
	}
	_, err = p.User.SendSLNetMessages(ctx, &slnet.DeployScriptMessage{
		Name: asSource, Files: []slnet.ScriptFile{{Name: "script.go", Content: string(content)}},
	})
	return err
}

func (p *processes) deployPlugin(ctx context.Context, binary, manifest string) error {
	content, err := os.ReadFile(binary)
	if err != nil {
		return err
	}
	var id [16]byte
	rand.Read(id[:])
	sum := sha256.Sum256(content)
	for at := 0; at < len(content); at += slnet.MaxUploadPiece {
		piece := content[at:min(at+slnet.MaxUploadPiece, len(content))]
		if _, err := p.User.SendSLNetMessages(ctx, &slnet.UploadMessage{UploadID: id, Offset: int64(at), Data: piece}); err != nil {
			return err
		}
	}
	_, err = p.User.SendSLNetMessages(ctx, &slnet.DeployPluginMessage{Name: asPlugin, UploadID: id, SHA256: hex.EncodeToString(sum[:]), Manifest: manifest})
	return err
}

// engineCall is P11. The call asks who the caller is, which the daemon answers
// from memory: what is measured is the way to it and back.
func (p *processes) engineCall(id, script string) *measure.Measure {
	return &measure.Measure{
		ID:      id,
		Work:    fmt.Sprintf("engine call with an answer of %d B, %s", p.answer, script),
		Counted: "encoding, the session there and back, the router, an answer from memory, decoding; mean of the calls of one run",
		Floor:   "go-plugin's connection, a gRPC stream, 300 B from the plugin to the host and back",
		Bound:   measure.AtMost(1.5),
		Unit:    measure.Latency,
		Ours: func(ctx context.Context, _ time.Duration) (float64, error) {
			output, err := p.run(ctx, script, calls)
			if err != nil {
				return 0, err
			}
			took, err := seconds(output["took"])
			return took / calls, err
		},
		Bare: func(ctx context.Context, _ time.Duration) (float64, error) {
			e, err := startEcho(p.echo)
			if err != nil {
				return 0, err
			}
			defer e.close()
			if _, err := e.talk(ctx, calls/10); err != nil {
				return 0, err
			}
			took, err := e.talk(ctx, calls)
			return took / calls, err
		},
	}
}

// coldStart is P13.
func (p *processes) coldStart(id, script string) *measure.Measure {
	return &measure.Measure{
		ID:      id,
		Work:    "request to start a run until its first engine call is answered, " + script,
		Counted: "the router, the synced commit of the run's record, the start of the process, loading the script, the session, the call; not the end of the run",
		Floor:   "go-plugin start of a program without an SDK in it, to the first message back and forth",
		Bound:   measure.AtMost(4),
		Unit:    measure.Latency,
		Ours: func(ctx context.Context, _ time.Duration) (float64, error) {
			began := time.Now()
			output, err := p.run(ctx, script, 0)
			if err != nil {
				return 0, err
			}
			first, err := seconds(output["first"])
			return first - float64(began.UnixNano())/1e9, err
		},
		Bare: func(ctx context.Context, _ time.Duration) (float64, error) {
			began := time.Now()
			e, err := startEcho(p.echo)
			if err != nil {
				return 0, err
			}
			defer e.close()
			if _, err := e.talk(ctx, 1); err != nil {
				return 0, err
			}
			return time.Since(began).Seconds(), nil
		},
	}
}

// run executes the script and returns its output.
func (p *processes) run(ctx context.Context, script string, calls int) (map[string]string, error) {
	answer, err := slnet.Send1(ctx, p.caller.SendSLNetMessages, &slnet.ExecuteScriptMessage{
		ScriptName: script, Parameters: map[string]string{"calls": strconv.Itoa(calls)},
	})
	if err != nil {
		return nil, err
	}
	run, ok := answer.(*slnet.RunResponse)
	if !ok || run.Run.State != slnet.RunSucceeded {
		return nil, fmt.Errorf("the run of %s ended with %+v", script, answer)
	}
	return run.Run.Output, nil
}
