/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/onednn.c: the only file that uses oneDNN. Products are its matmul primitive, with the weights packed once in
 * the layout that it asks for at LAYOUT_ROWS rows; that layout serves every number of rows by the same kind of code
 * (measured with 2.6.3 and 3.x: tests/bench).
 *
 * Primitives and their arguments belong to one worker, so that threads share nothing that changes. Making one again in
 * another worker is cheap, since oneDNN keeps the machine code in a cache of its own.
 */
#include "compute/onednn.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/memory.h"
#include "compute/onednn_versions.h"
#include "compute/panels.h"
#include "compute/parallel.h"

#include <gpt/version.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

struct gpt__engine {
    dnnl_engine_t engine;
    gpt__product_kind *kinds;
    size_t kind_count;
    size_t kind_capacity;
};

struct gpt__packed {
    md layout;
    dnnl_memory_t memory;
    void *data;
    size_t bytes;
    gpt__product_kind kind;
    size_t *offsets_k; /* element (k, n) is at offsets_k[k] + the offset of n; NULL for int8, which nobody reads back */
    size_t panel_elements; /* from panel to panel; 0 when the layout is not made of panels */
};

/* A primitive with its arguments, which change their addresses from call to call. */
typedef struct plan {
    dnnl_primitive_t primitive;
    dnnl_memory_t x, bias, out, scratch;
    size_t scratch_bytes;
    int is_reference;
} plan;

struct gpt__worker {
    gpt__engine *engine;
    dnnl_stream_t stream;
    int threads;
    plan *plans; /* [kinds, GPT__BUCKETS], made as they are needed */
    void *scratch;
    size_t scratch_bytes;
};

/*
 * One row is computed as four: oneDNN's products read the weights faster then (GPT-2 124M, a token at a time, 2 threads
 * of a Zen 4, oneDNN 2.6.3: 8 % more tokens in f32, 14 % in bf16), and up to four sequences get the same sums whether
 * they run alone or together.
 */
static const int64_t buckets[GPT__BUCKETS] = {4,  6,  8,  12,  16,  24,  32,  48,
                                              64, 96, 128, 192, 256, 384, GPT__MOST_ROWS};

/* Passes a oneDNN status on as ours. */
static gpt_status check(dnnl_status_t status, const char *what)
{
    if (status == dnnl_success)
        return GPT_OK;
    if (status == dnnl_out_of_memory)
        return gpt__fail(GPT_E_MEMORY, "out of memory in oneDNN (%s)", what);
    return gpt__fail(GPT_E_INTERNAL, "oneDNN failed with status %d (%s)", (int)status, what);
}

#define TRY_DNNL(call) GPT__TRY(check((call), #call))

static dnnl_data_type_t data_type(gpt_dtype type)
{
    return type == GPT_DTYPE_F32 ? dnnl_f32 : type == GPT_DTYPE_BF16 ? dnnl_bf16 : dnnl_s8;
}

static gpt_status matrix(md *m, int64_t rows, int64_t columns, dnnl_data_type_t type)
{
    const dnnl_dims_t dims = {rows, columns};
    const dnnl_dims_t strides = {columns, 1};
    return check(md_strided(m, 2, dims, type, strides), "matrix");
}

/*
 * Engine.
 */

static char backend[128];

static void describe_backend(void)
{
    const dnnl_version_t *version = dnnl_version();
    int isa = (int)dnnl_get_effective_cpu_isa();
    const char *name = isa_name(isa);
    int length = snprintf(backend, sizeof backend, "oneDNN %d.%d.%d, OpenMP, ", version->major, version->minor,
                          version->patch);
    if (name != NULL)
        snprintf(backend + length, sizeof backend - (size_t)length, "%s", name);
    else
        snprintf(backend + length, sizeof backend - (size_t)length, "instruction set 0x%x", (unsigned)isa);
}

const char *gpt_backend(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, describe_backend);
    return backend;
}

