/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_linear.c: layers of each type and use, with one row against sums in double, and with many numbers of rows,
 * which are cut into pieces in different ways, against one row at a time; activations of what is not a number.
 */
#include "base/memory.h"
#include "compute/linear.h"
#include "compute/parallel.h"
#include "compute/round.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define K 96
#define N 200
#define MOST_T 700

static float weights[N][K];
static float x[MOST_T][K];

/* A layer with all that it needs. */
typedef struct subject {
    gpt__engine *engine;
    gpt__worker *worker;
    gpt__linear linear;
    gpt__linear_scratch scratch;
    gpt__profile profile;
} subject;

static void fill(void)
{
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++)
            weights[n][k] = sinf((float)(n * K + k)) * 0.2f;
    for (int t = 0; t < MOST_T; t++)
        for (int k = 0; k < K; k++)
            x[t][k] = cosf((float)(t * K + k) * 0.7f);
}

static float bias_of(int n)
{
    return (float)(n % 7) * 0.1f;
}

static int begin(subject *s, gpt_dtype dtype, gpt__linear_use use, gpt__activation activation)
{
    const gpt__weights_view view = {.data = weights, .type = GPT_DTYPE_F32, .stride_k = 1, .stride_n = K};
    float *bias = gpt__allocate(N, sizeof *bias);
    for (int n = 0; n < N; n++)
        bias[n] = bias_of(n);
    memset(s, 0, sizeof *s);
    EXPECT_OK(gpt__engine_new(&s->engine));
    if (!gpt__engine_supports(s->engine, dtype)) {
        gpt__release(bias);
        test_skip("oneDNN has no products of that type for this processor");
        return 0;
    }
    EXPECT_OK(gpt__linear_init(&s->linear, s->engine, K, N, dtype, use, activation, &view, bias));
    EXPECT_OK(gpt__worker_new(&s->worker, s->engine, 2));
    omp_set_num_threads(2);
    s->scratch = (gpt__linear_scratch){.worker = s->worker, .profile = &s->profile};
    return 1;
}

static void end(subject *s)
{
    gpt__linear_scratch_release(&s->scratch);
    gpt__worker_free(s->worker);
    gpt__linear_release(&s->linear);
    gpt__engine_free(s->engine);
}

/* Element i of a matrix of activations. */
static float value_at(const gpt__rows *rows, int64_t i)
{
    if (rows->dtype == GPT_DTYPE_F32)
        return ((const float *)rows->data)[i];
    if (rows->dtype == GPT_DTYPE_BF16)
        return gpt__bf16_to_f32(((const uint16_t *)rows->data)[i]);
    return (float)(((const uint8_t *)rows->data)[i] - GPT__UINT8_ZERO) * rows->scales[i / rows->width];
}

/* out [T, N] = the layer for T rows of x, the first of which is first; a layer that adds, adds to 1. */
static void apply(float *out, subject *s, int64_t first, int64_t T)
{
    gpt__rows rows = {0}, result = {0};
    EXPECT_OK(gpt__rows_resize(&rows, s->linear.dtype, gpt__linear_rows(T), K));
    for (int64_t t = 0; t < T; t++)
        gpt__rows_store(&rows, t, x[first + t]);
    gpt__rows_clear(&rows, T);
    if (s->linear.use == GPT__LINEAR_ACTIVATE) {
        EXPECT_OK(gpt__linear_activate(&s->scratch, &s->linear, &rows, &result, T));
    } else {
        EXPECT_OK(gpt__rows_resize(&result, GPT_DTYPE_F32, gpt__linear_rows(T), N));
        for (int64_t i = 0; i < gpt__linear_rows(T) * N; i++)
            ((float *)result.data)[i] = 1;
        EXPECT_OK(gpt__linear_apply(&s->scratch, &s->linear, &rows, result.data, T));
    }
    for (int64_t i = 0; i < T * N; i++)
        out[i] = value_at(&result, i);
    gpt__rows_release(&rows);
    gpt__rows_release(&result);
}

static double by_definition(const subject *s, int t, int n)
{
    double sum = bias_of(n);
    for (int k = 0; k < K; k++)
        sum += (double)x[t][k] * weights[n][k];
    if (s->linear.use == GPT__LINEAR_ACTIVATE)
        return sum > 0 ? sum : 0;
    return s->linear.use == GPT__LINEAR_ADD ? sum + 1 : sum;
}

