-- SPDX-License-Identifier: Apache-2.0
-- gpt/errors.lua: what failed, as `nil, message, code`, or raised where the user asks for that.

local core = require "gpt.core"

local errors = { raising = false }

-- The type of what is raised: a table with message and code. tostring gives the message.
local Error = {}
Error.__index = Error
Error.__tostring = function(self) return self.message end
core.set_error_type(Error)

-- The codes, as libgpt numbers them.
errors.codes = {
    ARGUMENT = core.GPT_E_ARGUMENT,
    MEMORY = core.GPT_E_MEMORY,
    FILE = core.GPT_E_FILE,
    FORMAT = core.GPT_E_FORMAT,
    UNSUPPORTED = core.GPT_E_UNSUPPORTED,
    CONTEXT = core.GPT_E_CONTEXT,
    CANCELLED = core.GPT_E_CANCELLED,
    NOT_FOUND = core.GPT_E_NOT_FOUND,
    INTERNAL = core.GPT_E_INTERNAL,
}

--- Raises an error that is libgpt's kind.
function errors.fail(code, message, ...)
    error(setmetatable({ code = errors.codes[code], message = message:format(...) }, Error), 0)
end

local function finish(ok, ...)
    if ok then return ... end
    local problem = ...
    if getmetatable(problem) == Error and not errors.raising then
        return nil, problem.message, problem.code
    end
    error(problem, 0)
end

--- A function that returns nil, message, code where the given one raises an error of libgpt's. What a callback raises,
--- and mistakes such as a missing argument, are raised as they are.
function errors.protect(method)
    return function(...) return finish(pcall(method, ...)) end
end

--- The same for all functions of a table, but for some, and for those that begin with an underscore. As they were, they
--- are in the table's _raw, for use by other methods.
function errors.protect_all(class, except)
    local raw = {}
    for name, method in pairs(class) do
        if type(method) == "function" and name:sub(1, 1) ~= "_" then raw[name] = method end
    end
    for name, method in pairs(raw) do
        if not except[name] then class[name] = errors.protect(method) end
    end
    class._raw = raw
    return class
end

return errors
