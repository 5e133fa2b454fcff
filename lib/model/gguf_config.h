/* SPDX-License-Identifier: Apache-2.0 */
/* model/gguf_config.h: the configuration of a model from the metadata of a GGUF file. */
#ifndef GPT__MODEL_GGUF_CONFIG_H
#define GPT__MODEL_GGUF_CONFIG_H

#include "format/gguf.h"
#include "model/family.h"

/*
 * Writes the metadata in the words of config.json, so that families need to know only those. *family is the one that
 * reads the tensors of this file: GGUF has names of its own for them. GPT_E_UNSUPPORTED names an architecture, or a key
 * of it, that libgpt does not do.
 */
gpt_status gpt__gguf_config(gpt__json *json, const gpt__family **family, const gpt__gguf *gguf);

#endif
