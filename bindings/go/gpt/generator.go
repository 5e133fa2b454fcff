// SPDX-License-Identifier: Apache-2.0

package gpt

import (
	"context"
	"errors"
	"runtime"
	"runtime/cgo"
	"sync"
	"sync/atomic"

	"libgpt/gpt/internal/core"
)

// An Event is one token that a step chose for one sequence.
type Event struct {
	Sequence int64
	Token    int32
	// Text is what has become certain with the token; often empty while a character is unfinished.
	Text string
	// FinishReason says why the sequence has ended: "stop_token", "stop_string", "length", "context"; else it is empty.
	FinishReason string
	// LogProb and Alternatives are there when LogProbs asks for them.
	LogProb      float32
	Alternatives []Alternative
}

// An Alternative is one of the most probable tokens, and its log-probability.
type Alternative struct {
	Token   int32
	LogProb float32
}

// An Output is the new text of one sequence, and how it came to be.
type Output struct {
	Text         string
	TokenIDs     []int32
	FinishReason string
	// Prompt is the text that it continues, unless ids were given, and PromptTokens its number of tokens.
	Prompt       string
	PromptTokens int
	// LogProbs are those of the tokens, when they were asked for.
	LogProbs []float32
	// Score is what a beam search has ranked it by.
	Score float32
}

// hookCalls is what calls of logits processors leave behind. It is not in the generator, since C keeps the processors
// reachable, and a generator that they reach would never be collected.
type hookCalls struct {
	// The thread on which one runs, else 0. Its goroutine has the thread for itself (call in errors.go).
	thread   atomic.Uint64
	panicked any
}

// inside returns whether a logits processor asks. It must not wait for the generator, which waits for it.
func (c *hookCalls) inside() bool {
	thread := c.thread.Load()
	return thread != 0 && thread == core.Gpt_go_thread()
}

func errInside() error {
	return argumentError("generator: a logits processor can not use it")
}

// A Generator has settings and running sequences. Goroutines that share one wait for each other.
type Generator struct {
	mutex  sync.Mutex
	handle core.Gpt_generator
	model  *Model
	hooks  []cgo.Handle
	calls  *hookCalls
	// Whether a context that ended just after a computation has cancelled the next one, which has not heard it yet.
	late bool
	// What EOSTokenIDs has set.
	ends []int
	// The sequence of the last stream, which is computed alone, or none.
	streaming int64
	// Held while C may see the handle in Cancel, which does not wait for the computation.
	cancelling sync.Mutex
}

// Close drops the sequences and gives the memory back. It may be called again. In a logits processor of the generator,
// where it can not be closed, it panics.
func (g *Generator) Close() {
	if g.calls.inside() {
		panic(errInside())
	}
	g.mutex.Lock()
	defer g.mutex.Unlock()
	g.cancelling.Lock()
	defer g.cancelling.Unlock()
	if g.handle != nil {
		core.DeleteGpt_generator(g.handle)
		g.handle = nil
		g.forgetHooks()
		runtime.SetFinalizer(g, nil)
	}
}

func (g *Generator) forgetHooks() {
	for _, hook := range g.hooks {
		hook.Delete()
	}
	g.hooks = nil
}

// begin takes the generator for this goroutine; what it returns gives it back.
func (g *Generator) begin() (func(), error) {
	if g.calls.inside() {
		return nil, errInside()
	}
	g.mutex.Lock()
	if g.handle == nil {
		g.mutex.Unlock()
		return nil, argumentError("generator: it is closed")
	}
	return g.mutex.Unlock, nil
}

// none is the number of no sequence.
const none = -1

func errBusy() error {
	return argumentError("generator: sequences of Add or of a stream run; they must end first")
}

