// SPDX-License-Identifier: Apache-2.0

package gpt

import (
	"context"
	"fmt"
	"runtime"

	"libgpt/gpt/internal/core"
)

// A Dtype is how weights are kept.
type Dtype int

// The types: Auto is what the file has.
const (
	Auto Dtype = iota
	F32
	BF16
	Int8
)

// String gives the name, such as "bf16".
func (d Dtype) String() string {
	return core.Gpt_dtype_name(int(d))
}

type openOptions struct {
	dtype   Dtype
	threads int
}

// An OpenOption changes how Open opens a model.
type OpenOption func(*openOptions)

// WithDtype says how to keep the weights.
func WithDtype(dtype Dtype) OpenOption {
	return func(o *openOptions) { o.dtype = dtype }
}

// WithThreads says with how many threads to open the model, and its generators to compute; 0 lets libgpt choose.
func WithThreads(threads int) OpenOption {
	return func(o *openOptions) { o.threads = threads }
}

// A Model is the weights and the tokenizer of a model.
type Model struct {
	handle    handle[core.Gpt_model]
	tokenizer *Tokenizer
	threads   int
}

// Open opens a model: a directory, a GGUF file, or the name of one that is on this machine.
func Open(nameOrPath string, options ...OpenOption) (*Model, error) {
	if err := checkName(nameOrPath); err != nil {
		return nil, err
	}
	var chosen openOptions
	for _, option := range options {
		option(&chosen)
	}
	threads, err := int32Of("threads", chosen.threads)
	if err != nil {
		return nil, err
	}
	out := make([]uint64, 1)
	err = call(func() int { return openModel(out, nameOrPath, chosen.dtype, threads) })
	if err != nil {
		return nil, err
	}
	opened := core.SwigcptrGpt_model(out[0])
	m := &Model{handle: newHandle[core.Gpt_model]("model", opened, core.DeleteGpt_model), threads: threads}
	if tokenizer := core.Gpt_model_tokenizer(opened); tokenizer != nil && tokenizer.Swigcptr() != 0 {
		m.tokenizer = newTokenizer(core.Gpt_tokenizer_ref(tokenizer))
	}
	runtime.SetFinalizer(m, (*Model).Close)
	return m, nil
}

func openModel(out []uint64, name string, dtype Dtype, threads int) int {
	box := make([]uint64, 1)
	if status := core.Gpt_model_options_new(box); status != 0 {
		return status
	}
	options := core.SwigcptrGpt_model_options(box[0])
	defer core.DeleteGpt_model_options(options)
	if status := core.Gpt_model_options_set_dtype(options, int(dtype)); status != 0 {
		return status
	}
	if status := core.Gpt_model_options_set_threads(options, threads); status != 0 {
		return status
	}
	return core.Gpt_model_open(out, name, options)
}

// Close gives the memory back, unless a generator still uses it. It may be called again.
func (m *Model) Close() {
	m.handle.close()
	runtime.SetFinalizer(m, nil)
}

// Tokenizer gives the tokenizer of the model, which lives on when the model is closed; nil when its files have none.
func (m *Model) Tokenizer() *Tokenizer {
	return m.tokenizer
}

func (m *Model) number(get func(core.Gpt_model) int64) int64 {
	var number int64
	_ = m.handle.use(func(handle core.Gpt_model) error {
		number = get(handle)
		return nil
	})
	return number
}

func (m *Model) text(get func(core.Gpt_model) string) string {
	var text string
	_ = m.handle.use(func(handle core.Gpt_model) error {
		text = get(handle)
		return nil
	})
	return text
}

// Path is where the model was opened from. This and what follows is empty or 0 when the model is closed.
func (m *Model) Path() string { return m.text(core.Gpt_model_path) }

// Family is the family, as config.json calls it: "gpt2".
func (m *Model) Family() string { return m.text(core.Gpt_model_family) }

// Dtype is how the weights are kept.
func (m *Model) Dtype() Dtype {
	return Dtype(m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_dtype(handle)) }))
}

// VocabSize is the number of logits for each token.
func (m *Model) VocabSize() int {
	return int(m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_vocab_size(handle)) }))
}

