// Command echo is a plugin that has nothing but go-plugin and one gRPC stream:
// the floor of what a process and a call cost. It gets a number, sends that many
// messages, each after the last came back, and says how long that took.
package main

import (
	"context"
	"strconv"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const messageBytes = 300

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "DOMOVOI_BENCH", MagicCookieValue: "echo"},
		Plugins:         plugin.PluginSet{"echo": served{}},
		GRPCServer:      plugin.DefaultGRPCServer,
		Logger:          hclog.NewNullLogger(),
	})
}

type served struct{ plugin.NetRPCUnsupportedPlugin }

func (served) GRPCServer(_ *plugin.GRPCBroker, server *grpc.Server) error {
	server.RegisterService(&grpc.ServiceDesc{
		ServiceName: "bench.Echo",
		HandlerType: (*any)(nil),
		Streams: []grpc.StreamDesc{{
			StreamName: "Echo", ServerStreams: true, ClientStreams: true,
			Handler: func(_ any, stream grpc.ServerStream) error { return talk(stream) },
		}},
	}, nil)
	return nil
}

func (served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func talk(stream grpc.ServerStream) error {
	var request wrapperspb.Int64Value
	if err := stream.RecvMsg(&request); err != nil {
		return err
	}
	message := &wrapperspb.BytesValue{Value: make([]byte, messageBytes)}
	began := time.Now()
	for range request.Value {
		if err := stream.SendMsg(message); err != nil {
			return err
		}
		if err := stream.RecvMsg(new(wrapperspb.BytesValue)); err != nil {
			return err
		}
	}
	took := strconv.FormatInt(int64(time.Since(began)), 10)
	return stream.SendMsg(&wrapperspb.BytesValue{Value: []byte(took)})
}
