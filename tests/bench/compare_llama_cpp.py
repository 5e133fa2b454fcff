#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/compare_llama_cpp.py: libgpt and llama.cpp in turn, on models of the same shape, as a Markdown table.

usage: compare_llama_cpp.py MODEL_DIR TYPE=GGUF... [--gpt-cli COMMAND]... [--llama-bench COMMAND] [--threads N]
           [--prompt T] [--generate T] [--rounds N]

MODEL_DIR is an ordinary Hugging Face directory, each GGUF the same model in a type of llama.cpp's, beside which libgpt
runs it as TYPE: f32, bf16 or int8. COMMAND may have several words, such as "chroot ROOT llama-bench"; with several
builds of libgpt, each has its columns. Each round runs all programs, one after the other; the best of the rounds counts
for each, as what disturbs only slows down. Compare only figures from one machine and one run.
"""
import argparse
import json
import os
import shlex
import subprocess


class Libgpt:
    """One build of it."""

    def __init__(self, command, arguments):
        self.command = shlex.split(command)
        self.arguments = arguments
        self.backend = ""

    def measure(self, dtype):
        """Tokens a second: reading a prompt, generating."""
        a = self.arguments
        output = subprocess.run(
            self.command + ["bench", "-m", a.model, "--dtype", dtype, "--threads", str(a.threads), "--prompt",
                            str(a.prompt), "--generate", str(a.generate), "--repeats", "3", "--json"],
            check=True, stdout=subprocess.PIPE).stdout
        report = json.loads(output)
        self.backend = report["backend"].split(",")[0]
        return [figure["fastest"] for figure in report["figures"]]


class LlamaCpp:
    def __init__(self, arguments):
        self.command = shlex.split(arguments.llama_bench)
        self.arguments = arguments

    def measure(self, gguf):
        a = self.arguments
        output = subprocess.run(
            self.command + ["-m", gguf, "-t", str(a.threads), "-p", str(a.prompt), "-n", str(a.generate), "-r", "3",
                            "-o", "json"],
            check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        return [max(figure["samples_ts"]) for figure in json.loads(output)]


def best(rounds):
    """The best of each figure: [rounds, figures] becomes [figures]."""
    return [max(figures) for figures in zip(*rounds)]


def row(cells):
    print("| " + " | ".join(cells) + " |", flush=True)


def print_head(builds):
    for build in builds:
        build.measure("f32")  # a first look, which warms up and tells the version
    cells = ["weights", "what", "llama.cpp"]
    for build in builds:
        cells += ["libgpt with " + build.backend, "ratio"]
    row(cells)
    row(["---"] * len(cells))


def compare(builds, peer, dtype, gguf, names):
    ours, theirs = [[] for _ in builds], []
    for _ in range(peer.arguments.rounds):
        theirs.append(peer.measure(gguf))
        for rounds, build in zip(ours, builds):
            rounds.append(build.measure(dtype))
    their_best, our_best = best(theirs), [best(rounds) for rounds in ours]
    label = dtype + ", beside " + os.path.basename(gguf).rsplit(".", 1)[0].rsplit("-", 1)[-1]
    for i, name in enumerate(names):
        cells = [label, name, "%.0f" % their_best[i]]
        for figures in our_best:
            cells += ["%.0f" % figures[i], "%.2f" % (figures[i] / their_best[i])]
        row(cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("gguf", nargs="+")
    parser.add_argument("--gpt-cli", action="append")
    parser.add_argument("--llama-bench", default="llama-bench")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--prompt", type=int, default=512)
    parser.add_argument("--generate", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    builds = [Libgpt(command, arguments) for command in arguments.gpt_cli or ["gpt-cli"]]
    peer = LlamaCpp(arguments)
    names = ["prompt of %d" % arguments.prompt, "generation of %d" % arguments.generate]
    print("tokens a second, %d threads, the best of %d rounds\n" % (arguments.threads, arguments.rounds))
    print_head(builds)
    for pair in arguments.gguf:
        dtype, gguf = pair.split("=", 1)
        compare(builds, peer, dtype, gguf, names)


main()