/* The largest difference of count values. */
static double difference(const float *a, const float *b, int64_t count)
{
    double worst = 0;
    for (int64_t i = 0; i < count; i++)
        worst = test_worse(worst, fabs((double)a[i] - b[i]));
    return worst;
}

/*
 * tolerance is for one row beside the definition, between for other numbers of rows beside one, whose sums may have
 * another order.
 */
static void compare(gpt_dtype dtype, gpt__linear_use use, double tolerance, double between)
{
    static const int64_t numbers[] = {2, 6, 7, 63, 64, 65, 80, 97, 100, 127, 130, 200, 400, 511, 512, 513, 600, 700};
    static float one_by_one[MOST_T * N], out[MOST_T * N];
    subject s;
    if (begin(&s, dtype, use, GPT__RELU)) {
        double worst = 0;
        for (int t = 0; t < MOST_T; t++)
            apply(one_by_one + t * N, &s, t, 1);
        for (int t = 0; t < MOST_T; t++)
            for (int n = 0; n < N; n++)
                worst = test_worse(worst, fabs(one_by_one[t * N + n] - by_definition(&s, t, n)));
        EXPECT(worst < tolerance);
        for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
            apply(out, &s, 0, numbers[i]);
            EXPECT(difference(out, one_by_one, numbers[i] * N) <= between);
        }
        printf("# largest error %.6f\n", worst);
    }
    end(&s);
}

static void f32(void)
{
    compare(GPT_DTYPE_F32, GPT__LINEAR_STORE, 1e-5, 1e-5);
    compare(GPT_DTYPE_F32, GPT__LINEAR_ADD, 1e-5, 1e-5);
    compare(GPT_DTYPE_F32, GPT__LINEAR_ACTIVATE, 1e-5, 1e-5);
}

/* A last bit of bf16 may differ where the sums do. */
static void bf16(void)
{
    compare(GPT_DTYPE_BF16, GPT__LINEAR_STORE, 0.01, 1e-5);
    compare(GPT_DTYPE_BF16, GPT__LINEAR_ADD, 0.01, 1e-5);
    compare(GPT_DTYPE_BF16, GPT__LINEAR_ACTIVATE, 0.02, 0.02);
}

/* Sums of whole numbers are exact in any order. */
static void int8(void)
{
    compare(GPT_DTYPE_INT8, GPT__LINEAR_STORE, 0.05, 0);
    compare(GPT_DTYPE_INT8, GPT__LINEAR_ADD, 0.05, 0);
    compare(GPT_DTYPE_INT8, GPT__LINEAR_ACTIVATE, 0.06, 0);
}

/* Activations keep NaN, in vector code and in what is left of it. */
static void activations_keep_nan(void)
{
    for (int activation = GPT__IDENTITY; activation <= GPT__QUICK_GELU; activation++) {
        float values[37];
        for (int i = 0; i < 37; i++)
            values[i] = i % 3 == 0 ? NAN : (float)(i - 18);
        gpt__activate(values, 37, (gpt__activation)activation);
        int wrong = 0;
        for (int i = 0; i < 37; i++)
            wrong += (isnan(values[i]) != 0) != (i % 3 == 0);
        EXPECT_INT(wrong, 0);
    }
}

/* The outputs of one row of T see a number that is none. */
static void keep_nan(gpt_dtype dtype, gpt__activation activation, int T)
{
    static float out[100 * N];
    int kept = 0, spread = 0;
    subject s;
    if (begin(&s, dtype, GPT__LINEAR_ACTIVATE, activation)) {
        x[T / 2][5] = NAN;
        apply(out, &s, 0, T);
        fill();
        for (int i = 0; i < T * N; i++)
            *(i / N == T / 2 ? &kept : &spread) += isnan(out[i]) != 0;
        EXPECT_INT(kept, N);
        EXPECT_INT(spread, 0);
    }
    end(&s);
}

/* So do layers that activate, by panels and by oneDNN. */
static void layers_keep_nan(void)
{
    static const gpt_dtype types[] = {GPT_DTYPE_F32, GPT_DTYPE_BF16, GPT_DTYPE_INT8};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (int activation = GPT__IDENTITY; activation <= GPT__QUICK_GELU; activation++) {
            keep_nan(types[i], (gpt__activation)activation, 1);
            keep_nan(types[i], (gpt__activation)activation, 100);
        }
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    fill();
    TEST(f32);
    TEST(bf16);
    TEST(int8);
    TEST(activations_keep_nan);
    TEST(layers_keep_nan);
    return TEST_END();
}
