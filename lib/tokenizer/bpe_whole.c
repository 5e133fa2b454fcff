/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/bpe_whole.c: finds the tokens that their own bytes merge to, so that a piece which is such a token needs
 * one look-up instead of merging. Not all are: in "b c, a b, ab c" the token abc exists, but its bytes give a, bc.
 *
 * Merging each token's bytes would tell, but opening GPT-2's vocabulary would take a quarter longer. In a vocabulary as
 * training makes it a token has one merge, left + right, of a later rank than those that made the two. When both merge
 * to themselves, then so do the bytes of the two side by side, each side as if it were alone, unless a merge joins a
 * symbol at the end of left with one at the beginning of right before the two are complete. Which symbols stand there,
 * and until which rank, is known from the merges that made them; so only those pairs are looked up. For other tokens
 * the bytes are merged.
 */
#include "tokenizer/bpe.h"

#include "tokenizer/unicode.h"

/* Longer chains of merges are left to merging the bytes. */
#define MAX_CHAIN 48

#define NO_RANK UINT32_MAX

/* The merge that makes a token. All zero for one that no merge makes. */
typedef struct origin {
    int32_t left, right;
    uint32_t rank;
    unsigned char merges;  /* how many make it: 0, 1, or 2 for several */
    unsigned char whole;   /* the token's bytes merge to itself */
    unsigned char ordered; /* and each merge on the way has a later rank than those before it */
} origin;

/* Symbols at one place, each until the rank at which it merges into the next one; the last one stays. */
typedef struct chain {
    int32_t ids[MAX_CHAIN];
    uint32_t until[MAX_CHAIN];
    size_t count;
} chain;

typedef struct search {
    gpt__bpe *bpe;
    origin *origins;  /* by id */
    int32_t *by_rank; /* the token that the merge of a rank makes, or -1 */
    size_t ranks;
    gpt__ids ids;
    gpt__bpe_scratch scratch;
} search;

static int is_byte(const gpt__bpe *bpe, int32_t id)
{
    return bpe->tokens.lengths[id] == 1;
}

/* The symbols that stand at the last byte of a token (or the first), from the byte up to the token. */
static int fill_chain(chain *c, const search *s, int32_t id, int at_end)
{
    int32_t down[MAX_CHAIN];
    size_t n = 0;
    for (;; id = at_end ? s->origins[id].right : s->origins[id].left) {
        if (n == MAX_CHAIN)
            return 0;
        down[n++] = id;
        if (is_byte(s->bpe, id))
            break;
    }
    for (size_t i = 0; i < n; i++) {
        c->ids[i] = down[n - 1 - i];
        c->until[i] = i + 1 < n ? s->origins[down[n - 2 - i]].rank : NO_RANK;
    }
    c->count = n;
    return 1;
}

/* Whether left and right, side by side, each become whole before anything joins them. */
static int stay_apart(const gpt__merges *merges, const chain *left, const chain *right)
{
    size_t l = 0;
    size_t r = 0;
    while (l + 1 < left->count || r + 1 < right->count) {
        uint32_t rank = (uint32_t)(gpt__merges_find(merges, left->ids[l], right->ids[r]) >> 32);
        /* Of the same pair at two places the one to the left merges first. */
        if (rank < left->until[l] && rank <= right->until[r] && rank != NO_RANK)
            return 0;
        if (left->until[l] <= right->until[r])
            l++;
        else
            r++;
    }
    return 1;
}

static int is_made_before(const search *s, int32_t part, uint32_t rank)
{
    return s->origins[part].ordered && (is_byte(s->bpe, part) || s->origins[part].rank < rank);
}

static gpt_status merges_to_itself(unsigned char *yes, search *s, int32_t id)
{
    const gpt__tokens *tokens = &s->bpe->tokens;
    const char *bytes = tokens->bytes.bytes + tokens->starts[id];
    size_t length = tokens->lengths[id];
    *yes = 0;
    for (size_t i = 0; i < length; i++)
        if (s->bpe->byte_ids[(unsigned char)bytes[i]] < 0)
            return GPT_OK;
    s->ids.count = 0;
    GPT__TRY(gpt__bpe_merge(&s->ids, &s->scratch, s->bpe, bytes, length));
    *yes = s->ids.count == 1 && s->ids.at[0] == id;
    return GPT_OK;
}

/* Decides about a token that a merge makes; its parts have been decided about when their ranks are lower. */
static gpt_status decide(search *s, int32_t id)
{
    origin *o = s->origins + id;
    chain left, right;
    if (o->merges == 1 && is_made_before(s, o->left, o->rank) && is_made_before(s, o->right, o->rank) &&
        fill_chain(&left, s, o->left, 1) && fill_chain(&right, s, o->right, 0)) {
        o->whole = o->ordered = (unsigned char)stay_apart(&s->bpe->merges, &left, &right);
        return GPT_OK;
    }
    return merges_to_itself(&o->whole, s, id);
}

