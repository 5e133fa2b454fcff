#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python/gpt_batch.py: computes many prompts together, two samples of each.

    gpt_batch.py [MODEL [PROMPT...]]
"""
import sys

import gpt

name = sys.argv[1] if len(sys.argv) > 1 else "storyteller"
prompts = sys.argv[2:] or ["Once upon a time", "The fox", "One day, a little girl"]
model = gpt.Model.from_pretrained(name)
outputs = model.generate(prompts, threads=1, do_sample=True, top_k=40, num_return_sequences=2, seed=7,
                         max_new_tokens=30)
for i, samples in enumerate(outputs):
    for j, text in enumerate(samples):
        print("%d.%d: %s%s" % (i, j, prompts[i], text))
