/* SPDX-License-Identifier: Apache-2.0 */
/* model/model.c: opening a model, its options, and what can be asked of it. */
#include "model/model.h"

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "compute/parallel.h"
#include "format/gguf.h"
#include "model/family.h"
#include "tokenizer/tokenizer.h"

#define MOST_THREADS 1024

struct gpt_model_options {
    gpt_dtype dtype;
    int threads;
};

int gpt__default_threads(int64_t weight_bytes)
{
    int64_t most = weight_bytes / GPT__BYTES_PER_THREAD;
    int processors = omp_get_num_procs();
    most = most < processors ? most : processors;
    return most < 1 ? 1 : most > MOST_THREADS ? MOST_THREADS : (int)most;
}

const char *gpt_dtype_name(gpt_dtype dtype)
{
    static const char *const names[] = {"auto", "f32", "bf16", "int8"};
    return (int)dtype >= GPT_DTYPE_AUTO && (int)dtype <= GPT_DTYPE_INT8 ? names[dtype] : NULL;
}

gpt_status gpt_model_options_new(gpt_model_options **out)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = gpt__allocate_zeroed(1, sizeof **out);
    return *out != NULL ? GPT_OK : GPT_E_MEMORY;
}

void gpt_model_options_free(gpt_model_options *options)
{
    gpt__release(options);
}

gpt_status gpt_model_options_set_dtype(gpt_model_options *options, gpt_dtype dtype)
{
    GPT__CHECK_ARGUMENT(options != NULL);
    if (gpt_dtype_name(dtype) == NULL)
        return gpt__fail(GPT_E_ARGUMENT, "dtype %d is none of auto, f32, bf16, int8", (int)dtype);
    options->dtype = dtype;
    return GPT_OK;
}

gpt_dtype gpt_model_options_dtype(const gpt_model_options *options)
{
    return options != NULL ? options->dtype : GPT_DTYPE_AUTO;
}

gpt_status gpt_model_options_set_threads(gpt_model_options *options, int threads)
{
    GPT__CHECK_ARGUMENT(options != NULL);
    if (threads < 0 || threads > MOST_THREADS)
        return gpt__fail(GPT_E_ARGUMENT, "threads is %d, expected 0 to %d", threads, MOST_THREADS);
    options->threads = threads;
    return GPT_OK;
}

int gpt_model_options_threads(const gpt_model_options *options)
{
    return options != NULL ? options->threads : 0;
}

/*
 * The type to pack as: what was asked for, else the files' own. bf16 needs a processor that oneDNN has bf16 products
 * for; where the caller left the choice to us, f32 takes its place.
 */
static gpt_status choose_dtype(gpt_model *model, const gpt__checkpoint *checkpoint, gpt_dtype wanted)
{
    gpt_dtype dtype = wanted;
    if (wanted == GPT_DTYPE_AUTO)
        GPT__TRY(gpt__weights_file_dtype(&dtype, &model->config, checkpoint));
    if (!gpt__engine_supports(model->engine, dtype)) {
        if (wanted != GPT_DTYPE_AUTO)
            return gpt__fail(GPT_E_UNSUPPORTED, "%s: oneDNN has no %s products for this processor", model->path,
                             gpt_dtype_name(dtype));
        gpt__log(GPT_LOG_INFO, "%s: opened as f32, as oneDNN has no %s products for this processor", model->path,
                 gpt_dtype_name(dtype));
        dtype = GPT_DTYPE_F32;
    }
    model->dtype = dtype;
    return GPT_OK;
}

static int64_t checkpoint_bytes(const gpt__checkpoint *checkpoint)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < gpt__checkpoint_count(checkpoint); i++)
        bytes += (int64_t)gpt__checkpoint_at(checkpoint, i)->bytes;
    return bytes;
}

static gpt_status load_weights(gpt_model *model, const gpt_model_options *options)
{
    gpt__checkpoint *checkpoint = NULL;
    GPT__TRY(gpt__checkpoint_open(&checkpoint, model->path));
    gpt_status status = choose_dtype(model, checkpoint, gpt_model_options_dtype(options));
    if (status == GPT_OK) {
        int threads = gpt_model_options_threads(options);
        gpt__thread_settings before =
            gpt__threads_begin(threads > 0 ? threads : gpt__default_threads(checkpoint_bytes(checkpoint)));
        status = gpt__weights_load(&model->weights, model->engine, &model->config, checkpoint, model->dtype);
        gpt__threads_end(before);
    }
    gpt__checkpoint_close(checkpoint);
    return status;
}

/* Some files on the hub name tokens that the model has no logits for; those can be encoded, but not computed. */
static gpt_status load_tokenizer(gpt_model *model)
{
    gpt_status status = gpt__tokenizer_open_path(&model->tokenizer, model->path);
    if (status == GPT_E_NOT_FOUND)
        return GPT_OK;
    if (status == GPT_OK && gpt_tokenizer_vocab_size(model->tokenizer) > model->config.V)
        gpt__log(GPT_LOG_WARNING, "%s: the tokenizer has %d tokens, the model only %d", model->path,
                 gpt_tokenizer_vocab_size(model->tokenizer), model->config.V);
    return status;
}

