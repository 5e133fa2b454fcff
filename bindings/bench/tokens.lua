-- SPDX-License-Identifier: Apache-2.0
-- bench/tokens.lua: the microseconds for each token of a stream in Lua. The same work as tokens.c.

local gpt = require "gpt"

local TOKENS = 400

-- Lua itself has no clock for time that passes finer than a second, but with one thread the processor's will do.
local generator = assert(assert(gpt.open("storyteller")):generator{
    threads = 1, do_sample = false, max_new_tokens = TOKENS, min_new_tokens = TOKENS,
})
local best, size = math.huge, 0
for _ = 1, 3 do
    local begin = os.clock()
    for piece in generator:generate("Once upon a time") do size = size + #piece end
    best = math.min(best, os.clock() - begin)
end
print(("%.2f"):format(best / TOKENS * 1e6))
