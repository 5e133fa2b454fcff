/* SPDX-License-Identifier: Apache-2.0 */
/* generate/ahead.c: each thread takes some of the sequences, with memory of its own. */
#include "generate/ahead.h"

#include "base/memory.h"
#include "compute/parallel.h"
#include "generate/candidates.h"
#include "generate/generator.h"

/* With fewer logits in all, waking threads takes longer than choosing. */
#define LEAST_LOGITS 16384

void gpt__ahead_release(gpt__ahead *ahead)
{
    for (int i = 0; i < ahead->threads; i++)
        gpt__sampler_scratch_release(&ahead->scratch[i]);
    gpt__release(ahead->scratch);
    gpt__release((void *)ahead->rows);
    gpt__release(ahead->tokens);
    *ahead = (gpt__ahead){0};
}

/* Memory for each thread. Allocating it here keeps failures on the thread that can tell of them. */
static gpt_status prepare(gpt__ahead *ahead, int threads, int32_t V)
{
    if (threads > ahead->threads) {
        gpt__sampler_scratch *grown = gpt__resize(ahead->scratch, (size_t)threads, sizeof *grown);
        if (grown == NULL)
            return GPT_E_MEMORY;
        ahead->scratch = grown;
        for (; ahead->threads < threads; ahead->threads++)
            ahead->scratch[ahead->threads] = (gpt__sampler_scratch){0};
    }
    for (int i = 0; i < threads; i++)
        GPT__TRY(gpt__sampler_scratch_reserve(&ahead->scratch[i], V));
    return GPT_OK;
}

/* Samples that wait for a prompt want its logits as they are. */
static int somebody_waits(const gpt_generator *generator)
{
    for (size_t i = 0; i < generator->sequence_count; i++)
        if (generator->sequences[i]->leader != NULL)
            return 1;
    return 0;
}

/* Lists the spans that want logits, in their order, with no token yet. */
static gpt_status list_rows(size_t *count, gpt_generator *generator)
{
    gpt__ahead *ahead = &generator->ahead;
    size_t spans = generator->span_count;
    *count = 0;
    GPT__TRY(gpt__reserve((void **)&ahead->rows, &ahead->row_capacity, spans, sizeof *ahead->rows));
    GPT__TRY(gpt__reserve((void **)&ahead->tokens, &ahead->token_capacity, spans, sizeof *ahead->tokens));
    for (size_t i = 0; i < spans; i++) {
        if (generator->spans[i].outputs != GPT__OUTPUTS_LAST)
            continue;
        ahead->tokens[*count] = -1;
        ahead->rows[(*count)++] = generator->owners[i];
    }
    return GPT_OK;
}

static int32_t choose(const gpt_generator *generator, const gpt__sequence *sequence, float *logits,
                      gpt__sampler_scratch *scratch)
{
    const gpt__settings *settings = &sequence->shared->settings;
    const gpt__history history = {sequence->ids, sequence->count, sequence->prompt_count};
    int32_t token = -1;
    if (settings->hook != NULL || settings->logprobs >= 0)
        return -1;
    double uniform = gpt__sequence_uniform(sequence);
    gpt_status status = gpt__sample_token(&token, logits, generator->model->config.V, settings, &history, uniform,
                                          scratch);
    return status == GPT_OK ? token : -1;
}

gpt_status gpt__choose_ahead(gpt_generator *generator)
{
    gpt__ahead *ahead = &generator->ahead;
    int32_t V = generator->model->config.V;
    int threads = generator->forward_threads;
    size_t count;
    GPT__TRY(list_rows(&count, generator));
    if (threads < 2 || count < 2 || (int64_t)count * V < LEAST_LOGITS || somebody_waits(generator))
        return GPT_OK;
    GPT__TRY(prepare(ahead, threads, V));
#pragma omp parallel for schedule(dynamic) num_threads(threads)
    for (size_t i = 0; i < count; i++)
        ahead->tokens[i] = choose(generator, ahead->rows[i], gpt__forward_logits(&generator->forward, (int64_t)i),
                                  &ahead->scratch[gpt__thread_number()]);
    return GPT_OK;
}
