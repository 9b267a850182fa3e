package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/sdk/client"
	"domovoi.dev/sdk/slnet"
)

func (a *app) pluginCommand() *cobra.Command {
	return a.group("plugin", "Deploy plugin binaries",
		a.pluginDeployCommand(),
		a.leaf("list", "List the deployed plugins", a.pluginList))
}

func (a *app) pluginDeployCommand() *cobra.Command {
	var d deployment
	c := a.leaf("deploy NAME BINARY", "Deploy a plugin binary", func(ctx context.Context, args []string) error {
		d.name = args[0]
		return a.pluginDeploy(ctx, d, args[1])
	})
	c.Long = `Deploy a plugin binary under a name. It is run as a script of that name is.`
	d.flags(c)
	c.ValidArgsFunction = func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		if len(args) == 1 {
			return nil, cobra.ShellCompDirectiveDefault
		}
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return c
}

func (a *app) pluginDeploy(ctx context.Context, d deployment, path string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	file, err := os.Open(path)
	if err != nil {
		return slnet.Errorf(slnet.KindInvalid, "the plugin cannot be read: %v", err)
	}
	defer file.Close()
	id, hash, err := upload(ctx, c, file)
	if err != nil {
		return err
	}
	response, err := ask[*slnet.ScriptResponse](ctx, c, &slnet.DeployPluginMessage{
		Name: d.name, Description: d.description, Timeout: d.timeout, UploadID: id, SHA256: hash, RunsAs: d.runsAs,
	})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showScripts(t, []slnet.Script{response.Script}) })
}

// upload sends a file in pieces and returns the id of the upload and the hash of
// what was sent, in hexadecimal digits.
func upload(ctx context.Context, c *client.Client, file io.Reader) (uuid.UUID, string, error) {
	id, hash := uuid.New(), sha256.New()
	piece := make([]byte, slnet.MaxUploadPiece)
	for offset := int64(0); ; {
		n, err := io.ReadFull(file, piece)
		if err == io.EOF && offset > 0 {
			break
		}
		last := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)
		if err != nil && !last {
			return id, "", slnet.Errorf(slnet.KindInvalid, "the plugin cannot be read: %v", err)
		}
		if n == 0 {
			return id, "", slnet.Errorf(slnet.KindInvalid, "the plugin is empty")
		}
		hash.Write(piece[:n])
		if _, err := ask[*slnet.Empty](ctx, c, &slnet.UploadMessage{UploadID: id, Offset: offset, Data: piece[:n]}); err != nil {
			return id, "", err
		}
		offset += int64(n)
		if last {
			break
		}
	}
	return id, hex.EncodeToString(hash.Sum(nil)), nil
}

func (a *app) pluginList(ctx context.Context, _ []string) error {
	response, err := request[*slnet.ScriptsResponse](ctx, a, &slnet.GetScriptsMessage{Engine: slnet.EnginePlugin})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showScripts(t, response.Scripts) })
}
