/* SPDX-License-Identifier: Apache-2.0 */
/* gpt/generator.h: new text from a model: settings, one-call generation, streams, batches, scores. */
#ifndef GPT_GENERATOR_H
#define GPT_GENERATOR_H

#include <gpt/model.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A generator: settings, running sequences, and their KV cache.
 *
 * Belongs to one thread at a time; only gpt_generator_cancel may be called from other threads meanwhile. Several
 * generators on several threads may share a model. A generator holds a reference to its model.
 *
 * A whole program's work:
 *
 *     static int show(const gpt_event *event, void *user)
 *     {
 *         size_t length;
 *         const char *text = gpt_event_text(&length, event);
 *         (void)user;
 *         return fwrite(text, 1, length, stdout) < length;
 *     }
 *
 *     gpt_model *model = NULL;
 *     gpt_generator *generator = NULL;
 *     gpt_status status = gpt_model_open(&model, "storyteller", NULL);
 *     if (status == GPT_OK)
 *         status = gpt_generator_new(&generator, model);
 *     if (status == GPT_OK)
 *         status = gpt_generator_stream(generator, "Once upon a time", 16, show, NULL);
 *     if (status != GPT_OK)
 *         fprintf(stderr, "%s\n", gpt_error_message());
 *     gpt_generator_free(generator);
 *     gpt_model_free(model);
 */
typedef struct gpt_generator gpt_generator;

/** One token that a step chose for one sequence. Owned by the generator. */
typedef struct gpt_event gpt_event;

/** What a one-call generation gave: one output for each sample of each prompt. Immutable; any thread may read it. */
typedef struct gpt_result gpt_result;

/** Why a sequence ended. Later releases may add reasons. Since 1.0. */
typedef enum gpt_finish {
    GPT_FINISH_NONE = 0,        /**< It has not ended. */
    GPT_FINISH_STOP_TOKEN = 1,  /**< A stop token was chosen, such as the end of text. */
    GPT_FINISH_STOP_STRING = 2, /**< A stop string appeared; the text ends before it. */
    GPT_FINISH_LENGTH = 3,      /**< It reached max_new_tokens or max_length. */
    GPT_FINISH_CONTEXT = 4      /**< It reached the context length of the model. */
} gpt_finish;

/** The name of a reason: "none", "stop_token", "stop_string", "length", "context"; NULL for others. Since 1.0. */
GPT_API const char *gpt_finish_name(gpt_finish finish);

/**
 * Makes a generator with the settings that the model's generation_config.json asks for (else the defaults below).
 *
 * @param out    receives the generator, freed with gpt_generator_free; NULL on failure
 * @param model  takes a reference to it
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_FORMAT when generation_config.json asks for what no setting can be;
 * GPT_E_MEMORY. Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_new(gpt_generator **out, gpt_model *model);

/** Frees a generator and drops its sequences. Takes NULL. Since 1.0. */
GPT_API void gpt_generator_free(gpt_generator *generator);

/** The model of a generator, owned by the generator. NULL for NULL. Since 1.0. */
GPT_API gpt_model *gpt_generator_model(const gpt_generator *generator);

/*
 * Settings. They hold for sequences that are added afterwards; those that run keep theirs. Each setter checks at once
 * and returns GPT_OK, or GPT_E_ARGUMENT with the range in the message and nothing changed. Each getter returns the
 * setting, and the default for NULL. Those of a float refuse NaN.
 *
 * They act on the logits in this order: the hook, bias, repetition penalty, presence and frequency penalty, no-repeat
 * n-gram, banned tokens, minimum of new tokens, and then, when sampling is on, temperature, top-k, top-p, min-p,
 * typical-p, epsilon, eta. Their meanings are those of the same names in Hugging Face transformers, which is the
 * reference; presence and frequency penalty are those of OpenAI's API.
 */

/** Puts every setting back to what gpt_generator_new gave, stop strings, stop tokens and biases too. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_reset_settings(gpt_generator *generator);

/**
 * Whether tokens are drawn at random (1) or the most probable one is taken (0, greedy). 0 or 1. Default: 0. Since
 * 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_sampling(gpt_generator *generator, int sampling);

/** The setting of gpt_generator_set_sampling. Since 1.0. */
GPT_API int gpt_generator_sampling(const gpt_generator *generator);