gpt_status gpt__engine_new(gpt__engine **out)
{
    gpt__engine *engine = gpt__allocate_zeroed(1, sizeof *engine);
    if (engine == NULL)
        return GPT_E_MEMORY;
    gpt_status status = check(dnnl_engine_create(&engine->engine, dnnl_cpu, 0), "engine");
    if (status != GPT_OK) {
        gpt__release(engine);
        return status;
    }
    *out = engine;
    return GPT_OK;
}

void gpt__engine_free(gpt__engine *engine)
{
    if (engine == NULL)
        return;
    dnnl_engine_destroy(engine->engine);
    gpt__release(engine->kinds);
    gpt__release(engine);
}

static int same_kind(const gpt__product_kind *a, const gpt__product_kind *b)
{
    return a->K == b->K && a->N == b->N && a->type == b->type && a->out == b->out && a->has_bias == b->has_bias &&
           a->accumulates == b->accumulates && a->activation == b->activation;
}

gpt_status gpt__engine_add_kind(int *out, gpt__engine *engine, const gpt__product_kind *kind)
{
    for (size_t i = 0; i < engine->kind_count; i++) {
        if (same_kind(&engine->kinds[i], kind)) {
            *out = (int)i;
            return GPT_OK;
        }
    }
    GPT__TRY(gpt__reserve((void **)&engine->kinds, &engine->kind_capacity, engine->kind_count + 1,
                          sizeof *engine->kinds));
    engine->kinds[engine->kind_count] = *kind;
    *out = (int)engine->kind_count++;
    return GPT_OK;
}

/*
 * Primitives.
 */

static gpt_status append_activation(dnnl_post_ops_t operations, gpt__activation activation)
{
    switch (activation) {
    case GPT__IDENTITY:
        return GPT_OK;
    case GPT__GELU_TANH:
        return check(append_eltwise(operations, dnnl_eltwise_gelu_tanh, 0.0f), "gelu_tanh");
    case GPT__GELU_ERF:
        return check(append_eltwise(operations, dnnl_eltwise_gelu_erf, 0.0f), "gelu_erf");
    case GPT__RELU: /* makes 0 of NaN, and is not asked for */
        break;
    case GPT__SILU:
        return check(append_eltwise(operations, dnnl_eltwise_swish, 1.0f), "swish");
    case GPT__QUICK_GELU:
        return check(append_eltwise(operations, dnnl_eltwise_swish, 1.702f), "swish");
    }
    return gpt__fail(GPT_E_INTERNAL, "activation %d is none of oneDNN's", (int)activation);
}

static gpt_status set_post_operations(dnnl_primitive_attr_t attributes, const gpt__product_kind *kind)
{
    dnnl_post_ops_t operations = NULL;
    TRY_DNNL(dnnl_post_ops_create(&operations));
    gpt_status status = GPT_OK;
    if (kind->accumulates)
        status = check(append_sum(operations), "sum");
    if (status == GPT_OK)
        status = append_activation(operations, kind->activation);
    if (status == GPT_OK)
        status = check(dnnl_primitive_attr_set_post_ops(attributes, operations), "post operations");
    dnnl_post_ops_destroy(operations);
    return status;
}

static gpt_status new_attributes(dnnl_primitive_attr_t *out, const gpt__product_kind *kind)
{
    TRY_DNNL(dnnl_primitive_attr_create(out));
    /* With scratch memory of the caller's, execution allocates nothing. */
    gpt_status status = check(dnnl_primitive_attr_set_scratchpad_mode(*out, dnnl_scratchpad_mode_user), "scratchpad");
    if (status == GPT_OK)
        status = set_post_operations(*out, kind);
    if (status != GPT_OK)
        dnnl_primitive_attr_destroy(*out);
    return status;
}

/* The descriptors of a product's operands. */
typedef struct operands {
    md x, weights, bias, out;
} operands;

static void operands_destroy(operands *o)
{
    md_destroy(&o->x);
    md_destroy(&o->weights);
    md_destroy(&o->bias);
    md_destroy(&o->out);
}

