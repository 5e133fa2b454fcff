#!/usr/bin/env lua
-- SPDX-License-Identifier: Apache-2.0
-- lua/serve.lua: several Lua states, each with a model and a generator of its own, work on one list of prompts.
--
--     serve.lua [MODEL [PROMPT...]]
--
-- A Lua state has one thread, so that each state is a process here; the system keeps one copy of the model's file for
-- all. (A program that embeds Lua may as well have one state for each of its threads.)

local STATES = 3
local model_name = ... or "storyteller"
local prompts = { select(2, ...) }
if #prompts == 0 then
    prompts = { "Once upon a time", "The fox", "One day, a little girl", "The sun", "It was a dark night",
                "A boy named Tom" }
end

-- In a state of its own: every third prompt, each answer on a line with its length, as a text may have line feeds.
local function work(first)
    local gpt = require "gpt"
    local model = assert(gpt.open(model_name))
    local generator = assert(model:generator{ threads = 1, do_sample = true, seed = 7, max_new_tokens = 30 })
    for i = first, #prompts, STATES do
        local text = assert(generator:text(prompts[i]))
        io.write(#text, "\n", text)
    end
end

local function quote(word)
    return "'" .. word:gsub("'", "'\\''") .. "'"
end

-- Starts a state: this program again, which is told its number.
local function start(number)
    local words = { quote(arg[-1]), quote(arg[0]), quote(model_name) }
    for _, prompt in ipairs(prompts) do words[#words + 1] = quote(prompt) end
    return assert(io.popen("GPT_STATE=" .. number .. " " .. table.concat(words, " "), "r"))
end

local state = tonumber(os.getenv("GPT_STATE") or nil)
if state then
    work(state)
    return
end
local pipes = {}
for number = 1, math.min(STATES, #prompts) do pipes[number] = start(number) end
-- In the order of the prompts, whichever state is ready first.
for i, prompt in ipairs(prompts) do
    local pipe = pipes[(i - 1) % STATES + 1]
    local length = assert(tonumber(pipe:read("*l")), "a state has failed")
    print(("%d: "):format(i - 1) .. prompt .. (pipe:read(length) or ""))
end
for _, pipe in ipairs(pipes) do pipe:close() end
