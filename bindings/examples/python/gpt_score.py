#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python/gpt_score.py: how probable the model finds each token of a text, and the perplexity of the whole.

    gpt_score.py [MODEL [TEXT...]]
"""
import math
import sys

import gpt

name = sys.argv[1] if len(sys.argv) > 1 else "storyteller"
generator = gpt.Model.from_pretrained(name).generator(threads=1)
for text in sys.argv[2:] or ["Once upon a time there was a fox.", "Time a upon fox once was."]:
    ids = generator.model.tokenizer.encode(text)
    # The first token has nothing before it.
    logprobs = [float(logprob) for logprob in generator.score(ids)[1:]] if ids else []
    for token, logprob in zip(ids[1:], logprobs):
        print("%d %.4f" % (token, logprob))
    print("perplexity %.3f" % (math.exp(-sum(logprobs) / len(logprobs)) if logprobs else 1))
