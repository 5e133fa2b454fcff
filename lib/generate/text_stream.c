/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/text_stream.c: text of a running sequence, as soon as it is certain. Each stop string is followed by the
 * automaton of Knuth, Morris and Pratt, so that a byte costs the same however long the stop strings are, and what must
 * be held back is known without looking back.
 */
#include "generate/text_stream.h"

#include "base/utf8.h"

#include <string.h>

static void truncate(gpt__buffer *buffer, size_t length)
{
    buffer->length = length;
    if (buffer->bytes != NULL)
        buffer->bytes[length] = '\0';
}

/* Gets a counter for each stop string. */
static gpt_status begin_matching(gpt__text_stream *stream, const gpt__settings *settings)
{
    size_t count = settings->stop_string_count;
    if (stream->matched_count == count)
        return GPT_OK;
    uint32_t *matched = gpt__allocate_zeroed(count, sizeof *matched);
    if (matched == NULL)
        return GPT_E_MEMORY;
    gpt__release(stream->matched);
    stream->matched = matched;
    stream->matched_count = count;
    return GPT_OK;
}

/* Moves what is certain from raw to text, and makes room in piece for all of it: what comes after can not fail. */
static gpt_status take_bytes(gpt__text_stream *stream, gpt__buffer *piece, const char *bytes, size_t length)
{
    if (stream->space)
        GPT__TRY(gpt__buffer_add(&stream->raw, " ", 1));
    GPT__TRY(gpt__buffer_add(&stream->raw, bytes, length));
    size_t certain = stream->raw.length - gpt__utf8_unfinished(stream->raw.bytes, stream->raw.length);
    GPT__TRY(gpt__utf8_add_valid(&stream->text, stream->raw.bytes, certain));
    GPT__TRY(gpt__reserve((void **)&piece->bytes, &piece->capacity, piece->length + stream->text.length + 1, 1));
    gpt__buffer_drop_front(&stream->raw, certain);
    stream->space = 0;
    return GPT_OK;
}

/* Follows one stop string through new text. Returns where in text it ends, or SIZE_MAX. */
static size_t match(uint32_t *matched, const gpt__stop_string *stop, const gpt__buffer *text, size_t first)
{
    uint32_t state = *matched;
    for (size_t i = first; i < text->length; i++) {
        while (state > 0 && stop->bytes[state] != text->bytes[i])
            state = stop->fallback[state - 1];
        state += stop->bytes[state] == text->bytes[i];
        if (state == stop->length)
            return i + 1;
    }
    *matched = state;
    return SIZE_MAX;
}

/*
 * Follows all stop strings through the text from first on. Returns how much of the text is certain: up to where the
 * stop string that begins first begins, or the longest one that might still be on its way.
 */
static size_t find_certain(gpt__text_stream *stream, int *stopped, const gpt__settings *settings, size_t first)
{
    const gpt__buffer *text = &stream->text;
    size_t stop_begin = SIZE_MAX;
    uint32_t longest = 0;
    for (size_t i = 0; i < settings->stop_string_count; i++) {
        const gpt__stop_string *stop = &settings->stop_strings[i];
        size_t end = match(&stream->matched[i], stop, text, first);
        if (end != SIZE_MAX && end - stop->length < stop_begin)
            stop_begin = end - stop->length;
        longest = stream->matched[i] > longest ? stream->matched[i] : longest;
    }
    *stopped = stop_begin != SIZE_MAX;
    return *stopped ? stop_begin : text->length - longest;
}

/* There is room in piece: take_bytes has made it. */
static void hand_out(gpt__text_stream *stream, gpt__buffer *piece, size_t length)
{
    if (length == 0)
        return;
    memcpy(piece->bytes + piece->length, stream->text.bytes, length);
    truncate(piece, piece->length + length);
    gpt__buffer_drop_front(&stream->text, length);
}

static void forget(gpt__text_stream *stream)
{
    truncate(&stream->raw, 0);
    truncate(&stream->text, 0);
    stream->space = 0;
    if (stream->matched_count > 0)
        memset(stream->matched, 0, stream->matched_count * sizeof *stream->matched);
}

gpt_status gpt__text_stream_add(gpt__text_stream *stream, gpt__buffer *piece, int *stopped, const char *bytes,
                                size_t length, const gpt__settings *settings, int look)
{
    size_t raw_before = stream->raw.length;
    size_t text_before = stream->text.length;
    *stopped = 0;
    gpt_status status = begin_matching(stream, settings);
    if (status == GPT_OK)
        status = take_bytes(stream, piece, bytes, length);
    if (status != GPT_OK) {
        truncate(&stream->raw, raw_before);
        truncate(&stream->text, text_before);
        return status;
    }
    if (!look) {
        hand_out(stream, piece, stream->text.length);
        if (stream->matched_count > 0)
            memset(stream->matched, 0, stream->matched_count * sizeof *stream->matched);
        return GPT_OK;
    }
    hand_out(stream, piece, find_certain(stream, stopped, settings, text_before));
    if (*stopped)
        forget(stream);
    return GPT_OK;
}

gpt_status gpt__text_stream_finish(gpt__text_stream *stream, gpt__buffer *piece)
{
    size_t text_before = stream->text.length;
    gpt_status status = GPT_OK;
    if (stream->raw.length > 0)
        status = gpt__utf8_add_valid(&stream->text, stream->raw.bytes, stream->raw.length);
    if (status == GPT_OK)
        status = gpt__buffer_add(piece, stream->text.bytes, stream->text.length);
    if (status != GPT_OK) {
        truncate(&stream->text, text_before);
        return status;
    }
    forget(stream);
    return GPT_OK;
}

gpt_status gpt__text_stream_assign(gpt__text_stream *out, const gpt__text_stream *stream)
{
    out->raw.length = out->text.length = 0;
    out->space = stream->space;
    GPT__TRY(gpt__buffer_add(&out->raw, stream->raw.bytes, stream->raw.length));
    GPT__TRY(gpt__buffer_add(&out->text, stream->text.bytes, stream->text.length));
    if (out->matched_count != stream->matched_count) {
        void *matched = gpt__resize(out->matched, stream->matched_count, sizeof *out->matched);
        if (matched == NULL)
            return GPT_E_MEMORY;
        out->matched = matched;
        out->matched_count = stream->matched_count;
    }
    if (stream->matched_count > 0)
        memcpy(out->matched, stream->matched, stream->matched_count * sizeof *out->matched);
    return GPT_OK;
}

void gpt__text_stream_release(gpt__text_stream *stream)
{
    gpt__buffer_release(&stream->raw);
    gpt__buffer_release(&stream->text);
    gpt__release(stream->matched);
    *stream = (gpt__text_stream){0};
}
