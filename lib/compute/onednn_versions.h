/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/onednn_versions.h: the differences between oneDNN 2 and 3, for onednn.c alone: memory descriptors became
 * opaque, operation descriptors went away, two post-operations changed their arguments, and instruction sets their
 * numbers. md is what holds a descriptor, md_ref what oneDNN's functions take.
 */
#ifndef GPT__COMPUTE_ONEDNN_VERSIONS_H
#define GPT__COMPUTE_ONEDNN_VERSIONS_H

#include <oneapi/dnnl/dnnl.h>
#include <stddef.h>

#if DNNL_VERSION_MAJOR >= 3
typedef dnnl_memory_desc_t md;
typedef const_dnnl_memory_desc_t md_ref;

static inline md_ref ref(const md *m)
{
    return *m;
}

static inline void md_destroy(md *m)
{
    if (*m != NULL)
        dnnl_memory_desc_destroy(*m);
    *m = NULL;
}

static inline dnnl_status_t md_strided(md *m, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                                       const dnnl_dims_t strides)
{
    return dnnl_memory_desc_create_with_strides(m, rank, dims, type, strides);
}

static inline dnnl_status_t md_any(md *m, int rank, const dnnl_dims_t dims, dnnl_data_type_t type)
{
    return dnnl_memory_desc_create_with_tag(m, rank, dims, type, dnnl_format_tag_any);
}

static inline dnnl_status_t md_copy(md *m, md_ref from)
{
    return dnnl_memory_desc_clone(m, from);
}

static inline dnnl_status_t matmul_create(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const md *x, const md *w,
                                          const md *bias, const md *y, dnnl_primitive_attr_t attributes)
{
    return dnnl_matmul_primitive_desc_create(pd, engine, *x, *w, bias != NULL ? *bias : NULL, *y, attributes);
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t operations)
{
    return dnnl_post_ops_append_sum(operations, 1.0f, 0, dnnl_data_type_undef);
}

static inline dnnl_status_t append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t kind, float alpha)
{
    return dnnl_post_ops_append_eltwise(operations, kind, alpha, 0.0f);
}

/* Strides and inner blocks of a packed matrix. */
static inline int blocking(md_ref m, const dnnl_dim_t **strides, const dnnl_dim_t **blocks, const dnnl_dim_t **indices)
{
    int count = 0;
    dnnl_memory_desc_query(m, dnnl_query_strides, strides);
    dnnl_memory_desc_query(m, dnnl_query_inner_nblks_s32, &count);
    dnnl_memory_desc_query(m, dnnl_query_inner_blks, blocks);
    dnnl_memory_desc_query(m, dnnl_query_inner_idxs, indices);
    return count;
}
#else
typedef dnnl_memory_desc_t md;
typedef const dnnl_memory_desc_t *md_ref;

static inline md_ref ref(const md *m)
{
    return m;
}

static inline void md_destroy(md *m)
{
    (void)m;
}

static inline dnnl_status_t md_strided(md *m, int rank, const dnnl_dims_t dims, dnnl_data_type_t type,
                                       const dnnl_dims_t strides)
{
    return dnnl_memory_desc_init_by_strides(m, rank, dims, type, strides);
}

static inline dnnl_status_t md_any(md *m, int rank, const dnnl_dims_t dims, dnnl_data_type_t type)
{
    return dnnl_memory_desc_init_by_tag(m, rank, dims, type, dnnl_format_tag_any);
}

static inline dnnl_status_t md_copy(md *m, md_ref from)
{
    *m = *from;
    return dnnl_success;
}

static inline dnnl_status_t matmul_create(dnnl_primitive_desc_t *pd, dnnl_engine_t engine, const md *x, const md *w,
                                          const md *bias, const md *y, dnnl_primitive_attr_t attributes)
{
    dnnl_matmul_desc_t operation;
    dnnl_status_t status = dnnl_matmul_desc_init(&operation, x, w, bias, y);
    return status == dnnl_success ? dnnl_primitive_desc_create(pd, &operation, attributes, engine, NULL) : status;
}

static inline dnnl_status_t append_sum(dnnl_post_ops_t operations)
{
    return dnnl_post_ops_append_sum(operations, 1.0f);
}

static inline dnnl_status_t append_eltwise(dnnl_post_ops_t operations, dnnl_alg_kind_t kind, float alpha)
{
    return dnnl_post_ops_append_eltwise(operations, 1.0f, kind, alpha, 0.0f);
}

static inline int blocking(md_ref m, const dnnl_dim_t **strides, const dnnl_dim_t **blocks, const dnnl_dim_t **indices)
{
    *strides = m->format_desc.blocking.strides;
    *blocks = m->format_desc.blocking.inner_blks;
    *indices = m->format_desc.blocking.inner_idxs;
    return m->format_desc.blocking.inner_nblks;
}
#endif

/* oneDNN's instruction sets, by the numbers that its versions 2 and 3 have for them. */
static inline const char *isa_name(int isa)
{
    static const struct {
        int isa;
        const char *name;
    } names[] = {
        {0x1, "sse41"},
        {0x3, "avx"},
        {0x7, "avx2"},
#if DNNL_VERSION_MAJOR >= 3
        {0xf, "avx2_vnni"},
        {0x1f, "avx2_vnni_2"},
#else
        {0x407, "avx2_vnni"},
        {0x3e7, "avx512_core_amx"},
#endif
        {0x27, "avx512_core"},
        {0x67, "avx512_core_vnni"},
        {0xe7, "avx512_core_bf16"},
        {0x1ef, "avx512_core_fp16"},
        {0xfef, "avx512_core_amx"},
        {0x1fef, "avx512_core_amx_fp16"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (names[i].isa == isa)
            return names[i].name;
    return NULL;
}

#endif
