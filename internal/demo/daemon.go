package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"domovoi.dev/sdk/client"
)

// daemon is a process of the program, with its own data directory.
type daemon struct {
	program, data, address string

	process *exec.Cmd
	stderr  bytes.Buffer  // complete when ended is closed
	ended   chan struct{} // closed when the process was waited for
	err     error         // how it ended; set before ended is closed
}

// start starts a daemon on a free port and waits until it listens.
func start(ctx context.Context, program, data string) (*daemon, error) {
	d := &daemon{program: program, data: data, ended: make(chan struct{})}
	got := make(chan string, 1)
	d.process = exec.Command(program, "serve", "--data-dir", data, "--address", "127.0.0.1:0")
	d.process.Stdout, d.process.Stderr = &firstLine{got: got}, &d.stderr
	// In a process group of its own an interrupt reaches it through us only.
	d.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := d.process.Start(); err != nil {
		return nil, err
	}
	go func() {
		d.err = d.process.Wait()
		close(d.ended)
	}()
	var err error
	select {
	case line := <-got:
		_, rest, _ := strings.Cut(line, "http://")
		d.address, _, _ = strings.Cut(rest, " ")
		if d.address != "" {
			return d, nil
		}
		err = fmt.Errorf("the daemon said %q, which has no address", line)
	case <-d.ended:
		err = fmt.Errorf("the daemon ended at once: %w\n%s", d.err, d.stderr.String())
	case <-ctx.Done():
		err = fmt.Errorf("the daemon did not start: %w", ctx.Err())
	}
	return nil, errors.Join(err, d.kill())
}

// firstLine passes on the first line that is written to it.
type firstLine struct {
	text []byte
	got  chan<- string // nil once it has the line
}

func (f *firstLine) Write(p []byte) (int, error) {
	if f.text = append(f.text, p...); f.got != nil {
		if line, _, found := bytes.Cut(f.text, []byte("\n")); found {
			f.got <- string(line)
			f.got = nil
		}
	}
	return len(p), nil
}

// connect returns a client that acts as the user of a token.
func (d *daemon) connect(token string) (*client.Client, error) {
	return client.Dial(client.Options{Address: d.address, Token: token})
}

// token is the first token of the Administrator.
func (d *daemon) token() (string, error) {
	b, err := os.ReadFile(filepath.Join(d.data, "administrator.token"))
	return strings.TrimSpace(string(b)), err
}

// command runs a command of the program as the Administrator and returns what it
// printed.
func (d *daemon) command(ctx context.Context, args ...string) (string, error) {
	var out, problem bytes.Buffer
	c := exec.CommandContext(ctx, d.program, append([]string{"--data-dir", d.data}, args...)...)
	c.Stdout, c.Stderr = &out, &problem
	c.Env = append(os.Environ(), "DOMOVOI_ADDRESS=", "DOMOVOI_TOKEN=")
	if err := c.Run(); err != nil {
		return "", fmt.Errorf("domovoi %s: %w\n%s", strings.Join(args, " "), err, problem.String())
	}
	return out.String(), nil
}

// patience is what a daemon gets to stop before it is killed.
const patience = 20 * time.Second

// stop ends the daemon by SIGTERM. It must end by itself, without an error, and
// leave nobody a way to it.
func (d *daemon) stop() error {
	if err := d.process.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	select {
	case <-d.ended:
	case <-time.After(patience):
		return fmt.Errorf("the daemon did not stop within %s", patience)
	}
	if d.err != nil {
		return fmt.Errorf("the daemon ended with %w\n%s", d.err, d.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(d.data, "daemon.json")); err == nil {
		return errors.New("the daemon has stopped, and daemon.json still says where it listens")
	}
	return nil
}

// kill makes sure that the daemon has ended, whatever came before.
func (d *daemon) kill() error {
	select {
	case <-d.ended:
		return nil
	default:
	}
	_ = d.process.Process.Signal(syscall.SIGTERM)
	select {
	case <-d.ended:
		return nil
	case <-time.After(patience):
	}
	err := d.process.Process.Kill()
	<-d.ended
	return err
}
