#!/usr/bin/env lua
-- SPDX-License-Identifier: Apache-2.0
-- lua/score.lua: how probable the model finds each token of a text, and the perplexity of the whole.
--
--     score.lua [MODEL [TEXT...]]

local gpt = require "gpt"

local texts = { select(2, ...) }
if #texts == 0 then texts = { "Once upon a time there was a fox.", "Time a upon fox once was." } end
local model = assert(gpt.open(... or "storyteller"))
local generator = assert(model:generator{ threads = 1 })
for _, text in ipairs(texts) do
    local ids = assert(model:tokenizer():encode(text))
    local logprobs = #ids > 0 and assert(generator:score(ids)) or {}
    local sum = 0
    -- The first token has nothing before it.
    for i = 2, #ids do
        print(("%d %.4f"):format(ids[i], logprobs[i]))
        sum = sum + logprobs[i]
    end
    print(("perplexity %.3f"):format(#ids > 1 and math.exp(-sum / (#ids - 1)) or 1))
end
