#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python/gpt_serve.py: several threads, each with a generator of its own, work on one list of prompts.

    gpt_serve.py [MODEL [PROMPT...]]
"""
import concurrent.futures
import sys
import threading

import gpt

name = sys.argv[1] if len(sys.argv) > 1 else "storyteller"
prompts = sys.argv[2:] or ["Once upon a time", "The fox", "One day, a little girl", "The sun", "It was a dark night",
                           "A boy named Tom"]
model = gpt.Model.from_pretrained(name)
own = threading.local()


def start():
    """Gives a thread its generator."""
    own.generator = model.generator(threads=1, do_sample=True, seed=7, max_new_tokens=30)


def work(prompt):
    """Continues a prompt on the thread that is free."""
    return own.generator.generate(prompt)


with concurrent.futures.ThreadPoolExecutor(3, initializer=start) as pool:
    # In the order of the prompts, whichever thread is ready first.
    for i, text in enumerate(pool.map(work, prompts)):
        print("%d: %s%s" % (i, prompts[i], text))