/**
 * Divides the logits before a token is drawn: below 1 improbable ones get rarer, above 1 more common. Above 0.
 * Default: 1. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_temperature(gpt_generator *generator, float temperature);

/** The setting of gpt_generator_set_temperature. Since 1.0. */
GPT_API float gpt_generator_temperature(const gpt_generator *generator);

/** Draws among the k most probable tokens. 0 (off) or more. Default: 0. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_top_k(gpt_generator *generator, int top_k);

/** The setting of gpt_generator_set_top_k. Since 1.0. */
GPT_API int gpt_generator_top_k(const gpt_generator *generator);

/**
 * Draws among the fewest most probable tokens that together reach this probability (nucleus sampling, Holtzman et al.
 * 2019). From 0 to 1; 1 is off. Default: 1. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_top_p(gpt_generator *generator, float top_p);

/** The setting of gpt_generator_set_top_p. Since 1.0. */
GPT_API float gpt_generator_top_p(const gpt_generator *generator);

/**
 * Draws among tokens at least this share as probable as the most probable one. From 0 (off) to 1. Default: 0. Since
 * 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_min_p(gpt_generator *generator, float min_p);

/** The setting of gpt_generator_set_min_p. Since 1.0. */
GPT_API float gpt_generator_min_p(const gpt_generator *generator);

/**
 * Draws among the tokens nearest to the expected surprise that together reach this probability (Meister et al. 2022).
 * Above 0, up to 1; 1 is off. Default: 1. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_typical_p(gpt_generator *generator, float typical_p);

/** The setting of gpt_generator_set_typical_p. Since 1.0. */
GPT_API float gpt_generator_typical_p(const gpt_generator *generator);

/**
 * Draws among tokens of at least this probability (Hewitt et al. 2022). From 0 (off), below 1. Default: 0. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_epsilon_cutoff(gpt_generator *generator, float epsilon_cutoff);

/** The setting of gpt_generator_set_epsilon_cutoff. Since 1.0. */
GPT_API float gpt_generator_epsilon_cutoff(const gpt_generator *generator);

/**
 * Draws among tokens of at least min(eta, sqrt(eta) * exp(-entropy)) (Hewitt et al. 2022). From 0 (off), below 1.
 * Default: 0. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_eta_cutoff(gpt_generator *generator, float eta_cutoff);

/** The setting of gpt_generator_set_eta_cutoff. Since 1.0. */
GPT_API float gpt_generator_eta_cutoff(const gpt_generator *generator);

/**
 * Divides the positive logits, and multiplies the negative ones, of tokens that the prompt or the new text has
 * (Keskar et al. 2019). Above 0; 1 is off. Default: 1. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_repetition_penalty(gpt_generator *generator,
                                                                       float repetition_penalty);

/** The setting of gpt_generator_set_repetition_penalty. Since 1.0. */
GPT_API float gpt_generator_repetition_penalty(const gpt_generator *generator);

/** Taken off the logits of tokens that the new text has. Any finite number; 0 is off. Default: 0. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_presence_penalty(gpt_generator *generator,
                                                                     float presence_penalty);

/** The setting of gpt_generator_set_presence_penalty. Since 1.0. */
GPT_API float gpt_generator_presence_penalty(const gpt_generator *generator);

/**
 * Taken off the logits once for each time that the new text has the token. Any finite number; 0 is off. Default: 0.
 * Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_frequency_penalty(gpt_generator *generator,
                                                                      float frequency_penalty);

/** The setting of gpt_generator_set_frequency_penalty. Since 1.0. */
GPT_API float gpt_generator_frequency_penalty(const gpt_generator *generator);

/** Never lets n tokens in a row appear twice in prompt and new text. 0 (off) or more. Default: 0. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_no_repeat_ngram(gpt_generator *generator, int no_repeat_ngram);

/** The setting of gpt_generator_set_no_repeat_ngram. Since 1.0. */
GPT_API int gpt_generator_no_repeat_ngram(const gpt_generator *generator);

/**
 * Until there are so many new tokens, no stop token is chosen and no stop string looked for. 0 or more. Default: 0.
 * Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_min_new_tokens(gpt_generator *generator, int min_new_tokens);

/** The setting of gpt_generator_set_min_new_tokens. Since 1.0. */
GPT_API int gpt_generator_min_new_tokens(const gpt_generator *generator);

