-- SPDX-License-Identifier: Apache-2.0
-- gpt/settings.lua: the settings of a generator by the names that they have in transformers' generate.

local core = require "gpt.core"
local errors = require "gpt.errors"

local settings = {}

-- Settings that are one number, or true and false, and the name of each in the C interface.
settings.numbers = {
    do_sample = "sampling",
    temperature = "temperature",
    top_k = "top_k",
    top_p = "top_p",
    min_p = "min_p",
    typical_p = "typical_p",
    epsilon_cutoff = "epsilon_cutoff",
    eta_cutoff = "eta_cutoff",
    repetition_penalty = "repetition_penalty",
    presence_penalty = "presence_penalty",
    frequency_penalty = "frequency_penalty",
    no_repeat_ngram_size = "no_repeat_ngram",
    min_new_tokens = "min_new_tokens",
    max_new_tokens = "max_new_tokens",
    max_length = "max_length",
    num_return_sequences = "samples",
    num_beams = "beams",
    length_penalty = "length_penalty",
    early_stopping = "early_stopping",
    logprobs = "logprobs",
    threads = "threads",
    chunk = "chunk",
    cache_tokens = "cache_tokens",
    seed = "seed",
}

local yes_or_no = { do_sample = true, early_stopping = true }

-- Settings that make no sense unless tokens are drawn at random: giving one turns sampling on.
local of_sampling = { "temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff" }

local function as_list(value)
    return type(value) == "table" and value or { value }
end

-- The tokens that end a sequence: these, and no others. Before there are none but the model's, and those set here.
local function set_eos(generator, tokens)
    local handle = generator:_open_handle()
    local model = core.gpt_generator_model(handle)
    for i = 0, core.gpt_model_stop_token_count(model) - 1 do
        core.gpt_generator_set_stop_token(handle, core.gpt_model_stop_token(model, i), 0)
    end
    for _, token in ipairs(generator.ends or {}) do
        core.gpt_generator_set_stop_token(handle, token, 0)
    end
    generator.ends = {}
    for _, token in ipairs(as_list(tokens)) do
        core.gpt_generator_set_stop_token(handle, token, 1)
        generator.ends[#generator.ends + 1] = token
    end
end

local function set_stop_strings(generator, strings)
    local handle = generator:_open_handle()
    core.gpt_generator_clear_stop_strings(handle)
    for _, text in ipairs(as_list(strings)) do
        core.gpt_generator_add_stop_string(handle, text)
    end
end

local function suppress(generator, tokens)
    for _, token in ipairs(as_list(tokens)) do
        core.gpt_generator_set_banned(generator:_open_handle(), token, 1)
    end
end

-- A table from tokens to what is added to their logits.
local function set_bias(generator, biases)
    for token, bias in pairs(biases) do
        core.gpt_generator_set_bias(generator:_open_handle(), token, bias)
    end
end

local lists = {
    eos_token_id = set_eos,
    stop_strings = set_stop_strings,
    suppress_tokens = suppress,
    sequence_bias = set_bias,
    logits_processor = function(generator, value) generator:_set_hook(value) end,
}

-- All names, in order.
settings.names = {}
for name in pairs(settings.numbers) do settings.names[#settings.names + 1] = name end
for name in pairs(lists) do settings.names[#settings.names + 1] = name end
table.sort(settings.names)

local function set_number(handle, name, value)
    local plain = value
    if type(value) == "boolean" and yes_or_no[name] then plain = value and 1 or 0 end
    if type(plain) ~= "number" then
        errors.fail("ARGUMENT", "%s: a number is needed, not a %s", name, type(value))
    end
    local ok, problem = pcall(core["gpt_generator_set_" .. settings.numbers[name]], handle, plain)
    if not ok then
        -- libgpt names its own; what does not fit into the number's type has not come that far.
        if type(problem) == "table" and problem.message:find("whole number", 1, true) then
            errors.fail("ARGUMENT", "%s: %s", name, problem.message)
        end
        error(problem, 0)
    end
end

--- The value of a setting that is one number.
function settings.get(handle, name)
    local value = core["gpt_generator_" .. settings.numbers[name]](handle)
    if yes_or_no[name] then return value ~= 0 end
    return value
end

-- Sampling is on when a setting asks for it, unless do_sample is given.
local function implies_sampling(given)
    if given.do_sample ~= nil then return false end
    for _, name in ipairs(of_sampling) do
        if given[name] ~= nil then return true end
    end
    return (given.num_return_sequences or 1) ~= 1 and (given.num_beams or 1) == 1
end

--- Sets what is given. All names are looked at before anything is set.
function settings.apply(generator, given)
    for name in pairs(given) do
        if not settings.numbers[name] and not lists[name] then
            errors.fail("ARGUMENT", "\"%s\" is not a setting; there are %s", tostring(name),
                        table.concat(settings.names, ", "))
        end
    end
    if implies_sampling(given) then set_number(generator:_open_handle(), "do_sample", true) end
    for name, value in pairs(given) do
        if lists[name] then
            lists[name](generator, value)
        else
            set_number(generator:_open_handle(), name, value)
        end
    end
end

return settings
