// Command describe writes the OpenAPI document of the daemon: the messages of the
// registry with what the source of the SDK says of them, and the routes around
// them, which routes.json has.
//
// Usage, in the folder runtime/openapi:
//
//	go run ./describe > openapi.json
package main

import (
	"fmt"
	"os"

	"domovoi.dev/sdk"
)

func main() {
	routes, err := os.ReadFile("describe/routes.json")
	var document []byte
	if err == nil {
		document, err = describe(sdk.Registry(), routes, "../../sdk/slnet", "../../sdk/dom")
	}
	if err == nil {
		_, err = os.Stdout.Write(document)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "describe:", err)
		os.Exit(1)
	}
}
