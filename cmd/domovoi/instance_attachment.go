package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"domovoi.dev/internal/bytesize"
	"domovoi.dev/sdk/dom"
	"domovoi.dev/sdk/slnet"
)

func (a *app) instanceAttachmentCommand() *cobra.Command {
	return a.group("attachment", "The files attached to instances",
		a.completesInstance(a.leaf("list MODULE ID", "List the files of an instance", a.attachmentList)),
		a.attachmentGetCommand(), a.attachmentAddCommand(),
		a.completesInstance(a.leaf("delete MODULE ID NAME", "Remove a file of an instance", a.attachmentDelete)))
}

// withAttachments does something with the files of the arguments MODULE ID.
func (a *app) withAttachments(args []string, do func(dom.Attachments, dom.InstanceID) error) error {
	id, err := dom.ParseInstanceID(args[1])
	if err != nil {
		return err
	}
	c, err := a.connect()
	if err != nil {
		return err
	}
	defer c.Close()
	return do(dom.NewDomHelper(c.SendSLNetMessages, args[0]).DomInstances.Attachments(), id)
}

func (a *app) attachmentList(ctx context.Context, args []string) error {
	return a.withAttachments(args, func(files dom.Attachments, id dom.InstanceID) error {
		names, err := files.GetFileNames(ctx, id)
		if err != nil {
			return err
		}
		return a.answer(&dom.AttachmentNamesResponse{FileNames: names}, func(t *table) {
			t.header("NAME")
			for _, name := range names {
				t.row(name)
			}
		})
	})
}

func (a *app) attachmentGetCommand() *cobra.Command {
	var to string
	c := a.leaf("get MODULE ID NAME", "Write a file of an instance to a file, or to the standard output", func(ctx context.Context, args []string) error {
		return a.withAttachments(args, func(files dom.Attachments, id dom.InstanceID) error {
			content, err := files.Get(ctx, id, args[2])
			if err != nil {
				return err
			}
			if to == "" {
				_, err = a.stdout.Write(content)
				return err
			}
			return os.WriteFile(to, content, 0o600)
		})
	})
	c.Flags().StringVar(&to, "to", "", "`file` to write, instead of the standard output")
	c.MarkFlagFilename("to")
	return a.completesInstance(c)
}

func (a *app) attachmentAddCommand() *cobra.Command {
	var name string
	c := a.leaf("add MODULE ID FILE", "Attach a file to an instance; it replaces one of the same name", func(ctx context.Context, args []string) error {
		if name == "" {
			if name = filepath.Base(args[2]); args[2] == "-" {
				return slnet.Errorf(slnet.KindInvalid, "the standard input has no name; give --name")
			}
		}
		content, err := a.readFile(args[2])
		if err != nil {
			return err
		}
		return a.withAttachments(args, func(files dom.Attachments, id dom.InstanceID) error {
			if err := files.Add(ctx, id, name, content); err != nil {
				return err
			}
			fmt.Fprintf(a.stderr, "attached %s, %s\n", name, bytesize.Rounded(int64(len(content))))
			return nil
		})
	})
	c.Flags().StringVar(&name, "name", "", "attach it under this `name`; that of the file without it")
	return c
}

func (a *app) attachmentDelete(ctx context.Context, args []string) error {
	return a.withAttachments(args, func(files dom.Attachments, id dom.InstanceID) error { return files.Delete(ctx, id, args[2]) })
}
