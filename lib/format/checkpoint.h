/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/checkpoint.h: how the reader of a file format fills a checkpoint. A reader maps files, describes the tensors
 * that it finds in them, and seals. What holds for every format (ranges, sizes, names used once, no overlap) is checked
 * here.
 */
#ifndef GPT__FORMAT_CHECKPOINT_H
#define GPT__FORMAT_CHECKPOINT_H

#include "format/tensor.h"

/* Maps a file, which then belongs to the checkpoint. *file stays valid until gpt__checkpoint_close. */
gpt_status gpt__checkpoint_map(const gpt__file **file, gpt__checkpoint *checkpoint, const char *path);

/*
 * Adds a tensor of a mapped file. The reader gives name (copied here), element, block, type_name, rank, shape, bytes
 * and file; offset is where the data begin in the file, and element_bits the size of one element, at most 64, which
 * does not matter for blocks. count and data are set here, after the checks: rank and dimensions, bytes against type
 * and shape, and the range against the file.
 */
gpt_status gpt__checkpoint_add(gpt__checkpoint *checkpoint, const gpt__tensor *tensor, uint64_t offset,
                               uint64_t element_bits);

/*
 * Sorts by name, after which gpt__checkpoint_find works. Refuses a name that is used twice and tensors that share
 * bytes. A reader may call it once, after its last tensor.
 */
gpt_status gpt__checkpoint_seal(gpt__checkpoint *checkpoint);

#endif
