#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/golden/tokenizers/make_tiktoken.py: short rank files of OpenAI's encodings, and what tiktoken gives with them.

usage: make_tiktoken.py RANKS TEXTS OUTPUT

RANKS is a directory with the whole rank files, TEXTS a file with an object with "text" on each line. Each rank file is
cut after its first 1200 tokens, which make an encoding of their own: its tokens, pattern and special tokens as tiktoken
(0.14.0 was used) has them. OUTPUT gets the files, and for each encoding <name>.jsonl with the texts' "ids", special
tokens recognised, and "ordinary", taken as plain text.
"""
import base64
import json
import os
import sys

import tiktoken
import tiktoken_ext.openai_public as public

FILES = {"r50k_base": "r50k_base", "p50k_base": "p50k_base", "p50k_edit": "p50k_base", "cl100k_base": "cl100k_base",
         "o200k_base": "o200k_base", "o200k_harmony": "o200k_base"}
KEPT = 1200


def cut(path):
    with open(path, encoding="ascii") as file:
        return file.readlines()[:KEPT]


def load(lines):
    return {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}


def describe(name):
    """Pattern and special tokens, without the rank file, which would come from the network."""
    public.load_tiktoken_bpe = lambda *arguments, **more: {}
    arguments = public.ENCODING_CONSTRUCTORS[name]()
    return arguments["pat_str"], arguments["special_tokens"]


def main():
    ranks, texts, output = sys.argv[1:]
    with open(texts, encoding="utf-8") as file:
        wanted = [json.loads(line)["text"] for line in file]
    for name, source in FILES.items():
        lines = cut(os.path.join(ranks, source + ".tiktoken"))
        with open(os.path.join(output, source + ".tiktoken"), "w", encoding="ascii") as file:
            file.writelines(lines)
        pattern, special = describe(name)
        encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=load(lines), special_tokens=special)
        with open(os.path.join(output, name + ".jsonl"), "w", encoding="utf-8") as file:
            for text in wanted:
                case = {"text": text, "ids": encoding.encode(text, allowed_special="all"),
                        "ordinary": encoding.encode_ordinary(text)}
                file.write(json.dumps(case, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
