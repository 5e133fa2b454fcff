/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_text_stream.c: any bytes as tokens. The input is the number of stop strings, then a length and bytes for
 * each, then the text, whose bytes also tell where it is cut into tokens.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "generate/text_stream.h"

#include <string.h>

const char fuzz_corpus[] = "fuzz/corpus/text_stream";

/* Takes the stop strings off the front of the input. */
static void read_stops(gpt__settings *settings, const uint8_t **data, size_t *size)
{
    size_t count = *size > 0 ? (*data)[0] % 5 : 0;
    *data += *size > 0;
    *size -= *size > 0;
    for (; count > 0 && *size > 0; count--) {
        size_t length = (*data)[0] % 16;
        length = length < *size - 1 ? length : *size - 1;
        gpt_status status = gpt__settings_add_stop_string(settings, (const char *)*data + 1, length);
        int good = length > 0 && gpt__utf8_valid((const char *)*data + 1, length);
        fuzz_check((status == GPT_OK) == good, "stop strings are valid UTF-8");
        *data += length + 1;
        *size -= length + 1;
    }
}

static int holds_stop(const gpt__buffer *text, const gpt__settings *settings)
{
    for (size_t i = 0; i < settings->stop_string_count; i++)
        if (memmem(text->bytes, text->length, settings->stop_strings[i].bytes, settings->stop_strings[i].length))
            return 1;
    return 0;
}

static int feed(gpt__text_stream *stream, gpt__buffer *out, const gpt__settings *settings, const uint8_t *data,
                size_t size)
{
    int stopped = 0;
    for (size_t at = 0; at < size && !stopped;) {
        size_t length = data[at] % 7;
        length = length < size - at ? length : size - at;
        gpt_status status = gpt__text_stream_add(stream, out, &stopped, (const char *)data + at, length, settings, 1);
        fuzz_check(status == GPT_OK, "tokens are taken");
        fuzz_check(gpt__utf8_valid(out->bytes, out->length), "text is valid at any time");
        at += length;
        if (length == 0) {
            status = gpt__text_stream_add(stream, out, &stopped, (const char *)data + at, 1, settings, 1);
            fuzz_check(status == GPT_OK, "tokens are taken");
            at++;
        }
    }
    fuzz_check(out->length == 0 || !holds_stop(out, settings), "no stop string gets out");
    fuzz_check(gpt__text_stream_finish(stream, out) == GPT_OK, "streams finish");
    return stopped;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gpt__settings settings;
    gpt__text_stream stream = {0};
    gpt__buffer out = {0}, whole = {0};
    gpt__settings_default(&settings);
    read_stops(&settings, &data, &size);
    int stopped = feed(&stream, &out, &settings, data, size);
    if (size > 0)
        fuzz_check(gpt__utf8_add_valid(&whole, (const char *)data, size) == GPT_OK, "text can be repaired");
    fuzz_check(out.length <= whole.length && (out.length == 0 || memcmp(out.bytes, whole.bytes, out.length) == 0),
               "the pieces are a beginning of the whole");
    fuzz_check(stopped || out.length == whole.length, "without a stop nothing is lost");
    gpt__text_stream_release(&stream);
    gpt__settings_release(&settings);
    gpt__buffer_release(&out);
    gpt__buffer_release(&whole);
    return 0;
}
