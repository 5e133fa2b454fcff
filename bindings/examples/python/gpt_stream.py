#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python/gpt_stream.py: shows each piece of text as soon as it is certain.

    gpt_stream.py [MODEL [PROMPT]]
"""
import sys

import gpt

name = sys.argv[1] if len(sys.argv) > 1 else "storyteller"
prompt = sys.argv[2] if len(sys.argv) > 2 else "Once upon a time"
model = gpt.Model.from_pretrained(name)
for piece in model.stream(prompt, threads=1, do_sample=True, seed=7, max_new_tokens=50):
    # On a line of its own, between bars, so that its spaces can be seen.
    print("|%s|" % piece, flush=True)
