/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gpt/chat.h: conversations for gpt-oss, in the harmony format that those models were trained with (OpenAI, "OpenAI
 * harmony response format", 2025). What people write can not pass for the format's own tokens.
 */
#ifndef GPT_CHAT_H
#define GPT_CHAT_H

#include <gpt/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A conversation. Belongs to one thread at a time.
 *
 *     gpt_chat *chat = NULL;
 *     gpt_status status = gpt_chat_new(&chat);
 *     if (status == GPT_OK)
 *         status = gpt_chat_add(chat, GPT_ROLE_USER, NULL, "What is 2 + 2?", 14);
 *     if (status == GPT_OK)
 *         status = gpt_chat_encode(&ids, &count, chat, tokenizer);
 *
 * Since 1.0.
 */
typedef struct gpt_chat gpt_chat;

/** Who says something. Later releases may append. Since 1.0. */
typedef enum gpt_role {
    GPT_ROLE_DEVELOPER = 0, /**< instructions, often called the system prompt */
    GPT_ROLE_USER = 1,      /**< what is asked */
    GPT_ROLE_ASSISTANT = 2  /**< what the model has answered before */
} gpt_role;

/** Makes an empty conversation, freed with gpt_chat_free. GPT_OK, GPT_E_ARGUMENT or GPT_E_MEMORY. Since 1.0. */
GPT_API GPT_MUST_CHECK gpt_status gpt_chat_new(gpt_chat **out);

/** Frees a conversation. Takes NULL. Since 1.0. */
GPT_API void gpt_chat_free(gpt_chat *chat);

/**
 * Adds a message after those that are there.
 *
 * @param channel  of the assistant: "analysis", "commentary" or "final"; NULL is "final". NULL for other roles.
 *                 Messages of the channel analysis that come before the last one of the channel final are left out of
 *                 prompts, as the format wants
 * @param text     what is said, UTF-8, copied; may be NULL when length is 0
 * @param length   of text in bytes
 *
 * @return GPT_OK; GPT_E_ARGUMENT naming a role or channel that is none, or for text that is not UTF-8; GPT_E_MEMORY.
 * Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_chat_add(gpt_chat *chat, gpt_role role, const char *channel, const char *text,
                                               size_t length);

/**
 * Sets how much the model thinks before it answers: "low", "medium" (the default) or "high".
 *
 * @return GPT_OK; GPT_E_ARGUMENT for any other word. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_chat_set_reasoning(gpt_chat *chat, const char *effort);

/**
 * Sets the date that the model is told.
 *
 * @param date  such as "2025-06-28": any UTF-8 of at most 64 bytes; copied. NULL, the default, tells none
 *
 * @return GPT_OK; GPT_E_ARGUMENT when it is longer or not UTF-8; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_chat_set_date(gpt_chat *chat, const char *date);

/**
 * The prompt for the assistant's next message, as text. For tokens use gpt_chat_encode: in text, a message that spells
 * a special token can not be told from one.
 *
 * @param text    receives the prompt, UTF-8, ended by a NUL that length does not count; freed with gpt_free
 * @param length  receives its length in bytes
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_MEMORY. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_chat_render(char **text, size_t *length, const gpt_chat *chat);

/**
 * The same as token ids. Messages are encoded as plain text, whatever they spell.
 *
 * @param ids    receives the ids, freed with gpt_free; NULL on failure
 * @param count  receives their number
 *
 * @return as gpt_tokenizer_encode; GPT_E_UNSUPPORTED when the tokenizer has not the tokens of the format. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_chat_encode(int32_t **ids, size_t *count, const gpt_chat *chat,
                                                  const gpt_tokenizer *tokenizer);

#ifdef __cplusplus
}
#endif

#endif
