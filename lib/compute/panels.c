/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/panels.c: the kernels. Each reads its panel once, from begin to end, and holds the sums of up to four rows in
 * registers. T is a constant in each copy that the compiler makes of a kernel, so that its loops over rows disappear.
 */
#include "compute/panels.h"

#if defined(_OPENMP) && defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* How far ahead of its use memory is asked for; more and less were measured to be slower. */
#define AHEAD 4096

#define ALWAYS_INLINE static inline __attribute__((always_inline))

int gpt__panels_supported(gpt_dtype type)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw"))
        return 0;
    if (type == GPT_DTYPE_BF16)
        return __builtin_cpu_supports("avx512bf16");
    return type == GPT_DTYPE_F32 || __builtin_cpu_supports("avx512vnni");
}

ALWAYS_INLINE __attribute__((target("avx512f"))) void prefetch_256(const char *at)
{
    _mm_prefetch(at + AHEAD, _MM_HINT_T0);
    _mm_prefetch(at + AHEAD + 64, _MM_HINT_T0);
    _mm_prefetch(at + AHEAD + 128, _MM_HINT_T0);
    _mm_prefetch(at + AHEAD + 192, _MM_HINT_T0);
}

ALWAYS_INLINE __attribute__((target("avx512f"))) void multiply_f32(float *sums, const float *panel, const float *x,
                                                                  int64_t stride, int64_t K, int T)
{
    __m512 sum[GPT__PANEL_ROWS][4];
    for (int t = 0; t < T; t++)
        for (int j = 0; j < 4; j++)
            sum[t][j] = _mm512_setzero_ps();
    for (int64_t k = 0; k < K; k++, panel += GPT__PANEL_WIDTH) {
        prefetch_256((const char *)panel);
        for (int t = 0; t < T; t++) {
            __m512 value = _mm512_set1_ps(x[t * stride + k]);
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_fmadd_ps(value, _mm512_loadu_ps(panel + 16 * j), sum[t][j]);
        }
    }
    for (int t = 0; t < T; t++)
        for (int j = 0; j < 4; j++)
            _mm512_storeu_ps(sums + t * GPT__PANEL_WIDTH + 16 * j, sum[t][j]);
}

/* Two inputs at a time; their products with a pair of weights are added in f32. */
ALWAYS_INLINE __attribute__((target("avx512f,avx512bw,avx512bf16"))) void
multiply_bf16(float *sums, const uint16_t *panel, const uint16_t *x, int64_t stride, int64_t K, int T)
{
    __m512 sum[GPT__PANEL_ROWS][4];
    for (int t = 0; t < T; t++)
        for (int j = 0; j < 4; j++)
            sum[t][j] = _mm512_setzero_ps();
    for (int64_t k = 0; k < K; k += 2, panel += 2 * GPT__PANEL_WIDTH) {
        prefetch_256((const char *)panel);
        for (int t = 0; t < T; t++) {
            int32_t pair;
            __builtin_memcpy(&pair, x + t * stride + k, sizeof pair);
            __m512bh value = (__m512bh)_mm512_set1_epi32(pair);
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_dpbf16_ps(sum[t][j], value, (__m512bh)_mm512_loadu_si512(panel + 32 * j));
        }
    }
    for (int t = 0; t < T; t++)
        for (int j = 0; j < 4; j++)
            _mm512_storeu_ps(sums + t * GPT__PANEL_WIDTH + 16 * j, sum[t][j]);
}

/* Four inputs at a time; the sums of their products are exact. */
ALWAYS_INLINE __attribute__((target("avx512f,avx512bw,avx512vnni"))) void
multiply_int8(float *sums, const int8_t *panel, const uint8_t *x, int64_t stride, int64_t K, int T)
{
    __m512i sum[GPT__PANEL_ROWS][4];
    for (int t = 0; t < T; t++)
        for (int j = 0; j < 4; j++)
            sum[t][j] = _mm512_setzero_si512();
    for (int64_t k = 0; k < K; k += 4, panel += 4 * GPT__PANEL_WIDTH) {
        prefetch_256((const char *)panel);
        for (int t = 0; t < T; t++) {
            int32_t four;
            __builtin_memcpy(&four, x + t * stride + k, sizeof four);
            __m512i value = _mm512_set1_epi32(four);
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_dpbusd_epi32(sum[t][j], value, _mm512_loadu_si512(panel + 64 * j));
        }
    }
    for (int t = 0; t < T; t++)
        for (int j = 0; j < 4; j++)
            _mm512_storeu_ps(sums + t * GPT__PANEL_WIDTH + 16 * j, _mm512_cvtepi32_ps(sum[t][j]));
}

__attribute__((target("avx512f"))) static void panel_f32(float *sums, const float *panel, const float *x,
                                                         int64_t stride, int64_t K, int64_t T)
{
    if (T == 1)
        multiply_f32(sums, panel, x, stride, K, 1);
    else if (T == 2)
        multiply_f32(sums, panel, x, stride, K, 2);
    else if (T == 3)
        multiply_f32(sums, panel, x, stride, K, 3);
    else
        multiply_f32(sums, panel, x, stride, K, 4);
}

__attribute__((target("avx512f,avx512bw,avx512bf16"))) static void
panel_bf16(float *sums, const uint16_t *panel, const uint16_t *x, int64_t stride, int64_t K, int64_t T)
{
    if (T == 1)
        multiply_bf16(sums, panel, x, stride, K, 1);
    else if (T == 2)
        multiply_bf16(sums, panel, x, stride, K, 2);
    else if (T == 3)
        multiply_bf16(sums, panel, x, stride, K, 3);
    else
        multiply_bf16(sums, panel, x, stride, K, 4);
}

__attribute__((target("avx512f,avx512bw,avx512vnni"))) static void
panel_int8(float *sums, const int8_t *panel, const uint8_t *x, int64_t stride, int64_t K, int64_t T)
{
    if (T == 1)
        multiply_int8(sums, panel, x, stride, K, 1);
    else if (T == 2)
        multiply_int8(sums, panel, x, stride, K, 2);
    else if (T == 3)
        multiply_int8(sums, panel, x, stride, K, 3);
    else
        multiply_int8(sums, panel, x, stride, K, 4);
}

void gpt__panel_multiply(float *sums, gpt_dtype type, const void *panel, const void *x, int64_t stride, int64_t K,
                         int64_t T)
{
    if (type == GPT_DTYPE_F32)
        panel_f32(sums, panel, x, stride, K, T);
    else if (type == GPT_DTYPE_BF16)
        panel_bf16(sums, panel, x, stride, K, T);
    else
        panel_int8(sums, panel, x, stride, K, T);
}

#else

int gpt__panels_supported(gpt_dtype type)
{
    (void)type;
    return 0;
}

/* Never called: nothing is supported. */
void gpt__panel_multiply(float *sums, gpt_dtype type, const void *panel, const void *x, int64_t stride, int64_t K,
                         int64_t T)
{
    (void)type, (void)panel, (void)x, (void)stride, (void)K;
    for (int64_t i = 0; i < T * GPT__PANEL_WIDTH; i++)
        sums[i] = 0;
}

#endif
