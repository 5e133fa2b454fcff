/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/beam.c: beam search as transformers' generate has it (generation/utils.py). The beams of a prompt are
 * computed together; they share the pages of what they have in common, as forks of one cache.
 *
 * Letters: B beams, V vocabulary.
 */
#include "generate/beam.h"

#include "base/memory.h"
#include "generate/edits.h"
#include "generate/result.h"
#include "generate/scan.h"
#include "generate/token_text.h"

#include <math.h>
#include <string.h>

/* A continuation that goes on. */
typedef struct beam {
    gpt__kv_sequence cache;
    int32_t *ids; /* [count]: the prompt, then the new tokens */
    size_t count;
    size_t ids_capacity;
    float *logprobs; /* [count] by the model, of the new tokens only */
    size_t logprobs_capacity;
    float score; /* the sum of log-probabilities, after the settings have changed them */
    gpt__text_stream text; /* of the new tokens; followed where there are stop strings */
} beam;

/* A token that a beam could go on with. */
typedef struct candidate {
    float score; /* of the beam with the token */
    int beam;
    int32_t token;
    float logprob; /* of the token by the model */
} candidate;

typedef struct search {
    gpt_generator *generator;
    const gpt__settings *settings;
    size_t prompt_count;
    int B;
    beam *now;  /* [B], of which running ones are in use */
    beam *next; /* [B] */
    int running;
    candidate *best; /* [room], best first */
    int best_count;
    int room;
    gpt__output *ended; /* [B], best first */
    int ended_count;
    gpt__span *spans; /* [B] */
    gpt__text_stream text; /* of the candidate that is looked at */
    gpt__buffer piece;     /* what has become certain of it, which nobody wants yet */
} search;

static void release_beams(const search *s, beam *beams)
{
    for (int b = 0; beams != NULL && b < s->B; b++) {
        gpt__kv_sequence_release(&s->generator->cache, &beams[b].cache);
        gpt__release(beams[b].ids);
        gpt__release(beams[b].logprobs);
        gpt__text_stream_release(&beams[b].text);
    }
    gpt__release(beams);
}

static void search_release(search *s)
{
    release_beams(s, s->now);
    release_beams(s, s->next);
    for (int i = 0; s->ended != NULL && i < s->B; i++)
        gpt__output_release(&s->ended[i]);
    gpt__release(s->ended);
    gpt__release(s->best);
    gpt__release(s->spans);
    gpt__text_stream_release(&s->text);
    gpt__buffer_release(&s->piece);
}

static gpt_status search_init(search *s, gpt_generator *generator)
{
    size_t B = (size_t)generator->settings.beams;
    size_t stops = generator->settings.stop_tokens.count;
    *s = (search){.generator = generator, .settings = &generator->settings, .B = (int)B};
    /* So many that, however many end with a stop token, as many as there are beams go on. */
    size_t room = B * (stops > 0 ? stops + 1 : 2);
    s->now = gpt__allocate_zeroed(B, sizeof *s->now);
    s->next = gpt__allocate_zeroed(B, sizeof *s->next);
    s->ended = gpt__allocate_zeroed(B, sizeof *s->ended);
    s->spans = gpt__allocate_zeroed(B, sizeof *s->spans);
    s->best = gpt__allocate_zeroed(room, sizeof *s->best);
    s->room = (int)room;
    int whole = s->now != NULL && s->next != NULL && s->ended != NULL && s->spans != NULL && s->best != NULL;
    return whole ? GPT_OK : GPT_E_MEMORY;
}

static gpt_status reserve_tokens(beam *b, size_t count)
{
    GPT__TRY(gpt__reserve((void **)&b->ids, &b->ids_capacity, count, sizeof *b->ids));
    return gpt__reserve((void **)&b->logprobs, &b->logprobs_capacity, count, sizeof *b->logprobs);
}

/*
 * Computing.
 */

