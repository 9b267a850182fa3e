package lower

import "reflect"

// Defers are the deferred calls of one call of a function, and the panic that
// they may recover. The interpreter has its own, with another opinion on which
// calls are made after a second panic, and on whose panic is recovered.
type Defers struct {
	calls     []func()
	panicking bool
	value     any
}

// Add defers a call.
func (d *Defers) Add(f func()) { d.calls = append(d.calls, f) }

// Do runs the body of the function and the deferred calls, also when the goroutine
// ends meanwhile, as that of a test does that fails.
func (d *Defers) Do(body func()) {
	returned := false
	defer func() {
		if !returned {
			d.rest()
		}
	}()
	d.attempt(body)
	d.rest()
	returned = true
	if d.panicking {
		panic(d.value)
	}
}

func (d *Defers) rest() {
	for len(d.calls) > 0 {
		last := len(d.calls) - 1
		f := d.calls[last]
		d.calls = d.calls[:last]
		d.attempt(f)
	}
}

func (d *Defers) attempt(f func()) {
	defer func() {
		if v := recover(); v != nil {
			d.panicking, d.value = true, v
		}
	}()
	if f == nil {
		panic(nilPointer())
	}
	f()
}

// Recover is recover in a deferred call.
func (d *Defers) Recover() any {
	if !d.panicking {
		return nil
	}
	d.panicking = false
	return Recovered(d.value)
}

// dropResults makes a function without results of one that has some.
func dropResults(f any) func() {
	v := reflect.ValueOf(f)
	return func() { v.Call(nil) }
}