// beginWithoutStream takes the generator as begin does, unless a stream runs.
func (g *Generator) beginWithoutStream() (func(), error) {
	end, err := g.begin()
	if err != nil {
		return nil, err
	}
	if g.streaming != none && core.Gpt_generator_active(g.handle) > 0 {
		end()
		return nil, errBusy()
	}
	g.streaming = none
	return end, nil
}

// Set changes settings, for sequences that are added afterwards.
func (g *Generator) Set(settings ...Setting) error {
	end, err := g.begin()
	if err != nil {
		return err
	}
	defer end()
	return g.set(settings)
}

func (g *Generator) set(settings []Setting) error {
	sample, beams := false, false
	for _, setting := range settings {
		if setting.apply == nil {
			return argumentError("an empty setting")
		}
		beams = beams || setting.beams
	}
	for _, setting := range settings {
		sample = sample || setting.samples && !(beams && setting.name == "num_return_sequences")
	}
	// One that says whether to sample comes after this, and holds.
	if sample {
		settings = append([]Setting{DoSample(true)}, settings...)
	}
	for _, setting := range settings {
		if err := setting.apply(g); err != nil {
			return err
		}
	}
	return nil
}

func (g *Generator) setHook(process func([]int32, []float32)) error {
	if core.Gpt_generator_active(g.handle) == 0 {
		g.forgetHooks()
	}
	number := uint64(0)
	if process != nil {
		calls := g.calls
		hook := cgo.NewHandle(core.Hook(func(ids []int32, logits []float32, _ int64) bool {
			return calls.call(process, ids, logits)
		}))
		g.hooks = append(g.hooks, hook)
		number = uint64(hook)
	}
	return call(func() int { return core.Gpt_go_set_logits_hook(g.handle, number) })
}

// call returns whether the processor has panicked. C is below on the stack, so that the panic must wait.
func (c *hookCalls) call(process func([]int32, []float32), ids []int32, logits []float32) (stop bool) {
	c.thread.Store(core.Gpt_go_thread())
	defer func() {
		c.thread.Store(0)
		if problem := recover(); problem != nil {
			c.panicked = problem
			stop = true
		}
	}()
	process(ids, logits)
	return false
}

// ResetSettings puts every setting back to what the model's files ask for.
func (g *Generator) ResetSettings() error {
	end, err := g.begin()
	if err != nil {
		return err
	}
	defer end()
	err = call(func() int { return core.Gpt_generator_reset_settings(g.handle) })
	if err == nil {
		err = g.setHook(nil)
	}
	if err == nil && g.model.threads > 0 {
		err = g.set([]Setting{Threads(g.model.threads)})
	}
	return err
}

// A prompt is a text, or the ids of one.
type prompt struct {
	text   string
	ids    []int32
	hasIDs bool
}

func ofText(text string) prompt { return prompt{text: text} }
func ofIDs(ids []int32) prompt  { return prompt{ids: ids, hasIDs: true} }
func each[T any](values []T, of func(T) prompt) []prompt {
	prompts := make([]prompt, len(values))
	for i, value := range values {
		prompts[i] = of(value)
	}
	return prompts
}

// Add adds a prompt and gives the number of its first sequence; further samples have the numbers after it.
func (g *Generator) Add(prompt string) (int64, error) {
	return g.addAlone(ofText(prompt))
}

// AddIDs does the same with token ids.
func (g *Generator) AddIDs(ids []int32) (int64, error) {
	return g.addAlone(ofIDs(ids))
}

func (g *Generator) addAlone(p prompt) (int64, error) {
	end, err := g.beginWithoutStream()
	if err != nil {
		return 0, err
	}
	defer end()
	return g.add(p)
}

func (g *Generator) add(p prompt) (int64, error) {
	out := make([]int64, 1)
	err := call(func() int {
		if p.hasIDs {
			return core.Gpt_generator_add_ids(out, g.handle, p.ids)
		}
		return core.Gpt_generator_add(out, g.handle, p.text)
	})
	return out[0], err
}

