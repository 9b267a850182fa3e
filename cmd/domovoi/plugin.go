package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/sdk/slnet"
)

func (a *app) pluginCommand() *cobra.Command {
	return a.group("plugin", "Deploy plugin binaries",
		a.pluginDeployCommand(),
		a.leaf("list", "List the deployed plugins and their shared processes", a.pluginList),
		a.completes(a.leaf("show NAME", "Show a plugin and its shared processes", a.pluginShow), scriptNames))
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
	var manifest string
	var err error
	if d.manifest != "" {
		if manifest, err = d.readManifest(path); err != nil {
			return err
		}
	}
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
	id, hash, err := upload(ctx, c.SendSLNetMessages, file)
	if err != nil {
		return err
	}
	response, err := ask[*slnet.ScriptResponse](ctx, c, &slnet.DeployPluginMessage{
		Name: d.name, Description: d.description, Timeout: d.timeout, UploadID: id, SHA256: hash, Manifest: manifest, RunsAs: d.runsAs,
	})
	if err != nil {
		return err
	}
	return a.answer(response, func(t *table) { showScripts(t, []slnet.Script{response.Script}) })
}

// upload sends a file in pieces and returns the id of the upload and the hash of
// what was sent, in hexadecimal digits.
func upload(ctx context.Context, send slnet.SendFunc, file io.Reader) (uuid.UUID, string, error) {
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
		if _, err := slnet.Send1(ctx, send, &slnet.UploadMessage{UploadID: id, Offset: offset, Data: piece[:n]}); err != nil {
			return id, "", err
		}
		offset += int64(n)
		if last {
			break
		}
	}
	return id, hex.EncodeToString(hash.Sum(nil)), nil
}

// plugins are what plugin list tells.
type plugins struct {
	Scripts   []slnet.Script        `json:"Scripts"`
	Processes []slnet.PluginProcess `json:"Processes"`
}

func (a *app) pluginList(ctx context.Context, _ []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	scripts, err := ask[*slnet.ScriptsResponse](ctx, c, &slnet.GetScriptsMessage{Engine: slnet.EnginePlugin})
	if err != nil {
		return err
	}
	processes, err := ask[*slnet.PluginProcessesResponse](ctx, c, &slnet.GetPluginProcessesMessage{})
	if err != nil {
		return err
	}
	return a.answer(&plugins{scripts.Scripts, processes.Processes}, func(t *table) {
		t.header("NAME", "VERSION", "DEPLOYED", "BY", "PROCESS", "DESCRIPTION")
		for _, s := range scripts.Scripts {
			t.row(s.Name, fmt.Sprint(s.Version), timeText(s.DeployedAt), s.DeployedBy, processText(s, processes.Processes), t.shorten(s.Description, 60))
		}
	})
}

// processText says what carries the runs of a plugin.
func processText(s slnet.Script, processes []slnet.PluginProcess) string {
	if s.Manifest == nil || s.Manifest.Process != slnet.ProcessShared {
		return "one a run"
	}
	counts := make(map[slnet.PluginState]int)
	for _, p := range processes {
		if p.Script == s.Name {
			counts[p.State]++
		}
	}
	text := "shared"
	for _, state := range []slnet.PluginState{slnet.PluginRunning, slnet.PluginWaiting} {
		if n := counts[state]; n > 0 {
			text += fmt.Sprintf(", %d %s", n, state)
		}
	}
	return text
}

func (a *app) pluginShow(ctx context.Context, args []string) error {
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	scripts, err := ask[*slnet.ScriptsResponse](ctx, c, &slnet.GetScriptsMessage{Engine: slnet.EnginePlugin})
	if err != nil {
		return err
	}
	i := slices.IndexFunc(scripts.Scripts, func(s slnet.Script) bool { return strings.EqualFold(s.Name, args[0]) })
	if i < 0 {
		return slnet.Errorf(slnet.KindNotFound, "there is no plugin %q; domovoi plugin list shows those there are", args[0])
	}
	s := scripts.Scripts[i]
	processes, err := ask[*slnet.PluginProcessesResponse](ctx, c, &slnet.GetPluginProcessesMessage{Name: s.Name})
	if err != nil {
		return err
	}
	return a.answer(&plugins{[]slnet.Script{s}, processes.Processes}, func(t *table) {
		t.field("Name", s.Name)
		t.field("Description", s.Description)
		t.field("Version", fmt.Sprint(s.Version))
		t.field("Hash", s.Hash)
		t.field("Deployed", timeText(s.DeployedAt)+" by "+s.DeployedBy)
		showManifest(t, s.Manifest)
		t.field("Process", processText(s, nil))
		for _, p := range processes.Processes {
			showProcess(t, p)
		}
	})
}

// showManifest shows what a script may reach and use up.
func showManifest(t *table, m *slnet.Manifest) {
	if m == nil {
		return
	}
	t.field("May connect to", strings.Join(m.Grants.Network, ", "))
	t.field("May read", strings.Join(m.Grants.Read, ", "))
	t.field("May write", strings.Join(m.Grants.Write, ", "))
	if m.Grants.Processes {
		t.field("May start", "programs it may read")
	}
	if m.Limits.Memory > 0 {
		t.field("Memory", "at most "+bytesize.Rounded(m.Limits.Memory))
	}
	if m.Limits.CPU > 0 {
		t.field("Processor time", "at most "+durationText(m.Limits.CPU))
	}
}

func showProcess(t *table, p slnet.PluginProcess) {
	text := fmt.Sprintf("%s, version %d", p.State, p.ScriptVersion)
	if p.State == slnet.PluginRunning {
		text += fmt.Sprintf(", process %d since %s, %s", p.PID, timeText(p.StartedAt), quantity(p.Runs, "run"))
	}
	if p.State == slnet.PluginWaiting {
		text += ", not before " + timeText(p.NotBefore)
	}
	if p.Restarts > 0 {
		text += fmt.Sprintf(", %d restarts", p.Restarts)
	}
	t.field("As "+p.RunsAs, text)
	if p.LastError != "" {
		t.field("Last error", timeText(p.LastErrorAt)+": "+p.LastError)
	}
}
