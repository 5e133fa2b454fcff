/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/byte_map.c: filling the table from bytes to ids; looking up stands in the header, to be inlined. */
#include "tokenizer/byte_map.h"

#include "base/memory.h"
#include "base/random.h"

static gpt_status allocate_slots(gpt__byte_map *map, int bits)
{
    size_t slots = (size_t)1 << bits;
    map->slots = gpt__allocate(slots, sizeof *map->slots);
    if (map->slots == NULL)
        return GPT_E_MEMORY;
    /* All bits set is GPT__EMPTY_SLOT in each. */
    memset(map->slots, 0xFF, slots * sizeof *map->slots);
    map->mask = slots - 1;
    map->shift = 64 - bits;
    return GPT_OK;
}

/* Entries differ, so moving them compares nothing. */
static void move_slot(gpt__byte_map *map, gpt__byte_slot slot)
{
    size_t at = gpt__byte_map_place(map, slot.key, slot.length);
    while (map->slots[at].id_and_flag != GPT__EMPTY_SLOT)
        at = (at + 1) & map->mask;
    map->slots[at] = slot;
}

gpt_status gpt__byte_map_reserve(gpt__byte_map *map, size_t count)
{
    if (map->slots != NULL && count <= (map->mask + 1) / 2)
        return GPT_OK;
    int bits = 4;
    while (bits < 48 && ((size_t)1 << bits) / 2 < count)
        bits++;
    gpt__byte_map old = *map;
    if (map->slots == NULL)
        map->seed = gpt__random_seed();
    gpt_status status = allocate_slots(map, bits);
    if (status != GPT_OK) {
        *map = old;
        return status;
    }
    for (size_t i = 0; old.slots != NULL && i <= old.mask; i++)
        if (old.slots[i].id_and_flag != GPT__EMPTY_SLOT)
            move_slot(map, old.slots[i]);
    gpt__release(old.slots);
    return GPT_OK;
}

gpt_status gpt__byte_map_add(gpt__byte_map *map, int32_t *present, gpt__byte_source source, int32_t id, size_t length)
{
    if (map->slots == NULL || map->count >= (map->mask + 1) / 2)
        GPT__TRY(gpt__byte_map_reserve(map, map->count < 8 ? 8 : map->count * 2));
    const char *bytes = source.bytes + source.starts[id];
    gpt__byte_slot *slot = gpt__byte_map_slot(map, source, bytes, length);
    *present = slot->id_and_flag == GPT__EMPTY_SLOT ? -1 : (int32_t)(slot->id_and_flag & ~GPT__SLOT_FLAG);
    if (*present >= 0)
        return GPT_OK;
    *slot = (gpt__byte_slot){gpt__byte_key(map, bytes, length), (uint32_t)length, (uint32_t)id};
    map->count++;
    return GPT_OK;
}

void gpt__byte_map_release(gpt__byte_map *map)
{
    gpt__release(map->slots);
    *map = (gpt__byte_map){0};
}
