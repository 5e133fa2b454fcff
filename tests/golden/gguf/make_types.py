#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""golden/gguf/make_types.py: one small tensor of each quantized type, and what its elements are.

    make_types.py FOLDER

writes types.gguf and types.reference.safetensors. FOLDER has GGUF files with reference outputs of dequantized rows
beside them (gpt2-<type>.gguf, gpt2-<type>.reference.safetensors, made with the gguf package of llama.cpp); of each,
8 rows of one tensor are taken over. For types that no file has, the bytes are random, and the elements are computed
here from the description of the format with exact arithmetic, which libgpt's code shares nothing with.
"""
import fractions
import json
import os
import random
import struct
import sys

TENSOR = "blk.0.attn_qkv.weight"
ROWS = 8
# Name, number in files, elements of a block, bytes of a block, file.
TAKEN = [
    ("Q4_0", 2, 32, 18, "Q4_0"), ("Q4_1", 3, 32, 20, "Q4_1"), ("Q5_0", 6, 32, 22, "Q5_0"), ("Q5_1", 7, 32, 24, "Q5_1"),
    ("Q8_0", 8, 32, 34, "Q8_0"), ("Q2_K", 10, 256, 84, "Q2_K"), ("Q3_K", 11, 256, 110, "Q3_K_M"),
    ("Q4_K", 12, 256, 144, "Q4_K_M"), ("Q5_K", 13, 256, 176, "Q5_K_M"), ("Q6_K", 14, 256, 210, "Q6_K"),
    ("F16", 1, 1, 2, "F16"), ("BF16", 30, 1, 2, "BF16"),
]
IQ4 = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]


def read_gguf(path):
    with open(path, "rb") as file:
        data = file.read()
    at = 4 + 4

    def take(form):
        nonlocal at
        (value,) = struct.unpack_from("<" + form, data, at)
        at += struct.calcsize("<" + form)
        return value

    def text():
        nonlocal at
        length = take("Q")
        at += length
        return data[at - length:at].decode()

    def skip(kind):
        if kind == 8:
            text()
        elif kind == 9:
            element, count = take("I"), take("Q")
            for _ in range(count):
                skip(element)
        else:
            take("BbHhIif?__Qqd"[kind])

    count, keys = take("Q"), take("Q")
    for _ in range(keys):
        text()
        skip(take("I"))
    tensors = {}
    for _ in range(count):
        name = text()
        shape = [take("Q") for _ in range(take("I"))]
        tensors[name] = (shape, take("I"), take("Q"))
    begin = (at + 31) // 32 * 32
    return {name: (shape, kind, data[begin + offset:]) for name, (shape, kind, offset) in tensors.items()}


def read_safetensors(path, name):
    with open(path, "rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
        begin, end = header[name]["data_offsets"]
        file.seek(8 + length + begin)
        return file.read(end - begin)


def half(data):
    return fractions.Fraction(struct.unpack("<e", data)[0])


def single(value):
    """Rounds an exact number once, to the nearest f32: a double, of more than twice the bits, may stand between."""
    return struct.pack("<f", value.numerator / value.denominator)


def halves(data):
    """Element i of 32 is the low half of byte i, element i + 16 its high half."""
    return [byte & 15 for byte in data] + [byte >> 4 for byte in data]


def decode_iq4_nl(block):
    return [half(block[:2]) * IQ4[number] for number in halves(block[2:])]


def decode_iq4_xs(block):
    scale = half(block[:2])
    (high,) = struct.unpack("<H", block[2:4])
    values = []
    for run in range(8):
        low = block[4 + run // 2] >> (4 if run % 2 else 0) & 15
        run_scale = scale * ((low | (high >> 2 * run & 3) << 4) - 32)
        values += [run_scale * IQ4[number] for number in halves(block[8 + 16 * run:24 + 16 * run])]
    return values


def e2m1(number):
    """Sign, two bits of exponent (bias 1), one bit of mantissa: section 5.3.3 of the OCP Microscaling specification."""
    exponent, mantissa = number >> 1 & 3, fractions.Fraction(number & 1, 2)
    value = mantissa if exponent == 0 else (1 + mantissa) * 2 ** (exponent - 1)
    return -value if number & 8 else value


def decode_mxfp4(block):
    scale = fractions.Fraction(2) ** (block[0] - 127)
    return [scale * e2m1(number) for number in halves(block[1:])]


def make(rng, name):
    decode, elements, size = {"IQ4_NL": (decode_iq4_nl, 32, 18), "IQ4_XS": (decode_iq4_xs, 256, 136),
                              "MXFP4": (decode_mxfp4, 32, 17)}[name]
    data, values = b"", b""
    for index in range(ROWS * 256 // elements):
        block = bytearray(rng.randrange(256) for _ in range(size))
        if name == "MXFP4":
            block[0] = ([0, 1, 2, 3, 250] + [rng.randrange(100, 150) for _ in range(100)])[index]
        else:
            block[:2] = struct.pack("<e", rng.choice([-1, 1]) * rng.uniform(1e-4, 0.1))
        # Zeros are all positive here; the test does not look at their sign.
        values += b"".join(single(value) for value in decode(bytes(block)))
        data += block
    return data, values


def take_over(folder, elements, size, file):
    shape, _, data = read_gguf(os.path.join(folder, "gpt2-%s.gguf" % file))[TENSOR]
    assert shape[0] == 256
    values = read_safetensors(os.path.join(folder, "gpt2-%s.reference.safetensors" % file), TENSOR)
    return data[:ROWS * 256 // elements * size], values


def write_gguf(path, tensors):
    key = b"general.architecture"
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), 1)
    head += struct.pack("<Q", len(key)) + key + struct.pack("<IQ", 8, 4) + b"none"
    data = b""
    for name, number, content, _ in tensors:
        head += struct.pack("<Q", len(name)) + name.encode() + struct.pack("<IQQIQ", 2, 256, ROWS, number, len(data))
        data += content + bytes(-len(content) % 32)
    with open(path, "wb") as file:
        file.write(head + bytes(-len(head) % 32) + data)


def write_safetensors(path, tensors):
    header, data = {}, b""
    for name, _, _, values in tensors:
        header[name] = {"dtype": "F32", "shape": [ROWS, 256], "data_offsets": [len(data), len(data) + len(values)]}
        data += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text + data)


def main():
    rng = random.Random(20)
    tensors = [(name, number) + take_over(sys.argv[1], elements, size, file)
               for name, number, elements, size, file in TAKEN]
    tensors += [(name, number) + make(rng, name) for name, number in [("IQ4_NL", 20), ("IQ4_XS", 23), ("MXFP4", 39)]]
    here = os.path.dirname(os.path.abspath(__file__))
    write_gguf(os.path.join(here, "types.gguf"), tensors)
    write_safetensors(os.path.join(here, "types.reference.safetensors"), tensors)


main()
