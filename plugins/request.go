package plugins

import (
	"context"
	"fmt"

	"domovoi.dev/sdk"
	"domovoi.dev/sdk/plugin/session"
	"domovoi.dev/sdk/slnet"
)

// request handles a request beside the others. Each gets exactly one response.
func (s *runSession) request(r *session.Request) error {
	ctx, cancel := context.WithCancel(s.ctx)
	s.mu.Lock()
	_, twice := s.requests[r.GetId()]
	full := len(s.requests) >= session.MaxRequests
	if !twice && !full {
		s.requests[r.GetId()] = cancel
	}
	s.mu.Unlock()
	switch {
	case twice:
		cancel()
		return fmt.Errorf("two requests at a time have the id %d", r.GetId())
	case full:
		cancel()
		err := slnet.Errorf(slnet.KindRateLimited, "at most %d requests of a run are handled at a time", session.MaxRequests)
		s.send(response(r.GetId(), nil, s.wireError(ctx, err)))
		return nil
	}
	s.give(job{ctx, cancel, r})
	return nil
}

// job is a request with the context it is handled in.
type job struct {
	ctx     context.Context
	cancel  context.CancelFunc
	request *session.Request
}

// give gives a job to a goroutine that has done its last one, or to a new one.
// A goroutine that is used again has grown its stack already.
func (s *runSession) give(j job) {
	select {
	case s.jobs <- j:
	default:
		s.working.Go(func() {
			s.handle(j)
			for {
				select {
				case j := <-s.jobs:
					s.handle(j)
				case <-s.ctx.Done():
					return
				}
			}
		})
	}
}

func (s *runSession) handle(j job) {
	payload, err := s.answer(j.ctx, j.request.GetPayload())
	failed := s.wireError(j.ctx, err)
	j.cancel()
	id := j.request.GetId()
	s.mu.Lock()
	delete(s.requests, id)
	s.mu.Unlock()
	s.send(response(id, payload, failed))
}

func response(id uint64, payload []byte, failed *session.Error) *session.HostMessage {
	return &session.HostMessage{Message: &session.HostMessage_Response{
		Response: &session.Response{Id: id, Payload: payload, Error: failed},
	}}
}

// answer sends the messages of a request over the connection of the run.
func (s *runSession) answer(ctx context.Context, payload []byte) ([]byte, error) {
	messages, err := sdk.Registry().DecodeRequests(payload)
	if err != nil {
		return nil, err
	}
	responses, failed := s.run.Connection.SendSLNetMessages(ctx, messages...)
	payload, err = slnet.AppendMessages(nil, responses)
	if err != nil {
		return nil, err
	}
	if len(payload) > session.MaxPayloadBytes {
		return nil, slnet.Errorf(slnet.KindTooLarge,
			"the response is %d bytes; at most %d are allowed; ask for less at a time", len(payload), session.MaxPayloadBytes)
	}
	return payload, failed
}

func (s *runSession) cancelRequest(id uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel, ok := s.requests[id]; ok {
		cancel()
	}
}

// wireError is an error as the script gets to see it. The cause of an internal
// one stays here.
func (s *runSession) wireError(ctx context.Context, err error) *session.Error {
	if err == nil {
		return nil
	}
	wire, known := session.FromError(err)
	if !known {
		s.process.host.internal(ctx, "plugins.Run", err)
	}
	return wire
}
