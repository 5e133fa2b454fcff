#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/overhead.py: what each token costs in other languages beyond what it costs in C. Prints; asserts nothing.

$BENCH_C, $BENCH_PYTHON, $BENCH_LUA and $BENCH_GO are commands that print microseconds for each token. They run in turn,
so that a machine that gets slower does so for all, and the best time of each counts.
"""
import os
import shlex
import subprocess

ROUNDS = 7
LANGUAGES = ["c", "python", "lua", "go"]

commands = {language: shlex.split(os.environ.get("BENCH_" + language.upper(), "")) for language in LANGUAGES}
best = {}
for _ in range(ROUNDS):
    for language, command in commands.items():
        if command:
            time = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            best[language] = min(time, best.get(language, time))
for language, time in best.items():
    print("%-8s %8.1f us for each token of models/storyteller, %+.1f %%"
          % (language, time, (time / best["c"] - 1) * 100))
