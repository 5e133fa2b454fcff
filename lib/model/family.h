/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/family.h: what sets one family of models apart. A family is a table: how its config.json reads, and which
 * tensor of its checkpoints plays which role. The forward pass is the same for all. A new family is one file in
 * families/.
 */
#ifndef GPT__MODEL_FAMILY_H
#define GPT__MODEL_FAMILY_H

#include "model/config.h"

/* The part that a tensor plays. Roles from GPT__ROLE_LAYER on are there once in each layer. */
typedef enum gpt__role {
    GPT__ROLE_EMBEDDING,   /* [V, D] */
    GPT__ROLE_POSITIONS,   /* [context, D] */
    GPT__ROLE_FINAL_NORM,  /* [D] weight and, for layer norm, bias */
    GPT__ROLE_OUTPUT,      /* D -> V */
    GPT__ROLE_LAYER,
    GPT__ROLE_NORM_1 = GPT__ROLE_LAYER, /* before attention */
    GPT__ROLE_QKV,         /* D -> (H + 2 KV) K: queries, keys, values side by side */
    GPT__ROLE_QUERIES,     /* D -> H K; with keys and values, instead of the one before */
    GPT__ROLE_KEYS,        /* D -> KV K */
    GPT__ROLE_VALUES,      /* D -> KV K */
    GPT__ROLE_SINKS,       /* [H] */
    GPT__ROLE_ATTENTION_OUT, /* H K -> D */
    GPT__ROLE_NORM_2,      /* before the feed-forward part */
    GPT__ROLE_UP,          /* D -> inner */
    GPT__ROLE_DOWN,        /* inner -> D */
    GPT__ROLE_ROUTER,      /* D -> experts */
    GPT__ROLE_EXPERTS_IN,  /* of each expert, D -> 2 inner: gate and value in turns */
    GPT__ROLE_EXPERTS_GATE, /* D -> inner; with values, instead of the one before */
    GPT__ROLE_EXPERTS_VALUE, /* D -> inner */
    GPT__ROLE_EXPERTS_OUT, /* of each expert, inner -> D */
    GPT__ROLE_COUNT
} gpt__role;

/* How the elements of a weight matrix lie in the file. */
typedef enum gpt__weight_layout {
    GPT__LAYOUT_IN_OUT, /* [K inputs, N outputs], as GPT-2's Conv1D has them */
    GPT__LAYOUT_OUT_IN  /* [N outputs, K inputs], as torch's Linear has them */
} gpt__weight_layout;

/* name + ".weight" and, when has_bias, name + ".bias". In layers, names follow "<layers>.<number>.". */
typedef struct gpt__weight_name {
    gpt__role role;
    const char *name;
    gpt__weight_layout layout;
    int has_bias;
} gpt__weight_name;

typedef struct gpt__family {
    const char *model_type; /* as config.json has it */
    const char *prefix;     /* of the base model's tensors; files may leave it out */
    const char *layers;     /* between the prefix and a layer's number */
    const gpt__weight_name *names;
    size_t name_count;
    gpt_status (*read_config)(gpt__config *config, const gpt__json *json);
} gpt__family;

extern const gpt__family gpt__family_openai_gpt;
extern const gpt__family gpt__family_gpt2;
extern const gpt__family gpt__family_gpt_neo;
extern const gpt__family gpt__family_gptj;
extern const gpt__family gpt__family_gpt_neox;
extern const gpt__family gpt__family_gpt_bigcode;
extern const gpt__family gpt__family_gpt_oss;

/* The family of that model_type, or NULL. */
const gpt__family *gpt__family_find(const char *model_type);

/* The same with tensors as GGUF files name them; its read_config is NULL, as the family above has it. */
const gpt__family *gpt__gguf_family_find(const char *model_type);

#endif