/* layout is that of packed weights, or NULL to let oneDNN choose. */
static gpt_status describe(operands *o, const gpt__product_kind *kind, int64_t T, const md *layout)
{
    const dnnl_dims_t dims = {kind->K, kind->N};
    GPT__TRY(matrix(&o->x, T, kind->K, kind->type == GPT_DTYPE_INT8 ? dnnl_u8 : data_type(kind->type)));
    if (layout != NULL)
        TRY_DNNL(md_copy(&o->weights, ref(layout)));
    else
        TRY_DNNL(md_any(&o->weights, 2, dims, data_type(kind->type)));
    if (kind->has_bias)
        GPT__TRY(matrix(&o->bias, 1, kind->N, dnnl_f32));
    return matrix(&o->out, T, kind->N, kind->type == GPT_DTYPE_INT8 ? dnnl_s32 : data_type(kind->out));
}

static gpt_status describe_product(dnnl_primitive_desc_t *out, dnnl_engine_t engine, const gpt__product_kind *kind,
                                   int64_t T, const md *layout)
{
    operands o;
    memset(&o, 0, sizeof o);
    dnnl_primitive_attr_t attributes = NULL;
    gpt_status status = describe(&o, kind, T, layout);
    if (status == GPT_OK)
        status = new_attributes(&attributes, kind);
    if (status == GPT_OK) {
        status = check(matmul_create(out, engine, &o.x, &o.weights, kind->has_bias ? &o.bias : NULL, &o.out,
                                     attributes), "matmul");
        dnnl_primitive_attr_destroy(attributes);
    }
    operands_destroy(&o);
    return status;
}

int gpt__engine_supports(const gpt__engine *engine, gpt_dtype type)
{
    const gpt__product_kind kind = {.K = 64, .N = 64, .type = type, .out = GPT_DTYPE_F32};
    dnnl_primitive_desc_t description = NULL;
    gpt_status status = describe_product(&description, engine->engine, &kind, 1, NULL);
    dnnl_primitive_desc_destroy(description);
    return status == GPT_OK;
}

/*
 * Packed weights.
 */

static gpt_status reorder(gpt__packed *packed, dnnl_engine_t engine, const md *from, const void *weights)
{
    dnnl_primitive_desc_t description = NULL;
    dnnl_primitive_t primitive = NULL;
    dnnl_memory_t source = NULL;
    dnnl_stream_t stream = NULL;
    gpt_status status = check(
        dnnl_reorder_primitive_desc_create(&description, ref(from), engine, ref(&packed->layout), engine, NULL),
        "reorder");
    if (status == GPT_OK)
        status = check(dnnl_primitive_create(&primitive, description), "reorder");
    if (status == GPT_OK)
        status = check(dnnl_memory_create(&source, ref(from), engine, (void *)weights), "source of reorder");
    if (status == GPT_OK)
        status = check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "stream");
    if (status == GPT_OK) {
        const dnnl_exec_arg_t arguments[] = {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, packed->memory}};
        status = check(dnnl_primitive_execute(primitive, stream, 2, arguments), "reorder");
    }
    if (status == GPT_OK)
        status = check(dnnl_stream_wait(stream), "reorder");
    dnnl_stream_destroy(stream);
    dnnl_memory_destroy(source);
    dnnl_primitive_destroy(primitive);
    dnnl_primitive_desc_destroy(description);
    return status;
}

/*
 * The rows for which oneDNN is asked for a layout. For one row, oneDNN 3.12 gives plain f32 weights, by which all other
 * products are slower; from two on it gives the layout that products of any size use.
 */
#define LAYOUT_ROWS 16

/* Asks oneDNN for the best layout, and makes the memory for it. */
static gpt_status choose_layout(gpt__packed *packed, dnnl_engine_t engine)
{
    dnnl_primitive_desc_t description = NULL;
    GPT__TRY(describe_product(&description, engine, &packed->kind, LAYOUT_ROWS, NULL));
    gpt_status status =
        check(md_copy(&packed->layout, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 0)), "layout");
    dnnl_primitive_desc_destroy(description);
    if (status != GPT_OK)
        return status;
    packed->bytes = dnnl_memory_desc_get_size(ref(&packed->layout));
    packed->data = gpt__allocate_tensor(packed->bytes, 1);
    if (packed->data == NULL)
        return GPT_E_MEMORY;
    return check(dnnl_memory_create(&packed->memory, ref(&packed->layout), engine, packed->data), "packed weights");
}

