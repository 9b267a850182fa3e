package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"domovoi.dev/internal/bytesize"
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

// farText says how far something is: how much is done, how fast it goes, and from
// the part of the whole how long it will take. A whole of 0 is not known, and may be
// an estimate.
func farText(what string, n, part, whole int64, d time.Duration) string {
	return fmt.Sprintf("%d %s, %.0f/s", n, what, float64(n)/max(d.Seconds(), 1e-3)) + leftText(part, whole, d)
}

// sizeFarText is farText of bytes.
func sizeFarText(what string, n, whole int64, d time.Duration) string {
	return fmt.Sprintf("%s of %s %s, %s/s", bytesize.Rounded(n), bytesize.Rounded(whole), what, bytesize.Rounded(int64(float64(n)/max(d.Seconds(), 1e-3)))) + leftText(n, whole, d)
}

func leftText(part, whole int64, d time.Duration) string {
	if whole <= 0 || part <= 0 {
		return ""
	}
	part = min(part, whole)
	left := time.Duration(float64(d) * float64(whole-part) / float64(part))
	return fmt.Sprintf(", %d%%, %s left", part*100/whole, left.Round(time.Second))
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
