/* SPDX-License-Identifier: Apache-2.0 */
/* gpt/model.h: a model's weights and shape, opened from a file or found by name. */
#ifndef GPT_MODEL_H
#define GPT_MODEL_H

#include <gpt/tokenizer.h>

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A model: configuration and packed weights, with the tokenizer that belongs to it.
 *
 * Immutable once open: any number of generators on any number of threads may use one at the same time.
 * Reference-counted.
 *
 *     gpt_model *model = NULL;
 *     if (gpt_model_open(&model, "storyteller", NULL) != GPT_OK)
 *         fprintf(stderr, "%s\n", gpt_error_message());
 *     gpt_model_free(model);
 */
typedef struct gpt_model gpt_model;

/** How a model is to be opened. Belongs to one thread at a time. */
typedef struct gpt_model_options gpt_model_options;

/** The type in which weights are kept and multiplied. Since 1.0. */
typedef enum gpt_dtype {
    GPT_DTYPE_AUTO = 0, /**< What the file has: bf16 stays bf16, everything else opens as f32. */
    GPT_DTYPE_F32 = 1,  /**< 32-bit floats: the reference's own numbers. */
    GPT_DTYPE_BF16 = 2, /**< 16-bit brain floats, summed up in f32: half the memory. */
    GPT_DTYPE_INT8 = 3  /**< 8-bit weights with a scale per output, activations quantized per token: a quarter. */
} gpt_dtype;

/** The name of a type: "auto", "f32", "bf16", "int8"; NULL for a number that is none. Static. Since 1.0. */
GPT_API const char *gpt_dtype_name(gpt_dtype dtype);

/**
 * Makes options that hold the defaults.
 *
 * @param out  receives the options, freed with gpt_model_options_free; NULL on failure
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_MEMORY. Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_model_options_new(gpt_model_options **out);

/** Frees options. Takes NULL. A model that was opened with them does not need them any more. Since 1.0. */
GPT_API void gpt_model_options_free(gpt_model_options *options);

/**
 * Sets the type of the weights in memory. Default: GPT_DTYPE_AUTO.
 *
 * @return GPT_OK; GPT_E_ARGUMENT for a number that is no type. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_model_options_set_dtype(gpt_model_options *options, gpt_dtype dtype);

/** The type that was set; GPT_DTYPE_AUTO for NULL. Since 1.0. */
GPT_API gpt_dtype gpt_model_options_dtype(const gpt_model_options *options);

/**
 * Sets the number of threads that pack the weights. Default: 0, which means one for each processor that the process
 * may run on, but fewer for small models.
 *
 * @param threads  0 to 1024
 *
 * @return GPT_OK; GPT_E_ARGUMENT. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_model_options_set_threads(gpt_model_options *options, int threads);

/** The number of threads that was set; 0 for NULL. Since 1.0. */
GPT_API int gpt_model_options_threads(const gpt_model_options *options);

/**
 * Opens a model.
 *
 * @param out           receives the model, freed with gpt_model_free; NULL on failure
 * @param name_or_path  a Hugging Face model directory (config.json, model.safetensors or its shards, tokenizer files),
 *                      a GGUF file, a directory with one GGUF file and no other weights, or a name that gpt_model_find
 *                      knows. A model without a tokenizer opens too, for use with token ids only
 * @param options       how, or NULL for the defaults
 *
 * The files are checked before use, packed into memory, and closed again.
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_NOT_FOUND when nothing has that name or a file is missing; GPT_E_FILE when a
 * file can not be read; GPT_E_FORMAT when a file contradicts itself or the configuration; GPT_E_UNSUPPORTED naming
 * what the model asks for and libgpt does not do; GPT_E_MEMORY. Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_model_open(gpt_model **out, const char *name_or_path,
                                                 const gpt_model_options *options);

/**
 * Takes one more reference to a model, which must be given back with gpt_model_free.
 *
 * @return the same pointer; NULL for NULL. Any thread. Since 1.0.
 */
GPT_API gpt_model *gpt_model_ref(gpt_model *model);

/** Gives one reference back; the last one frees the model. Takes NULL. Any thread. Since 1.0. */
GPT_API void gpt_model_free(gpt_model *model);

