#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/compare_llama_cpp.py: libgpt and llama.cpp in turn, on the same weights, as a Markdown table.

usage: compare_llama_cpp.py MODEL_DIR TYPE=GGUF... [--gpt-cli PROGRAM] [--llama-bench COMMAND] [--threads N]
           [--prompt T] [--generate T] [--rounds N]

MODEL_DIR is an ordinary Hugging Face directory, each GGUF the same model as llama.cpp's converter writes it, for a TYPE
of f32, bf16 or int8 (llama.cpp's Q8_0). COMMAND may have several words, such as "chroot ROOT llama-bench". Each round
runs both programs, one after the other; the best of the rounds counts for each, as what disturbs only slows down.
Compare only figures from one machine and one run.
"""
import argparse
import json
import shlex
import subprocess


def best(figures):
    return max(figures, default=0.0)


def run_libgpt(arguments, dtype):
    output = subprocess.run(
        [arguments.gpt_cli, "bench", "-m", arguments.model, "--dtype", dtype, "--threads", str(arguments.threads),
         "--prompt", str(arguments.prompt), "--generate", str(arguments.generate), "--repeats", "3", "--json"],
        check=True, stdout=subprocess.PIPE).stdout
    figures = {figure["kind"]: figure["fastest"] for figure in json.loads(output)["figures"]}
    return figures["prompt"], figures["generate"]


def run_llama_cpp(arguments, gguf):
    output = subprocess.run(
        shlex.split(arguments.llama_bench) + ["-m", gguf, "-t", str(arguments.threads), "-p", str(arguments.prompt),
                                              "-n", str(arguments.generate), "-r", "3", "-o", "json"],
        check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    prompt = generate = 0.0
    for figure in json.loads(output):
        fastest = best(figure["samples_ts"])
        if figure["n_gen"] == 0:
            prompt = fastest
        else:
            generate = fastest
    return prompt, generate


def compare(arguments, dtype, gguf):
    ours, theirs = [], []
    for _ in range(arguments.rounds):
        ours.append(run_libgpt(arguments, dtype))
        theirs.append(run_llama_cpp(arguments, gguf))
    cells = [dtype]
    for part in (0, 1):
        our = best(figures[part] for figures in ours)
        their = best(figures[part] for figures in theirs)
        cells += ["%.0f" % our, "%.0f" % their, "%.2f" % (our / their)]
    print("| " + " | ".join(cells) + " |", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("gguf", nargs="+")
    parser.add_argument("--gpt-cli", default="gpt-cli")
    parser.add_argument("--llama-bench", default="llama-bench")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    print("| weights | prompt of %d: libgpt | llama.cpp | ratio | generation of %d: libgpt | llama.cpp | ratio |"
          % (arguments.prompt, arguments.generate))
    print("|---|---|---|---|---|---|---|")
    for pair in arguments.gguf:
        dtype, gguf = pair.split("=", 1)
        compare(arguments, dtype, gguf)


main()