// Drop drops a sequence that runs.
func (g *Generator) Drop(sequence int64) error {
	end, err := g.begin()
	if err != nil {
		return err
	}
	defer end()
	return call(func() int { return core.Gpt_generator_drop(g.handle, sequence) })
}

// Active is the number of sequences that have not ended.
func (g *Generator) Active() int {
	end, err := g.begin()
	if err != nil {
		return 0
	}
	defer end()
	return int(core.Gpt_generator_active(g.handle))
}

// Cancel stops what is being computed, from any goroutine: it ends with ErrCancelled.
func (g *Generator) Cancel() {
	g.cancelling.Lock()
	defer g.cancelling.Unlock()
	if g.handle != nil {
		core.Gpt_generator_cancel(g.handle)
	}
}

// watch cancels the generator when the context ends. What it returns stops that, and must be called; it says whether
// the context has ended.
func (g *Generator) watch(ctx context.Context) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return false }
	}
	over, gone := make(chan struct{}), make(chan bool, 1)
	go func() {
		select {
		case <-ctx.Done():
			g.Cancel()
			gone <- true
		case <-over:
			gone <- false
		}
	}()
	return func() bool {
		close(over)
		return <-gone
	}
}

// compute makes a call that computes, for as long as the context lasts.
func (g *Generator) compute(ctx context.Context, function func() int) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	stop, late := g.watch(ctx), g.late
	err := call(function)
	if errors.Is(err, ErrCancelled) && late && ctx.Err() == nil {
		late = false
		err = call(function)
	}
	// Stop is called in any case. Who was cancelled has heard it; who failed otherwise has not.
	late = stop() || late
	g.late = late && !errors.Is(err, ErrCancelled)
	if problem := g.calls.panicked; problem != nil {
		g.calls.panicked = nil
		panic(problem)
	}
	if errors.Is(err, ErrCancelled) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// forgetCancel takes a cancel back that came after the end of what it was to stop: a step without sequences hears it.
func (g *Generator) forgetCancel() {
	if core.Gpt_generator_active(g.handle) == 0 {
		core.Gpt_generator_step(g.handle)
		g.late = false
	}
}

func (g *Generator) step(ctx context.Context) ([]Event, error) {
	err := g.compute(ctx, func() int { return core.Gpt_generator_step(g.handle) })
	if err != nil {
		return nil, err
	}
	events := make([]Event, core.Gpt_generator_event_count(g.handle))
	for i := range events {
		events[i] = eventOf(core.Gpt_generator_event(g.handle, int64(i)))
	}
	return events, nil
}

func finishReason(finish int) string {
	if finish == 0 {
		return ""
	}
	return core.Gpt_finish_name(finish)
}

func eventOf(event core.Gpt_event) Event {
	e := Event{
		Sequence:     core.Gpt_event_sequence(event),
		Token:        int32(core.Gpt_event_token(event)),
		Text:         core.Gpt_go_event_text(event),
		FinishReason: finishReason(core.Gpt_event_finish(event)),
	}
	// NaN, which alone differs from itself, means that none was asked for.
	if logProb := core.Gpt_event_logprob(event); logProb == logProb {
		e.LogProb = logProb
		e.Alternatives = make([]Alternative, core.Gpt_event_alternative_count(event))
		for i := range e.Alternatives {
			e.Alternatives[i] = Alternative{int32(core.Gpt_event_alternative_token(event, int64(i))),
				core.Gpt_event_alternative_logprob(event, int64(i))}
		}
	}
	return e
}

// Step computes a token for each sequence whose prompt has been read, and a part of the prompts that wait.
func (g *Generator) Step(ctx context.Context) ([]Event, error) {
	end, err := g.beginWithoutStream()
	if err != nil {
		return nil, err
	}
	defer end()
	return g.step(ctx)
}

