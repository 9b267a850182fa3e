package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"domovoi.dev/sdk/slnet"
)

// readPassword gets a password from where nobody else sees it: from a file, "-"
// being standard input, or else from the terminal, twice when it is a new one.
// Without a terminal it is the first line of standard input. It is never an
// argument, which every user of the machine could read.
func (a *app) readPassword(file, prompt string, fresh bool) (string, error) {
	switch file {
	case "":
	case "-":
		return firstLine(a.stdin)
	default:
		f, err := os.Open(file)
		if err != nil {
			return "", slnet.Errorf(slnet.KindInvalid, "the password cannot be read: %v", err)
		}
		defer f.Close()
		return firstLine(f)
	}
	f, ok := a.stdin.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return firstLine(a.stdin)
	}
	password, err := a.askHidden(f, prompt)
	if err != nil || !fresh {
		return password, err
	}
	again, err := a.askHidden(f, "Once more: ")
	if err == nil && again != password {
		err = slnet.Errorf(slnet.KindInvalid, "the two passwords are not the same")
	}
	return password, err
}

func (a *app) askHidden(f *os.File, prompt string) (string, error) {
	fmt.Fprint(a.stderr, prompt)
	password, err := term.ReadPassword(int(f.Fd()))
	fmt.Fprintln(a.stderr)
	if err != nil {
		return "", slnet.Errorf(slnet.KindInvalid, "the password cannot be read: %v", err)
	}
	return string(password), nil
}

func firstLine(r io.Reader) (string, error) {
	line, err := bufio.NewReader(r).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", slnet.Errorf(slnet.KindInvalid, "the password cannot be read: %v", err)
	}
	if line = strings.TrimRight(line, "\r\n"); line == "" {
		return "", slnet.Errorf(slnet.KindInvalid, "no password was given")
	}
	return line, nil
}
