//go:build !race

package pebblekv_test

const faultStep = 1