// Generate continues a prompt and gives the new text.
func (g *Generator) Generate(ctx context.Context, prompt string) (string, error) {
	outputs, err := g.GenerateMany(ctx, []string{prompt})
	if err != nil {
		return "", err
	}
	return outputs[0].Text, nil
}

// GenerateMany continues several prompts, which are computed together. It gives the outputs in the order of the prompts,
// with NumReturnSequences so many for each. When the context ends, or something fails, none is left running.
func (g *Generator) GenerateMany(ctx context.Context, prompts []string) ([]Output, error) {
	return g.generateMany(ctx, each(prompts, ofText))
}

// GenerateManyIDs does the same with token ids. The outputs have no Prompt.
func (g *Generator) GenerateManyIDs(ctx context.Context, prompts [][]int32) ([]Output, error) {
	return g.generateMany(ctx, each(prompts, ofIDs))
}

func (g *Generator) generateMany(ctx context.Context, prompts []prompt) ([]Output, error) {
	end, err := g.begin()
	if err != nil {
		return nil, err
	}
	defer end()
	if core.Gpt_generator_active(g.handle) > 0 {
		return nil, errBusy()
	}
	defer g.forgetCancelOf(ctx)
	if core.Gpt_generator_beams(g.handle) > 1 {
		return g.search(ctx, prompts)
	}
	return g.run(ctx, prompts)
}

func (g *Generator) forgetCancelOf(ctx context.Context) {
	if ctx.Err() != nil {
		g.forgetCancel()
	}
}

func (g *Generator) run(ctx context.Context, prompts []prompt) (outputs []Output, err error) {
	// Outputs are found by their sequences, which are dropped if not all end.
	places := map[int64]int{}
	defer func() {
		for sequence := range places {
			if core.Gpt_generator_active(g.handle) == 0 {
				break
			}
			core.Gpt_generator_drop(g.handle, sequence)
		}
	}()
	samples := int64(core.Gpt_generator_samples(g.handle))
	for _, prompt := range prompts {
		before := core.Gpt_generator_pending(g.handle)
		first, err := g.add(prompt)
		if err != nil {
			return nil, err
		}
		tokens := int(core.Gpt_generator_pending(g.handle) - before)
		for i := int64(0); i < samples; i++ {
			places[first+i] = len(outputs)
			outputs = append(outputs, Output{Prompt: prompt.text, PromptTokens: tokens})
		}
	}
	for core.Gpt_generator_active(g.handle) > 0 {
		events, err := g.step(ctx)
		if err != nil {
			return nil, err
		}
		for _, event := range events {
			outputs[places[event.Sequence]].take(event)
		}
	}
	return outputs, nil
}

func (o *Output) take(event Event) {
	o.Text += event.Text
	o.TokenIDs = append(o.TokenIDs, event.Token)
	o.FinishReason = event.FinishReason
	if event.Alternatives != nil {
		o.LogProbs = append(o.LogProbs, event.LogProb)
	}
}

// search is a beam search for each prompt, which is one call of C.
func (g *Generator) search(ctx context.Context, prompts []prompt) (outputs []Output, err error) {
	for _, prompt := range prompts {
		out := make([]uint64, 1)
		p := prompt
		err := g.compute(ctx, func() int {
			if p.hasIDs {
				return core.Gpt_generator_run_ids(out, g.handle, p.ids)
			}
			return core.Gpt_generator_run(out, g.handle, p.text)
		})
		if err != nil {
			return nil, err
		}
		result := core.SwigcptrGpt_result(out[0])
		for i := int64(0); i < core.Gpt_result_count(result); i++ {
			outputs = append(outputs, outputOf(result, i, p.text))
		}
		core.DeleteGpt_result(result)
	}
	return outputs, nil
}

