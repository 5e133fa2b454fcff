/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/byte_map.h: a hash table from the bytes of tokens to their ids. */
#ifndef GPT__TOKENIZER_BYTE_MAP_H
#define GPT__TOKENIZER_BYTE_MAP_H

#include "base/error.h"

#include <string.h>

/* Ids are below this, so that an id leaves room for a flag and two ids make one 64-bit key. */
#define GPT__MAX_VOCAB (1 << 24)

/*
 * One slot. Nearly all words of a text have at most eight bytes, and then key is the word itself, so that a look-up
 * reads no other memory than this slot; a longer one has its hash there, and the bytes are compared.
 */
typedef struct gpt__byte_slot {
    uint64_t key;
    uint32_t length;
    uint32_t id_and_flag; /* GPT__EMPTY_SLOT where there is none */
} gpt__byte_slot;

#define GPT__EMPTY_SLOT UINT32_MAX
#define GPT__SLOT_FLAG 0x80000000u

/* Open addressing with linear probing, at most half full. Begins as {0}. */
typedef struct gpt__byte_map {
    gpt__byte_slot *slots;
    size_t mask; /* the number of slots - 1 */
    size_t count;
    int shift;     /* 64 - log2 of the number of slots */
    uint64_t seed; /* another for each map, so that no file can be made of strings that all go into one slot */
} gpt__byte_map;

/* Where a map finds the bytes of an id: bytes + starts[id], as gpt__tokens keeps them. */
typedef struct gpt__byte_source {
    const char *bytes;
    const uint32_t *starts;
} gpt__byte_source;

/* Makes room for count entries in all. */
gpt_status gpt__byte_map_reserve(gpt__byte_map *map, size_t count);

/*
 * Adds an entry. The bytes must be in the source already. When they are in the map already, it keeps its entry, and
 * *present is set to that id, else to -1.
 */
gpt_status gpt__byte_map_add(gpt__byte_map *map, int32_t *present, gpt__byte_source source, int32_t id, size_t length);

void gpt__byte_map_release(gpt__byte_map *map);

static inline uint64_t gpt__mix(uint64_t value)
{
    /* The finalizer of MurmurHash3 (Appleby), without its last step, as the upper bits are what is used. */
    value ^= value >> 33;
    value *= 0xFF51AFD7ED558CCDu;
    value ^= value >> 33;
    return value * 0xC4CEB9FE1A85EC53u;
}

static inline uint64_t gpt__load_up_to_8(const char *bytes, size_t length)
{
    uint64_t value = 0;
    if (length == 8) {
        memcpy(&value, bytes, 8);
    } else if (length >= 4) {
        /* Two overlapping halves: each byte at its place, some twice. */
        uint32_t low, high;
        memcpy(&low, bytes, 4);
        memcpy(&high, bytes + length - 4, 4);
        value = (uint64_t)low | (uint64_t)high << 32;
    } else if (length > 0) {
        const unsigned char *b = (const unsigned char *)bytes;
        value = (uint64_t)b[0] | (uint64_t)b[length / 2] << 8 | (uint64_t)b[length - 1] << 16;
    }
    return value;
}

/* For up to eight bytes different for different bytes of the same length, else a hash. */
static inline uint64_t gpt__byte_key(const gpt__byte_map *map, const char *bytes, size_t length)
{
    if (length <= 8)
        return gpt__load_up_to_8(bytes, length);
    uint64_t hash = length ^ map->seed;
    size_t at = 0;
    for (; at + 8 < length; at += 8)
        hash = gpt__mix(hash ^ gpt__load_up_to_8(bytes + at, 8));
    return gpt__mix(hash ^ gpt__load_up_to_8(bytes + at, length - at));
}

/* Where to begin looking for a key. */
static inline size_t gpt__byte_map_place(const gpt__byte_map *map, uint64_t key, size_t length)
{
    return (size_t)(gpt__mix(key ^ (uint64_t)length << 56 ^ map->seed) >> map->shift);
}

/* The slot of the bytes, or the empty one where they would go. */
static inline gpt__byte_slot *gpt__byte_map_slot(const gpt__byte_map *map, gpt__byte_source source, const char *bytes,
                                                 size_t length)
{
    uint64_t key = gpt__byte_key(map, bytes, length);
    for (size_t at = gpt__byte_map_place(map, key, length);; at = (at + 1) & map->mask) {
        gpt__byte_slot *slot = map->slots + at;
        if (slot->id_and_flag == GPT__EMPTY_SLOT)
            return slot;
        if (slot->key != key || slot->length != length)
            continue;
        uint32_t id = slot->id_and_flag & ~GPT__SLOT_FLAG;
        if (length <= 8 || memcmp(source.bytes + source.starts[id], bytes, length) == 0)
            return slot;
    }
}

/* The id, or -1. */
static inline int32_t gpt__byte_map_find(const gpt__byte_map *map, gpt__byte_source source, const char *bytes,
                                         size_t length)
{
    if (map->slots == NULL)
        return -1;
    const gpt__byte_slot *slot = gpt__byte_map_slot(map, source, bytes, length);
    return slot->id_and_flag == GPT__EMPTY_SLOT ? -1 : (int32_t)(slot->id_and_flag & ~GPT__SLOT_FLAG);
}

#endif
