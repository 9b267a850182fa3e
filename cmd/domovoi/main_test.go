package main

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"domovoi.dev/internal/leak"
	"domovoi.dev/plugins/sandbox"
)

func TestMain(m *testing.M) {
	// A daemon starts its workers from its own file, under another name than
	// the one testscript knows it by; so are the daemon of package sdktest and
	// the process of interpreted tests started.
	if len(os.Args) > 1 && slices.Contains([]string{sandbox.Verb, houseVerb, testsVerb}, os.Args[1]) {
		main()
		return
	}
	testscript.Main(leak.Checked(m), map[string]func(){"domovoi": main})
}

// TestScripts runs the stories in testdata: people at the command line of a
// real daemon. Beside the commands of testscript they have
//
//	daemon start [FLAG...]  start a daemon on $DOMOVOI_DATA_DIR and wait until it listens
//	daemon stop             end it with SIGTERM; it must exit with 0
//	daemon kill             end it with SIGKILL
//	code N COMMAND...       run a command, which must exit with N
//	await REGEXP COMMAND... repeat a command until its output matches
//	capture NAME REGEXP     set $NAME to the group of REGEXP in the last output
//	build DIR FILE          compile the program in testdata/DIR
//	readme FOLDER [done]    run the commands of a README; see readmeCommand
//	certificate HOST        write HOST.pem and HOST.key: a certificate that signs itself
//	https REGEXP HOST PATH  get a path of the daemon over TLS as HOST, trusting HOST.pem; its answer must match
//	get STATUS URL REGEXP   get a URL without a token; its answer must have the status and match
//	says TEXT               a line of the last output must contain TEXT, in which … stands for any text
//	page COMMAND [LINE...]  run a command of a page, see TestPageStories
//	toolchain               let commands use the go command as this test does, without a network
func TestScripts(t *testing.T) { testscript.Run(t, stories(testscript.Params{Dir: "testdata"})) }

// stories adds to the parameters of testscript what the stories need.
func stories(p testscript.Params) testscript.Params {
	return testscript.Params{
		Dir:                 p.Dir,
		Files:               p.Files,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DOMOVOI_DATA_DIR", filepath.Join(env.WorkDir, "house"))
			env.Setenv("TZ", "UTC")
			env.Values[daemonKey{}] = new(process)
			env.Values[tutorialsKey{}] = make(tutorials)
			env.Values[receiverKey{}] = new(receiver)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"daemon":  daemonCommand,
			"code":    codeCommand,
			"await":   awaitCommand,
			"capture": captureCommand,
			"build":   buildCommand,
			"page":    pageCommand,
			"says":    saysCommand,
			"get":     getCommand,
			"readme":  readmeCommand,

			"receiver": receiverCommand,

			"certificate": certificateCommand,
			"https":       httpsCommand,
			"toolchain":   toolchainCommand,
		},
	}
}

// patience bounds every wait of a story. It is far more than any takes.
const patience = time.Minute

type daemonKey struct{}

// process is the daemon of one story.
type process struct {
	cmd    *exec.Cmd
	ended  chan error
	stderr bytes.Buffer
	// said is the line with the address.
	said string
}

func daemonCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 || len(args) > 1 && args[0] != "start" {
		ts.Fatalf("usage: daemon start [FLAG...]|stop|kill")
	}
	p := ts.Value(daemonKey{}).(*process)
	switch args[0] {
	case "start":
		p.start(ts, args[1:])
	case "stop":
		if err := p.end(ts, syscall.SIGTERM); err != nil {
			ts.Fatalf("the daemon did not stop cleanly: %v\n%s", err, &p.stderr)
		}
	case "kill":
		p.end(ts, syscall.SIGKILL)
	default:
		ts.Fatalf("unknown: daemon %s", args[0])
	}
}

