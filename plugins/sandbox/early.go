package sandbox

import (
	"os"
	"strings"
)

// A process that is to execute a plugin binary does so before the packages of
// the daemon are initialised, which takes longer than all that it has to do. It
// is why this package imports little.
func init() {
	if len(os.Args) == 4 && os.Args[1] == Verb && strings.Contains(os.Args[2], programField) {
		Main(os.Args[2:], nil)
	}
}

// programField is how Policy.Program looks in the arguments.
const programField = `"program":true`
