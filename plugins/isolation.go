package plugins

import (
	"context"
	"os"
	"strings"
	"sync"

	"domovoi.dev/plugins/sandbox"
)

// probe finds out once what the sandbox can do on this machine.
var probe = sync.OnceValues(func() (sandbox.Means, error) {
	program, err := self()
	if err != nil {
		return sandbox.Means{}, err
	}
	return sandbox.Probe(context.Background(), program)
})

// Isolation names the means in force that keep scripts from harming the daemon
// and each other, in the words of a sentence each, and nothing that is not in
// force.
func (h *Host) Isolation() []string {
	list := []string{
		"each run has a process of its own, but for plugins whose manifest shares one between the runs of a user," +
			" and for scripts that can leave nothing in theirs for the next run of that user",
		"processes get nothing of the daemon's environment but " + strings.Join(DefaultEnv, ", ") +
			", and with a network grant " + strings.Join(NetworkEnv, ", "),
		"a run that exceeds its timeout is killed with all the processes it started",
	}
	add := func(inForce bool, means string) {
		if inForce {
			list = append(list, means)
		}
	}
	_, ok := sampleProcess(os.Getpid())
	add(ok, "a process that exceeds its memory or processor time, threads or processes is killed")
	means, err := probe()
	if err != nil {
		h.log.Warn("it is not known what the sandbox of scripts can do here", "op", "plugins.Isolation", "err", err)
	}
	add(means.Files, "a process opens no files but those granted, its own directory, and in plugins those of the system's libraries (Landlock)")
	add(means.Ports, "TCP connections are made to granted ports only (Landlock)")
	add(means.Calls, "sockets of networks, connections and new processes only where granted; no tracing, mounting, namespaces or kernel interfaces (seccomp)")
	add(means.Signals || means.Calls, "a process without a grant of processes signals no other")
	add(means.Signals, "a process with one signals only those it started (Landlock)")
	add(means.Privileges, "processes have none of the privileges of root, and cannot gain any")
	add(means.Limits, "open files, sizes of files and core dumps are limited")
	f, err := newSealed("probe")
	if err == nil {
		_ = f.Close()
	}
	add(err == nil && sandbox.ExecutesFiles, "a plugin is executed from a sealed copy of what was hashed")
	return list
}
