package measure

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// Settings say how to measure. Programs that measure have the same flags.
type Settings struct {
	Only      []string // ids; empty means all
	Dir       string   // data is put below it
	Rounds    int
	Slot      time.Duration
	Instances int
	Results   string // the file for the report; empty writes none

	cpuProfile, memoryProfile string
}

// Flags adds the flags. instances says what the number of instances is for, and
// many how many there are unless told.
func (s *Settings) Flags(flags *flag.FlagSet, many int, instances string) {
	flags.Func("only", "measure only these `ids`, with commas between; the results file is then not written", func(ids string) error {
		s.Only = strings.Split(ids, ",")
		return nil
	})
	flags.StringVar(&s.Dir, "dir", os.TempDir(), "put data below this `directory`; it should be on a disk that counts")
	flags.IntVar(&s.Rounds, "rounds", 15, "how many `times` each measure and its floor take turns")
	flags.DurationVar(&s.Slot, "slot", 150*time.Millisecond, "how long a turn takes, where it is not a fixed amount of work")
	flags.IntVar(&s.Instances, "instances", many, instances)
	flags.StringVar(&s.Results, "results", "bench/results.md", "the `file` to write the table to; empty writes none")
	flags.BoolFunc("short", "a quick look that says little: 3 rounds of 30ms and 20,000 instances, no results file; flags behind it still count", func(string) error {
		s.Rounds, s.Slot, s.Instances, s.Results = 3, 30*time.Millisecond, 20_000, ""
		return nil
	})
	flags.StringVar(&s.cpuProfile, "cpuprofile", "", "write a CPU profile of the turns to this `file`; floors are in it too")
	flags.StringVar(&s.memoryProfile, "memprofile", "", "write a profile of all allocations to this `file`")
}

// Check wants at least some rounds and instances, and makes the directory
// absolute.
func (s *Settings) Check(instances int) error {
	if s.Rounds < 1 {
		return errors.New("-rounds must be at least 1")
	}
	if s.Instances < instances {
		return fmt.Errorf("-instances must be at least %d", instances)
	}
	var err error
	s.Dir, err = filepath.Abs(s.Dir)
	return err
}

// Wants reports whether a measure was asked for. The first word of its id is
// that of goals.md.
func (s *Settings) Wants(id string) bool {
	id, _, _ = strings.Cut(id, " ")
	return len(s.Only) == 0 || slices.Contains(s.Only, id)
}

// Facts says on which machine and how it was measured, a line each.
func (s *Settings) Facts(m Machine) []string {
	return []string{
		"date: " + m.date.Format("2006-01-02 15:04 UTC"),
		fmt.Sprintf("machine: %d cores (%s), %s/%s, %s", m.cores, m.processor, runtime.GOOS, runtime.GOARCH, runtime.Version()),
		fmt.Sprintf("load averages at the start: %s; at the end: %s", m.load, loadAverages()),
		fmt.Sprintf("fsync of 4 KiB: %s", m.fsync.Text(Latency.Format)),
		fmt.Sprintf("%d rounds of each measure and its floor in turns, %v each where it is not a fixed amount of work; medians, with the least and the most of the rounds", s.Rounds, s.Slot),
		"the ratio is the median of the ratios within each round",
	}
}

// Main runs a program that measures, until it ends or is interrupted. A bound
// that is not met is no error: the table says so.
func Main(program string, run func(ctx context.Context) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", program, err)
		os.Exit(1)
	}
}
