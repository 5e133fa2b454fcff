/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swig/go.i: libgpt for Go: the package libgpt/gpt/internal/core, on which bindings/go/gpt stands.
 *
 * Statuses come back as numbers, and the caller reads the message on the same thread. What C puts out is put into slices
 * of Go: a handle or a number takes one element, a pointer and a length take two.
 */
%module core

%insert(cgo_comment_typedefs) %{
#cgo pkg-config: gpt
%}

%{
#include <gpt/gpt.h>
#include <string.h>

/* Bytes for Go to copy; freed with gpt_free then when they are owned. */
typedef struct gpt_go_text {
    const char *text;
    size_t length;
    int owned;
} gpt_go_text;
%}

/* --- Typemaps that gpt.i asks for ------------------------------------------------------------------------------- */

/* Numbers of enums are plain numbers: what SWIG calls their types changes with its version. */
%apply int { enum SWIGTYPE, gpt_status, gpt_finish, gpt_dtype, gpt_log_level, gpt_part, gpt_role };

/* Bytes of a string of Go, which C reads in place. */
%apply (char *STRING, size_t LENGTH) { (const char *TEXT, size_t LENGTH) };

%typemap(gotype) (const int32_t *IDS, size_t COUNT) "[]int32"
%typemap(in) (const int32_t *IDS, size_t COUNT)
%{
    $1 = ($1_ltype)$input.array;
    $2 = (size_t)$input.len;
%}

/* Memory of Go that C fills, or NULL for an empty slice. */
%typemap(gotype) float *FLOATS "[]float32"
%typemap(in) float *FLOATS %{ $1 = $input.len > 0 ? ($1_ltype)$input.array : NULL; %}
%typemap(gotype) int32_t *NEW_IDS "[]int32"
%typemap(in) int32_t *NEW_IDS %{ $1 = ($1_ltype)$input.array; %}

/* Text and ids that the caller frees: gpt_go_take_text and gpt_go_take_ids do. */
%define GPT_OUT_PAIR(TYPE, LENGTH)
%typemap(gotype) (TYPE, LENGTH) "[]uint64"
%typemap(in) (TYPE, LENGTH) ($*1_ltype memory = NULL, size_t length = 0)
%{
    $1 = &memory;
    $2 = &length;
%}
%typemap(argout) (TYPE, LENGTH)
%{
    ((uint64_t *)$input.array)[0] = (uint64_t)(uintptr_t)*$1;
    ((uint64_t *)$input.array)[1] = (uint64_t)*$2;
%}
%enddef
GPT_OUT_PAIR(char **TEXT, size_t *LENGTH)
GPT_OUT_PAIR(int32_t **IDS, size_t *COUNT)

%define GPT_OUT_HANDLE(NAME)
%typemap(gotype) NAME **OUT "[]uint64"
%typemap(in) NAME **OUT (NAME *handle = NULL) "$1 = &handle;"
%typemap(argout) NAME **OUT "((uint64_t *)$input.array)[0] = (uint64_t)(uintptr_t)*$1;"
%enddef
GPT_OUT_HANDLE(gpt_tokenizer)
GPT_OUT_HANDLE(gpt_model_options)
GPT_OUT_HANDLE(gpt_model)
GPT_OUT_HANDLE(gpt_generator)
GPT_OUT_HANDLE(gpt_result)
GPT_OUT_HANDLE(gpt_chat)

%typemap(gotype) int64_t *OUT_NUMBER "[]int64"
%typemap(in) int64_t *OUT_NUMBER (int64_t number = 0) "$1 = &number;"
%typemap(argout) int64_t *OUT_NUMBER "((int64_t *)$input.array)[0] = *$1;"
%typemap(gotype) double *OUT_RATE "[]float64"
%typemap(in) double *OUT_RATE (double rate = 0) "$1 = &rate;"
%typemap(argout) double *OUT_RATE "((double *)$input.array)[0] = *$1;"

/* Strings that may hold NUL. */
%typemap(gotype) gpt_go_text "string"
%typemap(out, fragment="AllocateString") gpt_go_text
%{
    $result = Swig_AllocateString($1.text, $1.length);
    if ($1.owned)
        gpt_free((void *)$1.text);
%}
%typemap(goout, fragment="CopyString") gpt_go_text
%{ $result = swigCopyString($1) %}

%include "gpt.i"

/* --- What C does with callbacks, arrays and borrowed strings ----------------------------------------------------- */

%apply float *FLOATS { float *logits, float *hidden, float *logprobs };
%apply (const int32_t *IDS, size_t COUNT) { (const int32_t *go_ids, size_t go_count) };
%apply (const char *TEXT, size_t LENGTH) { (const char *go_text, size_t go_length) };

