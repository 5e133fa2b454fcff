/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/panels.c: the kernels. Each reads its panel once, from begin to end, and holds the sums of up to six rows, a
 * tile, in registers. T is a constant in each copy that the compiler makes of a kernel, so that its loops over rows
 * disappear.
 */
#include "compute/panels.h"

gpt__panel_form gpt__panel_form_of(gpt_dtype type)
{
    return type == GPT_DTYPE_F32 ? GPT__PANEL_F32 : type == GPT_DTYPE_BF16 ? GPT__PANEL_BF16 : GPT__PANEL_INT8;
}

int64_t gpt__panel_group(gpt__panel_form form)
{
    return form == GPT__PANEL_BF16 || form == GPT__PANEL_INT8_BF16 ? 2 : form == GPT__PANEL_INT8 ? 4 : 1;
}

size_t gpt__panel_weight_size(gpt__panel_form form)
{
    return form == GPT__PANEL_F32 ? 4 : form == GPT__PANEL_BF16 ? 2 : 1;
}

size_t gpt__panel_input_size(gpt__panel_form form)
{
    return 4 / (size_t)gpt__panel_group(form);
}

size_t gpt__panel_column_size(gpt__panel_form form)
{
    return form == GPT__PANEL_INT8_BF16 || form == GPT__PANEL_INT8_F32 ? 1 : 4;
}

#if defined(_OPENMP) && defined(__x86_64__) && defined(__GNUC__)

#include <immintrin.h>

/* Without this, sums would stay an array in memory. */
#define UNROLL _Pragma("GCC unroll 8")

#define KERNEL(features) static inline __attribute__((always_inline, target(features)))

int gpt__panels_supported(gpt__panel_form form)
{
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw"))
        return 0;
    if (form == GPT__PANEL_BF16 || form == GPT__PANEL_INT8_BF16)
        return __builtin_cpu_supports("avx512bf16");
    return form != GPT__PANEL_INT8 || __builtin_cpu_supports("avx512vnni");
}

/* The most rows whose sums fit into registers. */
#define TILE_ROWS 6

/* Rows that are computed together, with the memory that is asked for meanwhile: pace bytes further for each group. */
typedef struct tile {
    void *out;
    int64_t out_stride;
    int adds;
    const void *x;
    int64_t x_stride;
    const char *next;
    int64_t pace;
} tile;

/* Four cache lines, as many as a group of inputs has. */
KERNEL("avx512f") void prefetch_group(const char *at)
{
    _mm_prefetch(at, _MM_HINT_T0);
    _mm_prefetch(at + 64, _MM_HINT_T0);
    _mm_prefetch(at + 128, _MM_HINT_T0);
    _mm_prefetch(at + 192, _MM_HINT_T0);
}

/* The inputs of a group, 4 bytes of any type, in each of 16 places. */
KERNEL("avx512f") __m512i broadcast_group(const void *inputs)
{
    int32_t group;
    __builtin_memcpy(&group, inputs, sizeof group);
    return _mm512_set1_epi32(group);
}

/* sum [T] = what is in the tile's out, or zeros. */
KERNEL("avx512f") void begin_sums(__m512 sum[][4], const tile *tile, int T)
{
    const float *out = tile->out;
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            sum[t][j] = tile->adds ? _mm512_loadu_ps(out + t * tile->out_stride + 16 * j) : _mm512_setzero_ps();
}

KERNEL("avx512f") void end_sums(const tile *tile, __m512 sum[][4], int T)
{
    float *out = tile->out;
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            _mm512_storeu_ps(out + t * tile->out_stride + 16 * j, sum[t][j]);
}

KERNEL("avx512f") void multiply_f32(const gpt__panel *panel, const tile *tile, int T)
{
    __m512 sum[TILE_ROWS][4];
    const float *at = panel->data, *x = tile->x;
    const char *next = tile->next;
    begin_sums(sum, tile, T);
    for (int64_t k = 0; k < panel->K; k++, at += panel->step, next += tile->pace) {
        prefetch_group(next);
        UNROLL
        for (int t = 0; t < T; t++) {
            __m512 value = _mm512_set1_ps(x[t * tile->x_stride + k]);
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_fmadd_ps(value, _mm512_loadu_ps(at + 16 * j), sum[t][j]);
        }
    }
    end_sums(tile, sum, T);
}

/* Two inputs at a time; their products with a pair of weights are added in f32. */
KERNEL("avx512f,avx512bw,avx512bf16") void multiply_bf16(const gpt__panel *panel, const tile *tile, int T)
{
    __m512 sum[TILE_ROWS][4];
    const uint16_t *at = panel->data, *x = tile->x;
    const char *next = tile->next;
    begin_sums(sum, tile, T);
    for (int64_t k = 0; k < panel->K; k += 2, at += panel->step, next += tile->pace) {
        prefetch_group(next);
        UNROLL
        for (int t = 0; t < T; t++) {
            __m512bh value = (__m512bh)broadcast_group(x + t * tile->x_stride + k);
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_dpbf16_ps(sum[t][j], value, (__m512bh)_mm512_loadu_si512(at + 32 * j));
        }
    }
    end_sums(tile, sum, T);
}

