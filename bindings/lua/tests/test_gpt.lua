-- SPDX-License-Identifier: Apache-2.0
-- lua/tests/test_gpt.lua: the module gpt, under one interpreter. Prints a line of TAP for each case.

local gpt = require "gpt"

local count, failed, expectations = 0, false, 0

local function expect(held, ...)
    expectations = expectations + 1
    if not held then
        local words = {}
        for i = 1, select("#", ...) do words[i] = tostring((select(i, ...))) end
        error("expected: " .. table.concat(words, " "), 2)
    end
end

local function expect_equal(found, expected)
    expectations = expectations + 1
    if found ~= expected then error(("found %s, expected %s"):format(tostring(found), tostring(expected)), 2) end
end

-- nil, a message with these words, and this code.
local function expect_failure(code, words, result, message, found)
    expect_equal(result, nil)
    expect(tostring(message):find(words, 1, true), words, "in", message)
    expect_equal(found, code)
end

-- An error is raised, whose text has these words; returns it.
local function expect_raised(words, action, ...)
    local ok, problem = pcall(action, ...)
    expect(not ok, "an error with", words)
    expect(tostring(problem):find(words, 1, true), words, "in", problem)
    return problem
end

local function case(name, test)
    count = count + 1
    expectations = 0
    local ok, problem = xpcall(test, function(e) return tostring(e) .. "\n" .. debug.traceback() end)
    if ok and expectations == 0 then ok, problem = false, "no expectation" end
    print(("%sok %d - %s"):format(ok and "" or "not ", count, name))
    if not ok then
        failed = true
        print("# " .. problem:gsub("\n", "\n# "))
    end
end

local model = assert(gpt.open("storyteller", { threads = 1 }))
local FOX = "caf\195\169 \240\159\166\138"

local function kilobytes()
    local file = assert(io.open("/proc/self/statm"))
    local _, resident = file:read("*n", "*n")
    file:close()
    return resident * 4
end

