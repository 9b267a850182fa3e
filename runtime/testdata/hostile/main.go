// Command hostile is a plugin that tries what a plugin must not be able to do,
// as the parameter "try" says. What it could do is in its output as "done".
package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin"
)

func main() { plugin.Serve(plugin.Script{Run: run}) }

// run calls what "try" names and puts what came of it into the output.
func run(ctx context.Context, engine *sdk.Engine) error {
	parameter := engine.GetScriptParam
	daemon := os.Getppid()
	proc := func(name string) string { return fmt.Sprintf("/proc/%d/%s", daemon, name) }
	tries := map[string]map[string]func() error{
		"files": {
			"read the token":     func() error { return read(parameter("token")) },
			"read /etc/passwd":   func() error { return read("/etc/passwd") },
			"list /":             func() error { return list("/") },
			"list the processes": func() error { return list("/proc") },
			"list the sockets":   func() error { return list(parent(os.TempDir())) },
			"write a file":       func() error { return os.WriteFile(parameter("outside"), []byte("x"), 0o600) },
			"remove the token":   func() error { return os.Remove(parameter("token")) },
			"open up the token":  func() error { return os.Chmod(parameter("token"), 0o777) },
		},
		"network": {
			"tcp":          func() error { return dial("tcp", parameter("tcp")) },
			"udp":          func() error { return dial("udp", parameter("tcp")) },
			"unix":         func() error { return dial("unix", parameter("unix")) },
			"listen":       func() error { return listen() },
			"raw":          func() error { return socket(unix.AF_INET, unix.SOCK_RAW, unix.IPPROTO_ICMP) },
			"packets":      func() error { return socket(unix.AF_PACKET, unix.SOCK_RAW, 0) },
			"multipath":    func() error { return socket(unix.AF_INET, unix.SOCK_STREAM, unix.IPPROTO_MPTCP) },
			"unix, packet": func() error { return sendTo(parameter("unix")) },
		},
		"processes": {
			"memory of the daemon":  func() error { return read(proc("mem")) },
			"secrets of the daemon": func() error { return read(proc("environ")) },
			"trace the daemon":      func() error { return unix.PtraceAttach(daemon) },
			"read its memory":       func() error { return readMemory(daemon) },
			"kill the daemon":       func() error { return syscall.Kill(daemon, syscall.SIGKILL) },
			"kill everybody":        func() error { return syscall.Kill(-1, syscall.SIGKILL) },
			"kill its threads":      func() error { return unix.Tgkill(daemon, daemon, syscall.SIGKILL) },
			"hold the daemon": func() error {
				_, err := unix.PidfdOpen(daemon, 0)
				return err
			},
			"limit the daemon": func() error {
				return unix.Prlimit(daemon, unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 3, Max: 3}, nil)
			},
			"outlive the daemon": func() error { return unix.Prctl(unix.PR_SET_PDEATHSIG, 0, 0, 0, 0) },
			"leave the group": func() error {
				_, err := unix.Setsid()
				return err
			},
			"start a program": func() error { return exec.Command("/bin/true").Run() },
			"fork":            fork,
			"namespace":       func() error { return unix.Unshare(unix.CLONE_NEWUSER) },
			"mount":           func() error { return unix.Mount("none", os.TempDir(), "tmpfs", 0, "") },
		},
	}
	switch name := parameter("try"); name {
	case "exit":
		os.Exit(3)
	case "memory":
		for kept := [][]byte{}; ; {
			kept = append(kept, fill(1<<20))
		}
	default:
		for what, do := range tries[name] {
			text := "done"
			if err := do(); err != nil {
				text = err.Error()
			}
			engine.AddOrUpdateScriptOutput(what, text)
		}
	}
	return nil
}

func parent(path string) string { return path[:strings.LastIndexByte(path, '/')] }

func read(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Read(make([]byte, 1))
	return err
}

func list(path string) error {
	_, err := os.ReadDir(path)
	return err
}

func dial(network, address string) error {
	conn, err := net.Dial(network, address)
	if err != nil {
		return err
	}
	if _, err = conn.Write([]byte("x")); err != nil {
		return err
	}
	return conn.Close()
}

func listen() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	return l.Close()
}

func socket(family, kind, protocol int) error {
	fd, err := unix.Socket(family, kind, protocol)
	if err != nil {
		return err
	}
	return unix.Close(fd)
}

// sendTo sends a packet to a socket that it did not connect to.
func sendTo(path string) error {
	fd, err := unix.Socket(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	return errors.Join(unix.Sendto(fd, []byte("x"), 0, &unix.SockaddrUnix{Name: path}), unix.Close(fd))
}

func readMemory(pid int) error {
	b := make([]byte, 8)
	_, err := unix.ProcessVMReadv(pid, []unix.Iovec{{Base: &b[0], Len: 8}}, []unix.RemoteIovec{{Base: 0x400000, Len: 8}}, 0)
	return err
}

func fork() error {
	_, err := syscall.ForkExec("/proc/self/exe", []string{"x"}, nil)
	return err
}

func fill(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 1
	}
	return b
}
