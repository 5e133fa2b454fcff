#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
from gpt.transformers import GPT2LMHeadModel, GPT2Tokenizer

tokenizer = GPT2Tokenizer.from_pretrained("storyteller")
model = GPT2LMHeadModel.from_pretrained("storyteller")
input_ids = tokenizer.encode("Once upon a time", return_tensors="pt")
output = model.generate(input_ids, max_length=50, num_return_sequences=1)
print(tokenizer.decode(output[0], skip_special_tokens=True))
