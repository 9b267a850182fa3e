//go:build race

package interp

// underRace reports that the race detector watches. The variables of functions
// that several goroutines of a script execute are written without a lock, which
// it would report; so such scripts go without.
const underRace = true
