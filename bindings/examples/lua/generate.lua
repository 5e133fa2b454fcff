#!/usr/bin/env lua
-- SPDX-License-Identifier: Apache-2.0
-- lua/generate.lua: continues a prompt with one call.
--
--     generate.lua [MODEL [PROMPT]]

local gpt = require "gpt"

local model = assert(gpt.open(arg[1] or "storyteller"))
local prompt = arg[2] or "Once upon a time"
local text, output = assert(model:text{
    prompt = prompt, threads = 1, do_sample = true, temperature = 0.8, seed = 7, max_new_tokens = 50,
})
print(prompt .. text)
print(("[%d tokens, %s]"):format(#output.token_ids, output.finish_reason))