// ContextLength is the largest number of tokens, prompt and new ones together.
func (m *Model) ContextLength() int {
	return int(m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_context_length(handle)) }))
}

// HiddenSize is the number of values in a hidden state.
func (m *Model) HiddenSize() int {
	return int(m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_width(handle)) }))
}

// Layers is the number of layers.
func (m *Model) Layers() int {
	return int(m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_layers(handle)) }))
}

// Heads is the number of attention heads of a layer.
func (m *Model) Heads() int {
	return int(m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_heads(handle)) }))
}

// Parameters is the number of different weights.
func (m *Model) Parameters() int64 {
	return m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_parameters(handle)) })
}

// WeightBytes is the memory that the weights take.
func (m *Model) WeightBytes() int64 {
	return m.number(func(handle core.Gpt_model) int64 { return int64(core.Gpt_model_weight_bytes(handle)) })
}

// String describes the model in a line.
func (m *Model) String() string {
	return fmt.Sprintf("gpt.Model %s: %s, %d parameters, %s", m.Path(), m.Family(), m.Parameters(), m.Dtype())
}

// Generator makes a generator, which keeps the model's memory for as long as it needs it.
func (m *Model) Generator(settings ...Setting) (*Generator, error) {
	g := &Generator{model: m, calls: &hookCalls{}, streaming: none}
	out := make([]uint64, 1)
	err := m.handle.use(func(handle core.Gpt_model) error {
		return call(func() int { return core.Gpt_generator_new(out, handle) })
	})
	if err != nil {
		return nil, err
	}
	g.handle = core.SwigcptrGpt_generator(out[0])
	runtime.SetFinalizer(g, (*Generator).Close)
	if m.threads > 0 {
		settings = append([]Setting{Threads(m.threads)}, settings...)
	}
	if err := g.Set(settings...); err != nil {
		g.Close()
		return nil, err
	}
	return g, nil
}

// Generate continues a prompt and gives the new text. When the context ends, so does the computation.
func (m *Model) Generate(ctx context.Context, prompt string, settings ...Setting) (string, error) {
	g, err := m.Generator(settings...)
	if err != nil {
		return "", err
	}
	defer g.Close()
	return g.Generate(ctx, prompt)
}

// GenerateMany continues several prompts, which are computed together: see Generator.GenerateMany.
func (m *Model) GenerateMany(ctx context.Context, prompts []string, settings ...Setting) ([]Output, error) {
	return m.generateMany(ctx, each(prompts, ofText), settings)
}

// GenerateManyIDs does the same with token ids.
func (m *Model) GenerateManyIDs(ctx context.Context, prompts [][]int32, settings ...Setting) ([]Output, error) {
	return m.generateMany(ctx, each(prompts, ofIDs), settings)
}

func (m *Model) generateMany(ctx context.Context, prompts []prompt, settings []Setting) ([]Output, error) {
	g, err := m.Generator(settings...)
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return g.generateMany(ctx, prompts)
}

// Stream gives the pieces of text that continue a prompt, each as soon as it is certain.
func (m *Model) Stream(ctx context.Context, prompt string, settings ...Setting) *Stream {
	return m.stream(ctx, ofText(prompt), settings)
}

// StreamIDs does the same with token ids.
func (m *Model) StreamIDs(ctx context.Context, ids []int32, settings ...Setting) *Stream {
	return m.stream(ctx, ofIDs(ids), settings)
}

func (m *Model) stream(ctx context.Context, p prompt, settings []Setting) *Stream {
	g, err := m.Generator(settings...)
	if err != nil {
		return &Stream{err: err}
	}
	s := g.stream(ctx, p)
	s.own = true
	return s
}

// Score gives the log-probability of each token of a text: see Generator.Score.
func (m *Model) Score(text string) ([]float32, error) {
	return m.score(ofText(text))
}

// ScoreIDs does the same with token ids.
func (m *Model) ScoreIDs(ids []int32) ([]float32, error) {
	return m.score(ofIDs(ids))
}

func (m *Model) score(p prompt) ([]float32, error) {
	g, err := m.Generator()
	if err != nil {
		return nil, err
	}
	defer g.Close()
	return g.score(p)
}
