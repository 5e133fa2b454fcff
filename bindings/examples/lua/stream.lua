#!/usr/bin/env lua
-- SPDX-License-Identifier: Apache-2.0
-- lua/stream.lua: shows each piece of text as soon as it is certain.
--
--     stream.lua [MODEL [PROMPT]]

local gpt = require "gpt"

local model = assert(gpt.open(arg[1] or "storyteller"))
local prompt = arg[2] or "Once upon a time"
for piece in model:generate{ prompt = prompt, threads = 1, do_sample = true, seed = 7, max_new_tokens = 50 } do
    -- On a line of its own, between bars, so that its spaces can be seen.
    print("|" .. piece .. "|")
    io.flush()
end
