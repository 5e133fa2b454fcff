#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""python/gpt_tokenize.py: turns texts into token ids and back, and shows the bytes of each token.

    gpt_tokenize.py [MODEL [TEXT...]]
"""
import sys

import gpt

name = sys.argv[1] if len(sys.argv) > 1 else "storyteller"
tokenizer = gpt.Tokenizer.from_pretrained(name)
for text in sys.argv[2:] or ["Once upon a time", "caf\u00e9 \U0001f98a", ""]:
    ids = tokenizer.encode(text)
    for token in ids:
        # In hexadecimal, since the bytes of a token need not be whole characters.
        print(token, tokenizer.token_bytes(token).hex())
    print("%d tokens: %s" % (len(ids), tokenizer.decode(ids)))
