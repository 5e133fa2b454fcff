/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/text_stream.h: the text of one running sequence. Bytes of tokens go in; valid UTF-8 comes out as early as it
 * is certain. An unfinished character is held back, and so is text that could still become a stop string.
 */
#ifndef GPT__GENERATE_TEXT_STREAM_H
#define GPT__GENERATE_TEXT_STREAM_H

#include "base/buffer.h"
#include "generate/settings.h"

/* Begins as {0}. The settings must be the same from one call to the next. */
typedef struct gpt__text_stream {
    gpt__buffer raw;   /* bytes of tokens that are not valid text yet: an unfinished character */
    gpt__buffer text;  /* valid text that is held back for stop strings */
    uint32_t *matched; /* [matched_count] for each stop string, how much of its beginning the text ends with */
    size_t matched_count;
    int space; /* a space comes before the next bytes, and none if no more come; the caller sets it */
} gpt__text_stream;

/*
 * Takes the bytes of the next token and adds to piece the text that has become certain. When a stop string of settings
 * is complete, *stopped is set, piece gets what comes before it, and the rest is dropped; of several that are complete
 * the one that begins first counts. Stop strings are not looked for when look is 0: then nothing is held back for them,
 * and none can begin in this text. On failure neither stream nor piece has changed.
 */
gpt_status gpt__text_stream_add(gpt__text_stream *stream, gpt__buffer *piece, int *stopped, const char *bytes,
                                size_t length, const gpt__settings *settings, int look);

/*
 * The sequence has ended: adds all that is held back to piece, an unfinished character as U+FFFD. The stream is then as
 * at its beginning. On failure neither stream nor piece has changed.
 */
gpt_status gpt__text_stream_finish(gpt__text_stream *stream, gpt__buffer *piece);

/* Makes *out, which may be in use, hold what stream holds, in its own memory. */
gpt_status gpt__text_stream_assign(gpt__text_stream *out, const gpt__text_stream *stream);

void gpt__text_stream_release(gpt__text_stream *stream);

#endif