/*
 * The offset of index i of one dimension (0: k, 1: n). In a blocked layout the offset of an element is the sum of one
 * part for each dimension: the outer stride times the block's number, and inside the block the place among the inner
 * blocks, the last of which varies fastest.
 */
static size_t offset_in_layout(const md *layout, int dimension, int64_t i)
{
    const dnnl_dim_t *strides, *blocks, *indices;
    int count = blocking(ref(layout), &strides, &blocks, &indices);
    size_t offset = 0;
    size_t inner = 1;
    for (int b = count - 1; b >= 0; b--) {
        if (indices[b] == dimension) {
            offset += (size_t)(i % blocks[b]) * inner;
            i /= blocks[b];
        }
        inner *= (size_t)blocks[b];
    }
    return offset + (size_t)i * (size_t)strides[dimension];
}

static gpt_status find_offsets(gpt__packed *packed)
{
    if (packed->kind.type == GPT_DTYPE_INT8)
        return GPT_OK;
    packed->offsets_k = gpt__allocate((size_t)packed->kind.K, sizeof *packed->offsets_k);
    if (packed->offsets_k == NULL)
        return GPT_E_MEMORY;
    for (int64_t k = 0; k < packed->kind.K; k++)
        packed->offsets_k[k] = offset_in_layout(&packed->layout, 0, k);
    return GPT_OK;
}

/* Whether the layout is that of compute/panels.h, by comparing where the elements of the first panel are. */
static void find_panels(gpt__packed *packed)
{
    gpt__panel_form form = gpt__panel_form_of(packed->kind.type);
    size_t group = (size_t)gpt__panel_group(form);
    size_t K = (size_t)packed->kind.K;
    if (K % 4 != 0 || packed->kind.N < GPT__PANEL_WIDTH || !gpt__panels_supported(form))
        return;
    for (size_t k = 0; k < K; k++)
        if (offset_in_layout(&packed->layout, 0, (int64_t)k) != k / group * group * GPT__PANEL_WIDTH + k % group)
            return;
    for (size_t n = 0; n < GPT__PANEL_WIDTH; n++)
        if (offset_in_layout(&packed->layout, 1, (int64_t)n) != n * group)
            return;
    packed->panel_elements = offset_in_layout(&packed->layout, 1, GPT__PANEL_WIDTH);
}

gpt_status gpt__packed_new(gpt__packed **out, gpt__engine *engine, int kind, const void *weights, gpt_dtype type,
                           int64_t stride_k, int64_t stride_n)
{
    gpt__packed *packed = gpt__allocate_zeroed(1, sizeof *packed);
    if (packed == NULL)
        return GPT_E_MEMORY;
    packed->kind = engine->kinds[kind];
    const dnnl_dims_t dims = {packed->kind.K, packed->kind.N};
    const dnnl_dims_t strides = {stride_k, stride_n};
    md from;
    memset(&from, 0, sizeof from);
    gpt_status status = choose_layout(packed, engine->engine);
    if (status == GPT_OK)
        status = check(md_strided(&from, 2, dims, data_type(type), strides), "plain weights");
    if (status == GPT_OK)
        status = reorder(packed, engine->engine, &from, weights);
    if (status == GPT_OK)
        status = find_offsets(packed);
    md_destroy(&from);
    if (status != GPT_OK) {
        gpt__packed_free(packed);
        return status;
    }
    find_panels(packed);
    *out = packed;
    return GPT_OK;
}

void gpt__packed_free(gpt__packed *packed)
{
    if (packed == NULL)
        return;
    dnnl_memory_destroy(packed->memory);
    md_destroy(&packed->layout);
    gpt__release(packed->data);
    gpt__release(packed->offsets_k);
    gpt__release(packed);
}

int64_t gpt__packed_bytes(const gpt__packed *packed)
{
    return (int64_t)packed->bytes;
}