/** Ends a sequence after so many new tokens. 0 or more; 0 means up to the context length. Default: 0. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_max_new_tokens(gpt_generator *generator, int max_new_tokens);

/** The setting of gpt_generator_set_max_new_tokens. Since 1.0. */
GPT_API int gpt_generator_max_new_tokens(const gpt_generator *generator);

/**
 * Ends a sequence when prompt and new tokens together are so many. Counts only while max_new_tokens is 0, as in
 * transformers. 0 or more; 0 is off. Default: 0. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_max_length(gpt_generator *generator, int max_length);

/** The setting of gpt_generator_set_max_length. Since 1.0. */
GPT_API int gpt_generator_max_length(const gpt_generator *generator);

/** How many sequences each prompt starts; they share the prompt's cache. 1 to 4096. Default: 1. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_samples(gpt_generator *generator, int samples);

/** The setting of gpt_generator_set_samples. Since 1.0. */
GPT_API int gpt_generator_samples(const gpt_generator *generator);

/**
 * Searches with so many beams, instead of choosing one token after another: at each step the most probable
 * continuations of all beams together are kept, and in the end the best of those that have ended (the method of
 * transformers' generate). 1 to 256; 1 is off. Default: 1.
 *
 * gpt_generator_run, run_ids and run_many search; their outputs are the best ones of each prompt, best first, as many
 * as samples says, which may not be more than beams. Where settings or hook leave fewer texts than that, the outputs
 * that were not found are empty: no tokens, no text, GPT_FINISH_NONE. A stop string ends a text as a stop token does,
 * and its tokens count for the score. What changes single logits acts on log-probabilities then; sampling, temperature
 * and what goes with them play no part. Streaming and steps can not search: GPT_E_UNSUPPORTED. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_beams(gpt_generator *generator, int beams);

/** The setting of gpt_generator_set_beams. Since 1.0. */
GPT_API int gpt_generator_beams(const gpt_generator *generator);

/**
 * With beams: a continuation's score is the sum of its log-probabilities, divided by its length in tokens to this
 * power. Above 0 favours long ones, below 0 short ones. Default: 1. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_length_penalty(gpt_generator *generator, float length_penalty);

/** The setting of gpt_generator_set_length_penalty. Since 1.0. */
GPT_API float gpt_generator_length_penalty(const gpt_generator *generator);

/**
 * With beams: 1 ends the search as soon as there are as many ended continuations as beams; 0 goes on as long as a
 * better one is likely. Default: 0. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_early_stopping(gpt_generator *generator, int early_stopping);

/** The setting of gpt_generator_set_early_stopping. Since 1.0. */
GPT_API int gpt_generator_early_stopping(const gpt_generator *generator);

/**
 * Which log-probabilities events and results carry: -1 none, 0 that of the chosen token, n those of the n most probable
 * tokens too, which events alone have. They are the model's own, in nats, before any setting acts on them. -1 to 1024.
 * Default: -1. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_logprobs(gpt_generator *generator, int logprobs);

/** The setting of gpt_generator_set_logprobs. Since 1.0. */
GPT_API int gpt_generator_logprobs(const gpt_generator *generator);

/**
 * The number of threads that compute. 0 to 1024; 0 means one for each processor that the process may run on, but fewer
 * for small models. Holds from the next step on. Default: 0. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_threads(gpt_generator *generator, int threads);

/** The setting of gpt_generator_set_threads. Since 1.0. */
GPT_API int gpt_generator_threads(const gpt_generator *generator);

/**
 * The most tokens of prompts that one step reads, over all sequences: a longer prompt is read in several steps, so that
 * it does not hold up others. Sequences whose prompts have been read take part in every step beside them, one token
 * each, and are not counted. 1 to 65536. Holds from the next step on. Default: 512. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_chunk(gpt_generator *generator, int chunk);

/** The setting of gpt_generator_set_chunk. Since 1.0. */
GPT_API int gpt_generator_chunk(const gpt_generator *generator);

