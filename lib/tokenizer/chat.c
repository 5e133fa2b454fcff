/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/chat.c: conversations in the harmony format, checked against OpenAI's own renderer (openai-harmony), which
 * leaves out fewer thoughts where there are several answers: see answered. A conversation becomes a list of parts,
 * special tokens and plain text in turns, which text and ids are made of alike.
 */
#include "base/buffer.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "tokenizer/ids.h"

#include <gpt/chat.h>

#include <string.h>

#define IDENTITY "You are ChatGPT, a large language model trained by OpenAI.\nKnowledge cutoff: 2024-06\n"
#define CHANNELS "# Valid channels: analysis, commentary, final. Channel must be included for every message."

static const char *const role_names[] = {"developer", "user", "assistant"};
static const char *const channel_names[] = {"analysis", "commentary", "final"};
static const char *const effort_names[] = {"low", "medium", "high"};

#define CHANNEL_COUNT (sizeof channel_names / sizeof *channel_names)
#define ANALYSIS 0
#define FINAL 2

typedef struct message {
    gpt_role role;
    int channel; /* an index of channel_names */
    char *text;
    size_t length;
} message;

struct gpt_chat {
    message *messages;
    size_t count;
    size_t capacity;
    int effort; /* an index of effort_names */
    char *date; /* or NULL */
};

gpt_status gpt_chat_new(gpt_chat **out)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = gpt__allocate_zeroed(1, sizeof **out);
    if (*out == NULL)
        return GPT_E_MEMORY;
    (*out)->effort = 1;
    return GPT_OK;
}

void gpt_chat_free(gpt_chat *chat)
{
    if (chat == NULL)
        return;
    for (size_t i = 0; i < chat->count; i++)
        gpt__release(chat->messages[i].text);
    gpt__release(chat->messages);
    gpt__release(chat->date);
    gpt__release(chat);
}

/* The index of a name in a list of three, or -1. */
static int find_name(const char *const *names, const char *name)
{
    for (int i = 0; i < 3; i++)
        if (strcmp(names[i], name) == 0)
            return i;
    return -1;
}

gpt_status gpt_chat_add(gpt_chat *chat, gpt_role role, const char *channel, const char *text, size_t length)
{
    GPT__CHECK_ARGUMENT(chat != NULL);
    GPT__CHECK_ARGUMENT(text != NULL || length == 0);
    GPT__CHECK_ARGUMENT(length <= PTRDIFF_MAX);
    if ((int)role < GPT_ROLE_DEVELOPER || (int)role > GPT_ROLE_ASSISTANT)
        return gpt__fail(GPT_E_ARGUMENT, "role %d is none of developer, user, assistant", (int)role);
    if (channel != NULL && role != GPT_ROLE_ASSISTANT)
        return gpt__fail(GPT_E_ARGUMENT, "only messages of the assistant have a channel");
    message added = {.role = role, .channel = channel != NULL ? find_name(channel_names, channel) : FINAL};
    if (added.channel < 0)
        return gpt__fail(GPT_E_ARGUMENT, "the channel \"%.40s\" is none of analysis, commentary, final", channel);
    if (length > 0 && !gpt__utf8_valid(text, length))
        return gpt__fail(GPT_E_ARGUMENT, "message %zu is not valid UTF-8", chat->count);
    GPT__TRY(gpt__reserve((void **)&chat->messages, &chat->capacity, chat->count + 1, sizeof *chat->messages));
    added.text = gpt__copy_string(length > 0 ? text : "", length);
    added.length = length;
    if (added.text == NULL)
        return GPT_E_MEMORY;
    chat->messages[chat->count++] = added;
    return GPT_OK;
}

gpt_status gpt_chat_set_reasoning(gpt_chat *chat, const char *effort)
{
    GPT__CHECK_ARGUMENT(chat != NULL);
    GPT__CHECK_ARGUMENT(effort != NULL);
    int found = find_name(effort_names, effort);
    if (found < 0)
        return gpt__fail(GPT_E_ARGUMENT, "the reasoning effort \"%.40s\" is none of low, medium, high", effort);
    chat->effort = found;
    return GPT_OK;
}

gpt_status gpt_chat_set_date(gpt_chat *chat, const char *date)
{
    GPT__CHECK_ARGUMENT(chat != NULL);
    char *copy = NULL;
    if (date != NULL) {
        if (strlen(date) > 64 || !gpt__utf8_valid(date, strlen(date)))
            return gpt__fail(GPT_E_ARGUMENT, "the date should be at most 64 bytes of UTF-8");
        copy = gpt__copy_string(date, strlen(date));
        if (copy == NULL)
            return GPT_E_MEMORY;
    }
    gpt__release(chat->date);
    chat->date = copy;
    return GPT_OK;
}

/*
 * Parts.
 */

/* Takes a part: a special token, or text. */
typedef gpt_status take_part(void *context, const char *text, size_t length, int is_special);

typedef struct writer {
    take_part *take;
    void *context;
} writer;

static gpt_status special(const writer *w, const char *token)
{
    return w->take(w->context, token, strlen(token), 1);
}

static gpt_status plain(const writer *w, const gpt__buffer *text)
{
    return text->length > 0 ? w->take(w->context, text->bytes, text->length, 0) : GPT_OK;
}

static gpt_status add_string(gpt__buffer *out, const char *string)
{
    return gpt__buffer_add(out, string, strlen(string));
}

