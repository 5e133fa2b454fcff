/* SPDX-License-Identifier: Apache-2.0 */
/* generate/event.c: what can be asked of the events of a step. */
#include "generate/generator.h"

#include <math.h>

size_t gpt_generator_event_count(const gpt_generator *generator)
{
    return generator != NULL ? generator->event_count : 0;
}

const gpt_event *gpt_generator_event(const gpt_generator *generator, size_t index)
{
    return generator != NULL && index < generator->event_count ? &generator->events[index] : NULL;
}

int64_t gpt_event_sequence(const gpt_event *event)
{
    return event != NULL ? event->sequence : -1;
}

int32_t gpt_event_token(const gpt_event *event)
{
    return event != NULL ? event->token : -1;
}

const char *gpt_event_text(size_t *length, const gpt_event *event)
{
    if (length != NULL)
        *length = event != NULL ? event->text.length : 0;
    return event != NULL ? event->text.bytes : NULL;
}

gpt_finish gpt_event_finish(const gpt_event *event)
{
    return event != NULL ? event->finish : GPT_FINISH_NONE;
}

float gpt_event_logprob(const gpt_event *event)
{
    return event != NULL ? event->logprob : NAN;
}

size_t gpt_event_alternative_count(const gpt_event *event)
{
    return event != NULL ? event->top_count : 0;
}

int32_t gpt_event_alternative_token(const gpt_event *event, size_t index)
{
    return event != NULL && index < event->top_count ? event->top_tokens[index] : -1;
}

float gpt_event_alternative_logprob(const gpt_event *event, size_t index)
{
    return event != NULL && index < event->top_count ? event->top_logprobs[index] : NAN;
}

const char *gpt_finish_name(gpt_finish finish)
{
    static const char *const names[] = {"none", "stop_token", "stop_string", "length", "context"};
    return (int)finish >= GPT_FINISH_NONE && (int)finish <= GPT_FINISH_CONTEXT ? names[finish] : NULL;
}
