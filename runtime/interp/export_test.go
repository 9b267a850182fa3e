package interp

// UnderRace tells the tests whether panics have an exact position in scripts
// with goroutines.
const UnderRace = underRace
