-- SPDX-License-Identifier: Apache-2.0
-- gpt/generator.lua: new text from a model: in a stream, at once, or step by step.

local core = require "gpt.core"
local errors = require "gpt.errors"
local handle_class = require "gpt.handle"
local settings = require "gpt.settings"

local Generator = handle_class("generator")
local open_handle, close = Generator._open_handle, Generator.close

-- Lua does not know how much memory a generator has: after so many that nobody has closed, it is made to collect.
local UNCLOSED = 8
local unclosed = 0

--- A generator with settings. It keeps its model alive.
function Generator._new(model, given)
    unclosed = unclosed + 1
    if unclosed > UNCLOSED then
        collectgarbage()
        unclosed = 0
    end
    local self = setmetatable({ handle = core.gpt_generator_new(model:_open_handle()), model = model,
                                runner = core.runner(), hooks = {} }, Generator)
    if model.threads > 0 then core.gpt_generator_set_threads(self.handle, model.threads) end
    settings.apply(self, given or {})
    return self
end

-- In the middle of a step nothing but cancel may touch the generator, and a logits processor runs in the middle of one.
function Generator:_check_idle()
    if core.is_running(self.runner) then
        errors.fail("ARGUMENT", "generator: a function that it calls can not use it")
    end
end

function Generator:_open_handle()
    local handle = open_handle(self)
    self:_check_idle()
    return handle
end

function Generator:close()
    self:_check_idle()
    if self.handle then unclosed = math.max(unclosed - 1, 0) end
    return close(self)
end

--- Changes settings, for sequences that are added afterwards. Returns the generator.
function Generator:set(given)
    settings.apply(self, given)
    return self
end