/* <|start|> role [<|channel|> channel] <|message|> text <|end|> */
static gpt_status write_message(const writer *w, const char *role, const char *channel, const gpt__buffer *text)
{
    GPT__TRY(special(w, "<|start|>"));
    GPT__TRY(w->take(w->context, role, strlen(role), 0));
    if (channel != NULL) {
        GPT__TRY(special(w, "<|channel|>"));
        GPT__TRY(w->take(w->context, channel, strlen(channel), 0));
    }
    GPT__TRY(special(w, "<|message|>"));
    GPT__TRY(plain(w, text));
    return special(w, "<|end|>");
}

static gpt_status write_system(const writer *w, const gpt_chat *chat, gpt__buffer *text)
{
    GPT__TRY(add_string(text, IDENTITY));
    if (chat->date != NULL) {
        GPT__TRY(add_string(text, "Current date: "));
        GPT__TRY(add_string(text, chat->date));
        GPT__TRY(add_string(text, "\n"));
    }
    GPT__TRY(add_string(text, "\nReasoning: "));
    GPT__TRY(add_string(text, effort_names[chat->effort]));
    GPT__TRY(add_string(text, "\n\n" CHANNELS));
    return write_message(w, "system", NULL, text);
}

/*
 * One past the last answer, before which thoughts are left out: those of every turn that is over. openai-harmony leaves
 * out those before the first answer only, and none when the last message of the assistant is no answer.
 */
static size_t answered(const gpt_chat *chat)
{
    size_t end = chat->count;
    while (end > 0 && (chat->messages[end - 1].role != GPT_ROLE_ASSISTANT || chat->messages[end - 1].channel != FINAL))
        end--;
    return end;
}

static gpt_status write_messages(const writer *w, const gpt_chat *chat, gpt__buffer *text)
{
    const size_t end = answered(chat);
    for (size_t i = 0; i < chat->count; i++) {
        const message *m = &chat->messages[i];
        int is_assistant = m->role == GPT_ROLE_ASSISTANT;
        if (is_assistant && m->channel == ANALYSIS && i < end)
            continue;
        text->length = 0;
        if (m->role == GPT_ROLE_DEVELOPER)
            GPT__TRY(add_string(text, "# Instructions\n\n"));
        GPT__TRY(gpt__buffer_add(text, m->text, m->length));
        GPT__TRY(write_message(w, role_names[m->role], is_assistant ? channel_names[m->channel] : NULL, text));
    }
    return GPT_OK;
}

static gpt_status write_all(const writer *w, const gpt_chat *chat)
{
    gpt__buffer text = {0};
    gpt_status status = write_system(w, chat, &text);
    if (status == GPT_OK)
        status = write_messages(w, chat, &text);
    if (status == GPT_OK)
        status = special(w, "<|start|>");
    if (status == GPT_OK)
        status = w->take(w->context, "assistant", strlen("assistant"), 0);
    gpt__buffer_release(&text);
    return status;
}

/*
 * Text and ids.
 */

static gpt_status take_text(void *context, const char *text, size_t length, int is_special)
{
    (void)is_special;
    return gpt__buffer_add(context, text, length);
}

gpt_status gpt_chat_render(char **text, size_t *length, const gpt_chat *chat)
{
    if (text != NULL)
        *text = NULL;
    if (length != NULL)
        *length = 0;
    GPT__CHECK_ARGUMENT(text != NULL);
    GPT__CHECK_ARGUMENT(length != NULL);
    GPT__CHECK_ARGUMENT(chat != NULL);
    gpt__buffer buffer = {0};
    const writer w = {take_text, &buffer};
    gpt_status status = write_all(&w, chat);
    if (status == GPT_OK)
        status = gpt__buffer_take(text, length, &buffer);
    gpt__buffer_release(&buffer);
    return status;
}

typedef struct encoding {
    const gpt_tokenizer *tokenizer;
    gpt__ids ids;
} encoding;

static gpt_status take_ids(void *context, const char *text, size_t length, int is_special)
{
    encoding *e = context;
    int32_t *ids;
    size_t count;
    if (is_special) {
        int32_t id = gpt_tokenizer_token_id(e->tokenizer, text, length);
        if (id < 0)
            return gpt__fail(GPT_E_UNSUPPORTED, "the tokenizer has no token %.40s: it is not gpt-oss's", text);
        return gpt__ids_add(&e->ids, id);
    }
    GPT__TRY(gpt_tokenizer_encode(&ids, &count, e->tokenizer, text, length, GPT_ENCODE_ORDINARY));
    gpt_status status = gpt__ids_reserve(&e->ids, count);
    for (size_t i = 0; status == GPT_OK && i < count; i++)
        status = gpt__ids_add(&e->ids, ids[i]);
    gpt_free(ids);
    return status;
}

gpt_status gpt_chat_encode(int32_t **ids, size_t *count, const gpt_chat *chat, const gpt_tokenizer *tokenizer)
{
    if (ids != NULL)
        *ids = NULL;
    if (count != NULL)
        *count = 0;
    GPT__CHECK_ARGUMENT(ids != NULL);
    GPT__CHECK_ARGUMENT(count != NULL);
    GPT__CHECK_ARGUMENT(chat != NULL);
    GPT__CHECK_ARGUMENT(tokenizer != NULL);
    encoding e = {.tokenizer = tokenizer};
    const writer w = {take_ids, &e};
    gpt_status status = write_all(&w, chat);
    if (status != GPT_OK) {
        gpt__release(e.ids.at);
        return status;
    }
    *ids = e.ids.at;
    *count = e.ids.count;
    return GPT_OK;
}
