#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""bench/tokens.py: the microseconds for each token of a stream in Python. The same work as tokens.c."""
import time

import gpt

TOKENS = 400
generator = gpt.Model.from_pretrained("storyteller").generator(threads=1, do_sample=False, max_new_tokens=TOKENS,
                                                               min_new_tokens=TOKENS)
best = 1e9
size = 0
for _ in range(3):
    begin = time.perf_counter()
    for piece in generator.stream("Once upon a time"):
        size += len(piece)
    best = min(best, time.perf_counter() - begin)
print("%.2f" % (best / TOKENS * 1e6))