/* Four inputs at a time, in whole numbers. */
KERNEL("avx512f,avx512bw,avx512vnni") void multiply_int8(const gpt__panel *panel, const tile *tile, int T)
{
    __m512i sum[TILE_ROWS][4];
    const int8_t *at = panel->data;
    const uint8_t *x = tile->x;
    const char *next = tile->next;
    int32_t *out = tile->out;
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            sum[t][j] = tile->adds ? _mm512_loadu_si512(out + t * tile->out_stride + 16 * j) : _mm512_setzero_si512();
    for (int64_t k = 0; k < panel->K; k += 4, at += panel->step, next += tile->pace) {
        prefetch_group(next);
        UNROLL
        for (int t = 0; t < T; t++) {
            __m512i value = broadcast_group(x + t * tile->x_stride + k);
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_dpbusd_epi32(sum[t][j], value, _mm512_loadu_si512(at + 64 * j));
        }
    }
    UNROLL
    for (int t = 0; t < T; t++)
        UNROLL
        for (int j = 0; j < 4; j++)
            _mm512_storeu_si512(out + t * tile->out_stride + 16 * j, sum[t][j]);
}

/* 16 whole numbers as f32. */
KERNEL("avx512f") __m512 widen(const int8_t *numbers)
{
    return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)numbers)));
}

/* The weights of two inputs become pairs of bf16, which holds them exactly: the upper halves of f32. */
KERNEL("avx512f,avx512bf16") __m512bh widen_pair(const int8_t *first, const int8_t *second)
{
    __m512i low = _mm512_srli_epi32(_mm512_castps_si512(widen(first)), 16);
    __m512i high = _mm512_and_si512(_mm512_castps_si512(widen(second)), _mm512_set1_epi32((int)0xFFFF0000));
    return (__m512bh)_mm512_or_si512(low, high);
}

/* As multiply_bf16, with weights that are widened in registers. */
KERNEL("avx512f,avx512bw,avx512bf16") void multiply_int8_bf16(const gpt__panel *panel, const tile *tile, int T)
{
    __m512 sum[TILE_ROWS][4];
    const int8_t *at = panel->data;
    const uint16_t *x = tile->x;
    const char *next = tile->next;
    begin_sums(sum, tile, T);
    for (int64_t k = 0; k < panel->K; k += 2, at += panel->step, next += tile->pace) {
        __m512bh weights[4];
        prefetch_group(next);
        UNROLL
        for (int j = 0; j < 4; j++)
            weights[j] = widen_pair(at + 16 * j, at + panel->step / 2 + 16 * j);
        UNROLL
        for (int t = 0; t < T; t++) {
            __m512bh value = (__m512bh)broadcast_group(x + t * tile->x_stride + k);
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_dpbf16_ps(sum[t][j], value, weights[j]);
        }
    }
    end_sums(tile, sum, T);
}

/* One input at a time, with weights that are widened in registers. */
KERNEL("avx512f") void multiply_int8_f32(const gpt__panel *panel, const tile *tile, int T)
{
    __m512 sum[TILE_ROWS][4];
    const int8_t *at = panel->data;
    const float *x = tile->x;
    const char *next = tile->next;
    begin_sums(sum, tile, T);
    for (int64_t k = 0; k < panel->K; k++, at += panel->step, next += tile->pace) {
        __m512 weights[4];
        _mm_prefetch(next, _MM_HINT_T0);
        _mm_prefetch(next + 64, _MM_HINT_T0);
        UNROLL
        for (int j = 0; j < 4; j++)
            weights[j] = widen(at + 16 * j);
        UNROLL
        for (int t = 0; t < T; t++) {
            __m512 value = _mm512_set1_ps(x[t * tile->x_stride + k]);
            UNROLL
            for (int j = 0; j < 4; j++)
                sum[t][j] = _mm512_fmadd_ps(value, weights[j], sum[t][j]);
        }
    }
    end_sums(tile, sum, T);
}