/**
 * The most tokens that the KV cache may hold, over all sequences; a shared prompt counts once. 0 or more; 0 means as
 * many as memory allows. It is rounded up to whole pages. Holds from the next step on. Default: 0.
 *
 * When sequences need more, those that were added last wait until others have ended; what the cache held of them is
 * computed again then, so that they give the same as without a limit but for rounding, as many tokens at once are not
 * rounded as one by one. Memory of sequences that have ended is kept for the next ones, until gpt_generator_free or a
 * lower limit. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_cache_tokens(gpt_generator *generator, int64_t cache_tokens);

/** The setting of gpt_generator_set_cache_tokens. Since 1.0. */
GPT_API int64_t gpt_generator_cache_tokens(const gpt_generator *generator);

/**
 * The seed of the random numbers of sequences added afterwards. Default: a new one from the system for each prompt.
 *
 * Sample i of a prompt draws from stream i of the seed (Philox 4x32-10, Salmon et al. 2011), whatever else runs: the
 * same seed, prompt and settings meet the same random numbers. The tokens are the same as far as the model's numbers
 * are, which oneDNN may sum up in another order for another processor, number of threads, or number of sequences that
 * run together; docs/generation.md says what was seen. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_seed(gpt_generator *generator, uint64_t seed);

/** The seed that was set, else the one that the last prompt was given; 0 before any. Since 1.0. */
GPT_API uint64_t gpt_generator_seed(const gpt_generator *generator);

/**
 * Adds a number to the logit of a token, in place of what an earlier call set for it.
 *
 * @param token  0 to gpt_model_vocab_size() - 1
 * @param bias   any finite number; 0 takes the bias away
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_bias(gpt_generator *generator, int32_t token, float bias);

/** The bias of a token; 0 when it has none. Since 1.0. */
GPT_API float gpt_generator_bias(const gpt_generator *generator, int32_t token);

/**
 * Forbids (1) or allows (0) a token.
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_banned(gpt_generator *generator, int32_t token, int banned);

/** Whether a token is forbidden, 1 or 0. Since 1.0. */
GPT_API int gpt_generator_banned(const gpt_generator *generator, int32_t token);

/**
 * Ends sequences when a token is chosen (1), or no more (0). Default: the end-of-sequence tokens of the model's files.
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_stop_token(gpt_generator *generator, int32_t token, int stop);

/** Whether a token ends sequences, 1 or 0. Since 1.0. */
GPT_API int gpt_generator_stop_token(const gpt_generator *generator, int32_t token);

/**
 * Ends sequences when the new text holds this string; the text then ends before it.
 *
 * @param string  UTF-8, may hold NUL; copied
 * @param length  of string in bytes, 1 to 65536
 *
 * @return GPT_OK; GPT_E_ARGUMENT, also when the model has no tokenizer; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_add_stop_string(gpt_generator *generator, const char *string,
                                                                size_t length);

/** The number of stop strings. Since 1.0. */
GPT_API size_t gpt_generator_stop_string_count(const gpt_generator *generator);

/**
 * A stop string, in the order in which they were added.
 *
 * @param length  receives its length in bytes
 * @return the string, which holds until the stop strings change; NULL when index is too large. Since 1.0.
 */
GPT_API const char *gpt_generator_stop_string(size_t *length, const gpt_generator *generator, size_t index);

/** Takes all stop strings away. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_clear_stop_strings(gpt_generator *generator);

/**
 * Looks at, or changes, the logits of a sequence before its next token is chosen, and before all settings.
 *
 * With beams it is called for each beam at each step, and sequence is the beam's rank: 0 is the best one so far, so
 * that a rank may belong to another text at the next step. It gets logits then, too, from which the log-probabilities
 * that the settings act on are made afterwards.
 *
 * @param logits    [vocab] as the model gave them; may be changed, to -INFINITY too, which excludes a token, and to
 *                  INFINITY, which leaves the others next to no chance
 * @param vocab     V
 * @param ids       prompt and new tokens so far
 * @param count     of ids
 * @param sequence  whose token is to be chosen
 * @param user      what was given to gpt_generator_set_logits_hook
 *
 * @return 0 to go on; anything else ends the step with GPT_E_CANCELLED. Must not call functions of this generator,
 * except gpt_generator_cancel; those that compute, add or drop return GPT_E_ARGUMENT then.
 */