/* Notes for each token the merge that makes it. */
static void find_origins(search *s)
{
    const gpt__merges *merges = &s->bpe->merges;
    for (size_t i = 0; i < s->ranks; i++)
        s->by_rank[i] = -1;
    for (size_t i = 0; i <= merges->mask; i++) {
        const gpt__merge_slot *slot = merges->slots + i;
        if (slot->key == GPT__NO_MERGE)
            continue;
        origin *o = s->origins + (int32_t)(uint32_t)slot->merge;
        uint32_t rank = (uint32_t)(slot->merge >> 32);
        *o = (origin){.left = (int32_t)(slot->key >> 24),
                      .right = (int32_t)(slot->key & 0xFFFFFF),
                      .rank = rank,
                      .merges = o->merges == 0 ? 1 : 2};
        s->by_rank[rank] = (int32_t)(uint32_t)slot->merge;
    }
}

static gpt_status decide_all(search *s)
{
    find_origins(s);
    for (int byte = 0; byte < 256; byte++)
        if (s->bpe->byte_ids[byte] >= 0)
            s->origins[s->bpe->byte_ids[byte]] = (origin){.whole = 1, .ordered = 1};
    for (size_t rank = 0; rank < s->ranks; rank++)
        if (s->by_rank[rank] >= 0)
            GPT__TRY(decide(s, s->by_rank[rank]));
    return GPT_OK;
}

/* Whether each character of a word is a token, the space at the end with the last one. */
static int has_characters(const gpt__bpe *bpe, const char *word, size_t length)
{
    for (size_t at = 0, step; at < length; at += step) {
        gpt__valid_char(word + at, &step);
        if (at + step + 1 == length)
            step++;
        if (gpt__tokens_find_piece(&bpe->tokens, word + at, step) < 0)
            return 0;
    }
    return 1;
}

/* A vocabulary of words is small and rarely opened: its tokens are merged one by one. */
static gpt_status decide_words(search *s)
{
    const gpt__tokens *tokens = &s->bpe->tokens;
    for (int32_t id = 0; id < tokens->size; id++) {
        const char *bytes = tokens->bytes.bytes + tokens->starts[id];
        size_t length = tokens->lengths[id];
        if (length < 2 || bytes[length - 1] != ' ' || gpt__tokens_find_piece(tokens, bytes, length) != id ||
            !has_characters(s->bpe, bytes, length))
            continue;
        s->ids.count = 0;
        GPT__TRY(gpt__bpe_merge(&s->ids, &s->scratch, s->bpe, bytes, length));
        s->origins[id].whole = s->ids.count == 1 && s->ids.at[0] == id;
    }
    return GPT_OK;
}

static void set_flags(search *s)
{
    gpt__byte_map *map = &s->bpe->tokens.pieces;
    for (size_t i = 0; i <= map->mask; i++) {
        gpt__byte_slot *slot = map->slots + i;
        if (slot->id_and_flag == GPT__EMPTY_SLOT)
            continue;
        if (s->bpe->ignore_merges || s->origins[slot->id_and_flag].whole)
            slot->id_and_flag |= GPT__SLOT_FLAG;
    }
}

/* One more than the largest rank. */
static size_t count_ranks(const gpt__merges *merges)
{
    size_t ranks = 0;
    for (size_t i = 0; i <= merges->mask; i++) {
        const gpt__merge_slot *slot = merges->slots + i;
        if (slot->key != GPT__NO_MERGE && (slot->merge >> 32) >= ranks)
            ranks = (size_t)(slot->merge >> 32) + 1;
    }
    return ranks;
}

gpt_status gpt__bpe_finish(gpt__bpe *bpe)
{
    search s = {.bpe = bpe, .ranks = count_ranks(&bpe->merges)};
    gpt_status status = GPT_E_MEMORY;
    for (int byte = 0; byte < 256; byte++) {
        char c = (char)byte;
        bpe->byte_ids[byte] = gpt__tokens_find_piece(&bpe->tokens, &c, 1);
    }
    if (bpe->ignore_merges) {
        set_flags(&s);
        return GPT_OK;
    }
    s.origins = gpt__allocate_zeroed((size_t)bpe->tokens.size, sizeof *s.origins);
    s.by_rank = gpt__allocate(s.ranks, sizeof *s.by_rank);
    if (s.origins != NULL && s.by_rank != NULL)
        status = bpe->words ? decide_words(&s) : decide_all(&s);
    if (status == GPT_OK)
        set_flags(&s);
    gpt__release(s.origins);
    gpt__release(s.by_rank);
    gpt__release(s.ids.at);
    gpt__bpe_scratch_release(&s.scratch);
    return status;
}
