/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_model_refusals.h: models of which one thing is wrong are refused with a status that says what. */
#ifndef TESTS_TEST_MODEL_REFUSALS_H
#define TESTS_TEST_MODEL_REFUSALS_H

#include "unit/test_model_maker.h"

/* Opening says this status, and names the directory's file and the thing. */
static inline void expect_refused(const char *directory, gpt_status expected, const char *part, const char *what)
{
    char untouched[8];
    gpt_model *model = (gpt_model *)(void *)untouched;
    gpt_status status = model_open_as(&model, directory, GPT_DTYPE_F32);
    int held = EXPECT_STATUS(status, expected) & EXPECT(model == NULL) & EXPECT_MESSAGE(part) &
               EXPECT_MESSAGE(directory);
    if (!held)
        printf("# in the case: %s\n", what);
    if (status == GPT_OK)
        gpt_model_free(model);
}

/* The case of a maker, which is freed. */
static inline void expect_maker_refused(model_maker *m, gpt_status expected, const char *part, const char *what)
{
    char *directory = model_write(m, "hostile-weights");
    expect_refused(directory, expected, part, what);
    free(directory);
    model_free(m);
}

/* A key of config.json that says something wrong. */
typedef struct config_case {
    const char *key;
    const char *value; /* NULL: the key is missing */
    gpt_status status;
    const char *part; /* of the message */
} config_case;

/* directory is one that the maker was written to. */
static inline void try_config(model_maker *m, const config_case *c, const char *directory)
{
    char what[200];
    cJSON *whole = cJSON_Duplicate(m->config, 1);
    model_set(m, c->key, c->value);
    model_write_config(m, directory);
    snprintf(what, sizeof what, "%s: %s", c->key, c->value != NULL ? c->value : "missing");
    expect_refused(directory, c->status, c->part, what);
    cJSON_Delete(m->config);
    m->config = whole;
}

#endif
