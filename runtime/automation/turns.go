package automation

import (
	"bytes"
	"errors"
	"strings"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// inTurn reports whether a run waits until all earlier runs with its key have
// ended, also those that wait for their next attempt.
func inTurn(run *slnet.Run) bool {
	return strings.HasPrefix(run.ConcurrencyKey, scheduleKey) || strings.HasPrefix(run.ConcurrencyKey, triggerKey)
}

// errNotInTurn says that an earlier run has not ended.
var errNotInTurn = errors.New("an earlier run has not ended")

// checkTurn returns errNotInTurn when an earlier run has to end before a run. Ids
// are in the order of the commits that stored the runs of a key: each of these
// was made with what the one before it had written.
func checkTurn(r *storage.Reader, run *slnet.Run) error {
	if !inTurn(run) {
		return nil
	}
	first := run.ID
	err := openTable.Scan(r, storage.Walk{Prefix: []string{openTurn, run.ConcurrencyKey}}, func(w *openRun) (bool, error) {
		first = w.ID
		return false, nil
	})
	if err == nil && bytes.Compare(first[:], run.ID[:]) < 0 {
		return errNotInTurn
	}
	return err
}
