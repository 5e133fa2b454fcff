#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/golden/make_models.py: makes tiny checkpoints of random shape, and what transformers computes with them.

usage: make_models.py DIRECTORY COUNT [--seed N]

Makes COUNT cases for each family below DIRECTORY, in the layout of golden/models, for `test_models` to compare with
(TEST_MODELS=DIRECTORY). Needs torch, transformers 5 and safetensors; tests/README.md says which versions were used.
Shapes, switches and the words of the configuration are drawn at random, so that two runs with different seeds test
different things. Weights are large enough that a wrong norm, mask, rotation or order of heads shows in the logits.
"""
import argparse
import json
import os
import random

import torch
import transformers
from safetensors.torch import save_file

torch.set_grad_enabled(False)


def shape(draw):
    heads = draw.choice([1, 2, 3, 4, 6])
    head_size = draw.choice([8, 12, 16, 24, 32])
    return {"layers": draw.choice([1, 2, 3]), "heads": heads, "head_size": head_size, "width": heads * head_size,
            "inner": draw.choice([32, 40, 96, 130]), "context": draw.choice([40, 64, 200]),
            "vocab": draw.choice([64, 97, 320]), "epsilon": draw.choice([1e-5, 1e-6, 1e-3])}


ACTIVATIONS = ["gelu", "gelu_new", "gelu_fast", "gelu_pytorch_tanh", "relu", "silu", "quick_gelu"]


def gpt2(draw, s):
    return transformers.GPT2Config(
        n_embd=s["width"], n_head=s["heads"], n_layer=s["layers"], n_positions=s["context"], vocab_size=s["vocab"],
        n_inner=draw.choice([None, s["inner"]]), layer_norm_epsilon=s["epsilon"],
        activation_function=draw.choice(ACTIVATIONS), scale_attn_weights=draw.random() < 0.7,
        scale_attn_by_inverse_layer_idx=draw.random() < 0.3, tie_word_embeddings=draw.random() < 0.7)


def openai_gpt(draw, s):
    return transformers.OpenAIGPTConfig(
        n_embd=s["width"], n_head=s["heads"], n_layer=s["layers"], n_positions=s["context"], vocab_size=s["vocab"],
        layer_norm_epsilon=s["epsilon"], afn=draw.choice(["gelu", "relu", "silu"]))


def gpt_neo(draw, s):
    kinds = draw.choice([["global"], ["local"], ["global", "local"], ["local", "global"]])
    return transformers.GPTNeoConfig(
        hidden_size=s["width"], num_heads=s["heads"], num_layers=2 * len(kinds), attention_types=[[kinds, 2]],
        max_position_embeddings=s["context"], vocab_size=s["vocab"], intermediate_size=draw.choice([None, s["inner"]]),
        layer_norm_epsilon=s["epsilon"], window_size=draw.choice([1, 3, 16, 30, 500]),
        activation_function=draw.choice(ACTIVATIONS))


def gptj(draw, s):
    return transformers.GPTJConfig(
        n_embd=s["width"], n_head=s["heads"], n_layer=s["layers"], n_positions=s["context"], vocab_size=s["vocab"],
        n_inner=draw.choice([None, s["inner"]]), layer_norm_epsilon=s["epsilon"],
        rotary_dim=2 * draw.randint(1, s["head_size"] // 2), activation_function=draw.choice(ACTIVATIONS),
        tie_word_embeddings=False)


def rotary(draw, s, share):
    kind = draw.choice(["default", "linear", "yarn"])
    parameters = {"rope_type": kind, "rope_theta": draw.choice([1000.0, 10000.0, 150000.0])}
    if share:
        parameters["partial_rotary_factor"] = draw.choice([0.25, 0.5, 1.0])
    if kind != "default":
        parameters["factor"] = draw.choice([2.0, 4.0, 32.0])
    if kind == "yarn":
        parameters["original_max_position_embeddings"] = draw.choice([16, 32, 4096])
        parameters.update(draw.choice([{}, {"truncate": False}, {"beta_fast": 16.0, "beta_slow": 2.0},
                                       {"attention_factor": 1.25}]))
    return parameters


def gpt_neox(draw, s):
    return transformers.GPTNeoXConfig(
        hidden_size=s["width"], num_attention_heads=s["heads"], num_hidden_layers=s["layers"],
        intermediate_size=s["inner"], max_position_embeddings=s["context"], vocab_size=s["vocab"],
        layer_norm_eps=s["epsilon"], hidden_act=draw.choice(ACTIVATIONS),
        use_parallel_residual=draw.random() < 0.6, attention_bias=draw.random() < 0.6,
        rope_parameters=rotary(draw, s, True), tie_word_embeddings=draw.random() < 0.3)


def gpt_bigcode(draw, s):
    return transformers.GPTBigCodeConfig(
        n_embd=s["width"], n_head=s["heads"], n_layer=s["layers"], n_positions=s["context"], vocab_size=s["vocab"],
        n_inner=draw.choice([None, s["inner"]]), layer_norm_epsilon=s["epsilon"],
        activation_function=draw.choice(ACTIVATIONS), multi_query=draw.random() < 0.6,
        scale_attn_weights=draw.random() < 0.7, tie_word_embeddings=draw.random() < 0.7)


def gpt_oss(draw, s):
    key_heads = draw.choice([h for h in range(1, s["heads"] + 1) if s["heads"] % h == 0])
    experts = draw.choice([1, 2, 5, 8])
    kinds = ["sliding_attention", "full_attention"]
    return transformers.GptOssConfig(
        hidden_size=32 * draw.choice([1, 2, 3]), head_dim=s["head_size"], num_attention_heads=s["heads"],
        num_key_value_heads=key_heads, num_hidden_layers=s["layers"], intermediate_size=32 * draw.choice([1, 2]),
        max_position_embeddings=s["context"], vocab_size=s["vocab"], rms_norm_eps=s["epsilon"],
        num_local_experts=experts, num_experts_per_tok=draw.randint(1, min(4, experts)),
        sliding_window=draw.choice([2, 7, 16, 128]), layer_types=[draw.choice(kinds) for _ in range(s["layers"])],
        attention_bias=draw.random() < 0.7, rope_parameters=rotary(draw, s, False), tie_word_embeddings=False)


FAMILIES = {"openai-gpt": openai_gpt, "gpt2": gpt2, "gpt_neo": gpt_neo, "gptj": gptj, "gpt_neox": gpt_neox,
            "gpt_bigcode": gpt_bigcode, "gpt_oss": gpt_oss}


def fill(model):
    """Norms near 1, everything else large enough to matter."""
    for name, parameter in model.named_parameters():
        values = torch.randn(parameter.shape)
        if parameter.dim() == 1 and ("norm" in name or "ln_" in name) and name.endswith("weight"):
            values = 1 + 0.3 * values
        elif parameter.dim() >= 2 and "wte" not in name and "embed" not in name:
            values = values * 1.5 / parameter.shape[-1] ** 0.5
        else:
            values = 0.5 * values
        parameter.copy_(values)


def pack_experts(model, state):
    """Gives the experts weights that MXFP4 holds exactly, and replaces them by blocks and scales in state."""
    table = torch.tensor([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0])
    for name, parameter in model.named_parameters():
        if not name.endswith(("gate_up_proj", "down_proj")) or ".experts." not in name:
            continue
        experts, inputs, outputs = parameter.shape
        blocks = torch.randint(0, 256, (experts, outputs, inputs // 32, 16), dtype=torch.uint8)
        scales = torch.randint(120, 125, (experts, outputs, inputs // 32), dtype=torch.uint8)
        values = torch.stack([table[(blocks & 15).long()], table[(blocks >> 4).long()]], -1).flatten(-2)
        values = values * torch.exp2(scales.float() - 127).unsqueeze(-1)
        parameter.copy_(values.reshape(experts, outputs, inputs).transpose(1, 2))
        del state[name]
        state[name + "_blocks"] = blocks
        state[name + "_scales"] = scales


def to_words_of_transformers_4(config):
    """The keys that files on the hub have, instead of those of transformers 5."""
    parameters = config.pop("rope_parameters", None) or {}
    config["torch_dtype"] = config.pop("dtype", "float32")
    theta = parameters.pop("rope_theta", None)
    share = parameters.pop("partial_rotary_factor", None)
    if config["model_type"] == "gpt_neox":
        config["rotary_emb_base"] = theta
        config["rotary_pct"] = share
    elif theta is not None:
        config["rope_theta"] = theta
    # Without the object gpt_oss has scaling of its own.
    if parameters.get("rope_type", "default") != "default" or config["model_type"] == "gpt_oss":
        if parameters["rope_type"] == "linear":
            parameters["type"] = parameters.pop("rope_type")
        config["rope_scaling"] = parameters
    return config


def search(tensors, i, model, prompt, draw):
    """The two best of a beam search, which a token ends that is likely to be chosen, and how it is done."""
    stop = draw.choice(tensors["greedy.%d" % i].tolist())
    beams = draw.randint(2, 6)
    length_penalty = draw.choice([-1.0, 0.0, 0.5, 1.0, 2.0])
    early, penalty = draw.random() < 0.4, draw.choice([1.0, 1.0, 1.5])
    found = model.generate(prompt, max_new_tokens=8, do_sample=False, num_beams=beams, num_return_sequences=2,
                           length_penalty=length_penalty, early_stopping=early, repetition_penalty=penalty,
                           eos_token_id=stop, pad_token_id=stop, attention_mask=torch.ones_like(prompt))
    tensors["search.%d" % i] = torch.tensor([beams, length_penalty, float(early), penalty, float(stop)])
    for k, name in enumerate(("best", "second")):
        tokens = found[k, prompt.shape[1]:].tolist()
        if stop in tokens:
            tokens = tokens[:tokens.index(stop) + 1]
        tensors["%s.%d" % (name, i)] = torch.tensor(tokens)


def reference(model, config, draw):
    tensors = {}
    vocab, context = config.vocab_size, model.config.max_position_embeddings
    for i, length in enumerate([1, 5, min(30, context - 10)]):
        prompt = torch.tensor([[draw.randrange(vocab) for _ in range(length)]])
        output = model(prompt, output_hidden_states=True)
        tensors["prompt.%d" % i] = prompt[0]
        tensors["logits.%d" % i] = output.logits[0]
        tensors["hidden.%d" % i] = model.base_model(prompt).last_hidden_state[0]
        # Without a mask, generate would take tokens that are equal to the padding token for padding.
        more = {"max_new_tokens": 8, "do_sample": False, "eos_token_id": None, "pad_token_id": 0,
                "attention_mask": torch.ones_like(prompt)}
        tensors["greedy.%d" % i] = model.generate(prompt, **more)[0, length:]
        tensors["reppen.%d" % i] = model.generate(prompt, repetition_penalty=1.3, no_repeat_ngram_size=3,
                                                  **more)[0, length:]
        search(tensors, i, model, prompt, draw)
    return {name: value.contiguous().clone() for name, value in tensors.items()}


def make(directory, family, draw):
    config = FAMILIES[family](draw, shape(draw))
    config.bos_token_id = config.eos_token_id = config.pad_token_id = None
    config._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(config).eval().float()
    fill(model)
    state = {name: value for name, value in model.state_dict().items()}
    if model.config.tie_word_embeddings:
        state = {name: value for name, value in state.items() if not name.startswith(("lm_head.w", "embed_out"))}
    if family == "gpt_oss" and draw.random() < 0.5:
        pack_experts(model, state)
    if draw.random() < 0.3:
        prefix = model.base_model_prefix + "."
        state = {name.removeprefix(prefix): value for name, value in state.items()}
    os.makedirs(directory)
    save_file({name: value.contiguous().clone() for name, value in state.items()},
              os.path.join(directory, "model.safetensors"))
    words = config.to_dict()
    if draw.random() < 0.5:
        words = to_words_of_transformers_4(words)
    with open(os.path.join(directory, "config.json"), "w", encoding="utf-8") as file:
        json.dump(words, file, indent=2, sort_keys=True)
    save_file(reference(model, config, draw), os.path.join(directory, "reference.safetensors"))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    for family in FAMILIES:
        for i in range(arguments.count):
            name = "%s-%d-%d" % (family, arguments.seed, i)
            torch.manual_seed(arguments.seed * 1000 + i)
            make(os.path.join(arguments.directory, name), family, random.Random(name))
            print(name, flush=True)


if __name__ == "__main__":
    main()