static gpt_status load_generation_config(gpt_model *model)
{
    char *path = gpt__join_path(model->path, "generation_config.json");
    if (path == NULL)
        return GPT_E_MEMORY;
    int there;
    gpt_status status = gpt__has_file(&there, path);
    if (status == GPT_OK && there)
        status = gpt__json_open(&model->generation_config, path);
    gpt__release(path);
    return status;
}

static gpt_status check_path(const char *path)
{
    gpt__kind kind;
    int is_gguf;
    GPT__TRY(gpt__path_kind(&kind, path));
    GPT__TRY(gpt__is_gguf(&is_gguf, path));
    if (kind != GPT__KIND_DIRECTORY && !is_gguf)
        return gpt__fail(GPT_E_UNSUPPORTED,
                         "%s: a file; expected a directory with config.json and model.safetensors, or a GGUF file",
                         path);
    return GPT_OK;
}

static gpt_status load(gpt_model *model, const gpt_model_options *options)
{
    GPT__TRY(check_path(model->path));
    GPT__TRY(gpt__config_read(&model->config, model->path));
    GPT__TRY(load_generation_config(model));
    GPT__TRY(gpt__engine_new(&model->engine));
    /* The tokenizer first: what it needs for a while has been given back before there are weights. */
    GPT__TRY(load_tokenizer(model));
    GPT__TRY(load_weights(model, options));
    gpt__log(GPT_LOG_INFO, "%s: %s, %lld parameters, %lld bytes of %s weights", model->path,
             model->config.family->model_type, (long long)model->weights.parameters, (long long)model->weights.bytes,
             gpt_dtype_name(model->dtype));
    return GPT_OK;
}

gpt_status gpt_model_open(gpt_model **out, const char *name_or_path, const gpt_model_options *options)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = NULL;
    GPT__CHECK_ARGUMENT(name_or_path != NULL && name_or_path[0] != '\0');
    gpt__message kept;
    gpt__message_keep(&kept);
    gpt_model *model = gpt__allocate_zeroed(1, sizeof *model);
    if (model == NULL)
        return GPT_E_MEMORY;
    model->references = 1;
    gpt_status status = gpt_model_find(&model->path, name_or_path);
    if (status == GPT_OK)
        status = load(model, options);
    if (status == GPT_OK)
        *out = model;
    else
        gpt_model_free(model);
    return gpt__message_restore(status, &kept);
}

gpt_model *gpt_model_ref(gpt_model *model)
{
    if (model != NULL)
        atomic_fetch_add(&model->references, 1);
    return model;
}

void gpt_model_free(gpt_model *model)
{
    if (model == NULL || atomic_fetch_sub(&model->references, 1) > 1)
        return;
    gpt__weights_release(&model->weights);
    gpt__engine_free(model->engine);
    gpt_tokenizer_free(model->tokenizer);
    gpt__json_close(&model->generation_config);
    gpt__release(model->path);
    gpt__release(model);
}

gpt_tokenizer *gpt_model_tokenizer(const gpt_model *model)
{
    return model != NULL ? model->tokenizer : NULL;
}

const char *gpt_model_path(const gpt_model *model)
{
    return model != NULL ? model->path : NULL;
}

const char *gpt_model_family(const gpt_model *model)
{
    return model != NULL ? model->config.family->model_type : NULL;
}

gpt_dtype gpt_model_dtype(const gpt_model *model)
{
    return model != NULL ? model->dtype : GPT_DTYPE_AUTO;
}

int32_t gpt_model_vocab_size(const gpt_model *model)
{
    return model != NULL ? model->config.V : 0;
}

int32_t gpt_model_context_length(const gpt_model *model)
{
    return model != NULL ? model->config.context : 0;
}

int32_t gpt_model_width(const gpt_model *model)
{
    return model != NULL ? model->config.D : 0;
}

int32_t gpt_model_layers(const gpt_model *model)
{
    return model != NULL ? model->config.L : 0;
}

int32_t gpt_model_heads(const gpt_model *model)
{
    return model != NULL ? model->config.H : 0;
}

int32_t gpt_model_kv_heads(const gpt_model *model)
{
    return model != NULL ? model->config.KV : 0;
}

int32_t gpt_model_bos_token(const gpt_model *model)
{
    return model != NULL ? model->config.bos_token : -1;
}

size_t gpt_model_stop_token_count(const gpt_model *model)
{
    return model != NULL ? (size_t)model->config.stop_token_count : 0;
}

int32_t gpt_model_stop_token(const gpt_model *model, size_t index)
{
    return index < gpt_model_stop_token_count(model) ? model->config.stop_tokens[index] : -1;
}

int64_t gpt_model_parameters(const gpt_model *model)
{
    return model != NULL ? model->weights.parameters : 0;
}

int64_t gpt_model_weight_bytes(const gpt_model *model)
{
    return model != NULL ? model->weights.bytes : 0;
}
