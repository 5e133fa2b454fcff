-- SPDX-License-Identifier: Apache-2.0
-- tests/install/story.lua: the program of README.md.
local gpt = require "gpt"

local model = assert(gpt.open("storyteller"))
for piece in model:generate{prompt = "Once upon a time", max_new_tokens = 50, temperature = 0.8} do
    io.write(piece)
end
print()
for _, output in ipairs(assert(model:outputs{prompts = {"The fox", "The sun"}, max_new_tokens = 20})) do
    print(output.prompt .. output.text, #output.token_ids, output.finish_reason)
end
print(gpt.open("no-such-model"))
