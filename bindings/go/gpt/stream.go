// SPDX-License-Identifier: Apache-2.0

package gpt

import (
	"context"

	"libgpt/gpt/internal/core"
)

// A Stream gives the pieces of text that continue a prompt, each as soon as it is certain: whole characters always.
//
//	stream := model.Stream(ctx, "Once upon a time")
//	for stream.Next() {
//		fmt.Print(stream.Text())
//	}
//	if err := stream.Err(); err != nil {
type Stream struct {
	generator *Generator
	ctx       context.Context
	own       bool
	running   bool
	sequence  int64
	text      string
	err       error
	ids       []int32
	reason    string
}

// Stream begins a stream. Its errors are found in Err.
func (g *Generator) Stream(ctx context.Context, prompt string) *Stream {
	return g.stream(ctx, ofText(prompt))
}

// StreamIDs does the same with token ids.
func (g *Generator) StreamIDs(ctx context.Context, ids []int32) *Stream {
	return g.stream(ctx, ofIDs(ids))
}

func (g *Generator) stream(ctx context.Context, p prompt) *Stream {
	s := &Stream{generator: g, ctx: ctx}
	end, err := g.begin()
	if err != nil {
		s.err = err
		return s
	}
	defer end()
	switch {
	case core.Gpt_generator_active(g.handle) > 0:
		s.err = errBusy()
	case core.Gpt_generator_samples(g.handle) != 1:
		s.err = argumentError("num_return_sequences: a stream has one sequence; use Add and Step")
	default:
		s.sequence, s.err = g.add(p)
		if s.running = s.err == nil; s.running {
			g.streaming = s.sequence
		}
	}
	return s
}

// step computes a token. There are no events when the sequence runs no more.
func (s *Stream) step() ([]Event, error) {
	g := s.generator
	end, err := g.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	s.running = g.streaming == s.sequence && core.Gpt_generator_active(g.handle) > 0
	if !s.running {
		return nil, nil
	}
	return g.step(s.ctx)
}

// inside returns whether a logits processor of the generator asks. It runs in a step, in whose middle nothing can end.
func (s *Stream) inside() bool {
	return s.generator != nil && s.generator.calls.inside()
}

// Next computes the next piece; it returns false at the end, when the context ends, and when something has failed. In a
// logits processor of the generator it changes nothing but Err, until the step in which that runs has ended.
func (s *Stream) Next() bool {
	if s.inside() {
		s.err = errInside()
		return false
	}
	s.text = ""
	for s.running && s.text == "" {
		events, err := s.step()
		s.err = err
		if err != nil {
			s.Close()
			return false
		}
		for _, event := range events {
			s.text += event.Text
			s.ids = append(s.ids, event.Token)
			s.reason = event.FinishReason
			s.running = event.FinishReason == ""
		}
	}
	if s.text == "" {
		s.Close()
	}
	return s.text != ""
}

// Text is the piece that Next has computed.
func (s *Stream) Text() string { return s.text }

// Err is what went wrong, such as the error of the context; nil when the stream has come to its end or goes on.
func (s *Stream) Err() error { return s.err }

// TokenIDs are the new tokens so far.
func (s *Stream) TokenIDs() []int32 { return s.ids }

// FinishReason says why it has ended, as in Event; empty while it goes on.
func (s *Stream) FinishReason() string { return s.reason }

// Close stops the generation. It need not be called after Next has returned false. In a logits processor of the
// generator it does nothing.
func (s *Stream) Close() {
	if s.generator == nil || s.inside() {
		return
	}
	if end, err := s.generator.begin(); err == nil {
		if s.running {
			core.Gpt_generator_drop(s.generator.handle, s.sequence)
		}
		s.generator.forgetCancelOf(s.ctx)
		end()
	}
	s.running = false
	if s.own {
		s.generator.Close()
	}
	s.generator = nil
}