/* Reads the prompt into the first beam, which is the only one at first. */
static gpt_status read_prompt(search *s, const int32_t *ids, size_t count)
{
    gpt_generator *g = s->generator;
    beam *b = &s->now[0];
    GPT__TRY(reserve_tokens(b, count + 1));
    memcpy(b->ids, ids, count * sizeof *ids);
    b->count = s->prompt_count = count;
    gpt__token_text_begin(&b->text, g->model->tokenizer, ids, count);
    s->running = 1;
    while (b->cache.length < (int64_t)count) {
        int64_t left = (int64_t)count - b->cache.length;
        int64_t T = left < g->chunk ? left : g->chunk;
        GPT__TRY(gpt__kv_sequence_prepare(&g->cache, &b->cache, T));
        const gpt__span span = {&b->cache, b->ids + b->cache.length, T,
                                T == left ? GPT__OUTPUTS_LAST : GPT__OUTPUTS_NONE};
        GPT__TRY(gpt__forward_run(&g->forward, &span, 1, 1));
    }
    return GPT_OK;
}

/* Computes the last token of each beam. */
static gpt_status compute_beams(search *s)
{
    gpt_generator *g = s->generator;
    for (int b = 0; b < s->running; b++) {
        beam *now = &s->now[b];
        GPT__TRY(gpt__kv_sequence_prepare(&g->cache, &now->cache, 1));
        s->spans[b] = (gpt__span){&now->cache, now->ids + now->count - 1, 1, GPT__OUTPUTS_LAST};
    }
    return gpt__forward_run(&g->forward, s->spans, (size_t)s->running, 1);
}

/*
 * Ranking.
 */

/* Puts a candidate among the best, behind those of the same score, which came first. */
static void add_candidate(search *s, candidate c)
{
    if (s->best_count == s->room && !(c.score > s->best[s->room - 1].score))
        return;
    int at = s->best_count < s->room ? s->best_count++ : s->room - 1;
    for (; at > 0 && c.score > s->best[at - 1].score; at--)
        s->best[at] = s->best[at - 1];
    s->best[at] = c;
}

/* Goes through the log-probabilities [V] of one beam; blocks whose largest is too small are passed over. */
static void add_candidates(search *s, int b, const float *logprobs, const float *logits, double log_total)
{
    int32_t V = s->generator->model->config.V;
    const float *tops = s->generator->sampler.tops;
    float score = s->now[b].score;
    for (int32_t block = 0; block < gpt__scan_blocks(V); block++) {
        int32_t first = block * GPT__SCAN_BLOCK;
        int32_t end = V - first < GPT__SCAN_BLOCK ? V : first + GPT__SCAN_BLOCK;
        if (s->best_count == s->room && !(score + tops[block] > s->best[s->room - 1].score))
            continue;
        for (int32_t i = first; i < end; i++)
            if (logprobs[i] > -INFINITY)
                add_candidate(s, (candidate){score + logprobs[i], b, i, (float)((double)logits[i] - log_total)});
    }
}

/* ln of the sum of e^logit. */
static gpt_status find_log_total(double *out, const float *logits, int32_t V)
{
    float largest = gpt__scan_largest(NULL, logits, V);
    GPT__TRY(gpt__check_largest(largest));
    gpt__parts parts;
    gpt__parts_of_all(&parts, logits, V, gpt__scaling_of(largest, 1));
    *out = largest + log(parts.total);
    return GPT_OK;
}

