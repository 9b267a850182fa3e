package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// progressInterval is the time between two lines of progress.
const progressInterval = 500 * time.Millisecond

// progressLine is one line of a terminal that says how far something is. Elsewhere
// it says nothing.
type progressLine struct {
	w     io.Writer // nil when there is no terminal
	shown bool
}

// progress is the line of standard error.
func (a *app) progress() *progressLine {
	if isTerminal(a.stderr) {
		return &progressLine{w: a.stderr}
	}
	return new(progressLine)
}

// clearLine goes to the begin of a line of a terminal and empties it.
const clearLine = "\r\x1b[K"

func (p *progressLine) show(text string) {
	if p.w != nil {
		fmt.Fprint(p.w, clearLine+text)
		p.shown = true
	}
}

// clear takes the line away.
func (p *progressLine) clear() {
	if p.shown {
		fmt.Fprint(p.w, clearLine)
	}
}

// every shows text again and again until the function it returns is called,
// which takes it away.
func (p *progressLine) every(text func() string) (stop func()) {
	if p.w == nil {
		return func() {}
	}
	ended := make(chan struct{})
	var shows sync.WaitGroup
	shows.Go(func() {
		ticker := time.NewTicker(progressInterval)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				p.show(text())
			case <-ended:
				p.clear()
				return
			}
		}
	})
	return func() {
		close(ended)
		shows.Wait()
	}
}