%{
/* internal/core/hook.go */
extern int gptGoLogitsHook(float *logits, int32_t vocab, int32_t *ids, size_t count, int64_t sequence, uintptr_t hook);

static int gpt_go_logits_hook(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence,
                              void *hook)
{
    return gptGoLogitsHook(logits, vocab, (int32_t *)ids, count, sequence, (uintptr_t)hook);
}
%}

%inline %{
/* A copy of text that a function has put out, which is freed. */
gpt_go_text gpt_go_take_text(uint64_t text, uint64_t length)
{
    return (gpt_go_text){(const char *)(uintptr_t)text, (size_t)length, 1};
}

/* Copies ids that a function has put out, and frees them. */
void gpt_go_take_ids(int32_t *NEW_IDS, uint64_t ids, uint64_t count)
{
    if (count > 0)
        memcpy(NEW_IDS, (const void *)(uintptr_t)ids, (size_t)count * sizeof *NEW_IDS);
    gpt_free((void *)(uintptr_t)ids);
}

gpt_go_text gpt_go_event_text(const gpt_event *event)
{
    gpt_go_text text = {NULL, 0, 0};
    text.text = gpt_event_text(&text.length, event);
    return text;
}

gpt_go_text gpt_go_result_text(const gpt_result *result, size_t index)
{
    gpt_go_text text = {NULL, 0, 0};
    text.text = gpt_result_text(&text.length, result, index);
    return text;
}

/* Whether there is such a token; its bytes come by gpt_go_token_bytes. */
int gpt_go_has_token(const gpt_tokenizer *tokenizer, int32_t id)
{
    size_t length;
    return gpt_tokenizer_token_bytes(&length, tokenizer, id) != NULL;
}

gpt_go_text gpt_go_token_bytes(const gpt_tokenizer *tokenizer, int32_t id)
{
    gpt_go_text bytes = {NULL, 0, 0};
    bytes.text = gpt_tokenizer_token_bytes(&bytes.length, tokenizer, id);
    return bytes;
}

/* The number of ids of an output; copies them unless NEW_IDS is empty. */
size_t gpt_go_result_ids(int32_t *NEW_IDS, const gpt_result *result, size_t index)
{
    size_t count;
    const int32_t *ids = gpt_result_ids(&count, result, index);
    if (NEW_IDS != NULL && count > 0)
        memcpy(NEW_IDS, ids, count * sizeof *ids);
    return count;
}

/* Copies the log-probabilities of an output; 0 when it has none. */
int gpt_go_result_logprobs(float *FLOATS, const gpt_result *result, size_t index, size_t count)
{
    const float *logprobs = gpt_result_logprobs(result, index);
    if (logprobs != NULL && FLOATS != NULL)
        memcpy(FLOATS, logprobs, count * sizeof *logprobs);
    return logprobs != NULL;
}

/* The path that a name stands for. */
gpt_status gpt_go_find(char **TEXT, size_t *LENGTH, const char *name)
{
    gpt_status status = gpt_model_find(TEXT, name);
    *LENGTH = status == GPT_OK ? strlen(*TEXT) : 0;
    return status;
}

gpt_status gpt_go_evaluate(float *logits, float *hidden, gpt_generator *generator, const int32_t *go_ids,
                           size_t go_count)
{
    return gpt_generator_evaluate(logits, hidden, generator, go_ids, go_count);
}

gpt_status gpt_go_score(float *logprobs, gpt_generator *generator, const int32_t *go_ids, size_t go_count)
{
    return gpt_generator_score(logprobs, generator, go_ids, go_count);
}

/* Go has no string that is NULL: an empty one stands for it. */
gpt_status gpt_go_chat_add(gpt_chat *chat, int role, const char *channel, const char *go_text, size_t go_length)
{
    return gpt_chat_add(chat, (gpt_role)role, channel[0] != 0 ? channel : NULL, go_text, go_length);
}

gpt_status gpt_go_chat_set_date(gpt_chat *chat, const char *date)
{
    return gpt_chat_set_date(chat, date[0] != 0 ? date : NULL);
}

/* A number that this thread has, and no other one at the same time; never 0. */
uint64_t gpt_go_thread(void)
{
    static _Thread_local char here;
    return (uint64_t)(uintptr_t)&here;
}

/* Sets a hook by its handle, or none with 0. */
gpt_status gpt_go_set_logits_hook(gpt_generator *generator, uint64_t hook)
{
    return gpt_generator_set_logits_hook(generator, hook != 0 ? gpt_go_logits_hook : NULL, (void *)(uintptr_t)hook);
}
%}