typedef int (*gpt_logits_hook)(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence,
                               void *user);

/**
 * Sets the logits hook of sequences added afterwards, or none with NULL (the default). Sequences that run keep theirs:
 * the old hook and user must hold until these have ended. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_logits_hook(gpt_generator *generator, gpt_logits_hook hook,
                                                                void *user);

/*
 * One call.
 */

/**
 * Continues a prompt until each sample ends, and gives the new text.
 *
 * @param out     receives the result, freed with gpt_result_free; NULL on failure
 * @param prompt  UTF-8, may hold NUL; empty means the model's beginning-of-text token alone
 * @param length  of prompt in bytes
 *
 * @return GPT_OK; GPT_E_ARGUMENT, also while sequences of gpt_generator_add run, when the model has no tokenizer, when
 * the prompt is empty and the model has no such token, or when the tokenizer makes no token of it; GPT_E_FORMAT and
 * GPT_E_UNSUPPORTED as gpt_tokenizer_encode; GPT_E_CONTEXT when the prompt leaves no room in the context, in max_length
 * or in the cache; GPT_E_CANCELLED; GPT_E_INTERNAL when the model computes NaN, or the settings leave no token to
 * choose; GPT_E_MEMORY. On failure the sequences are dropped. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_run(gpt_result **out, gpt_generator *generator, const char *prompt,
                                                    size_t length);

/** The same for a prompt of token ids; needs no tokenizer, and without one the result has no text. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_run_ids(gpt_result **out, gpt_generator *generator,
                                                        const int32_t *ids, size_t count);

/**
 * The same for many prompts, computed together without padding; with beams one after the other. Output i * samples + j
 * of the result is sample j of prompt i.
 *
 * @param prompts  [count] texts
 * @param lengths  [count] their lengths in bytes
 * Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_run_many(gpt_result **out, gpt_generator *generator,
                                                         const char *const *prompts, const size_t *lengths,
                                                         size_t count);

/**
 * Receives an event of gpt_generator_stream.
 *
 * @param event  valid during the call only
 * @param user   what was given to gpt_generator_stream
 *
 * @return 0 to go on; anything else ends the generation with GPT_E_CANCELLED. Must not call functions of this
 * generator, except gpt_generator_cancel; those that compute, add or drop return GPT_E_ARGUMENT then.
 */
typedef int (*gpt_event_callback)(const gpt_event *event, void *user);

/**
 * Continues a prompt and hands each new token to a callback as soon as it is chosen.
 *
 * Arguments and status as for gpt_generator_run; GPT_E_UNSUPPORTED while beams is above 1; GPT_E_CANCELLED also when
 * the callback asks to stop. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_stream(gpt_generator *generator, const char *prompt, size_t length,
                                                       gpt_event_callback callback, void *user);

/** The same for a prompt of token ids. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_stream_ids(gpt_generator *generator, const int32_t *ids, size_t count,
                                                           gpt_event_callback callback, void *user);

/**
 * Stops what the generator is computing, from any thread and at any time before gpt_generator_free.
 *
 * The call under way that computes (a run, a stream, a step, gpt_generator_evaluate, gpt_generator_score), else the
 * next one, returns GPT_E_CANCELLED within about a layer's time. Sequences of gpt_generator_add are as they were before
 * that step and can go on. A cancellation that comes too late for the call that it was meant for so ends the next one;
 * a step while no sequence is active takes it back. Takes NULL. Since 1.0.
 */
GPT_API void gpt_generator_cancel(gpt_generator *generator);

/** Frees a result. Takes NULL. Any thread. Since 1.0. */
GPT_API void gpt_result_free(gpt_result *result);

/** The number of outputs: prompts times samples. 0 for NULL. Since 1.0. */
GPT_API size_t gpt_result_count(const gpt_result *result);

/**
 * The new text of an output: valid UTF-8, without the prompt, the stop string and special tokens. It continues the
 * prompt as it is: a space that belongs between them is at its beginning.
 *
 * @param length  receives its length in bytes, which the NUL after it does not count; 0 on failure
 * @return the text, owned by the result; NULL when index is too large. Since 1.0.
 */
GPT_API const char *gpt_result_text(size_t *length, const gpt_result *result, size_t index);

