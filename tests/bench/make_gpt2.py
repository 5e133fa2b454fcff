#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/bench/make_gpt2.py: writes a model of GPT-2's shape with random weights, to measure speed without a download.

usage: make_gpt2.py DIRECTORY [--layers 12] [--width 768] [--heads 12] [--context 1024] [--vocab 50257]

The defaults are GPT-2 124M. The weights are f32 with GPT-2's own spread at the start of its training (normal, standard
deviation 0.02). Their values do not matter for speed, so they come from one block of numbers that is used again and
again. The tokenizer is GPT-2's, if the vocabulary has its size.
"""
import argparse
import array
import json
import os
import random
import shutil
import struct
import sys

TOKENIZER = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "golden", "tokenizers", "gpt2")


def shapes(a):
    """Names and shapes of all tensors, as the Hugging Face checkpoint of GPT-2 has them."""
    D = a.width
    yield "wte.weight", [a.vocab, D]
    yield "wpe.weight", [a.context, D]
    for i in range(a.layers):
        for name, shape in [("ln_1", [D]), ("attn.c_attn", [D, 3 * D]), ("attn.c_proj", [D, D]), ("ln_2", [D]),
                            ("mlp.c_fc", [D, 4 * D]), ("mlp.c_proj", [4 * D, D])]:
            yield "h.%d.%s.weight" % (i, name), shape
            yield "h.%d.%s.bias" % (i, name), shape[-1:]
    yield "ln_f.weight", [D]
    yield "ln_f.bias", [D]


def count(shape):
    return shape[0] * (shape[1] if len(shape) > 1 else 1)


def write_weights(path, tensors):
    header, offset = {}, 0
    for name, shape in tensors:
        end = offset + 4 * count(shape)
        header["transformer." + name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    numbers = random.Random(0)
    block = array.array("f", (numbers.gauss(0, 0.02) for _ in range(999983)))  # a prime: no two rows are alike
    if sys.byteorder == "big":
        block.byteswap()
    block = block.tobytes()
    one = struct.pack("<f", 1)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name, shape in tensors:
            bytes_left = 4 * count(shape)
            if "ln_" in name and name.endswith("weight"):
                file.write(one * count(shape))
                bytes_left = 0
            while bytes_left > 0:
                bytes_left -= file.write(block[:bytes_left])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    for name, default in [("layers", 12), ("width", 768), ("heads", 12), ("context", 1024), ("vocab", 50257)]:
        parser.add_argument("--" + name, type=int, default=default)
    a = parser.parse_args()
    os.makedirs(a.directory, exist_ok=True)
    config = {"model_type": "gpt2", "n_layer": a.layers, "n_embd": a.width, "n_head": a.heads, "n_positions": a.context,
              "vocab_size": a.vocab, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
              "bos_token_id": a.vocab - 1, "eos_token_id": a.vocab - 1}
    with open(os.path.join(a.directory, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
    write_weights(os.path.join(a.directory, "model.safetensors"), list(shapes(a)))
    if a.vocab == 50257:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(os.path.join(TOKENIZER, name), a.directory)


main()