/* The settings act on log-probabilities, as in the reference; a hook gets the logits, as everywhere. */
static gpt_status rank_beam(search *s, int b, const float *logits, float *scratch)
{
    int32_t V = s->generator->model->config.V;
    const gpt__history history = {s->now[b].ids, s->now[b].count, s->prompt_count};
    double before, after;
    float largest;
    GPT__TRY(find_log_total(&before, logits, V));
    memcpy(scratch, logits, (size_t)V * sizeof *logits);
    GPT__TRY(gpt__call_hook(s->settings, scratch, V, &history, b));
    if (s->settings->hook != NULL)
        gpt__limit_infinity(scratch, V);
    GPT__TRY(find_log_total(&after, scratch, V));
    for (int32_t i = 0; i < V; i++)
        scratch[i] = (float)((double)scratch[i] - after);
    GPT__TRY(gpt__edit_logits(&largest, scratch, V, s->settings, &history, &s->generator->sampler));
    add_candidates(s, b, scratch, logits, before);
    return GPT_OK;
}

static gpt_status rank(search *s)
{
    gpt__forward *forward = &s->generator->forward;
    s->best_count = 0;
    gpt__profile_switch(&s->generator->profile, GPT_PART_SAMPLING);
    for (int b = 0; b < s->running; b++)
        GPT__TRY(rank_beam(s, b, gpt__forward_logits(forward, b), gpt__forward_spare_logits(forward)));
    gpt__profile_switch(&s->generator->profile, GPT_PART_REST);
    return GPT_OK;
}

/*
 * Moving on.
 */

static float normalized(const search *s, float score, size_t new_count)
{
    return score / powf((float)new_count, s->settings->length_penalty);
}

/* Copies a beam's new tokens and one more into an output. */
static gpt_status copy_tokens(gpt__output *out, const search *s, const beam *b, const candidate *c)
{
    for (size_t i = s->prompt_count; i < b->count; i++)
        GPT__TRY(gpt__output_add(out, b->ids[i], b->logprobs[i], "", 0));
    return gpt__output_add(out, c->token, c->logprob, "", 0);
}

/* Adds a continuation that has ended, when it is among the best B. */
static gpt_status end_beam(search *s, const candidate *c, gpt_finish finish)
{
    const beam *b = &s->now[c->beam];
    float score = normalized(s, c->score, b->count + 1 - s->prompt_count);
    if (s->ended_count == s->B && !(score > s->ended[s->B - 1].score))
        return GPT_OK;
    gpt__output ended = {.score = score, .finish = finish, .prompt_count = s->prompt_count};
    gpt_status status = copy_tokens(&ended, s, b, c);
    if (status != GPT_OK) {
        gpt__output_release(&ended);
        return status;
    }
    if (s->ended_count == s->B)
        gpt__output_release(&s->ended[--s->ended_count]);
    int at = s->ended_count++;
    for (; at > 0 && score > s->ended[at - 1].score; at--)
        s->ended[at] = s->ended[at - 1];
    s->ended[at] = ended;
    return GPT_OK;
}

/* Follows the text of a candidate. *stopped: it completes a stop string. */
static gpt_status follow_text(int *stopped, search *s, const candidate *c)
{
    const beam *b = &s->now[c->beam];
    int look = b->count + 1 - s->prompt_count > (size_t)s->settings->min_new_tokens;
    *stopped = 0;
    if (s->settings->stop_string_count == 0)
        return GPT_OK;
    s->piece.length = 0;
    GPT__TRY(gpt__text_stream_assign(&s->text, &b->text));
    return gpt__token_text_add(&s->text, &s->piece, stopped, s->generator->model->tokenizer, c->token, s->settings,
                               look);
}

/* Makes a beam of the next step, whose text was followed last. */
static gpt_status continue_beam(search *s, int place, const candidate *c)
{
    const beam *from = &s->now[c->beam];
    beam *to = &s->next[place];
    GPT__TRY(reserve_tokens(to, from->count + 1));
    memcpy(to->ids, from->ids, from->count * sizeof *to->ids);
    memcpy(to->logprobs + s->prompt_count, from->logprobs + s->prompt_count,
           (from->count - s->prompt_count) * sizeof *to->logprobs);
    to->ids[from->count] = c->token;
    to->logprobs[from->count] = c->logprob;
    to->count = from->count + 1;
    to->score = c->score;
    GPT__TRY(gpt__text_stream_assign(&to->text, &s->text));
    return gpt__kv_sequence_fork(&to->cache, &from->cache, from->cache.length);
}

