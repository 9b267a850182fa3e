// Package fsync makes changes of folders durable.
package fsync

import (
	"errors"
	"os"
)

// Dir returns when the names in a folder are durable: a file that was created,
// renamed or removed in it is so after a crash too. It says nothing of what is in
// the files.
func Dir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
