#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
import gpt

model = gpt.Model.from_pretrained("storyteller")
print(model.generate("Once upon a time", max_new_tokens=50, temperature=0.8))
for text in model.generate(["The fox", "The sun"], max_new_tokens=20):
    print(text.prompt + text, len(text.token_ids), text.finish_reason)
for piece in model.stream("One day", seed=7, max_new_tokens=100):
    print(piece, end="", flush=True)
