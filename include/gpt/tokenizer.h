/* SPDX-License-Identifier: Apache-2.0 */
/* gpt/tokenizer.h: text to token ids and back, exactly as the model's own tokenizer does it. */
#ifndef GPT_TOKENIZER_H
#define GPT_TOKENIZER_H

#include <gpt/status.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A tokenizer: vocabulary, merges, special tokens and the rule that splits text.
 *
 * Immutable once open: any number of threads may use one at the same time. Reference-counted.
 *
 *     gpt_tokenizer *tokenizer = NULL;
 *     int32_t *ids = NULL;
 *     size_t count = 0;
 *     gpt_status status = gpt_tokenizer_open(&tokenizer, "models/storyteller");
 *     if (status == GPT_OK)
 *         status = gpt_tokenizer_encode(&ids, &count, tokenizer, "Once upon a time", 16, 0);
 *     gpt_free(ids);
 *     gpt_tokenizer_free(tokenizer);
 */
typedef struct gpt_tokenizer gpt_tokenizer;

/** Bits for gpt_tokenizer_encode. Since 1.0. */
typedef enum gpt_encode_flags {
    /** Take the text as plain text even where it spells a special token, such as "<|endoftext|>". */
    GPT_ENCODE_ORDINARY = 1
} gpt_encode_flags;

/** Bits for gpt_tokenizer_decode. Since 1.0. */
typedef enum gpt_decode_flags {
    /** Leave special tokens out of the text. */
    GPT_DECODE_SKIP_SPECIAL = 1
} gpt_decode_flags;

/**
 * Opens a tokenizer.
 *
 * @param out   receives the tokenizer, freed with gpt_tokenizer_free; NULL on failure
 * @param path  a model directory (tokenizer.json in it, else vocab.json and merges.txt, else one GGUF file), a
 *              tokenizer.json, a vocab.json with merges.txt beside it, a GGUF file, a rank file of OpenAI's whose name
 *              says the encoding (such as cl100k_base.tiktoken), or the name of a model that gpt_model_find knows
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_NOT_FOUND when there is no such file, directory or name; GPT_E_FILE when it can
 * not be read; GPT_E_FORMAT when it contradicts itself; GPT_E_UNSUPPORTED naming the part that libgpt does not do
 * (nothing is approximated); GPT_E_MEMORY. Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_tokenizer_open(gpt_tokenizer **out, const char *path);

/**
 * Opens a rank file of OpenAI's (a token in base64 and its rank on each line) as one of the encodings that use it.
 *
 * @param out       receives the tokenizer, freed with gpt_tokenizer_free; NULL on failure
 * @param path      the file, of any name
 * @param encoding  r50k_base, p50k_base, p50k_edit, cl100k_base, o200k_base or o200k_harmony: the division into pieces
 *                  and the special tokens, which the file does not have
 *
 * @return as gpt_tokenizer_open; GPT_E_UNSUPPORTED for another encoding. Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_tokenizer_open_tiktoken(gpt_tokenizer **out, const char *path,
                                                              const char *encoding);

/**
 * Takes one more reference to a tokenizer, which must be given back with gpt_tokenizer_free.
 *
 * @return the same pointer; NULL for NULL. Any thread. Since 1.0.
 */
GPT_API gpt_tokenizer *gpt_tokenizer_ref(gpt_tokenizer *tokenizer);

/**
 * Gives one reference back; the last one frees the tokenizer. Takes NULL. Any thread. Since 1.0.
 */
GPT_API void gpt_tokenizer_free(gpt_tokenizer *tokenizer);

/**
 * Turns text into token ids. Adds no special tokens of its own.
 *
 * @param ids     receives the ids, freed with gpt_free; NULL when there are none or on failure
 * @param count   receives their number
 * @param text    UTF-8, may hold NUL; may be NULL when length is 0. Bytes that are not UTF-8 are read as U+FFFD, as the
 *                reference does
 * @param length  of text in bytes
 * @param flags   bits of gpt_encode_flags, or 0: special tokens in the text are recognised
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_FORMAT when the vocabulary has no token for a part of the text and no unknown
 * token; GPT_E_UNSUPPORTED when a part of the text that no rule divides is above 2 GB, or a pattern of the tokenizer
 * takes too long for it; GPT_E_MEMORY. Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_tokenizer_encode(int32_t **ids, size_t *count,
                                                       const gpt_tokenizer *tokenizer, const char *text,
                                                       size_t length, unsigned flags);

/**
 * Turns token ids into text.
 *
 * @param text    receives the text, UTF-8, followed by a NUL that length does not count; freed with gpt_free; NULL on
 *                failure. Bytes that form no character come out as U+FFFD; gpt_tokenizer_token_bytes has them raw
 * @param length  receives its length in bytes
 * @param ids     token ids, each from 0 to gpt_tokenizer_vocab_size() - 1; may be NULL when count is 0. Ids in that
 *                range that stand for no token decode to nothing
 * @param count   of ids
 * @param flags   bits of gpt_decode_flags, or 0
 *
 * @return GPT_OK; GPT_E_ARGUMENT naming an id that is out of range; GPT_E_MEMORY. Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_tokenizer_decode(char **text, size_t *length,
                                                       const gpt_tokenizer *tokenizer, const int32_t *ids,
                                                       size_t count, unsigned flags);

/**
 * The raw bytes that one token stands for; they need not be valid UTF-8 by themselves.
 *
 * @param length  receives the number of bytes; 0 on failure
 * @param id      a token id
 *
 * @return the bytes, which live as long as the tokenizer and may hold NUL; NULL with a message when id is out of range
 * or an argument is NULL. Any thread. Since 1.0.
 */
GPT_API const char *gpt_tokenizer_token_bytes(size_t *length, const gpt_tokenizer *tokenizer, int32_t id);

/**
 * The id of the token whose bytes are given, or -1 when there is none.
 *
 * @param bytes   what the token stands for, such as " time" or "<|endoftext|>"
 * @param length  of bytes
 *
 * When several tokens stand for the same bytes, the one with the smallest id. Any thread. Since 1.0.
 */
GPT_API int32_t gpt_tokenizer_token_id(const gpt_tokenizer *tokenizer, const char *bytes, size_t length);

/**
 * Whether a token is special, that is, control and not text: 1 or 0; 0 for ids out of range. Any thread. Since 1.0.
 */
GPT_API int gpt_tokenizer_is_special(const gpt_tokenizer *tokenizer, int32_t id);

/**
 * One more than the largest token id; 0 for NULL. Any thread. Since 1.0.
 */
GPT_API int32_t gpt_tokenizer_vocab_size(const gpt_tokenizer *tokenizer);

#ifdef __cplusplus
}
#endif
#endif