func outputOf(result core.Gpt_result, index int64, prompt string) Output {
	o := Output{
		Text:         core.Gpt_go_result_text(result, index),
		TokenIDs:     make([]int32, core.Gpt_go_result_ids(nil, result, index)),
		FinishReason: finishReason(core.Gpt_result_finish(result, index)),
		Prompt:       prompt,
		PromptTokens: int(core.Gpt_result_prompt_tokens(result, index)),
		Score:        core.Gpt_result_score(result, index),
	}
	core.Gpt_go_result_ids(o.TokenIDs, result, index)
	if core.Gpt_go_result_logprobs(nil, result, index, 0) != 0 {
		o.LogProbs = make([]float32, len(o.TokenIDs))
		core.Gpt_go_result_logprobs(o.LogProbs, result, index, int64(len(o.LogProbs)))
	}
	return o
}

// own is the model as the generator keeps it: the user may have closed the Model.
func (g *Generator) own() core.Gpt_model {
	return core.Gpt_generator_model(g.handle)
}

// evaluate gives logits or hidden states of the tokens of a text.
func (g *Generator) evaluate(p prompt, width func(core.Gpt_model) int, hidden bool) ([][]float32, error) {
	ids, end, err := g.beginWith(p)
	if err != nil {
		return nil, err
	}
	defer end()
	// A text that is too long is refused before memory for its numbers is asked for.
	rows := len(ids)
	if rows > core.Gpt_model_context_length(g.own()) {
		rows = 0
	}
	columns := width(g.own())
	floats := make([]float32, rows*columns)
	err = g.compute(context.Background(), func() int {
		if hidden {
			return core.Gpt_go_evaluate(nil, floats, g.handle, ids)
		}
		return core.Gpt_go_evaluate(floats, nil, g.handle, ids)
	})
	if err != nil {
		return nil, err
	}
	result := make([][]float32, rows)
	for i := range result {
		result[i] = floats[i*columns : (i+1)*columns : (i+1)*columns]
	}
	return result, nil
}

// beginWith takes the generator for this goroutine, as begin does, to look at a text.
func (g *Generator) beginWith(p prompt) (ids []int32, end func(), err error) {
	if ids = p.ids; !p.hasIDs {
		if g.model.tokenizer == nil {
			return nil, nil, &Error{NotFound, "model: its files have no tokenizer"}
		}
		if ids, err = g.model.tokenizer.Encode(p.text); err != nil {
			return nil, nil, err
		}
	}
	end, err = g.begin()
	return ids, end, err
}

// Logits gives the logits after each token of a text.
func (g *Generator) Logits(text string) ([][]float32, error) {
	return g.evaluate(ofText(text), core.Gpt_model_vocab_size, false)
}

// LogitsIDs does the same with token ids.
func (g *Generator) LogitsIDs(ids []int32) ([][]float32, error) {
	return g.evaluate(ofIDs(ids), core.Gpt_model_vocab_size, false)
}

// HiddenStates gives the hidden state of each token of a text after the last norm.
func (g *Generator) HiddenStates(text string) ([][]float32, error) {
	return g.evaluate(ofText(text), core.Gpt_model_width, true)
}

// HiddenStatesIDs does the same with token ids.
func (g *Generator) HiddenStatesIDs(ids []int32) ([][]float32, error) {
	return g.evaluate(ofIDs(ids), core.Gpt_model_width, true)
}

// Score gives the log-probability of each token of a text after those before it; the first is NaN. The perplexity of the
// text is the exponential of the mean of the others, made positive.
func (g *Generator) Score(text string) ([]float32, error) {
	return g.score(ofText(text))
}

// ScoreIDs does the same with token ids.
func (g *Generator) ScoreIDs(ids []int32) ([]float32, error) {
	return g.score(ofIDs(ids))
}

func (g *Generator) score(p prompt) ([]float32, error) {
	ids, end, err := g.beginWith(p)
	if err != nil {
		return nil, err
	}
	defer end()
	logProbs := make([]float32, len(ids))
	err = g.compute(context.Background(), func() int { return core.Gpt_go_score(logProbs, g.handle, ids) })
	return logProbs, err
}
