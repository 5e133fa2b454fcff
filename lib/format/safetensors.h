/* SPDX-License-Identifier: Apache-2.0 */
/* format/safetensors.h: the reader of safetensors files and of their shards. */
#ifndef GPT__FORMAT_SAFETENSORS_H
#define GPT__FORMAT_SAFETENSORS_H

#include "format/checkpoint.h"

/* Adds the tensors of one file, model.safetensors, and seals. */
gpt_status gpt__safetensors_read(gpt__checkpoint *checkpoint, const char *directory, const char *path);

/*
 * Adds the tensors of the shards that an index file at path names, and seals. Shards must lie in the directory itself,
 * and each tensor in the shard where the index says it is.
 */
gpt_status gpt__safetensors_read_shards(gpt__checkpoint *checkpoint, const char *directory, const char *path);

#endif
