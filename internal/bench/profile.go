package main

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
)

// profiles names the files of profiles that were asked for.
type profiles struct{ cpu, memory string }

// start begins to profile this process. The function it returns ends that and
// writes the files.
func (p profiles) start() (stop func() error, err error) {
	if p.memory != "" {
		runtime.MemProfileRate = 4 << 10
	}
	if p.cpu == "" {
		return p.writeMemory, nil
	}
	f, err := os.Create(p.cpu)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(f.Close(), p.writeMemory())
	}, nil
}

func (p profiles) writeMemory() error {
	if p.memory == "" {
		return nil
	}
	f, err := os.Create(p.memory)
	if err != nil {
		return err
	}
	runtime.GC() // completes the profile
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
