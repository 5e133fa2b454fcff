/* SPDX-License-Identifier: Apache-2.0 */
/* generate/result.c: making results, and what can be asked of them. */
#include "generate/result.h"

#include "base/memory.h"

#include <math.h>

gpt_status gpt__result_new(gpt_result **out, size_t count, int has_logprobs)
{
    gpt_result *result = gpt__allocate_zeroed(1, sizeof *result);
    if (result == NULL)
        return GPT_E_MEMORY;
    result->outputs = gpt__allocate_zeroed(count, sizeof *result->outputs);
    if (result->outputs == NULL) {
        gpt__release(result);
        return GPT_E_MEMORY;
    }
    result->count = count;
    result->has_logprobs = has_logprobs;
    for (size_t i = 0; i < count; i++)
        result->outputs[i].score = NAN;
    *out = result;
    return GPT_OK;
}

void gpt__output_release(gpt__output *output)
{
    gpt__buffer_release(&output->text);
    gpt__release(output->ids);
    gpt__release(output->logprobs);
}

gpt_status gpt__output_add(gpt__output *o, int32_t token, float logprob, const char *text, size_t length)
{
    GPT__TRY(gpt__reserve((void **)&o->ids, &o->ids_capacity, o->count + 1, sizeof *o->ids));
    GPT__TRY(gpt__reserve((void **)&o->logprobs, &o->logprobs_capacity, o->count + 1, sizeof *o->logprobs));
    GPT__TRY(gpt__buffer_add(&o->text, text, length));
    o->ids[o->count] = token;
    o->logprobs[o->count] = logprob;
    o->count++;
    return GPT_OK;
}

void gpt_result_free(gpt_result *result)
{
    if (result == NULL)
        return;
    for (size_t i = 0; i < result->count; i++)
        gpt__output_release(&result->outputs[i]);
    gpt__release(result->outputs);
    gpt__release(result);
}

size_t gpt_result_count(const gpt_result *result)
{
    return result != NULL ? result->count : 0;
}

static const gpt__output *output_at(const gpt_result *result, size_t index)
{
    return index < gpt_result_count(result) ? &result->outputs[index] : NULL;
}

const char *gpt_result_text(size_t *length, const gpt_result *result, size_t index)
{
    const gpt__output *o = output_at(result, index);
    if (length != NULL)
        *length = o != NULL ? o->text.length : 0;
    return o != NULL ? o->text.bytes : NULL;
}

const int32_t *gpt_result_ids(size_t *count, const gpt_result *result, size_t index)
{
    const gpt__output *o = output_at(result, index);
    if (count != NULL)
        *count = o != NULL ? o->count : 0;
    return o != NULL ? o->ids : NULL;
}

const float *gpt_result_logprobs(const gpt_result *result, size_t index)
{
    const gpt__output *o = output_at(result, index);
    return o != NULL && result->has_logprobs ? o->logprobs : NULL;
}

gpt_finish gpt_result_finish(const gpt_result *result, size_t index)
{
    const gpt__output *o = output_at(result, index);
    return o != NULL ? o->finish : GPT_FINISH_NONE;
}

size_t gpt_result_prompt_tokens(const gpt_result *result, size_t index)
{
    const gpt__output *o = output_at(result, index);
    return o != NULL ? o->prompt_count : 0;
}

float gpt_result_score(const gpt_result *result, size_t index)
{
    const gpt__output *o = output_at(result, index);
    return o != NULL ? o->score : NAN;
}