const void *gpt__packed_panel(const gpt__packed *packed, int64_t index)
{
    size_t size = gpt__panel_weight_size(gpt__panel_form_of(packed->kind.type));
    if (packed->panel_elements == 0)
        return NULL;
    return (const char *)packed->data + (size_t)index * packed->panel_elements * size;
}

void gpt__packed_column(float *out, const gpt__packed *packed, int64_t n)
{
    size_t base = offset_in_layout(&packed->layout, 1, n);
    if (packed->kind.type == GPT_DTYPE_F32) {
        const float *data = (const float *)packed->data + base;
        for (int64_t k = 0; k < packed->kind.K; k++)
            out[k] = data[packed->offsets_k[k]];
    } else {
        const uint16_t *data = (const uint16_t *)packed->data + base;
        for (int64_t k = 0; k < packed->kind.K; k++)
            out[k] = gpt__bf16_to_f32(data[packed->offsets_k[k]]);
    }
}

/*
 * Workers.
 */

gpt_status gpt__worker_new(gpt__worker **out, gpt__engine *engine, int threads)
{
    gpt__worker *worker = gpt__allocate_zeroed(1, sizeof *worker);
    if (worker == NULL)
        return GPT_E_MEMORY;
    worker->engine = engine;
    worker->threads = gpt__possible_threads(threads);
    worker->plans = gpt__allocate_zeroed(engine->kind_count * GPT__BUCKETS, sizeof *worker->plans);
    gpt_status status = worker->plans == NULL ? GPT_E_MEMORY : GPT_OK;
    if (status == GPT_OK)
        status = check(dnnl_stream_create(&worker->stream, engine->engine, dnnl_stream_default_flags), "stream");
    if (status != GPT_OK) {
        gpt__worker_free(worker);
        return status;
    }
    *out = worker;
    return GPT_OK;
}

static void plan_destroy(plan *p)
{
    dnnl_memory_destroy(p->x);
    dnnl_memory_destroy(p->bias);
    dnnl_memory_destroy(p->out);
    dnnl_memory_destroy(p->scratch);
    dnnl_primitive_destroy(p->primitive);
    memset(p, 0, sizeof *p);
}

void gpt__worker_free(gpt__worker *worker)
{
    if (worker == NULL)
        return;
    for (size_t i = 0; worker->plans != NULL && i < worker->engine->kind_count * GPT__BUCKETS; i++)
        plan_destroy(&worker->plans[i]);
    dnnl_stream_destroy(worker->stream);
    gpt__release(worker->plans);
    gpt__release(worker->scratch);
    gpt__release(worker);
}

int gpt__worker_threads(const gpt__worker *worker)
{
    return worker->threads;
}

static int bucket_of(int64_t rows)
{
    int bucket = 0;
    while (bucket < GPT__BUCKETS - 1 && buckets[bucket] < rows)
        bucket++;
    return bucket;
}

int64_t gpt__bucket_rows(int64_t rows)
{
    return buckets[bucket_of(rows)];
}

int64_t gpt__bucket_below(int64_t rows)
{
    int bucket = bucket_of(rows);
    return buckets[bucket > 0 && buckets[bucket] > rows ? bucket - 1 : bucket];
}

static gpt_status new_memory(dnnl_memory_t *out, dnnl_engine_t engine, md_ref m)
{
    return check(dnnl_memory_create(out, m, engine, DNNL_MEMORY_NONE), "memory");
}

static gpt_status grow_scratch(gpt__worker *worker, size_t bytes)
{
    if (bytes <= worker->scratch_bytes)
        return GPT_OK;
    void *scratch = gpt__allocate_tensor(bytes, 1);
    if (scratch == NULL)
        return GPT_E_MEMORY;
    gpt__release(worker->scratch);
    worker->scratch = scratch;
    worker->scratch_bytes = bytes;
    return GPT_OK;
}

