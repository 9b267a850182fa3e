// Package leak fails the tests of a package that leave goroutines or processes
// behind. A test package that can start either has
//
//	func TestMain(m *testing.M) { leak.Main(m) }
//
// or calls daemontest.Main, which does the same; internal/lint says which do not.
package leak

import (
	"bytes"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"
)

// patience is how long what was stopped may take to end. Tests that leave nothing
// do not wait for it.
const patience = 10 * time.Second

// Tests are the tests of a package, such as a *testing.M.
type Tests interface{ Run() int }

// Main runs the tests of a package and exits. Tests that passed fail when they
// leave goroutines or child processes.
func Main(m Tests) { os.Exit(Checked(m).Run()) }

// Checked returns tests that are checked as Main does it, for another Main to run.
func Checked(m Tests) Tests { return checked{m} }

type checked struct{ Tests }

func (c checked) Run() int {
	before := goroutines()
	if code := c.Tests.Run(); code != 0 {
		return code
	}
	// The connections that a test kept open to a server of its own are no leak.
	http.DefaultClient.CloseIdleConnections()
	if left := wait(before, patience); left != "" {
		fmt.Fprintf(os.Stderr, "the tests passed, but leave behind:\n\n%s\n", left)
		return 1
	}
	return 0
}

// wait returns what is left after all that was stopped had its time to end.
func wait(before map[string]bool, patience time.Duration) string {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for deadline := time.Now().Add(patience); ; <-pause.C {
		left := strings.Join(slices.Concat(children(), since(before)), "\n\n")
		if left == "" || time.Now().After(deadline) {
			return left
		}
	}
}

// ofTheProcess are functions whose goroutines belong to the process: they are
// started once and never end.
var ofTheProcess = []string{
	"os/signal.loop(",
	"os/signal.signal_recv(",
	"runtime.ensureSigM.",
}

// since returns the stacks of the goroutines that were not there before.
func since(before map[string]bool) (stacks []string) {
	for id, stack := range stacksByID() {
		if !before[id] && !slices.ContainsFunc(ofTheProcess, func(f string) bool { return strings.Contains(stack, f) }) {
			stacks = append(stacks, stack)
		}
	}
	if slices.ContainsFunc(stacks, stopped) {
		stacks = slices.DeleteFunc(stacks, func(stack string) bool {
			return stopped(stack) || strings.Contains(stack, "/pebblekv.") || strings.Contains(stack, "/cockroachdb/pebble/")
		})
	}
	slices.Sort(stacks)
	return stacks
}

// stopped reports whether a goroutine is held for ever because its store has failed:
// Pebble would end the process, so pebblekv keeps its goroutines from going on. In
// tests that make stores fail, those of Pebble say nothing.
func stopped(stack string) bool {
	return strings.Contains(stack, "[select (no cases)") && strings.Contains(stack, "/pebblekv.(*guard).")
}

func goroutines() map[string]bool {
	ids := make(map[string]bool)
	for id := range stacksByID() {
		ids[id] = true
	}
	return ids
}

// stacksByID returns the stacks of all goroutines by their number.
func stacksByID() map[string]string {
	b := make([]byte, 64<<10)
	n := runtime.Stack(b, true)
	for ; n == len(b); n = runtime.Stack(b, true) { // it may be cut
		b = make([]byte, 2*len(b))
	}
	stacks := make(map[string]string)
	for stack := range bytes.SplitSeq(b[:n], []byte("\n\n")) {
		// goroutine 7 [running]:
		if fields := strings.Fields(string(stack)); len(fields) > 1 {
			stacks[fields[1]] = strings.TrimSpace(string(stack))
		}
	}
	return stacks
}

// children returns the processes whose parent this one is, also those that have
// ended and that nobody has waited for. Where there is no /proc it knows of none.
func children() (found []string) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			continue // it has ended
		}
		// 7 (name) S 1 ...; the name can have anything in it.
		end := bytes.LastIndexByte(status, ')')
		fields := strings.Fields(string(status[end+1:]))
		if end < 0 || len(fields) < 2 || fields[1] != strconv.Itoa(os.Getpid()) {
			continue
		}
		command, _ := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
		found = append(found, fmt.Sprintf("process %s, in state %s: %s", status[:end+1], fields[0], bytes.ReplaceAll(command, []byte{0}, []byte{' '})))
	}
	return found
}
