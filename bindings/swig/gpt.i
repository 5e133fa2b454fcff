/* SPDX-License-Identifier: Apache-2.0 */
/*
 * swig/gpt.i: the public interface of libgpt, as all languages have it. SWIG reads the C headers themselves.
 *
 * SWIG is given swig/<language>.i, which names the module, defines the typemaps below for its language, and includes
 * this file. All names stay those of C; the layer that each language has on top gives them the form its users expect.
 *
 * Typemaps that a language defines before it includes this file:
 *
 *     (const char *TEXT, size_t LENGTH)      in: bytes, which may hold NUL
 *     (const int32_t *IDS, size_t COUNT)     in: token ids
 *     (char **TEXT, size_t *LENGTH)          out: text that the caller frees with gpt_free
 *     (int32_t **IDS, size_t *COUNT)         out: ids that the caller frees with gpt_free
 *     gpt_model **OUT, ... (GPT_HANDLE)      out: a handle that the language's object owns and frees
 *     int64_t *OUT_NUMBER, double *OUT_RATE  out: one number
 *     gpt_status                             out: GPT_OK is nothing; all else is an error with gpt_error_message()
 *
 * Left out here, since each language has its own way to do it: callbacks, arrays of floats, arrays of texts, and
 * strings that are returned with a length. A language defines functions for what it offers of them.
 */
%{
#include <gpt/gpt.h>
%}

%include <stdint.i>

/* A handle: a class without members, which frees what it stands for. */
%define GPT_HANDLE(NAME)
%nodefaultctor NAME;
%ignore NAME ## _free;
struct NAME {
};
%extend NAME {
    ~NAME()
    {
        NAME ## _free($self);
    }
}
%apply NAME **OUT { NAME **out };
%enddef

GPT_HANDLE(gpt_tokenizer)
GPT_HANDLE(gpt_model_options)
GPT_HANDLE(gpt_model)
GPT_HANDLE(gpt_generator)
GPT_HANDLE(gpt_result)
GPT_HANDLE(gpt_chat)

/* An event belongs to its generator: a class without a destructor. */
%nodefaultctor gpt_event;
%nodefaultdtor gpt_event;
struct gpt_event {
};

/* These two give references of their own; what other functions return is borrowed from their first argument. */
%newobject gpt_tokenizer_ref;
%newobject gpt_model_ref;

%apply (const char *TEXT, size_t LENGTH) {
    (const char *text, size_t length), (const char *bytes, size_t length), (const char *string, size_t length),
    (const char *prompt, size_t length)
};
%apply (const int32_t *IDS, size_t COUNT) { (const int32_t *ids, size_t count) };
%apply (char **TEXT, size_t *LENGTH) { (char **text, size_t *length) };
%apply (int32_t **IDS, size_t *COUNT) { (int32_t **ids, size_t *count) };
%apply int64_t *OUT_NUMBER { int64_t *sequence };
%apply double *OUT_RATE { double *operations };

/* Callbacks. */
%ignore gpt_log_set_callback;
%ignore gpt_generator_set_logits_hook;
%ignore gpt_generator_stream;
%ignore gpt_generator_stream_ids;

/* Arrays of floats and of texts. */
%ignore gpt_generator_run_many;
%ignore gpt_generator_evaluate;
%ignore gpt_generator_score;
%ignore gpt_generator_process_logits;
%ignore gpt_result_logprobs;
%ignore gpt_result_ids;

/* Strings with a length, and memory of the caller. */
%ignore gpt_tokenizer_token_bytes;
%ignore gpt_generator_stop_string;
%ignore gpt_result_text;
%ignore gpt_event_text;
%ignore gpt_model_find;
%ignore gpt_free;

/* What is C's own. */
%ignore GPT_STATUS_MAP;
%ignore GPT_STATUS_ENUM;
#define GPT_API
#define GPT_MUST_CHECK

%include <gpt/status.h>
%include <gpt/version.h>
%include <gpt/log.h>
%include <gpt/tokenizer.h>
%include <gpt/model.h>
%include <gpt/generator.h>
%include <gpt/profile.h>
%include <gpt/chat.h>