static gpt_status fill_plan(plan *p, gpt__worker *worker, const gpt__product_kind *kind, int64_t T,
                            const_dnnl_primitive_desc_t description)
{
    dnnl_engine_t engine = worker->engine->engine;
    const char *name = "";
    dnnl_primitive_desc_query(description, dnnl_query_impl_info_str, 0, &name);
    p->is_reference = strncmp(name, "ref", 3) == 0 || strstr(name, ":ref") != NULL;
    gpt__log(GPT_LOG_DEBUG, "product [%lld, %lld] x [%lld, %lld] %s: %s", (long long)T, (long long)kind->K,
             (long long)kind->K, (long long)kind->N, gpt_dtype_name(kind->type), name);

    md_ref scratch = dnnl_primitive_desc_query_md(description, dnnl_query_scratchpad_md, 0);
    p->scratch_bytes = dnnl_memory_desc_get_size(scratch);
    GPT__TRY(grow_scratch(worker, p->scratch_bytes));
    GPT__TRY(new_memory(&p->x, engine, dnnl_primitive_desc_query_md(description, dnnl_query_src_md, 0)));
    GPT__TRY(new_memory(&p->out, engine, dnnl_primitive_desc_query_md(description, dnnl_query_dst_md, 0)));
    if (kind->has_bias)
        GPT__TRY(new_memory(&p->bias, engine, dnnl_primitive_desc_query_md(description, dnnl_query_weights_md, 1)));
    GPT__TRY(new_memory(&p->scratch, engine, scratch));
    TRY_DNNL(dnnl_primitive_create(&p->primitive, description));
    return GPT_OK;
}

static gpt_status make_plan(plan *p, gpt__worker *worker, const gpt__packed *weights, int64_t T)
{
    dnnl_primitive_desc_t description = NULL;
    GPT__TRY(describe_product(&description, worker->engine->engine, &weights->kind, T, &weights->layout));
    gpt_status status = fill_plan(p, worker, &weights->kind, T, description);
    dnnl_primitive_desc_destroy(description);
    if (status != GPT_OK)
        plan_destroy(p);
    return status;
}

gpt_status gpt__worker_product(gpt__worker *worker, int kind, const gpt__packed *weights, const float *bias,
                               const void *x, void *out, int64_t T)
{
    plan *p = &worker->plans[(size_t)kind * GPT__BUCKETS + (size_t)bucket_of(T)];
    if (p->primitive == NULL)
        GPT__TRY(make_plan(p, worker, weights, T));
    TRY_DNNL(dnnl_memory_set_data_handle(p->x, (void *)x));
    TRY_DNNL(dnnl_memory_set_data_handle(p->out, out));
    TRY_DNNL(dnnl_memory_set_data_handle(p->scratch, worker->scratch));
    dnnl_exec_arg_t arguments[5] = {{DNNL_ARG_SRC, p->x},
                                    {DNNL_ARG_WEIGHTS, weights->memory},
                                    {DNNL_ARG_DST, p->out},
                                    {DNNL_ARG_SCRATCHPAD, p->scratch}};
    int count = 4;
    if (bias != NULL) {
        TRY_DNNL(dnnl_memory_set_data_handle(p->bias, (void *)bias));
        arguments[count++] = (dnnl_exec_arg_t){DNNL_ARG_BIAS, p->bias};
    }
    TRY_DNNL(dnnl_primitive_execute(p->primitive, worker->stream, count, arguments));
    return check(dnnl_stream_wait(worker->stream), "product");
}

void gpt__worker_count_primitives(int *made, int *reference, const gpt__worker *worker)
{
    *made = *reference = 0;
    for (size_t i = 0; i < worker->engine->kind_count * GPT__BUCKETS; i++) {
        *made += worker->plans[i].primitive != NULL;
        *reference += worker->plans[i].primitive != NULL && worker->plans[i].is_reference;
    }
}

gpt_status gpt__sgemm(int64_t M, int64_t N, int64_t K, float alpha, const float *A, int64_t lda, const float *B,
                      int64_t ldb, float beta, float *C, int64_t ldc)
{
    return check(dnnl_sgemm('N', 'N', M, N, K, alpha, A, lda, B, ldb, beta, C, ldc), "sgemm");
}
