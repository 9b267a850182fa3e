package script

import "go/types"

// ForgetImports makes the next check read packages as the first one does.
func ForgetImports() {
	b := exports()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.packages = make(map[string]*types.Package)
}