/* Why all beams end when they have one token more, GPT_FINISH_NONE when they do not. */
static gpt_finish limit_of(const search *s)
{
    return gpt__length_finish(s->settings, s->now[0].count + 1, s->prompt_count, s->generator->model->config.context);
}

/* Why a candidate ends. */
static gpt_status find_finish(gpt_finish *finish, search *s, const candidate *c, gpt_finish limit)
{
    int stopped;
    *finish = GPT_FINISH_STOP_TOKEN;
    if (gpt__token_map_find(&s->settings->stop_tokens, c->token) != NULL)
        return GPT_OK;
    GPT__TRY(follow_text(&stopped, s, c));
    *finish = stopped ? GPT_FINISH_STOP_STRING : limit;
    return GPT_OK;
}

/* Divides the candidates: a stop token or string ends one only if it is among the first B. */
static gpt_status divide(search *s, gpt_finish limit)
{
    int running = 0;
    for (int i = 0; i < s->best_count && running < s->B; i++) {
        const candidate *c = &s->best[i];
        gpt_finish finish;
        GPT__TRY(find_finish(&finish, s, c, limit));
        if (finish != GPT_FINISH_NONE) {
            if (i < s->B)
                GPT__TRY(end_beam(s, c, finish));
            continue;
        }
        GPT__TRY(continue_beam(s, running, c));
        running++;
    }
    for (int b = 0; b < s->B; b++)
        gpt__kv_sequence_release(&s->generator->cache, &s->now[b].cache);
    beam *before = s->now;
    s->now = s->next;
    s->next = before;
    s->running = running;
    return GPT_OK;
}

/* Whether nothing better is to be expected. The best beam's score is compared as if it ended where it is. */
static int is_over(const search *s)
{
    if (s->running == 0)
        return 1;
    if (s->ended_count < s->B)
        return 0;
    float best = normalized(s, s->now[0].score, s->now[0].count - s->prompt_count);
    return s->settings->early_stopping || best <= s->ended[s->B - 1].score;
}

static gpt_status search_prompt(search *s, const int32_t *ids, size_t count)
{
    GPT__TRY(read_prompt(s, ids, count));
    for (;;) {
        GPT__TRY(rank(s));
        GPT__TRY(divide(s, limit_of(s)));
        if (is_over(s))
            return GPT_OK;
        GPT__TRY(compute_beams(s));
    }
}

/*
 * Results.
 */

/* The text of an output's tokens, without what ends it, after its prompt's. */
static gpt_status decode(gpt__output *o, const gpt_generator *generator, const int32_t *prompt)
{
    const gpt_tokenizer *tokenizer = generator->model->tokenizer;
    gpt__text_stream stream = {0};
    gpt_status status = GPT_OK;
    int stopped = 0;
    size_t least = (size_t)generator->settings.min_new_tokens;
    size_t count = o->finish == GPT_FINISH_STOP_TOKEN ? o->count - 1 : o->count;
    gpt__token_text_begin(&stream, tokenizer, prompt, o->prompt_count);
    for (size_t i = 0; status == GPT_OK && !stopped && i < count; i++)
        status = gpt__token_text_add(&stream, &o->text, &stopped, tokenizer, o->ids[i], &generator->settings,
                                     i >= least);
    if (status == GPT_OK)
        status = gpt__text_stream_finish(&stream, &o->text);
    gpt__text_stream_release(&stream);
    return status;
}