/**
 * Finds the directory or file that a model name stands for, without opening it. Uses no network.
 *
 * @param path           receives the path, ended by NUL, freed with gpt_free; NULL on failure
 * @param name_or_path   a path that exists, or a name such as "storyteller" or "openai-community/gpt2", which is looked
 *                       for in turn in
 *                       1. each directory of $GPT_MODEL_PATH (separated by colons),
 *                       2. the user's store, $XDG_DATA_HOME/gpt/models (default ~/.local/share/gpt/models),
 *                       3. the Hugging Face cache, $HF_HUB_CACHE, else $HF_HOME/hub, else
 *                          $XDG_CACHE_HOME/huggingface/hub (default ~/.cache), the snapshot that refs/main names,
 *                       4. the data directory that libgpt was installed with, such as /usr/share/gpt/models.
 *                       A GGUF file in one of these places may be named without its .gguf
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_NOT_FOUND with a message that lists the places; GPT_E_FILE when the system does
 * not say whether a path exists (a place that can not be read is passed over); GPT_E_MEMORY. Any thread, as long as
 * none changes the environment meanwhile. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_model_find(char **path, const char *name_or_path);

/** The tokenizer of a model, owned by the model; NULL when its files have none. Any thread. Since 1.0. */
GPT_API gpt_tokenizer *gpt_model_tokenizer(const gpt_model *model);

/** The path that the model was opened from; lives as long as the model. NULL for NULL. Any thread. Since 1.0. */
GPT_API const char *gpt_model_path(const gpt_model *model);

/** The family, as config.json calls it: "gpt2". Lives as long as the model. NULL for NULL. Any thread. Since 1.0. */
GPT_API const char *gpt_model_family(const gpt_model *model);

/** The type in which the weights are kept; never GPT_DTYPE_AUTO for an open model. Any thread. Since 1.0. */
GPT_API gpt_dtype gpt_model_dtype(const gpt_model *model);

/** V, the number of logits for each token; ids go from 0 to V - 1. 0 for NULL. Any thread. Since 1.0. */
GPT_API int32_t gpt_model_vocab_size(const gpt_model *model);

/** The largest number of tokens, prompt and new ones together, that a sequence may have. 0 for NULL. Since 1.0. */
GPT_API int32_t gpt_model_context_length(const gpt_model *model);

/** D, the number of values in a hidden state. 0 for NULL. Any thread. Since 1.0. */
GPT_API int32_t gpt_model_width(const gpt_model *model);

/** L, the number of layers. 0 for NULL. Any thread. Since 1.0. */
GPT_API int32_t gpt_model_layers(const gpt_model *model);

/** H, the number of attention heads (query heads) of a layer. 0 for NULL. Any thread. Since 1.0. */
GPT_API int32_t gpt_model_heads(const gpt_model *model);

/** The number of heads that keys and values have, at most gpt_model_heads(). 0 for NULL. Any thread. Since 1.0. */
GPT_API int32_t gpt_model_kv_heads(const gpt_model *model);

/**
 * The token that an empty prompt stands for, as generation_config.json says, else config.json or the GGUF file.
 *
 * @return its id; -1 when they name none, or one that the vocabulary does not have, and for NULL. Any thread. Since
 * 1.0.
 */
GPT_API int32_t gpt_model_bos_token(const gpt_model *model);

/**
 * How many tokens end a sequence, as generation_config.json says, else config.json or the GGUF file. They are the stop
 * tokens that a new generator has.
 *
 * @return 0 to 16; 0 for NULL. Any thread. Since 1.0.
 */
GPT_API size_t gpt_model_stop_token_count(const gpt_model *model);

/**
 * One of the tokens that end a sequence, in the order of the file.
 *
 * @param index  from 0 to below gpt_model_stop_token_count
 *
 * @return its id; -1 when there are not so many, and for NULL. Any thread. Since 1.0.
 */
GPT_API int32_t gpt_model_stop_token(const gpt_model *model, size_t index);

/** The number of different weights, tied ones counted once. 0 for NULL. Any thread. Since 1.0. */
GPT_API int64_t gpt_model_parameters(const gpt_model *model);

/** The memory that the packed weights take, in bytes. 0 for NULL. Any thread. Since 1.0. */
GPT_API int64_t gpt_model_weight_bytes(const gpt_model *model);

#ifdef __cplusplus
}
#endif
#endif
