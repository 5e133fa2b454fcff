#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/bench/report.py: what gpt-cli bench says of a model in each type, as docs/performance.md shows it.

usage: report.py MODEL_DIR [--gpt-cli PROGRAM] [--types f32,bf16,int8] [--threads N] [--repeats N] [--quick]

A type that the processor has no products for is left out. The machine should do nothing else meanwhile.
"""
import argparse
import json
import os
import subprocess
import sys

PARTS = ["linear", "attention", "elementwise", "output", "sampling", "rest"]


def bench(arguments, dtype, *options):
    """The report of one run; None when oneDNN has no such products here."""
    result = subprocess.run(
        [arguments.gpt_cli, "bench", "-m", arguments.model, "--dtype", dtype, "--threads", str(arguments.threads),
         "--repeats", str(arguments.repeats), "--json"] + list(options),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
    if result.returncode != 0 and "oneDNN has no" in result.stderr:
        return None
    if result.returncode != 0:
        sys.exit("report.py: " + result.stderr.strip())
    return json.loads(result.stdout)


def measure(arguments, dtype):
    """A short run first, which also brings the file into the cache; then short contexts, then long ones."""
    reports = [bench(arguments, dtype, "--prompt", "32", "--generate", "0", "--repeats", "1")]
    if reports[0] is None:
        return []
    generate = "16" if arguments.quick else "128"
    reports.append(bench(arguments, dtype, "--prompt", "32,512", "--generate", generate, "--batch", "1,8,32"))
    reports.append(bench(arguments, dtype, "--prompt", "1023", "--generate", "32", "--context", "960"))
    return reports[1:]


def row(cells):
    print("| " + " | ".join(cells) + " |")


def head(cells):
    row(cells)
    row(["---"] * len(cells))


def print_machine(reports):
    head(["weights", "packed", "opened in", "memory for it", "of the packed", "machine reads", "oneDNN multiplies"])
    for dtype, report in reports:
        memory, packed = report["open_memory_bytes"], report["weight_bytes"]
        row([dtype, "%.0f MB" % (packed / 1e6), "%.2f s" % report["open_seconds"], "%.0f MB" % (memory / 1e6),
             "%.2f" % (memory / packed), "%.1f GB/s" % (report["machine"]["read_bytes_per_second"] / 1e9),
             "%.0f GFLOP/s" % (report["machine"]["operations_per_second"] / 1e9)])


def name_of(figure):
    if figure["kind"] == "prompt":
        return "prompt of %d" % figure["tokens"]
    batch = ", %d together" % figure["batch"] if figure["batch"] > 1 else ""
    after = " after %d" % figure["context"] if figure["context"] > 1 else ""
    return "generation of %d%s%s" % (figure["tokens"], after, batch)


def print_figures(reports):
    head(["weights", "what", "tokens/s", "slowest to fastest", "of the reading", "of the multiplying"])
    for dtype, report in reports:
        for figure in report["figures"]:
            row([dtype, name_of(figure), "%.0f" % figure["tokens_per_second"],
                 "%.0f to %.0f" % (figure["slowest"], figure["fastest"]),
                 "%.0f %%" % (100 * figure["reading_share"]), "%.0f %%" % (100 * figure["multiplying_share"])])


def print_parts(reports):
    head(["weights", "what", "a step"] + PARTS)
    for dtype, report in reports:
        for figure in report["figures"]:
            parts = figure["part_milliseconds"]
            whole = sum(parts.values())
            row([dtype, name_of(figure), "%.2f ms" % figure["step_milliseconds"]] +
                ["%.2f (%.0f %%)" % (parts[part], 100 * parts[part] / whole) for part in PARTS])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model")
    parser.add_argument("--gpt-cli", default="gpt-cli")
    parser.add_argument("--types", default="f32,bf16,int8")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--quick", action="store_true", help="generate less")
    arguments = parser.parse_args()
    measured = [(dtype, report) for dtype in arguments.types.split(",") for report in measure(arguments, dtype)]
    if not measured:
        sys.exit("report.py: none of these types can be measured here")
    print("%s, %d threads, median of %d runs\n" % (measured[0][1]["backend"], arguments.threads, arguments.repeats))
    print_machine(measured[::2])
    print()
    print_figures(measured)
    print()
    print_parts(measured)


main()