/**
 * The new tokens of an output, the stop token too.
 *
 * @param count  receives their number; 0 on failure
 * @return the ids, owned by the result; NULL when index is too large. Since 1.0.
 */
GPT_API const int32_t *gpt_result_ids(size_t *count, const gpt_result *result, size_t index);

/**
 * The log-probabilities of the new tokens of an output, as many as gpt_result_ids gives.
 *
 * @return the values in nats, owned by the result; NULL when index is too large or logprobs was -1. Since 1.0.
 */
GPT_API const float *gpt_result_logprobs(const gpt_result *result, size_t index);

/**
 * The score by which a beam search has ranked an output: see gpt_generator_set_length_penalty.
 *
 * @return NaN when index is too large or there was no search. Since 1.0.
 */
GPT_API float gpt_result_score(const gpt_result *result, size_t index);

/** Why an output ended; GPT_FINISH_NONE when index is too large or a beam search did not find it. Since 1.0. */
GPT_API gpt_finish gpt_result_finish(const gpt_result *result, size_t index);

/** The number of tokens of the prompt that an output continues; 0 when index is too large. Since 1.0. */
GPT_API size_t gpt_result_prompt_tokens(const gpt_result *result, size_t index);

/*
 * Step by step: sequences come and go while others run.
 *
 *     int64_t sequence;
 *     gpt_status status = gpt_generator_add(&sequence, generator, prompt, length);
 *     while (status == GPT_OK && gpt_generator_active(generator) > 0) {
 *         status = gpt_generator_step(generator);
 *         for (size_t i = 0; status == GPT_OK && i < gpt_generator_event_count(generator); i++)
 *             show(gpt_generator_event(generator, i), NULL);
 *     }
 */

/**
 * Adds a prompt. Its tokens are computed by the steps that follow.
 *
 * @param sequence  receives the number of the sequence; its further samples have the numbers after it. Numbers are not
 *                  used again
 * @param prompt    UTF-8, may hold NUL; copied; empty means the model's beginning-of-text token alone
 * @param length    of prompt in bytes
 *
 * @return GPT_OK; GPT_E_ARGUMENT, also when the model has no tokenizer, when the prompt is empty and the model has no
 * such token, or when the tokenizer makes no token of it; GPT_E_FORMAT and GPT_E_UNSUPPORTED as gpt_tokenizer_encode;
 * GPT_E_UNSUPPORTED while beams is above 1; GPT_E_CONTEXT when the prompt leaves no room for a new token in the context
 * or in max_length; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_add(int64_t *sequence, gpt_generator *generator, const char *prompt,
                                                    size_t length);

/** The same for a prompt of token ids, each from 0 to gpt_model_vocab_size() - 1; copied. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_add_ids(int64_t *sequence, gpt_generator *generator,
                                                        const int32_t *ids, size_t count);

/**
 * Drops a sequence and gives its cache back. One that has ended is dropped by itself.
 *
 * @return GPT_OK; GPT_E_NOT_FOUND when no sequence that runs has this number; GPT_E_ARGUMENT. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_drop(gpt_generator *generator, int64_t sequence);

/** The number of sequences that have not ended. 0 for NULL. Since 1.0. */
GPT_API size_t gpt_generator_active(const gpt_generator *generator);

/**
 * The number of prompt tokens that are still to be read, over all sequences; again, where the cache has lost them to
 * others. 0 for NULL. Since 1.0.
 */
GPT_API size_t gpt_generator_pending(const gpt_generator *generator);

/**
 * Computes once: a token for each sequence whose prompt has been read, however many there are, and beside them up to a
 * chunk of tokens of the prompts that wait (gpt_generator_set_chunk). Sequences for which the cache has no room wait.
 *
 * Ends the life of the events of the step before. Does nothing when no sequence is active, except that it takes back a
 * cancellation that came too late for the call before, and returns GPT_E_CANCELLED then.
 *
 * @return GPT_OK; GPT_E_CONTEXT when no sequence can go on because one alone fills the cache (drop it, or raise
 * cache_tokens); GPT_E_CANCELLED; GPT_E_INTERNAL when the model computes NaN, or the settings leave no token to
 * choose; GPT_E_MEMORY. After a failure there are no events, the sequences are as before the step, and the step may be
 * tried again. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_step(gpt_generator *generator);

/** The number of events of the last step. 0 for NULL. Since 1.0. */
GPT_API size_t gpt_generator_event_count(const gpt_generator *generator);