case("a stream gives what one call gives", function()
    local given = { prompt = "The fox", max_new_tokens = 12, seed = 3, do_sample = true }
    local text, output = model:text(given)
    local pieces = {}
    for piece in model:generate(given) do
        expect(piece ~= "", "text in each piece")
        pieces[#pieces + 1] = piece
    end
    expect_equal(table.concat(pieces), text)
    expect_equal(#output.token_ids, 12)
    expect_equal(output.finish_reason, "length")
    expect_equal(output.prompt_tokens, #model:tokenizer():encode("The fox"))
    expect_equal(model:tokenizer():decode(output.token_ids), text)
    expect_equal(model:text{ prompt = model:tokenizer():encode("The fox"), max_new_tokens = 12, seed = 3,
                             do_sample = true }, text)
end)

case("prompts and samples come in order", function()
    local outputs = model:outputs{ prompts = { "The fox", "One day" }, num_return_sequences = 2, seed = 5,
                                   max_new_tokens = 6, logprobs = 0 }
    expect_equal(#outputs, 4)
    expect_equal(outputs[2].prompt, "The fox")
    expect_equal(outputs[3].prompt, "One day")
    expect(outputs[1].text ~= outputs[2].text, "samples that differ")
    expect_equal(#outputs[4].logprobs, 6)
    expect(outputs[4].logprobs[1] < 0, "a log-probability below 0")
    expect_equal(#model:outputs{ prompts = {} }, 0)
end)

case("beams are ranked by their score", function()
    local outputs = model:outputs{ prompt = "The fox", num_beams = 4, num_return_sequences = 3, max_new_tokens = 8,
                                   do_sample = false }
    expect_equal(#outputs, 3)
    expect(outputs[1].score >= outputs[2].score and outputs[2].score >= outputs[3].score, "falling scores")
end)

case("events say what each sequence gets", function()
    local generator = model:generator{ max_new_tokens = 5, do_sample = false, logprobs = 2 }
    local first, second = generator:add("The fox"), generator:add("One day")
    local texts, ended = { [first] = "", [second] = "" }, 0
    for event in generator:events() do
        texts[event.sequence] = texts[event.sequence] .. event.text
        expect_equal(#event.alternatives, 2)
        expect_equal(event.alternatives[1].token, event.token)
        expect_equal(event.alternatives[1].logprob, event.logprob)
        if event.finish_reason then ended = ended + 1 end
    end
    expect_equal(ended, 2)
    expect_equal(texts[second], model:text{ prompt = "One day", max_new_tokens = 5, do_sample = false })
    expect_equal(generator:active(), 0)
end)

case("sequences can be dropped", function()
    local generator = model:generator{ max_new_tokens = 50, do_sample = false }
    local sequence = generator:add("The fox")
    expect(generator:pending() > 0, "tokens that are still to be read")
    expect(generator:drop(sequence), "true")
    expect_failure(gpt.NOT_FOUND, "sequence", generator:drop(sequence))
    expect_equal(#generator:step(), 0)
end)

case("leaving a stream lets its generator go on", function()
    local generator = model:generator{ max_new_tokens = 50, do_sample = false }
    for _ = 1, 3 do
        for _ in generator:generate("The fox") do break end
    end
    expect_equal(select(2, generator:text{ prompt = "The fox", max_new_tokens = 4 }).finish_reason, "length")
end)

-- What a stream gives is its own text: other calls that compute end it, and its iterator says so.
case("a stream runs alone", function()
    local generator = model:generator{ max_new_tokens = 20, do_sample = false, eos_token_id = {} }
    for _, method in ipairs{ "add", "step", "events" } do
        local piece = generator:generate("The fox")
        expect(piece(), "a piece")
        local result = assert(generator[method](generator, "The owl"))
        if method == "events" then expect_equal(result(), nil) end
        expect_raised("has ended the stream", piece)
        for event in generator:events() do expect_equal(event.sequence, result) end
    end
    -- One whose sequence is dropped has come to its end.
    local pieces = 0
    for _ in generator:generate{ prompt = "The fox", callback = function(event) generator:drop(event.sequence) end } do
        pieces = pieces + 1
    end
    expect_equal(pieces, 1)
end)

case("errors are nil, a message and a code", function()
    expect_failure(gpt.NOT_FOUND, "no-such-model", gpt.open("no-such-model"))
    expect_failure(gpt.NOT_FOUND, "no-such-model", gpt.tokenizer("no-such-model"))
    expect_failure(gpt.NOT_FOUND, "no-such-model", gpt.find("no-such-model"))
    expect_failure(gpt.ARGUMENT, "dtype", gpt.open("storyteller", { dtype = "f31" }))
    expect_failure(gpt.ARGUMENT, "thread", gpt.open("storyteller", { thread = 1 }))
    expect_failure(gpt.ARGUMENT, "string", gpt.open())
    expect_failure(gpt.ARGUMENT, "top_p", model:text{ prompt = "x", top_p = 2 })
    expect_failure(gpt.ARGUMENT, "temprature", model:text{ prompt = "x", temprature = 1 })
    expect_failure(gpt.ARGUMENT, "max_new_tokens", model:text{ prompt = "x", max_new_tokens = 1.5 })
    expect_failure(gpt.ARGUMENT, "max_new_tokens", model:text{ prompt = "x", max_new_tokens = 1e300 })
    expect_failure(gpt.ARGUMENT, "max_new_tokens", model:text{ prompt = "x", max_new_tokens = 0 / 0 })
    expect_failure(gpt.ARGUMENT, "prompt", model:text{ max_new_tokens = 1 })
    expect_failure(gpt.ARGUMENT, "text must be a string", model:text{ prompt = 7 })
    expect_failure(gpt.ARGUMENT, "number", model:text{ prompt = { 1, "two" } })
    expect_failure(gpt.ARGUMENT, "token", model:text{ prompt = { -1 } })
    expect_failure(gpt.ARGUMENT, "ids", model:tokenizer():decode("text"))
    expect_failure(gpt.CONTEXT, "", model:logits(("fox "):rep(5000)))
end)

case("errors are raised on request", function()
    gpt.raise_errors(true)
    local problem = expect_raised("no-such-model", gpt.open, "no-such-model")
    gpt.raise_errors(false)
    expect_equal(problem.code, gpt.NOT_FOUND)
    expect_equal(gpt.open("no-such-model"), nil)
    expect_raised("a stream has one prompt", function() model:generate{ prompts = { "a", "b" } } end)
    expect_raised("top_k", function() model:generate{ prompt = "x", top_k = -1 } end)
end)

case("a logits processor changes what is chosen", function()
    local seen = 0
    local text, output = model:text{ prompt = "The fox", max_new_tokens = 3, do_sample = false,
        logits_processor = function(ids, logits, sequence)
            seen = seen + 1
            expect_equal(#logits, model:vocab_size())
            expect(#ids >= 2 and sequence >= 0, "ids and a sequence")
            for i = 1, #logits do logits[i] = -10 end
            logits[585] = 10
        end }
    expect_equal(seen, 3)
    -- Ids begin at 0, tables at 1.
    expect_equal(table.concat(output.token_ids, ","), "584,584,584")
    expect_equal(text, model:tokenizer():decode{ 584, 584, 584 })
end)

case("what a callback raises stops the generation and arrives", function()
    local generator = model:generator{ max_new_tokens = 50, do_sample = false }
    local calls = 0
    expect_raised("from the callback", function()
        generator:text{ prompt = "The fox", callback = function()
            calls = calls + 1
            if calls == 3 then error("from the callback") end
        end }
    end)
    expect_equal(calls, 3)
    local thing = {}
    local ok, problem = pcall(function()
        generator:text{ prompt = "The fox", logits_processor = function() error(thing) end }
    end)
    expect(not ok and problem == thing, "the very error that the processor raised")
    expect_raised("logits are expected", function()
        generator:text{ prompt = "The fox", logits_processor = function() return { 1, 2 } end }
    end)
    generator:set{ logits_processor = false }
    expect_equal(generator:active(), 0)
    expect_equal(#select(2, generator:text{ prompt = "The fox", max_new_tokens = 4 }).token_ids, 4)
end)

case("a logits processor that is none leaves the earlier one", function()
    local calls = 0
    local generator = model:generator{ max_new_tokens = 3, logits_processor = function() calls = calls + 1 end }
    expect_failure(gpt.ARGUMENT, "logits_processor: a function is needed, not a string",
                   generator:set{ logits_processor = "greedy" })
    collectgarbage()
    collectgarbage()
    expect(generator:text("The fox"), "a text")
    expect_equal(calls, 3)
end)

-- Each would free or change what the step that runs the processor works on.
case("a logits processor can not use its own generator", function()
    local generator = model:generator{ max_new_tokens = 4, do_sample = false }
    local expected = generator:text("The fox")
    local stream
    local function refused(...) expect_failure(gpt.ARGUMENT, "can not use it", ...) end
    generator:set{ logits_processor = function(_, _, sequence)
        refused(generator:close())
        refused(generator:drop(sequence))
        refused(generator:add("The owl"))
        refused(generator:set{ top_k = 3 })
        refused(generator:set{ logits_processor = false })
        refused(generator:reset_settings())
        refused(generator:step())
        refused(generator:score("The owl"))
        refused(generator:logits("The owl"))
        if stream then expect_raised("can not use it", stream) end
    end }
    stream = generator:generate("The fox")
    for _ = 1, 2 do expect(stream(), "a piece") end
    stream = nil
    expect_equal(generator:text("The fox"), expected)
    expect_equal(generator:text{ prompt = "The fox", num_beams = 2, max_new_tokens = 1 } ~= nil, true)
    generator:set{ logits_processor = function() generator:cancel() end, num_beams = 1,
                   max_new_tokens = 4 }
    expect_failure(gpt.CANCELLED, "", generator:text("The fox"))
    expect(generator:close(), "true")
end)

case("cancel stops the computation", function()
    local generator = model:generator{ max_new_tokens = 50, do_sample = false }
    expect_failure(gpt.CANCELLED, "", generator:text{ prompt = "The fox", callback = function(event)
        if event.sequence >= 0 then generator:cancel() end
    end })
    expect_equal(generator:active(), 0)
end)

case("text with NUL, emoji and a megabyte crosses unharmed", function()
    local tokenizer = model:tokenizer()
    for _, text in ipairs{ "a\0b", FOX, "", "\0", ("The fox " .. FOX .. "\0\n"):rep(50000) } do
        expect_equal(tokenizer:decode(tokenizer:encode(text)) == text, true)
    end
    local bytes = {}
    for i, token in ipairs(tokenizer:encode(FOX)) do bytes[i] = tokenizer:token_bytes(token) end
    expect_equal(table.concat(bytes), FOX)
    -- Any tokens: each piece is whole characters all the same.
    local generator = model:generator{ max_new_tokens = 60, seed = 11, temperature = 100, eos_token_id = {} }
    local rebuilt = {}
    for piece in generator:generate(FOX) do
        local _, strays = piece:gsub("[%z\1-\127\194-\244][\128-\191]*", "")
        expect(strays > 0 and not piece:find("^[\128-\191]"), "whole characters")
        rebuilt[#rebuilt + 1] = piece
    end
    expect(#rebuilt > 0, "pieces")
end)

case("tokenizers", function()
    local tokenizer = assert(gpt.tokenizer("storyteller"))
    expect_equal(table.concat(tokenizer:encode("Once upon a time"), ","), "584,600,259,427")
    expect_equal(tokenizer:count("Once upon a time"), 4)
    expect_equal(tokenizer:token_id("Once"), 584)
    expect_equal(tokenizer:token_id("no such token"), -1)
    expect_equal(tokenizer:vocab_size(), model:vocab_size())
    local special = tokenizer:token_id("<|endoftext|>")
    expect(tokenizer:is_special(special), "a special token")
    expect_equal(#tokenizer:encode("<|endoftext|>"), 1)
    expect(#tokenizer:encode("<|endoftext|>", { allow_special = false }) > 1, "plain text")
    expect_equal(tokenizer:decode({ special, 584 }, { skip_special_tokens = true }), "Once")
    expect_failure(gpt.ARGUMENT, "", tokenizer:token_bytes(-1))
    tokenizer:close()
    expect_failure(gpt.ARGUMENT, "closed", tokenizer:encode("x"))
end)

-- What is expected is what openai-harmony 0.0.8 renders, as in tests/unit/test_chat.c.
case("conversations become prompts", function()
    local chat = assert(gpt.chat{ reasoning = "high", date = "2025-06-28" })
    chat:add("developer", "Always respond in riddles"):add("user", "What is 2 + 2?")
    expect_equal(chat:add("assistant", "Four", "analysis"):render(),
        "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n" ..
        "Knowledge cutoff: 2024-06\nCurrent date: 2025-06-28\n\nReasoning: high\n\n" ..
        "# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>" ..
        "<|start|>developer<|message|># Instructions\n\nAlways respond in riddles<|end|>" ..
        "<|start|>user<|message|>What is 2 + 2?<|end|>" ..
        "<|start|>assistant<|channel|>analysis<|message|>Four<|end|><|start|>assistant")
    -- Such a tokenizer has no name of its own that gpt.tokenizer would open.
    local core = require "gpt.core"
    local ranks = os.getenv("TEST_SOURCE_DIR") .. "/golden/tokenizers/tiktoken/o200k_base.tiktoken"
    local handle = core.gpt_tokenizer_open_tiktoken(ranks, "o200k_harmony")
    local ids = chat:encode{ _open_handle = function() return handle end }
    expect_equal(table.concat(ids, ","), table.concat(core.gpt_tokenizer_encode(handle, chat:render(), 0), ","))
    expect_failure(gpt.UNSUPPORTED, "<|start|>", chat:encode(model:tokenizer()))
    expect_failure(gpt.ARGUMENT, "none of developer", chat:add("system", "x"))
    expect_failure(gpt.ARGUMENT, "secret", chat:add("assistant", "x", "secret"))
    expect_failure(gpt.ARGUMENT, "some", gpt.chat{ reasoning = "some" })
    expect_failure(gpt.ARGUMENT, "effort", gpt.chat{ effort = "low" })
    chat:close()
    expect_failure(gpt.ARGUMENT, "closed", chat:render())
end)

case("numbers instead of text", function()
    local ids = model:tokenizer():encode("Once upon a time")
    local logits, score = model:logits(ids), model:score("Once upon a time")
    expect_equal(#logits, 4)
    expect_equal(#logits[4], model:vocab_size())
    expect_equal(#model:hidden_states(ids)[1], model:hidden_size())
    expect(score[1] ~= score[1], "NaN first")
    -- The definition: the logit of the next token less the logarithm of the sum of all exponentials.
    local sum, most = 0, -math.huge
    for _, logit in ipairs(logits[1]) do most = math.max(most, logit) end
    for _, logit in ipairs(logits[1]) do sum = sum + math.exp(logit - most) end
    local expected = logits[1][ids[2] + 1] - most - math.log(sum)
    expect(math.abs(score[2] - expected) < 1e-4, score[2], "near", expected)
end)

case("eos_token_id is what was set last, until it is the model's again", function()
    local generator = model:generator{}
    local function expect_ends(...)
        local wanted = {}
        for _, id in ipairs{ ... } do wanted[id] = true end
        for _, id in ipairs{ 0, 5, 6 } do
            local _, output = generator:text{ prompt = "The fox", max_new_tokens = 1, do_sample = false,
                                              logits_processor = function(_, logits) logits[id + 1] = 1e30 end }
            expect_equal(output.token_ids[1], id)
            expect_equal(output.finish_reason, wanted[id] and "stop_token" or "length")
        end
    end
    expect_ends(0)
    generator:set{ eos_token_id = { 5, 6 } }
    expect_ends(5, 6)
    expect_failure(gpt.ARGUMENT, "-1", generator:set{ eos_token_id = { 6, -1 } })
    expect_ends(6)
    generator:reset_settings()
    expect_ends(0)
    generator:set{ eos_token_id = {} }
    expect_ends()
end)

case("settings", function()
    local generator = model:generator{ top_k = 5, early_stopping = true, seed = 2 ^ 40 }
    local values = generator:settings()
    expect_equal(values.top_k, 5)
    expect_equal(values.do_sample, true)
    expect_equal(values.early_stopping, true)
    expect_equal(values.seed, 2 ^ 40)
    expect_equal(generator:reset_settings():settings().seed ~= 2 ^ 40, true)
    expect_equal(generator:text{ prompt = "The fox", suppress_tokens = { 584 }, sequence_bias = { [585] = 1 },
                                 stop_strings = { "." }, max_new_tokens = 2, do_sample = false } ~= nil, true)
    expect(generator:cache_bytes(100) > 0, "bytes")
    expect(#gpt.settings > 20, "names of settings")
end)

case("who is used stays alive, and who is closed says so", function()
    local own = assert(gpt.open("storyteller", { threads = 1, dtype = "f32" }))
    local generator = own:generator{ max_new_tokens = 3, do_sample = false }
    local tokenizer = own:tokenizer()
    expect_equal(own:dtype(), "f32")
    own:close()
    own = nil
    collectgarbage()
    expect_equal(#select(2, generator:text("The fox")).token_ids, 3)
    expect_equal(tokenizer:count("The fox"), model:tokenizer():count("The fox"))
    generator:close()
    generator:close()
    expect_failure(gpt.ARGUMENT, "closed", generator:text("The fox"))
end)

case("a generator needs no model that is open", function()
    local own = assert(gpt.open("storyteller", { threads = 1 }))
    local generator = own:generator()
    own:close()
    expect_equal(assert(generator:score("The fox"))[2], model:score("The fox")[2])
    expect_equal(assert(generator:logits("The fox"))[2][1], model:logits("The fox")[2][1])
end)

case("thousands of cycles leave memory flat", function()
    local function cycle()
        local tokenizer = model:tokenizer()
        tokenizer:decode(tokenizer:encode(FOX))
        local generator = model:generator{ max_new_tokens = 2, logits_processor = false }
        generator:outputs{ prompts = { "The fox", "The owl" } }
        generator:score("The fox")
        for _ in generator:generate("The fox") do break end
        gpt.open("no-such-model")
        generator:close()
    end
    for _ = 1, 200 do cycle() end
    collectgarbage()
    local before = kilobytes()
    for _ = 1, 1000 do cycle() end
    collectgarbage()
    expect(kilobytes() - before < 4096, "memory that stays, grown by", kilobytes() - before, "kB")
end)

case("models that nobody closes are freed", function()
    for _ = 1, 5 do assert(gpt.open("storyteller", { threads = 1 })):text{ prompt = "x", max_new_tokens = 1 } end
    local before = kilobytes()
    for _ = 1, 20 do assert(gpt.open("storyteller", { threads = 1 })):text{ prompt = "x", max_new_tokens = 1 } end
    expect(kilobytes() - before < 30000, "memory that stays, grown by", kilobytes() - before, "kB")
end)

print(("1..%d"):format(count))
os.exit(failed and 1 or 0)
