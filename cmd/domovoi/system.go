package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"domovoi.dev/sdk/slnet"
)

func (a *app) systemCommand() *cobra.Command {
	return a.group("system", "Look at the daemon",
		a.leaf("info", "Show what the daemon is and does", a.systemInfo))
}

func (a *app) systemInfo(ctx context.Context, _ []string) error {
	response, err := request[*slnet.SystemInfoResponse](ctx, a, &slnet.GetSystemInfoMessage{})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) {
		t.field("Version", response.Version)
		t.field("Started", timeText(response.StartedAt))
		t.field("Store version", fmt.Sprint(response.StoreVersion))
		t.field("Active modules", strings.Join(response.Managers, ", "))
		for i, means := range response.Isolation {
			t.row(first(i, "Isolation"), means)
		}
	})
}

func (a *app) checkCommand() *cobra.Command {
	var online bool
	c := a.leaf("check", "Check that the data is whole and without contradictions", func(ctx context.Context, _ []string) error {
		return a.check(ctx, online)
	})
	c.Long = `Check that the data is whole and without contradictions. The data directory is
read by the command itself, which a running daemon does not allow; with --online
the daemon checks its data while it works.`
	c.Flags().BoolVar(&online, "online", false, "let the running daemon check")
	return c
}

func (a *app) check(ctx context.Context, online bool) error {
	var response *slnet.CheckStoreResponse
	var err error
	if online {
		response, err = request[*slnet.CheckStoreResponse](ctx, a, &slnet.CheckStoreMessage{})
	} else {
		response, err = checkDataDir(ctx, a.dataDir)
	}
	if err != nil {
		return err
	}
	err = a.answer(response, func(t *table) {
		t.field("Objects", fmt.Sprint(response.Objects))
		t.field("Index entries", fmt.Sprint(response.IndexEntries))
		t.field("Feed rows", fmt.Sprint(response.FeedRows))
		t.field("Attachments", fmt.Sprint(response.Attachments))
		for i, problem := range response.Problems {
			t.row(first(i, "Problems"), problem)
		}
	})
	if n := len(response.Problems); err == nil && n > 0 {
		err = slnet.Errorf(slnet.KindInternal, "the check found %d problems", n)
	}
	return err
}

// version is set by the linker.
var version = ""

func (a *app) versionCommand() *cobra.Command {
	return a.leaf("version", "Print the version of this program", func(context.Context, []string) error {
		info := buildInfo()
		return a.answer(info, func(t *table) {
			t.w.Write([]byte("domovoi " + info.Version + " (" + info.GoVersion + ")\n"))
		})
	})
}

// build says what this program was built from.
type build struct{ Version, GoVersion string }

func buildInfo() build {
	b := build{Version: version}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.GoVersion = info.GoVersion
		if b.Version == "" {
			b.Version = info.Main.Version
		}
	}
	if b.Version == "" {
		b.Version = "(unknown)"
	}
	return b
}
