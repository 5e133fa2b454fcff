#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/compare_tokenizers.py: libgpt, tiktoken and Hugging Face's tokenizers in turn, on the same text, as a table.

usage: compare_tokenizers.py [--bench PROGRAM] [--rounds N] TEXT TOKENIZER...

Each TOKENIZER is a rank file whose name says the encoding (cl100k_base.tiktoken), which tiktoken reads too, or a
tokenizer.json, which tokenizers reads too; a peer that is not installed is left out. TEXT is a file; a megabyte of
English or more is best. All encode on one thread, in turn, as many times in each round, and the best time counts for
each. The number of tokens must be the same.
PROGRAM is tests/bench/bench_tokenizer of the build (make tests/bench/bench_tokenizer).
"""
import argparse
import os
import re
import subprocess
import sys
import time

os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["RAYON_NUM_THREADS"] = "1"

# Of a peer in a round; as many as bench_tokenizer does.
RUNS = 7


def run_libgpt(arguments, path):
    """Megabytes a second, the number of tokens, and the milliseconds that opening takes."""
    output = subprocess.run([arguments.bench, path, arguments.text], check=True, stdout=subprocess.PIPE,
                            universal_newlines=True).stdout
    opened = float(re.search(r"open +([0-9.]+) ms", output).group(1))
    speed, count = re.search(r"encode +([0-9.]+) MB/s +[0-9]+ bytes, ([0-9]+) tokens", output).groups()
    return float(speed), int(count), opened


def run_peer(encode, text):
    """Megabytes a second, and the number of tokens."""
    seconds, count = [], 0
    for _ in range(RUNS):
        begin = time.perf_counter()
        ids = encode(text)
        seconds.append(time.perf_counter() - begin)
        count = len(ids)
        del ids
    return len(text.encode()) * 1e-6 / min(seconds), count


def tiktoken_encoder(path):
    import tiktoken
    import tiktoken.load
    import tiktoken_ext.openai_public as public
    name = os.path.basename(path)[:-len(".tiktoken")]
    # The package would download the ranks: it is given those of the file.
    public.load_tiktoken_bpe = lambda *_, **__: tiktoken.load.load_tiktoken_bpe(path)
    encoding = tiktoken.Encoding(**getattr(public, name)())
    # Special tokens of the text are tokens, as they are for the other two.
    return lambda text: encoding.encode(text, allowed_special="all")


def tokenizers_encoder(path):
    import tokenizers
    tokenizer = tokenizers.Tokenizer.from_file(path)
    return lambda text: tokenizer.encode(text, add_special_tokens=False).ids


def compare(arguments, path, text):
    name = "tiktoken" if path.endswith(".tiktoken") else "tokenizers"
    try:
        encode = tiktoken_encoder(path) if name == "tiktoken" else tokenizers_encoder(path)
    except ImportError:
        encode = None
    best, best_peer, least_opened = 0.0, 0.0, float("inf")
    for _ in range(arguments.rounds):
        speed, count, opened = run_libgpt(arguments, path)
        best, least_opened = max(best, speed), min(least_opened, opened)
        if encode is None:
            continue
        speed, peer_count = run_peer(encode, text)
        best_peer = max(best_peer, speed)
        if peer_count != count:
            sys.exit("%s: %d tokens, %s has %d" % (path, count, name, peer_count))
    cells = [os.path.basename(path) if name == "tiktoken" else "/".join(path.split("/")[-2:]),
             "%.1f ms" % least_opened, "%.1f" % best]
    if encode is None:
        cells += [name + " is not installed", "", ""]
    else:
        cells += [name, "%.1f" % best_peer, "%.1f" % (best / best_peer)]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text")
    parser.add_argument("tokenizers", nargs="+")
    parser.add_argument("--bench", default="build/plain/tests/bench/bench_tokenizer")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with open(arguments.text, encoding="utf-8") as file:
        text = file.read()
    print("| tokenizer | libgpt opens in | libgpt, MB/s | peer | peer, MB/s | ratio |")
    print("|---|---|---|---|---|---|")
    for path in arguments.tokenizers:
        compare(arguments, path, text)


main()
