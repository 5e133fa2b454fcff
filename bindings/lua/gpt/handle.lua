-- SPDX-License-Identifier: Apache-2.0
-- gpt/handle.lua: what all objects that stand for something of libgpt's have in common.

local core = require "gpt.core"
local errors = require "gpt.errors"

--- A class of objects whose handle can be closed; kind is what errors call them.
return function(kind)
    local class = {}
    class.__index = class

    function class:_open_handle()
        if not self.handle then errors.fail("ARGUMENT", "%s: it is closed", kind) end
        return self.handle
    end

    --- Gives the memory back now, unless something else still uses it. Otherwise the collector does so. Returns true.
    function class:close()
        if self.handle then core.close(self.handle) end
        self.handle = nil
        return true
    end

    return class
end
