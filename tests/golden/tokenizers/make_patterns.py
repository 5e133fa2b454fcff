#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/golden/tokenizers/make_patterns.py: what Hugging Face's tokenizers (0.23 was used) makes of split patterns.

usage: make_patterns.py OUTPUT

Each line of OUTPUT is an object: a "pre_tokenizer", and "cases" with the ids that gpt2-style's tokenizer has with it.
"""
import json
import os
import sys

from tokenizers import Tokenizer

HERE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gpt2-style")

REGEXES = [
    (r"\p{N}{1,3}", "Isolated", False), (r"\s+", "Removed", False), (r"\s", "MergedWithPrevious", False),
    (r"\s", "MergedWithNext", False), (r"[\s\p{P}]", "Contiguous", False), (r"[^\s]+", "Removed", True),
    (r"(?i:'s|'t)|\w+|[^\w\s]+|\s+(?!\S)|\s", "Isolated", False), (r"(?<=\p{L})\d|\P{L}{2}", "MergedWithNext", True),
    (r"[\p{Lu}\p{Lt}]+\p{Ll}*+|\S", "Contiguous", True), (r"a|e|\.", "MergedWithPrevious", True),
    (r"[\r\n/]|[A-Z\x{e9}-]+?", "Isolated", True),
]
STRINGS = [(" ", "MergedWithNext"), ("a.", "Isolated"), ("\n", "Removed"), ("(e)", "Isolated")]


def splits():
    for regex, behavior, invert in REGEXES:
        yield {"type": "Split", "pattern": {"Regex": regex}, "behavior": behavior, "invert": invert}
    for string, behavior in STRINGS:
        yield {"type": "Split", "pattern": {"String": string}, "behavior": behavior, "invert": False}


def main():
    with open(os.path.join(HERE, "tokenizer.json"), encoding="utf-8") as file:
        base = json.load(file)
    with open(os.path.join(HERE, "cases.jsonl"), encoding="utf-8") as file:
        texts = [json.loads(line)["text"] for line in file]
    texts = [text for text in texts if len(text) < 60 and "\0" not in text][:70]
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    with open(sys.argv[1], "w", encoding="utf-8") as file:
        for split in splits():
            base["pre_tokenizer"] = {"type": "Sequence", "pretokenizers": [split, byte_level]}
            tokenizer = Tokenizer.from_str(json.dumps(base))
            cases = [{"text": text, "ids": tokenizer.encode(text, add_special_tokens=False).ids} for text in texts]
            file.write(json.dumps({"pre_tokenizer": base["pre_tokenizer"], "cases": cases}, separators=(",", ":")))
            file.write("\n")


if __name__ == "__main__":
    main()
