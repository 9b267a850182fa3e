// Command pack writes the source of the SDK into the file that package sdksource
// embeds:
//
//	go generate ./internal/sdksource
package main

import (
	"log"
	"os"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 2 {
		log.Fatal("usage: pack <file>")
	}
	packed, err := pack("../..")
	if err == nil {
		err = os.WriteFile(os.Args[1], packed, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}