/** An event of the last step, valid until the next call of a step or a run; NULL when index is too large. Since 1.0. */
GPT_API const gpt_event *gpt_generator_event(const gpt_generator *generator, size_t index);

/** The sequence of an event. -1 for NULL. Since 1.0. */
GPT_API int64_t gpt_event_sequence(const gpt_event *event);

/** The token that was chosen. -1 for NULL. Since 1.0. */
GPT_API int32_t gpt_event_token(const gpt_event *event);

/**
 * The text that has become certain with this token: valid UTF-8, often one word, empty while a character is unfinished
 * or a stop string may be on its way. The last event of a sequence brings all that was held back.
 *
 * @param length  receives its length in bytes, which the NUL after it does not count
 * @return the text, which lives as long as the event; NULL for NULL. Since 1.0.
 */
GPT_API const char *gpt_event_text(size_t *length, const gpt_event *event);

/** Why the sequence has ended with this event; GPT_FINISH_NONE when it goes on, and for NULL. Since 1.0. */
GPT_API gpt_finish gpt_event_finish(const gpt_event *event);

/** The log-probability of the chosen token in nats; NaN when logprobs was -1, and for NULL. Since 1.0. */
GPT_API float gpt_event_logprob(const gpt_event *event);

/** The number of alternatives that the event carries: the setting logprobs, at most V. 0 for NULL. Since 1.0. */
GPT_API size_t gpt_event_alternative_count(const gpt_event *event);

/** The token of an alternative, the most probable first; -1 when index is too large. Since 1.0. */
GPT_API int32_t gpt_event_alternative_token(const gpt_event *event, size_t index);

/** The log-probability of an alternative in nats; NaN when index is too large. Since 1.0. */
GPT_API float gpt_event_alternative_logprob(const gpt_event *event, size_t index);

/*
 * Numbers instead of text.
 */

/**
 * Computes what the model says of each token of a text, without generating.
 *
 * @param logits  [count, V] receives the logits after each token; or NULL
 * @param hidden  [count, D] receives the hidden states after the last norm; or NULL
 * @param ids     each from 0 to V - 1
 * @param count   1 to gpt_model_context_length()
 *
 * Leaves sequences that run alone. @return GPT_OK; GPT_E_ARGUMENT; GPT_E_CONTEXT when count is too large or the cache
 * too full; GPT_E_CANCELLED; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_evaluate(float *logits, float *hidden, gpt_generator *generator,
                                                         const int32_t *ids, size_t count);

/**
 * Scores a text: how probable the model finds each of its tokens after those before it.
 *
 * @param logprobs  [count] receives natural logarithms; the first, which has nothing before it, is NaN. The perplexity
 *                  of the text is exp(-mean) of the others
 * @param ids       each from 0 to V - 1
 * @param count     1 or more; a text longer than the context is read in windows of the context length, each of which
 *                  begins in the middle of the one before, so that each token sees at least half a context
 *
 * @return as gpt_generator_evaluate; GPT_E_INTERNAL when the model computes NaN. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_score(float *logprobs, gpt_generator *generator, const int32_t *ids,
                                                      size_t count);

/**
 * Does to a row of logits what the settings do before a token is chosen: for programs that choose tokens themselves.
 *
 * @param logits        [V], changed in place; excluded tokens become -INFINITY
 * @param ids           the tokens so far; may be NULL when count is 0
 * @param count         of ids
 * @param prompt_count  how many of ids are the prompt, 0 to count
 *
 * The hook is not called. @return GPT_OK; GPT_E_ARGUMENT; GPT_E_INTERNAL when logits hold NaN or no token is left;
 * GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_process_logits(float *logits, gpt_generator *generator,
                                                               const int32_t *ids, size_t count,
                                                               size_t prompt_count);

/**
 * The bytes that the KV cache takes for so many tokens of one sequence, to plan memory. 0 for NULL. Since 1.0.
 */
GPT_API int64_t gpt_generator_cache_bytes(const gpt_generator *generator, int64_t tokens);

#ifdef __cplusplus
}
#endif
#endif
