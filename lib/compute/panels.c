/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/panels.c: the kernels. Each reads its panel once, from begin to end, and holds the sums of up to six rows in
 * registers. T is a constant in each copy that the compiler makes of a kernel, so that its loops over rows disappear.
 */
#include "compute/panels.h"

int64_t gpt__panel_group(gpt_dtype type)
{
    return type == GPT_DTYPE_F32 ? 1 : type == GPT_DTYPE_BF16 ? 2 : 4;
}

#if defined(_OPENMP) && defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* Without this, sums would stay an array in memory. */
#define UNROLL _Pragma("GCC unroll 8")

#define KERNEL(features) static inline __attribute__((always_inline, target(features)))

int gpt__panels_supported(gpt_dtype type)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw"))
        return 0;
    if (type == GPT_DTYPE_BF16)
        return __builtin_cpu_supports("avx512bf16");
    return type == GPT_DTYPE_F32 || __builtin_cpu_supports("avx512vnni");
}

/* The four cache lines of a group of inputs, so far ahead. */
KERNEL("avx512f") void prefetch_group(const void *group, int64_t ahead)
{
    const char *at = (const char *)group + ahead;
    _mm_prefetch(at, _MM_HINT_T0);
    _mm_prefetch(at + 64, _MM_HINT_T0);
    _mm_prefetch(at + 128, _MM_HINT_T0);
    _mm_prefetch(at + 192, _MM_HINT_T0);
}

/* sum [T] = what is in out, or zeros. */
KERNEL("avx512f") void begin_sums(__m512 sum[][4], const float *out, int64_t stride, int adds, int T)
{
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            sum[t][j] = adds ? _mm512_loadu_ps(out + t * stride + 16 * j) : _mm512_setzero_ps();
}

KERNEL("avx512f") void end_sums(float *out, int64_t stride, __m512 sum[][4], int T)
{
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            _mm512_storeu_ps(out + t * stride + 16 * j, sum[t][j]);
}

KERNEL("avx512f") void multiply_f32(float *out, int64_t out_stride, int adds, const gpt__panel *panel, const float *x,
                                    int64_t x_stride, int T)
{
    __m512 sum[GPT__PANEL_ROWS][4];
    const float *at = panel->data;
    begin_sums(sum, out, out_stride, adds, T);
    for (int64_t k = 0; k < panel->K; k++, at += panel->step) {
        prefetch_group(at, panel->ahead);
        UNROLL
        for (int t = 0; t < T; t++) {
            __m512 value = _mm512_set1_ps(x[t * x_stride + k]);
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_fmadd_ps(value, _mm512_loadu_ps(at + 16 * j), sum[t][j]);
        }
    }
    end_sums(out, out_stride, sum, T);
}

/* Two inputs at a time; their products with a pair of weights are added in f32. */
KERNEL("avx512f,avx512bw,avx512bf16") void multiply_bf16(float *out, int64_t out_stride, int adds,
                                                         const gpt__panel *panel, const uint16_t *x, int64_t x_stride,
                                                         int T)
{
    __m512 sum[GPT__PANEL_ROWS][4];
    const uint16_t *at = panel->data;
    begin_sums(sum, out, out_stride, adds, T);
    for (int64_t k = 0; k < panel->K; k += 2, at += panel->step) {
        prefetch_group(at, panel->ahead);
        UNROLL
        for (int t = 0; t < T; t++) {
            int32_t pair;
            __builtin_memcpy(&pair, x + t * x_stride + k, sizeof pair);
            __m512bh value = (__m512bh)_mm512_set1_epi32(pair);
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_dpbf16_ps(sum[t][j], value, (__m512bh)_mm512_loadu_si512(at + 32 * j));
        }
    }
    end_sums(out, out_stride, sum, T);
}

/* Four inputs at a time, in whole numbers. */
KERNEL("avx512f,avx512bw,avx512vnni") void multiply_int8(float *out, int64_t out_stride, int adds,
                                                         const gpt__panel *panel, const uint8_t *x, int64_t x_stride,
                                                         int T)
{
    __m512i whole[GPT__PANEL_ROWS][4];
    __m512 sum[GPT__PANEL_ROWS][4];
    const int8_t *at = panel->data;
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            whole[t][j] = _mm512_setzero_si512();
    for (int64_t k = 0; k < panel->K; k += 4, at += panel->step) {
        prefetch_group(at, panel->ahead);
        UNROLL
        for (int t = 0; t < T; t++) {
            int32_t four;
            __builtin_memcpy(&four, x + t * x_stride + k, sizeof four);
            __m512i value = _mm512_set1_epi32(four);
            UNROLL
            for (int j = 0; j < 4; j++)
                whole[t][j] = _mm512_dpbusd_epi32(whole[t][j], value, _mm512_loadu_si512(at + 64 * j));
        }
    }
    begin_sums(sum, out, out_stride, adds, T);
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            sum[t][j] = _mm512_add_ps(sum[t][j], _mm512_cvtepi32_ps(whole[t][j]));
    end_sums(out, out_stride, sum, T);
}

/* A function of that name which calls the kernel with each constant T. */
#define FOR_EACH_T(name, features, kernel, type)                                                                       \
    __attribute__((target(features))) static void name(float *out, int64_t out_stride, int adds,                       \
                                                       const gpt__panel *panel, const type *x, int64_t x_stride,       \
                                                       int64_t T)                                                      \
    {                                                                                                                  \
        if (T == 1)                                                                                                    \
            kernel(out, out_stride, adds, panel, x, x_stride, 1);                                                      \
        else if (T == 2)                                                                                               \
            kernel(out, out_stride, adds, panel, x, x_stride, 2);                                                      \
        else if (T == 3)                                                                                               \
            kernel(out, out_stride, adds, panel, x, x_stride, 3);                                                      \
        else if (T == 4)                                                                                               \
            kernel(out, out_stride, adds, panel, x, x_stride, 4);                                                      \
        else if (T == 5)                                                                                               \
            kernel(out, out_stride, adds, panel, x, x_stride, 5);                                                      \
        else                                                                                                           \
            kernel(out, out_stride, adds, panel, x, x_stride, 6);                                                      \
    }

FOR_EACH_T(panel_f32, "avx512f", multiply_f32, float)
FOR_EACH_T(panel_bf16, "avx512f,avx512bw,avx512bf16", multiply_bf16, uint16_t)
FOR_EACH_T(panel_int8, "avx512f,avx512bw,avx512vnni", multiply_int8, uint8_t)

void gpt__panel_multiply(float *out, int64_t out_stride, int adds, const gpt__panel *panel, const void *x,
                         int64_t x_stride, int64_t T)
{
    if (panel->type == GPT_DTYPE_F32)
        panel_f32(out, out_stride, adds, panel, x, x_stride, T);
    else if (panel->type == GPT_DTYPE_BF16)
        panel_bf16(out, out_stride, adds, panel, x, x_stride, T);
    else
        panel_int8(out, out_stride, adds, panel, x, x_stride, T);
}

#else

int gpt__panels_supported(gpt_dtype type)
{
    (void)type;
    return 0;
}

/* Never called: nothing is supported. */
void gpt__panel_multiply(float *out, int64_t out_stride, int adds, const gpt__panel *panel, const void *x,
                         int64_t x_stride, int64_t T)
{
    (void)out, (void)out_stride, (void)adds, (void)panel, (void)x, (void)x_stride, (void)T;
}

#endif
