#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/bench/make_gpt2.py: writes a model of GPT-2's shape with random weights, to measure speed without a download.

usage: make_gpt2.py DIRECTORY [--layers 12] [--width 768] [--heads 12] [--context 1024] [--vocab 50257] [--gguf FILE]

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


def random_block():
    """Bytes of f32, little endian, that weights are made of again and again."""
    numbers = random.Random(0)
    block = array.array("f", (numbers.gauss(0, 0.02) for _ in range(999983)))  # a prime: no two rows are alike
    if sys.byteorder == "big":
        block.byteswap()
    return block.tobytes()


def write_values(file, tensors):
    block = random_block()
    one = struct.pack("<f", 1)
    for name, shape in tensors:
        bytes_left = 4 * count(shape)
        if "ln_" in name and name.endswith("weight"):
            file.write(one * count(shape))
            bytes_left = 0
        while bytes_left > 0:
            bytes_left -= file.write(block[:bytes_left])


def write_safetensors(path, tensors):
    header, offset = {}, 0
    for name, shape in tensors:
        end = offset + 4 * count(shape)
        header["transformer." + name] = {"dtype": "F32", "shape": shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        write_values(file, tensors)


GGUF_NAMES = [("h.", "blk."), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"), ("mlp.c_fc", "ffn_up"),
              ("mlp.c_proj", "ffn_down"), ("ln_1", "attn_norm"), ("ln_2", "ffn_norm"), ("ln_f", "output_norm"),
              ("wte", "token_embd"), ("wpe", "position_embd")]


def gguf_name(name):
    for ours, theirs in GGUF_NAMES:
        name = name.replace(ours, theirs)
    return name


def gguf_string(text):
    text = text.encode() if isinstance(text, str) else text
    return struct.pack("<Q", len(text)) + text


def gguf_value(value):
    """Type and value: whole numbers, floats, strings, and lists of whole numbers or strings."""
    if isinstance(value, int):
        return struct.pack("<II", 4, value)
    if isinstance(value, float):
        return struct.pack("<If", 6, value)
    if isinstance(value, str):
        return struct.pack("<I", 8) + gguf_string(value)
    if isinstance(value[0], int):
        return struct.pack("<IIQ", 9, 5, len(value)) + struct.pack("<%di" % len(value), *value)
    return struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(gguf_string, value))


def gguf_keys(a):
    with open(os.path.join(TOKENIZER, "vocab.json"), encoding="utf-8") as file:
        ids = json.load(file)
    with open(os.path.join(TOKENIZER, "merges.txt"), encoding="utf-8") as file:
        merges = [line.rstrip("\n") for line in file if not line.startswith("#version")]
    return {
        "general.architecture": "gpt2", "gpt2.context_length": a.context, "gpt2.embedding_length": a.width,
        "gpt2.feed_forward_length": 4 * a.width, "gpt2.block_count": a.layers, "gpt2.attention.head_count": a.heads,
        "gpt2.attention.layer_norm_epsilon": 1e-5, "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.ggml.tokens": sorted(ids, key=ids.get), "tokenizer.ggml.token_type": [1] * (len(ids) - 1) + [3],
        "tokenizer.ggml.merges": merges, "tokenizer.ggml.bos_token_id": a.vocab - 1,
        "tokenizer.ggml.eos_token_id": a.vocab - 1,
    }


def write_gguf(path, a, tensors):
    keys = gguf_keys(a)
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(keys))
    for key, value in keys.items():
        head += gguf_string(key) + gguf_value(value)
    offset = 0
    for name, shape in tensors:
        # The shortest distance comes first; products are kept the other way round than Hugging Face keeps GPT-2's.
        sizes = list(reversed(shape)) if name in ("wte.weight", "wpe.weight") else shape
        head += gguf_string(gguf_name(name)) + struct.pack("<I", len(sizes))
        head += struct.pack("<%dQ" % len(sizes), *sizes) + struct.pack("<IQ", 0, offset)
        offset += 4 * count(shape)  # which is whole blocks of 32, as all sizes are
    with open(path, "wb") as file:
        file.write(head + b"\0" * (-len(head) % 32))
        write_values(file, tensors)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    for name, default in [("layers", 12), ("width", 768), ("heads", 12), ("context", 1024), ("vocab", 50257)]:
        parser.add_argument("--" + name, type=int, default=default)
    parser.add_argument("--gguf", metavar="FILE", help="also write a GGUF file of that shape, with GPT-2's tokenizer")
    a = parser.parse_args()
    os.makedirs(a.directory, exist_ok=True)
    config = {"model_type": "gpt2", "n_layer": a.layers, "n_embd": a.width, "n_head": a.heads, "n_positions": a.context,
              "vocab_size": a.vocab, "activation_function": "gelu_new", "layer_norm_epsilon": 1e-5,
              "bos_token_id": a.vocab - 1, "eos_token_id": a.vocab - 1}
    with open(os.path.join(a.directory, "config.json"), "w") as file:
        json.dump(config, file, indent=2)
    write_safetensors(os.path.join(a.directory, "model.safetensors"), list(shapes(a)))
    if a.gguf:
        write_gguf(a.gguf, a, list(shapes(a)))
    if a.vocab == 50257:
        for name in ("vocab.json", "merges.txt"):
            shutil.copy(os.path.join(TOKENIZER, name), a.directory)


main()
