package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// echo is the host's side of testdata/echo, the bare plugin.
type echo struct {
	client *goplugin.Client
	conn   *grpc.ClientConn
}

// startEcho starts the plugin the way the documentation of go-plugin does.
func startEcho(binary string) (*echo, error) {
	client := goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig:  goplugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "DOMOVOI_BENCH", MagicCookieValue: "echo"},
		Plugins:          goplugin.PluginSet{"echo": echoPlugin{}},
		Cmd:              exec.Command(binary),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		Logger:           hclog.NewNullLogger(),
	})
	conn, err := dispense(client)
	if err != nil {
		client.Kill()
		return nil, err
	}
	return &echo{client, conn}, nil
}

func dispense(client *goplugin.Client) (*grpc.ClientConn, error) {
	protocol, err := client.Client()
	if err != nil {
		return nil, err
	}
	conn, err := protocol.Dispense("echo")
	if err != nil {
		return nil, err
	}
	return conn.(*grpc.ClientConn), nil
}

func (e *echo) close() { e.client.Kill() }

// talk has the plugin send a number of messages, gives each back, and returns
// the seconds they took there.
func (e *echo) talk(ctx context.Context, messages int) (float64, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := e.conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, "/bench.Echo/Echo")
	if err != nil {
		return 0, err
	}
	if err := stream.SendMsg(wrapperspb.Int64(int64(messages))); err != nil {
		return 0, err
	}
	message := new(wrapperspb.BytesValue)
	for range messages {
		if err := errors.Join(stream.RecvMsg(message), stream.SendMsg(message)); err != nil {
			return 0, err
		}
	}
	if err := stream.RecvMsg(message); err != nil {
		return 0, err
	}
	return seconds(string(message.Value))
}

// seconds reads nanoseconds.
func seconds(text string) (float64, error) {
	ns, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("a process reports %q instead of nanoseconds: %w", text, err)
	}
	return float64(ns) / 1e9, nil
}

// echoPlugin gives out go-plugin's connection as it is.
type echoPlugin struct {
	goplugin.NetRPCUnsupportedPlugin
}

func (echoPlugin) GRPCServer(*goplugin.GRPCBroker, *grpc.Server) error {
	return errors.New("this is the host's side")
}

func (echoPlugin) GRPCClient(_ context.Context, _ *goplugin.GRPCBroker, conn *grpc.ClientConn) (any, error) {
	return conn, nil
}
