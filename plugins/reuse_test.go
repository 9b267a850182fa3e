package plugins_test

import (
	"strings"
	"testing"

	"domovoi.dev/plugins"
	"domovoi.dev/sdk/plugin/session"
)

// carried gives one run of a user to a process of Prepare and releases it.
func carried(t *testing.T, host *plugins.Host, spec plugins.Spec, user string) (pid int, result plugins.Result, log string) {
	t.Helper()
	p, err := host.Prepare(t.Context(), spec, user)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Release()
	r := &recorder{send: echo}
	result, err = p.Run(t.Context(), r.run("name", user, "n", "3"))
	if err != nil {
		t.Fatal(err)
	}
	return p.PID(), result, r.text()
}

// A process in which a run left nothing carries the next run of the same version
// and the same user, and of no other.
func TestProcessServesTheNextRunOfItsUser(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Spares = 8 }) // none has to go for another
	spec := loaded("stateless hello")
	ann, result, first := carried(t, host, spec, "ann")
	again, next, second := carried(t, host, spec, "ann")
	if again != ann {
		t.Error("a process that was left clean did not carry the next run")
	}
	for _, line := range []string{"STDOUT hello from stdout\n", "STDERR hello from stderr\n", "INFO hello from the log"} {
		if strings.Count(first, line) != 1 || strings.Count(second, line) != 1 {
			t.Errorf("each run has its own lines in its log: %q and %q", first, second)
		}
	}
	if next.Usage.CPU <= 0 || next.Usage.CPU > result.Usage.CPU {
		t.Errorf("the first run took %v, with the start of the process, the second %v", result.Usage.CPU, next.Usage.CPU)
	}
	ben, _, _ := carried(t, host, spec, "ben")
	if ben == ann {
		t.Error("a process carried runs of two users")
	}
	other := spec
	other.Spare = "another version"
	if pid, _, _ := carried(t, host, other, "ann"); pid == ann || pid == ben {
		t.Error("a process carried runs of two versions")
	}
	// A run that is carried while there is a new version is the last of its process.
	p, err := host.Prepare(t.Context(), spec, "ann")
	if err != nil || p.PID() != ann {
		t.Fatalf("got process %d, want %d: %v", p.PID(), ann, err)
	}
	host.Retire(spec.Name)
	if result, err := p.Run(t.Context(), new(recorder).run()); err != nil || result.Failed {
		t.Errorf("%+v %v", result, err)
	}
	p.Release()
	vanishes(t, ann)
	vanishes(t, ben)
	if n := host.Spares(); n != 0 {
		t.Errorf("%d processes wait for runs of a script that has another version", n)
	}
}

// What a run leaves behind ends with its process.
func TestProcessThatIsNotCleanEnds(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Spares = 4 })
	for _, name := range []string{"hello", "stateless leaver", "stateless panic", "stateless os.Exit"} {
		spec := loaded(name)
		pid, _, _ := carried(t, host, spec, "ann")
		vanishes(t, pid)
	}
	// The goroutine of a script that ends with its run is nothing left behind.
	spec := loaded("stateless crowd")
	pid, result, _ := carried(t, host, spec, "ann")
	if again, _, _ := carried(t, host, spec, "ann"); result.Failed || again != pid {
		t.Errorf("processes %d and %d: %+v", pid, again, result)
	}
}

// A used process that died while it waited is no reason for a run to fail.
func TestProcessThatDiesBetweenRuns(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Spares = 4 })
	spec := loaded("stateless hello")
	pid, _, _ := carried(t, host, spec, "ann")
	host.KillSpares()
	if next, result, _ := carried(t, host, spec, "ann"); next == pid || result.Failed {
		t.Errorf("process %d after %d: %+v", next, pid, result)
	}
}

// Of a plugin binary nobody knows what it left behind, whatever it says.
func TestPluginSaysItIsClean(t *testing.T) {
	host := openHost(t, func(o *plugins.Options) { o.Spares = 4 })
	spec := sharing(t, "clean")
	pid, result, _ := carried(t, host, spec, "ann")
	if result.Failed {
		t.Errorf("%+v", result)
	}
	vanishes(t, pid)
}

func sayClean(stream sessionStream) error {
	return stream.Send(&session.ScriptMessage{Message: &session.ScriptMessage_Finished{Finished: &session.Finished{Reusable: true}}})
}
