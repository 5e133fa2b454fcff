#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python/gpt_generate.py: continues a prompt with one call.

    gpt_generate.py [MODEL [PROMPT]]
"""
import sys

import gpt

name = sys.argv[1] if len(sys.argv) > 1 else "storyteller"
prompt = sys.argv[2] if len(sys.argv) > 2 else "Once upon a time"
model = gpt.Model.from_pretrained(name)
text = model.generate(prompt, threads=1, do_sample=True, temperature=0.8, seed=7, max_new_tokens=50)
print(prompt + text)
print("[%d tokens, %s]" % (len(text.token_ids), text.finish_reason))
