package automation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/google/uuid"

	"domovoi.dev/sdk/slnet"
	"domovoi.dev/storage"
)

// maxProblems is how many contradictions Check lists.
const maxProblems = 100

// Check compares runs with what refers to them: the rows they are found by, their
// inputs and changes, and their logs. It returns the contradictions.
func (a *Automation) Check(ctx context.Context) (problems []string, err error) {
	// The files first: the log of a run is made after it was stored.
	files, err := os.ReadDir(a.logDir())
	if err != nil {
		return nil, err
	}
	err = a.Store.View(ctx, func(r *storage.Reader) error {
		belongs := func(what, id string) error {
			if err := ctx.Err(); err != nil {
				return err
			}
			parsed, err := uuid.Parse(id)
			if err == nil {
				_, err = getRun(r, parsed)
			} else {
				err = noRun(parsed)
			}
			if errors.Is(err, slnet.KindNotFound) && len(problems) < maxProblems {
				problems = append(problems, fmt.Sprintf("%s is of a run %s that does not exist", what, id))
				err = nil
			}
			return err
		}
		last := func(what string) func(key []string) (bool, error) {
			return func(key []string) (bool, error) { return true, belongs(what, key[len(key)-1]) }
		}
		for _, part := range []string{byScript, byState, byOwner, byUser, byTrigger} {
			if err := indexTable.Keys(r, storage.Walk{Prefix: []string{part}}, last("a row by "+part)); err != nil {
				return err
			}
		}
		err := errors.Join(openTable.Keys(r, storage.Walk{}, last("a row of the queue")),
			inputTable.Keys(r, storage.Walk{}, last("an input")), changesTable.Keys(r, storage.Walk{}, last("the list of changes")))
		for _, file := range files {
			if err != nil {
				return err
			}
			id, isLog := strings.CutSuffix(file.Name(), logExtension)
			if !isLog {
				continue
			}
			if _, gone := os.Stat(a.logPathOf(id)); errors.Is(gone, os.ErrNotExist) {
				continue // it was removed meanwhile, and then its run
			}
			err = belongs("a log", id)
		}
		return err
	})
	return problems, err
}
