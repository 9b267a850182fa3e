//go:build race

package pebblekv_test

// faultStep is the distance between the operations TestEveryFault lets fail:
// the race detector makes Pebble very slow.
const faultStep = 11
