#!/usr/bin/env lua
-- SPDX-License-Identifier: Apache-2.0
-- lua/batch.lua: computes many prompts together, two samples of each.
--
--     batch.lua [MODEL [PROMPT...]]

local gpt = require "gpt"

local SAMPLES = 2
local prompts = { select(2, ...) }
if #prompts == 0 then prompts = { "Once upon a time", "The fox", "One day, a little girl" } end
local model = assert(gpt.open(... or "storyteller"))
local outputs = assert(model:outputs{
    prompts = prompts, threads = 1, do_sample = true, top_k = 40, num_return_sequences = SAMPLES, seed = 7,
    max_new_tokens = 30,
})
for i, output in ipairs(outputs) do
    local prompt, sample = math.floor((i - 1) / SAMPLES), (i - 1) % SAMPLES
    print(("%d.%d: "):format(prompt, sample) .. output.prompt .. output.text)
end