-- A function that gets ids, logits and the number of the sequence, and changes the logits or returns others; false: none.
function Generator:_set_hook(hook)
    local handle = self:_open_handle()
    if hook and type(hook) ~= "function" then
        errors.fail("ARGUMENT", "logits_processor: a function is needed, not a %s", type(hook))
    end
    local new = core.set_hook(handle, self.runner, hook or nil)
    -- libgpt calls the earlier ones no more, once no sequence runs that has them.
    if core.gpt_generator_active(handle) == 0 then self.hooks = {} end
    self.hooks[#self.hooks + 1] = new
end

--- The settings that are one number or true and false, by name.
function Generator:settings()
    local values = {}
    for name in pairs(settings.numbers) do values[name] = settings.get(self:_open_handle(), name) end
    return values
end

--- Puts every setting back to what the model's files ask for.
function Generator:reset_settings()
    local handle = self:_open_handle()
    core.gpt_generator_reset_settings(handle)
    self:_set_hook(false)
    if self.model.threads > 0 then core.gpt_generator_set_threads(handle, self.model.threads) end
    return self
end

-- Step by step.

function Generator:_add(prompt)
    local add = type(prompt) == "table" and core.gpt_generator_add_ids or core.gpt_generator_add
    return add(self:_open_handle(), prompt)
end

-- A stream's sequence is computed alone. One that nobody reads any more looks as one that goes on: it ends, and its
-- iterator says so if it is called again.
function Generator:_end_stream()
    local handle = self:_open_handle()
    if self.streaming then pcall(core.gpt_generator_drop, handle, self.streaming) end
    self.streaming = nil
end

--- Adds a prompt, a text or a list of ids; returns the number of its first sequence. Further samples have the next ones.
function Generator:add(prompt)
    self:_end_stream()
    return self:_add(prompt)
end

function Generator:_step()
    return core.step(self:_open_handle(), self.runner)
end

--- Computes a token for each sequence whose prompt has been read, and a part of the prompts that wait. Returns a list of
--- events: tables with sequence, token, text, and where there are, finish_reason, logprob and alternatives.
function Generator:step()
    self:_end_stream()
    return self:_step()
end

--- An iterator over the events of all steps, until all sequences have ended. Errors are raised.
function Generator:events()
    local list, at = {}, 0
    return function()
        while at >= #list do
            self:_end_stream()
            if core.gpt_generator_active(self:_open_handle()) == 0 then return nil end
            list, at = self:_step(), 0
        end
        at = at + 1
        return list[at]
    end
end

--- Drops a sequence that runs.
function Generator:drop(sequence)
    core.gpt_generator_drop(self:_open_handle(), sequence)
    return true
end

--- The number of sequences that have not ended.
function Generator:active()
    return core.gpt_generator_active(self:_open_handle())
end

--- The number of prompt tokens that are still to be read.
function Generator:pending()
    return core.gpt_generator_pending(self:_open_handle())
end

--- Lets what is being computed end with an error; a callback or a logits processor may call it.
function Generator:cancel()
    core.gpt_generator_cancel(open_handle(self))
end

-- At once.

-- What a call is given: a text, or a table with prompt or prompts, callback and settings. Returns the prompts, the
-- callback and the settings.
local function arguments(given)
    if type(given) ~= "table" then given = { prompt = given } end
    local prompts, callback, rest = given.prompts, given.callback, {}
    for name, value in pairs(given) do
        if name ~= "prompt" and name ~= "prompts" and name ~= "callback" then rest[name] = value end
    end
    if (given.prompt == nil) == (prompts == nil) then
        errors.fail("ARGUMENT", "one of prompt and prompts is needed")
    end
    if prompts ~= nil and type(prompts) ~= "table" then
        errors.fail("ARGUMENT", "prompts: a table is needed, not a %s", type(prompts))
    end
    return prompts or { given.prompt }, callback, rest
end

-- Sequences of add must not run.
function Generator:_begin()
    self:_end_stream()
    if core.gpt_generator_active(self:_open_handle()) > 0 then
        errors.fail("ARGUMENT", "generator: sequences of add run; they must end first")
    end
end

-- Adds the prompts; returns the outputs by sequence, and a list of all in order.
function Generator:_add_all(prompts)
    local handle = self:_open_handle()
    local by_sequence, list = {}, {}
    for _, prompt in ipairs(prompts) do
        local before = core.gpt_generator_pending(handle)
        local first = self:_add(prompt)
        local tokens = core.gpt_generator_pending(handle) - before
        for i = 0, core.gpt_generator_samples(handle) - 1 do
            local output = { prompt = prompt, prompt_tokens = tokens, pieces = {}, token_ids = {} }
            by_sequence[first + i] = output
            list[#list + 1] = output
        end
    end
    return by_sequence, list
end

local function take(output, event)
    output.pieces[#output.pieces + 1] = event.text
    output.token_ids[#output.token_ids + 1] = event.token
    output.finish_reason = event.finish_reason
    if event.logprob then
        output.logprobs = output.logprobs or {}
        output.logprobs[#output.logprobs + 1] = event.logprob
    end
end

function Generator:_run(by_sequence, callback)
    while core.gpt_generator_active(self:_open_handle()) > 0 do
        for _, event in ipairs(self:_step()) do
            take(by_sequence[event.sequence], event)
            if callback then callback(event) end
        end
    end
end

function Generator:_search(prompts)
    local list = {}
    for _, prompt in ipairs(prompts) do
        for _, output in ipairs(core.search(self:_open_handle(), self.runner, prompt)) do
            output.prompt = prompt
            list[#list + 1] = output
        end
    end
    return list
end

-- Drops what runs, when something went wrong.
function Generator:_drop_all(by_sequence)
    for sequence in pairs(by_sequence) do pcall(core.gpt_generator_drop, self.handle, sequence) end
end

function Generator:_outputs(given)
    local prompts, callback, rest = arguments(given)
    settings.apply(self, rest)
    self:_begin()
    if core.gpt_generator_beams(self.handle) > 1 then return self:_search(prompts) end
    local by_sequence, list = {}, nil
    local ok, problem = pcall(function()
        for _, prompt in ipairs(prompts) do
            local added, outputs = self:_add_all({ prompt })
            for sequence, output in pairs(added) do by_sequence[sequence] = output end
            list = list or {}
            for _, output in ipairs(outputs) do list[#list + 1] = output end
        end
        self:_run(by_sequence, callback)
    end)
    if not ok then
        self:_drop_all(by_sequence)
        error(problem, 0)
    end
    for _, output in ipairs(list or {}) do
        output.text = table.concat(output.pieces)
        output.pieces = nil
    end
    return list or {}
end

--- Continues a prompt, or each of several that are computed together. Returns a list of outputs in their order, with
--- num_return_sequences so many for each prompt: tables with text, token_ids, finish_reason, prompt, prompt_tokens and,
--- where there are, logprobs and score. callback gets each event.
function Generator:outputs(given)
    return self:_outputs(given)
end

--- Continues one prompt: returns the new text, and its output.
function Generator:text(given)
    local output = self:_outputs(given)[1]
    return output.text, output
end

-- What generate gives an iterator over.
local Stream = {}
Stream.__index = Stream

function Stream:stop()
    local generator = self.generator
    -- In the middle of a step nothing can be dropped; a later call of the generator does so.
    if core.is_running(generator.runner) then return end
    self.ended = true
    if generator.handle and generator.streaming == self.sequence then generator:_end_stream() end
    if generator.close_after_stream then generator:close() end
end

-- The text of one more token.
function Stream:step()
    local generator, text = self.generator, ""
    local events = generator:_step()
    self.ended = core.gpt_generator_active(generator.handle) == 0
    if self.ended then generator.streaming = nil end
    for _, event in ipairs(events) do
        text = text .. event.text
        if self.callback then self.callback(event) end
    end
    return text
end

-- The next piece of text, nil at the end.
function Stream:piece()
    while not self.ended do
        self.generator:_check_idle()
        if self.generator.streaming ~= self.sequence then
            errors.fail("ARGUMENT", "generator: another call of it has ended the stream")
        end
        local ok, text = pcall(self.step, self)
        if not ok then
            self:stop()
            error(text, 0)
        end
        if text ~= "" then return text end
    end
    self:stop()
    return nil
end

--- An iterator over the pieces of text that continue a prompt, each as soon as it is certain. Errors are raised. Since
--- Lua 5.4 leaving the loop stops the generation at once; before, the next call of the generator does, or the collector.
function Generator:generate(given)
    local prompts, callback, rest = arguments(given)
    settings.apply(self, rest)
    self:_begin()
    if #prompts ~= 1 or core.gpt_generator_samples(self.handle) ~= 1 then
        errors.fail("ARGUMENT", "a stream has one prompt and one sequence; use outputs, or add and events")
    end
    self.streaming = self:_add(prompts[1])
    local stream = setmetatable({ generator = self, sequence = self.streaming, callback = callback, ended = false },
                                Stream)
    return function() return stream:piece() end, nil, nil, setmetatable({}, { __close = function() stream:stop() end })
end

-- Numbers instead of text.

function Generator:_ids(text)
    if type(text) == "table" then return text end
    -- The generator's own model: the user may have closed the other handle.
    local tokenizer = core.gpt_model_tokenizer(core.gpt_generator_model(self:_open_handle()))
    if not tokenizer then errors.fail("NOT_FOUND", "model: its files have no tokenizer") end
    return core.gpt_tokenizer_encode(tokenizer, text, 0)
end

--- The logits after each token of a text or of ids: a list of lists.
function Generator:logits(text)
    return core.evaluate(self:_open_handle(), self:_ids(text), "logits")
end

--- The hidden state of each token of a text or of ids after the last norm: a list of lists.
function Generator:hidden_states(text)
    return core.evaluate(self:_open_handle(), self:_ids(text), "hidden")
end

--- The log-probability of each token of a text or of ids after those before it: a list, whose first is NaN.
function Generator:score(text)
    return core.score(self:_open_handle(), self:_ids(text))
end

--- The bytes that the cache takes for so many tokens of one sequence.
function Generator:cache_bytes(tokens)
    return core.gpt_generator_cache_bytes(self:_open_handle(), tokens)
end

-- Iterators raise, as they have no other way.
return errors.protect_all(Generator, { events = true, generate = true })