/* A function of that name which calls the kernel with each constant T. */
#define FOR_EACH_T(name, features, kernel)                                                                             \
    __attribute__((target(features))) static void name(const gpt__panel *panel, const tile *tile, int64_t T)           \
    {                                                                                                                  \
        if (T == 1)                                                                                                    \
            kernel(panel, tile, 1);                                                                                    \
        else if (T == 2)                                                                                               \
            kernel(panel, tile, 2);                                                                                    \
        else if (T == 3)                                                                                               \
            kernel(panel, tile, 3);                                                                                    \
        else if (T == 4)                                                                                               \
            kernel(panel, tile, 4);                                                                                    \
        else if (T == 5)                                                                                               \
            kernel(panel, tile, 5);                                                                                    \
        else                                                                                                           \
            kernel(panel, tile, 6);                                                                                    \
    }

FOR_EACH_T(tile_f32, "avx512f", multiply_f32)
FOR_EACH_T(tile_bf16, "avx512f,avx512bw,avx512bf16", multiply_bf16)
FOR_EACH_T(tile_int8, "avx512f,avx512bw,avx512vnni", multiply_int8)
FOR_EACH_T(tile_int8_bf16, "avx512f,avx512bw,avx512bf16", multiply_int8_bf16)
FOR_EACH_T(tile_int8_f32, "avx512f", multiply_int8_f32)

static void multiply_tile(const gpt__panel *panel, const tile *tile, int64_t T)
{
    if (panel->form == GPT__PANEL_F32)
        tile_f32(panel, tile, T);
    else if (panel->form == GPT__PANEL_BF16)
        tile_bf16(panel, tile, T);
    else if (panel->form == GPT__PANEL_INT8)
        tile_int8(panel, tile, T);
    else if (panel->form == GPT__PANEL_INT8_BF16)
        tile_int8_bf16(panel, tile, T);
    else
        tile_int8_f32(panel, tile, T);
}

void gpt__panel_multiply(void *out, int64_t out_stride, int adds, const gpt__panel *panel, const void *x,
                         int64_t x_stride, int64_t T)
{
    int64_t group = gpt__panel_group(panel->form);
    size_t x_bytes = (size_t)x_stride * TILE_ROWS * gpt__panel_input_size(panel->form);
    size_t out_bytes = (size_t)out_stride * TILE_ROWS * sizeof(float);
    int64_t steps = (T + TILE_ROWS - 1) / TILE_ROWS * (panel->K / group);
    int64_t pace = steps > 0 ? panel->next_bytes / steps : 0;
    int64_t group_bytes = GPT__PANEL_WIDTH * group * (int64_t)gpt__panel_weight_size(panel->form);
    tile tile = {out, out_stride, adds, x, x_stride, panel->next, pace < group_bytes ? pace : group_bytes};
    /* The kernels ask for memory in any case, and asking for what does not exist takes time. */
    if (panel->next_bytes == 0)
        tile.next = panel->data;
    for (int64_t t = 0; t < T; t += TILE_ROWS) {
        multiply_tile(panel, &tile, T - t < TILE_ROWS ? T - t : TILE_ROWS);
        tile.out = (char *)tile.out + out_bytes;
        tile.x = (const char *)tile.x + x_bytes;
        tile.next += tile.pace * (panel->K / group);
    }
}

/* Groups that all rows are multiplied with before the next ones are: they stay in the first cache meanwhile. */
#define PIECE_GROUPS 128

/* How far ahead of what one tile reads memory is asked for. */
#define AHEAD_BYTES 4096

void gpt__panel_stream(void *out, const gpt__panel *panel, const void *x, int64_t x_stride, int64_t T)
{
    int64_t most = T <= TILE_ROWS ? panel->K : PIECE_GROUPS * gpt__panel_group(panel->form);
    int64_t row_bytes = GPT__PANEL_WIDTH * (int64_t)gpt__panel_weight_size(panel->form);
    for (int64_t k = 0; k < panel->K; k += most) {
        gpt__panel piece = *panel;
        piece.K = panel->K - k < most ? panel->K - k : most;
        piece.data = (const char *)panel->data + k * row_bytes;
        piece.next_bytes = piece.K * row_bytes;
        piece.next = (const char *)piece.data + (T <= TILE_ROWS ? AHEAD_BYTES : piece.next_bytes);
        gpt__panel_multiply(out, GPT__PANEL_WIDTH, k > 0, &piece,
                            (const char *)x + (size_t)k * gpt__panel_input_size(panel->form), x_stride, T);
    }
}

#else

int gpt__panels_supported(gpt__panel_form form)
{
    (void)form;
    return 0;
}

/* Never called: nothing is supported. */
void gpt__panel_multiply(void *out, int64_t out_stride, int adds, const gpt__panel *panel, const void *x,
                         int64_t x_stride, int64_t T)
{
    (void)out, (void)out_stride, (void)adds, (void)panel, (void)x, (void)x_stride, (void)T;
}

void gpt__panel_stream(void *out, const gpt__panel *panel, const void *x, int64_t x_stride, int64_t T)
{
    (void)out, (void)panel, (void)x, (void)x_stride, (void)T;
}

#endif
