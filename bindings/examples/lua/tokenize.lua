#!/usr/bin/env lua
-- SPDX-License-Identifier: Apache-2.0
-- lua/tokenize.lua: turns texts into token ids and back, and shows the bytes of each token.
--
--     tokenize.lua [MODEL [TEXT...]]

local gpt = require "gpt"

local texts = { select(2, ...) }
if #texts == 0 then texts = { "Once upon a time", "caf\195\169 \240\159\166\138", "" } end
local tokenizer = assert(gpt.tokenizer(... or "storyteller"))
for _, text in ipairs(texts) do
    local ids = assert(tokenizer:encode(text))
    for _, token in ipairs(ids) do
        -- In hexadecimal, since the bytes of a token need not be whole characters.
        local bytes = assert(tokenizer:token_bytes(token)):gsub(".", function(byte)
            return ("%02x"):format(byte:byte())
        end)
        print(("%d %s"):format(token, bytes))
    end
    print(("%d tokens: "):format(#ids) .. assert(tokenizer:decode(ids)))
end
