// SPDX-License-Identifier: Apache-2.0

package gpt

import (
	"fmt"
	"math"

	"libgpt/gpt/internal/core"
)

// A Setting changes what a generator does. Their names are those of transformers' generate, in Go's spelling.
type Setting struct {
	name string
	// Whether it makes no sense unless tokens are drawn at random: giving it turns sampling on.
	samples bool
	// Whether it asks for a beam search, which ranks its sequences without drawing any.
	beams bool
	apply func(*Generator) error
}

// int32Of refuses what C's numbers have no room for.
func int32Of(name string, value int) (int, error) {
	if value < math.MinInt32 || value > math.MaxInt32 {
		return 0, argumentError(fmt.Sprintf("%s: %d is out of range", name, value))
	}
	return value, nil
}

func whole(name string, value int, set func(core.Gpt_generator, int) int) Setting {
	return Setting{name: name, apply: func(g *Generator) error {
		if _, err := int32Of(name, value); err != nil {
			return err
		}
		return call(func() int { return set(g.handle, value) })
	}}
}

func decimal(name string, value float64, set func(core.Gpt_generator, float32) int) Setting {
	return Setting{name: name, apply: func(g *Generator) error {
		return call(func() int { return set(g.handle, float32(value)) })
	}}
}

// ofSampling marks a setting that turns sampling on.
func ofSampling(s Setting) Setting {
	s.samples = true
	return s
}

