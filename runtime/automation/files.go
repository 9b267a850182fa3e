package automation

import (
	"context"
	"errors"
	"maps"
	"slices"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// Files calls each with the files below Options.Dir that the records of a state
// belong to, in the order of their names, with slashes. A needed one is there as
// long as its record is; others may be missing, or be written.
func Files(ctx context.Context, r *storage.Reader, each func(name string, needed bool) error) error {
	err := runTable.Keys(r, storage.Walk{}, func(key []string) (bool, error) {
		return true, errors.Join(ctx.Err(), each("logs/"+key[0]+logExtension, false))
	})
	if err != nil {
		return err
	}
	binaries := make(map[string]bool)
	err = scriptVersions.Scan(r, storage.Walk{}, func(s *slnet.Script) (bool, error) {
		if s.Engine == slnet.EnginePlugin {
			binaries[s.Hash] = true
		}
		return true, ctx.Err()
	})
	for _, hash := range slices.Sorted(maps.Keys(binaries)) {
		if err == nil {
			err = each("plugins/"+hash, true)
		}
	}
	return err
}