func (p *process) start(ts *testscript.TestScript, flags []string) {
	if p.cmd != nil {
		ts.Fatalf("the daemon runs already")
	}
	p.cmd = command(ts, "domovoi", append([]string{"serve", "--address", "127.0.0.1:0"}, flags...)...)
	p.cmd.Stderr = &p.stderr
	stdout, err := p.cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(p.cmd.Start())
	ts.Defer(func() {
		if p.cmd != nil {
			p.end(ts, syscall.SIGKILL)
		}
		ts.Logf("log of the daemon:\n%s", &p.stderr)
	})
	lines, ended := bufio.NewScanner(stdout), make(chan error, 1)
	p.ended = ended
	listening := make(chan string, 1)
	cmd := p.cmd
	go func() {
		for lines.Scan() {
			select {
			case listening <- lines.Text():
			default:
			}
		}
		ended <- cmd.Wait()
	}()
	select {
	case line := <-listening:
		ts.Logf("%s", line)
		p.said = line
		if !strings.Contains(line, "listening on http") {
			ts.Fatalf("the daemon said %q", line)
		}
	case err := <-ended:
		p.cmd = nil
		ts.Fatalf("the daemon ended: %v\n%s", err, &p.stderr)
	case <-time.After(patience):
		ts.Fatalf("the daemon does not listen")
	}
}

func (p *process) end(ts *testscript.TestScript, signal os.Signal) error {
	if p.cmd == nil {
		ts.Fatalf("no daemon runs")
	}
	cmd := p.cmd
	p.cmd = nil
	cmd.Process.Signal(signal)
	select {
	case err := <-p.ended:
		return err
	case <-time.After(patience):
		cmd.Process.Kill()
		<-p.ended
		return os.ErrDeadlineExceeded
	}
}

// command prepares a command in the story's own surroundings.
func command(ts *testscript.TestScript, name string, args ...string) *exec.Cmd {
	path := name
	for _, dir := range filepath.SplitList(ts.Getenv("PATH")) {
		if candidate := filepath.Join(dir, name); isFile(candidate) {
			path = candidate
			break
		}
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = ts.MkAbs(".")
	for _, key := range []string{"PATH", "HOME", "TMPDIR", "TZ", "DOMOVOI_DATA_DIR", "DOMOVOI_ADDRESS", "DOMOVOI_TOKEN", "DOMOVOI_CA_FILE"} {
		if value := ts.Getenv(key); value != "" {
			cmd.Env = append(cmd.Env, key+"="+value)
		}
	}
	return cmd
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// codeCommand runs a command and compares its exit code. Its output can be
// looked at like that of exec.
func codeCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code N COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		exit, ok := err.(*exec.ExitError)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = exit.ProcessState.String()
		if exit.Exited() {
			got = strings.TrimPrefix(got, "exit status ")
		}
	}
	if got != args[0] {
		ts.Fatalf("got exit code %s, want %s", got, args[0])
	}
}

func awaitCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: await REGEXP COMMAND...")
	}
	expression, err := regexp.Compile("(?m)" + args[0])
	ts.Check(err)
	for deadline := time.Now().Add(patience); ; {
		out, err := command(ts, args[1], args[2:]...).Output()
		if err == nil && expression.Match(out) {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%v does not come to print %q: %v\n%s", args[1:], args[0], err, out)
		}
	}
}

func getCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 3 {
		ts.Fatalf("usage: get STATUS URL REGEXP")
	}
	response, err := http.Get(args[1])
	ts.Check(err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	ts.Check(err)
	if !strings.HasPrefix(response.Status, args[0]) || !regexp.MustCompile("(?m)"+args[2]).Match(body) {
		ts.Fatalf("%s answers %s, want %s and %q:\n%.1000s", args[1], response.Status, args[0], args[2], body)
	}
}

func captureCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: capture NAME REGEXP")
	}
	expression, err := regexp.Compile("(?m)" + args[1])
	ts.Check(err)
	match := expression.FindStringSubmatch(ts.ReadFile("stdout"))
	if len(match) != 2 {
		ts.Fatalf("the output does not match %q with one group", args[1])
	}
	ts.Setenv(args[0], match[1])
}

func buildCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: build DIR FILE")
	}
	compile(ts, "./"+filepath.Join("testdata", args[0]), args[1])
}

// compile compiles a program into a file of the story, by way of a folder that
// stays, as package built has it.
func compile(ts *testscript.TestScript, program, file string) {
	kept, err := filepath.Abs(filepath.Join("..", "..", "bin", "test", "cmd", "domovoi", filepath.Base(program)))
	ts.Check(err)
	cmd := exec.Command("go", "build", "-buildvcs=false", "-ldflags=-s -w", "-o", kept, program)
	if out, err := cmd.CombinedOutput(); err != nil {
		ts.Fatalf("%v: %v\n%s", cmd.Args, err, out)
	}
	content, err := os.ReadFile(kept)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(file), content, 0o700))
}
