-- SPDX-License-Identifier: Apache-2.0
-- gpt.lua: GPT language models in Lua. docs/bindings.md in libgpt's source tells more.
--
--     local gpt = require "gpt"
--     local model = assert(gpt.open("storyteller"))
--     for piece in model:generate{prompt = "Once upon a time", max_new_tokens = 50} do io.write(piece) end
--
-- What fails returns nil, a message and a code (gpt.NOT_FOUND, ...), or raises after gpt.raise_errors(true).

local Chat = require "gpt.chat"
local core = require "gpt.core"
local errors = require "gpt.errors"
local Generator = require "gpt.generator"
local handle_class = require "gpt.handle"
local settings = require "gpt.settings"

local gpt = {}
for name, code in pairs(errors.codes) do gpt[name] = code end

--- The version of libgpt, such as "1.0.0".
gpt.version = core.gpt_version()

--- The names of all settings, in order.
gpt.settings = settings.names

--- Whether errors are raised, as tables with message and code, instead of returned.
function gpt.raise_errors(yes)
    errors.raising = not not yes
end

-- --- Tokenizer -----------------------------------------------------------------------------------------------------

local Tokenizer = handle_class("tokenizer")

--- The token ids of a text. With {allow_special = false}, "<|endoftext|>" and the like are plain text.
function Tokenizer:encode(text, options)
    local ordinary = options and options.allow_special == false
    return core.gpt_tokenizer_encode(self:_open_handle(), text, ordinary and core.GPT_ENCODE_ORDINARY or 0)
end

--- The number of tokens of a text.
function Tokenizer:count(text)
    return #core.gpt_tokenizer_encode(self:_open_handle(), text, 0)
end

--- The text of token ids. With {skip_special_tokens = true}, those that are control and not text are left out.
function Tokenizer:decode(ids, options)
    local skip = options and options.skip_special_tokens
    return core.gpt_tokenizer_decode(self:_open_handle(), ids, skip and core.GPT_DECODE_SKIP_SPECIAL or 0)
end

--- The bytes that one token stands for.
function Tokenizer:token_bytes(token)
    return core.token_bytes(self:_open_handle(), token)
end

--- The id of the token that stands for these bytes; -1 when there is none.
function Tokenizer:token_id(bytes)
    return core.gpt_tokenizer_token_id(self:_open_handle(), bytes)
end

--- Whether a token is control and not text.
function Tokenizer:is_special(token)
    return core.gpt_tokenizer_is_special(self:_open_handle(), token) ~= 0
end

--- One more than the largest id.
function Tokenizer:vocab_size()
    return core.gpt_tokenizer_vocab_size(self:_open_handle())
end

errors.protect_all(Tokenizer, {})

-- --- Model ---------------------------------------------------------------------------------------------------------

local Model = handle_class("model")

function Model:_tokenizer()
    if not self.own_tokenizer then
        local handle = core.gpt_model_tokenizer(self:_open_handle())
        if not handle then errors.fail("NOT_FOUND", "model: its files have no tokenizer") end
        self.own_tokenizer = setmetatable({ handle = core.gpt_tokenizer_ref(handle) }, Tokenizer)
    end
    return self.own_tokenizer
end

--- The tokenizer of the model.
function Model:tokenizer()
    return self:_tokenizer()
end

--- How the weights are kept: "f32", "bf16" or "int8".
function Model:dtype()
    return core.gpt_dtype_name(core.gpt_model_dtype(self:_open_handle()))
end

-- What the C interface tells of a model, by its name here: each is a method.
local facts = {
    path = "path", -- where it was opened from
    family = "family", -- as config.json calls it: "gpt2"
    vocab_size = "vocab_size", -- the number of logits for each token
    context_length = "context_length", -- the largest number of tokens, prompt and new ones together
    hidden_size = "width", -- the number of values in a hidden state
    layers = "layers",
    heads = "heads",
    kv_heads = "kv_heads",
    parameters = "parameters", -- the number of different weights
    weight_bytes = "weight_bytes", -- the memory that the weights take
}
for name, c_name in pairs(facts) do
    local get = core["gpt_model_" .. c_name]
    Model[name] = function(self) return get(self:_open_handle()) end
end

--- A new generator, with settings, which keeps the model alive.
function Model:generator(given)
    return Generator._new(self, given)
end

-- Calls a method of a new generator, which is closed afterwards.
local function with_generator(self, method, ...)
    local generator = Generator._new(self)
    local ok, first, second = pcall(Generator._raw[method], generator, ...)
    generator:close()
    if not ok then error(first, 0) end
    return first, second
end

--- Each is that of a generator (gpt/generator.lua) with the settings that the model's files ask for.
function Model:text(given) return with_generator(self, "text", given) end
function Model:outputs(given) return with_generator(self, "outputs", given) end
function Model:logits(text) return with_generator(self, "logits", text) end
function Model:hidden_states(text) return with_generator(self, "hidden_states", text) end
function Model:score(text) return with_generator(self, "score", text) end

--- An iterator over the pieces of text that continue a prompt. Errors are raised.
function Model:generate(given)
    local generator = Generator._new(self)
    generator.close_after_stream = true
    return generator:generate(given)
end

errors.protect_all(Model, { generate = true })

-- --- Opening -------------------------------------------------------------------------------------------------------

local dtypes = {
    auto = core.GPT_DTYPE_AUTO,
    f32 = core.GPT_DTYPE_F32,
    float32 = core.GPT_DTYPE_F32,
    bf16 = core.GPT_DTYPE_BF16,
    bfloat16 = core.GPT_DTYPE_BF16,
    int8 = core.GPT_DTYPE_INT8,
}

local function options_of(given)
    local handle = core.gpt_model_options_new()
    for name, value in pairs(given) do
        if name == "dtype" then
            if not dtypes[value] then
                errors.fail("ARGUMENT", "dtype: \"%s\" is none of auto, f32, bf16, int8", tostring(value))
            end
            core.gpt_model_options_set_dtype(handle, dtypes[value])
        elseif name == "threads" then
            core.gpt_model_options_set_threads(handle, value)
        else
            errors.fail("ARGUMENT", "\"%s\" is not an option; there are dtype, threads", tostring(name))
        end
    end
    return handle
end

local function check_name(name)
    if type(name) ~= "string" then
        errors.fail("ARGUMENT", "a name or path must be a string, not a %s", type(name))
    end
    return name
end

--- Opens a model: a directory, a GGUF file, or the name of one that is on this machine. options may have dtype, how
--- weights are kept ("auto", "f32", "bf16", "int8"), and threads, the number that it computes with.
gpt.open = errors.protect(function(name, options)
    -- Lua does not know how much memory the models have that nobody uses any more.
    collectgarbage()
    local handle = core.gpt_model_open(check_name(name), options_of(options or {}))
    return setmetatable({ handle = handle, threads = options and options.threads or 0 }, Model)
end)

--- Opens the tokenizer of a model's directory, tokenizer.json, GGUF file or name.
gpt.tokenizer = errors.protect(function(name)
    return setmetatable({ handle = core.gpt_tokenizer_open(check_name(name)) }, Tokenizer)
end)

--- An empty conversation for gpt-oss: see gpt/chat.lua.
gpt.chat = errors.protect(Chat._new)

--- The path that the name of a model stands for.
gpt.find = errors.protect(function(name) return core.find(check_name(name)) end)

return gpt