/* An output that was not found: fewer beams have ended than were asked for. It is there, and empty. */
static gpt_status leave_empty(gpt__output *o, size_t prompt_count)
{
    o->prompt_count = prompt_count;
    GPT__TRY(gpt__reserve((void **)&o->ids, &o->ids_capacity, 1, sizeof *o->ids));
    GPT__TRY(gpt__reserve((void **)&o->logprobs, &o->logprobs_capacity, 1, sizeof *o->logprobs));
    return gpt__buffer_add(&o->text, "", 0);
}

/* Moves the best that have ended to the outputs [count]; the search keeps the rest. */
static gpt_status hand_over(gpt__output *outputs, size_t count, search *s, const int32_t *prompt)
{
    for (size_t i = 0; i < count && i < (size_t)s->ended_count; i++) {
        outputs[i] = s->ended[i];
        s->ended[i] = (gpt__output){0};
        GPT__TRY(decode(&outputs[i], s->generator, prompt));
    }
    for (size_t i = (size_t)s->ended_count; i < count; i++)
        GPT__TRY(leave_empty(&outputs[i], s->prompt_count));
    return GPT_OK;
}

static gpt_status check_settings(const gpt_generator *generator)
{
    const gpt__settings *settings = &generator->settings;
    if (settings->samples > settings->beams)
        return gpt__fail(GPT_E_ARGUMENT, "samples is %d, but a search with %d beams finds only as many",
                         settings->samples, settings->beams);
    return GPT_OK;
}

/* Searches for one prompt's outputs, when all has been checked. */
static gpt_status search_outputs(gpt__output *outputs, gpt_generator *generator, const int32_t *ids, size_t count)
{
    search s;
    GPT__TRY(gpt__generator_check_cancelled(generator));
    GPT__TRY(gpt__generator_prepare(generator));
    gpt_status status = search_init(&s, generator);
    if (status == GPT_OK)
        status = search_prompt(&s, ids, count);
    if (status == GPT_OK)
        status = hand_over(outputs, (size_t)generator->settings.samples, &s, ids);
    search_release(&s);
    return status;
}

/* One prompt's outputs. */
static gpt_status run_prompt(gpt__output *outputs, gpt_generator *generator, const int32_t *ids, size_t count)
{
    GPT__TRY(check_settings(generator));
    GPT__TRY(gpt__generator_check_room(generator, count));
    GPT__TRY(gpt__generator_check_ids(generator, ids, count));
    gpt__profile_begin(&generator->profile);
    gpt_status status = search_outputs(outputs, generator, ids, count);
    gpt__profile_end(&generator->profile);
    return status;
}

/* On failure there is no result. */
static gpt_status give(gpt_result **out, gpt_result *result, gpt_status status)
{
    if (status == GPT_OK)
        *out = result;
    else
        gpt_result_free(result);
    return status;
}

gpt_status gpt__beam_run_ids(gpt_result **out, gpt_generator *generator, const int32_t *ids, size_t count)
{
    gpt_result *result;
    GPT__TRY(gpt__result_new(&result, (size_t)generator->settings.samples, generator->settings.logprobs >= 0));
    return give(out, result, run_prompt(result->outputs, generator, ids, count));
}

gpt_status gpt__beam_run_many(gpt_result **out, gpt_generator *generator, const char *const *prompts,
                              const size_t *lengths, size_t count)
{
    gpt_result *result;
    size_t samples = (size_t)generator->settings.samples;
    gpt_status status = GPT_OK;
    if (count > SIZE_MAX / samples)
        return gpt__fail(GPT_E_MEMORY, "out of memory: %zu outputs of %zu prompts", samples, count);
    GPT__TRY(gpt__result_new(&result, count * samples, generator->settings.logprobs >= 0));
    for (size_t i = 0; status == GPT_OK && i < count; i++) {
        int32_t *ids;
        size_t length;
        status = gpt__generator_encode(&ids, &length, generator, prompts[i], lengths[i]);
        if (status != GPT_OK)
            break;
        status = run_prompt(result->outputs + i * samples, generator, ids, length);
        gpt__release(ids);
    }
    return give(out, result, status);
}
