package measure

import (
	"errors"
	"os"
	"runtime"
	"runtime/pprof"
)

// Profile begins to profile this process as far as that was asked for. The function it returns ends that and
// writes the files.
func (s *Settings) Profile() (stop func() error, err error) {
	if s.memoryProfile != "" {
		runtime.MemProfileRate = 4 << 10
	}
	if s.cpuProfile == "" {
		return s.writeMemory, nil
	}
	f, err := os.Create(s.cpuProfile)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return errors.Join(f.Close(), s.writeMemory())
	}, nil
}

func (s *Settings) writeMemory() error {
	if s.memoryProfile == "" {
		return nil
	}
	f, err := os.Create(s.memoryProfile)
	if err != nil {
		return err
	}
	runtime.GC() // completes the profile
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}
