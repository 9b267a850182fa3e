package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"domovoi.dev/runtime"
	"domovoi.dev/sdk/client"
)

// daemon is a `domovoi serve` in a process of its own.
type daemon struct {
	cmd    *exec.Cmd
	log    bytes.Buffer
	client *client.Client // as the administrator
}

// startDaemon starts the program on a data directory and returns when it
// listens.
func startDaemon(ctx context.Context, program, dataDir string) (_ *daemon, err error) {
	d := &daemon{cmd: exec.CommandContext(ctx, program, "serve", "--data-dir", dataDir, "--address", "127.0.0.1:0")}
	d.cmd.Stderr = &d.log
	out, err := d.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := d.cmd.Start(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("%w\n%s", err, &d.log), d.cmd.Process.Kill())
		}
	}()
	lines := bufio.NewReader(out)
	line, err := lines.ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("the daemon did not say where it listens: %w", err)
	}
	go io.Copy(io.Discard, lines) // to the end of the process
	_, address, _ := strings.Cut(line, "http://")
	address, _, _ = strings.Cut(strings.TrimSpace(address), " ")
	secret, err := os.ReadFile(filepath.Join(dataDir, runtime.TokenFile))
	if err != nil {
		return nil, err
	}
	d.client, err = client.Dial(client.Options{Address: address, Token: strings.TrimSpace(string(secret))})
	return d, err
}

// stop ends the process as an operator does.
func (d *daemon) stop() error {
	err := errors.Join(d.client.Close(), d.cmd.Process.Signal(syscall.SIGTERM))
	if waited := d.cmd.Wait(); waited != nil {
		err = errors.Join(err, fmt.Errorf("the daemon ended with: %w\n%s", waited, &d.log))
	}
	return err
}

// resident is how many bytes of the process are in memory.
func (d *daemon) resident() (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", d.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(status), "VmRSS:")
	line, _, _ := strings.Cut(rest, "\n")
	kilobytes, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(line, "kB")))
	return float64(kilobytes) * 1024, err
}
