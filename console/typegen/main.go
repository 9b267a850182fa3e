// Command typegen writes the messages and objects of the SDK as TypeScript, for
// the console: package by package what Go says, with its documentation.
//
// Usage, in the folder console:
//
//	go run ./typegen > src/daemon/messages.ts
package main

import (
	"fmt"
	"os"

	"domovoi.dev/sdk"
)

func main() {
	text, err := generate(sdk.Registry(), "../sdk/slnet", "../sdk/dom")
	if err == nil {
		_, err = os.Stdout.WriteString(text)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "typegen:", err)
		os.Exit(1)
	}
}