func numberOf(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// DoSample says whether to draw tokens at random; otherwise the most probable one is taken.
func DoSample(yes bool) Setting {
	return whole("do_sample", numberOf(yes), core.Gpt_generator_set_sampling)
}

// Temperature divides the logits: below 1 the probable becomes more probable. It turns sampling on, as do the next six.
func Temperature(value float64) Setting {
	return ofSampling(decimal("temperature", value, core.Gpt_generator_set_temperature))
}

// TopK keeps the so many most probable tokens; 0 keeps all.
func TopK(k int) Setting { return ofSampling(whole("top_k", k, core.Gpt_generator_set_top_k)) }

// TopP keeps the most probable tokens that together have this probability.
func TopP(p float64) Setting { return ofSampling(decimal("top_p", p, core.Gpt_generator_set_top_p)) }

// MinP keeps tokens with at least this part of the probability of the most probable one.
func MinP(p float64) Setting { return ofSampling(decimal("min_p", p, core.Gpt_generator_set_min_p)) }

// TypicalP keeps the tokens whose information is nearest to what is expected, with this probability together.
func TypicalP(p float64) Setting {
	return ofSampling(decimal("typical_p", p, core.Gpt_generator_set_typical_p))
}

// EpsilonCutoff drops tokens below this probability.
func EpsilonCutoff(p float64) Setting {
	return ofSampling(decimal("epsilon_cutoff", p, core.Gpt_generator_set_epsilon_cutoff))
}

// EtaCutoff drops tokens below a probability that follows the entropy.
func EtaCutoff(p float64) Setting {
	return ofSampling(decimal("eta_cutoff", p, core.Gpt_generator_set_eta_cutoff))
}

// RepetitionPenalty makes tokens that are there already less probable; 1 is none.
func RepetitionPenalty(value float64) Setting {
	return decimal("repetition_penalty", value, core.Gpt_generator_set_repetition_penalty)
}

// PresencePenalty is taken from the logits of tokens that were generated already.
func PresencePenalty(value float64) Setting {
	return decimal("presence_penalty", value, core.Gpt_generator_set_presence_penalty)
}

// FrequencyPenalty is taken from the logits of tokens for each time that they were generated.
func FrequencyPenalty(value float64) Setting {
	return decimal("frequency_penalty", value, core.Gpt_generator_set_frequency_penalty)
}

// NoRepeatNgramSize lets no run of so many tokens come twice; 0 is no limit.
func NoRepeatNgramSize(n int) Setting {
	return whole("no_repeat_ngram_size", n, core.Gpt_generator_set_no_repeat_ngram)
}

// MinNewTokens is the least number of new tokens.
func MinNewTokens(n int) Setting {
	return whole("min_new_tokens", n, core.Gpt_generator_set_min_new_tokens)
}

// MaxNewTokens is the largest number of new tokens.
func MaxNewTokens(n int) Setting {
	return whole("max_new_tokens", n, core.Gpt_generator_set_max_new_tokens)
}

// MaxLength is the largest number of tokens, prompt and new ones together.
func MaxLength(n int) Setting { return whole("max_length", n, core.Gpt_generator_set_max_length) }

// NumReturnSequences is how many continuations each prompt gets. More than one turn sampling on, unless there are beams.
func NumReturnSequences(n int) Setting {
	s := whole("num_return_sequences", n, core.Gpt_generator_set_samples)
	s.samples = n != 1
	return s
}

// NumBeams is the number of beams of a beam search; 1 is none.
func NumBeams(n int) Setting {
	s := whole("num_beams", n, core.Gpt_generator_set_beams)
	s.beams = n != 1
	return s
}

// LengthPenalty is the power of the length by which the score of a beam is divided.
func LengthPenalty(value float64) Setting {
	return decimal("length_penalty", value, core.Gpt_generator_set_length_penalty)
}

// EarlyStopping ends a beam search as soon as there are as many ended beams as are asked for.
func EarlyStopping(yes bool) Setting {
	return whole("early_stopping", numberOf(yes), core.Gpt_generator_set_early_stopping)
}

// LogProbs asks for the log-probability of each token, and so many alternatives to it.
func LogProbs(alternatives int) Setting {
	return whole("logprobs", alternatives, core.Gpt_generator_set_logprobs)
}

// Threads is the number of threads to compute with; 0 lets libgpt choose.
func Threads(n int) Setting { return whole("threads", n, core.Gpt_generator_set_threads) }

// Chunk is the largest number of prompt tokens that a step reads.
func Chunk(tokens int) Setting { return whole("chunk", tokens, core.Gpt_generator_set_chunk) }

// CacheTokens is the largest number of tokens that the cache holds; 0 is no limit.
func CacheTokens(tokens int64) Setting {
	return Setting{name: "cache_tokens", apply: func(g *Generator) error {
		return call(func() int { return core.Gpt_generator_set_cache_tokens(g.handle, tokens) })
	}}
}

// Seed begins the random numbers: the same seed gives the same text.
func Seed(seed uint64) Setting {
	return Setting{name: "seed", apply: func(g *Generator) error {
		return call(func() int { return core.Gpt_generator_set_seed(g.handle, seed) })
	}}
}

// EOSTokenIDs are the tokens that end a sequence: these, and no others.
func EOSTokenIDs(ids ...int32) Setting {
	return Setting{name: "eos_token_id", apply: func(g *Generator) error {
		// There are no others than the model's, and those that were set here.
		before := g.ends
		for i := int64(0); i < core.Gpt_model_stop_token_count(g.own()); i++ {
			before = append(before, core.Gpt_model_stop_token(g.own(), i))
		}
		for _, id := range before {
			if err := g.setStopToken(id, 0); err != nil {
				return err
			}
		}
		g.ends = nil
		for _, id := range ids {
			if err := g.setStopToken(int(id), 1); err != nil {
				return err
			}
			g.ends = append(g.ends, int(id))
		}
		return nil
	}}
}

func (g *Generator) setStopToken(id, yes int) error {
	return call(func() int { return core.Gpt_generator_set_stop_token(g.handle, id, yes) })
}

// StopStrings end a sequence, whose text ends before them: these, and no others.
func StopStrings(strings ...string) Setting {
	return Setting{name: "stop_strings", apply: func(g *Generator) error {
		core.Gpt_generator_clear_stop_strings(g.handle)
		for _, s := range strings {
			text := s
			err := call(func() int { return core.Gpt_generator_add_stop_string(g.handle, text) })
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// SuppressTokens are never chosen.
func SuppressTokens(ids ...int32) Setting {
	return Setting{name: "suppress_tokens", apply: func(g *Generator) error {
		for _, id := range ids {
			token := int(id)
			err := call(func() int { return core.Gpt_generator_set_banned(g.handle, token, 1) })
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// SequenceBias is added to the logits of tokens.
func SequenceBias(biases map[int32]float32) Setting {
	return Setting{name: "sequence_bias", apply: func(g *Generator) error {
		for id, bias := range biases {
			token, value := int(id), bias
			err := call(func() int { return core.Gpt_generator_set_bias(g.handle, token, value) })
			if err != nil {
				return err
			}
		}
		return nil
	}}
}

// LogitsProcessor is called before each token is chosen, with the ids so far and the logits of the next token, which it
// may change; it must keep neither. When it panics, the generation stops and the panic goes on in the caller. nil is none.
func LogitsProcessor(process func(ids []int32, logits []float32)) Setting {
	return Setting{name: "logits_processor", apply: func(g *Generator) error { return g.setHook(process) }}
}
