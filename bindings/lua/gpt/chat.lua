-- SPDX-License-Identifier: Apache-2.0
-- gpt/chat.lua: conversations for gpt-oss in the harmony format, with which those models were trained. What people
-- write can not pass for the format's own tokens.

local core = require "gpt.core"
local errors = require "gpt.errors"
local handle_class = require "gpt.handle"

local Chat = handle_class("chat")

local roles = {
    developer = core.GPT_ROLE_DEVELOPER,
    user = core.GPT_ROLE_USER,
    assistant = core.GPT_ROLE_ASSISTANT,
}

--- An empty conversation. options may have reasoning, how much the model thinks before it answers ("low", "medium",
--- "high"), and date, that of today as the model is told it, such as "2025-06-28".
function Chat._new(options)
    local handle = core.gpt_chat_new()
    for name, value in pairs(options or {}) do
        local set = type(name) == "string" and core["gpt_chat_set_" .. name]
        if not set then
            errors.fail("ARGUMENT", "\"%s\" is not an option; there are reasoning, date", tostring(name))
        end
        set(handle, tostring(value))
    end
    return setmetatable({ handle = handle }, Chat)
end

--- Adds a message. role is "developer" (instructions), "user" or "assistant"; channel is that of the assistant:
--- "analysis", "commentary" or "final", which it is without one. Returns the conversation.
function Chat:add(role, text, channel)
    if not roles[role] then
        errors.fail("ARGUMENT", "role: \"%s\" is none of developer, user, assistant", tostring(role))
    end
    core.gpt_chat_add(self:_open_handle(), roles[role], channel and tostring(channel), text)
    return self
end

--- The prompt for the assistant's next message, to be read. Models are given that of encode.
function Chat:render()
    return core.gpt_chat_render(self:_open_handle())
end

--- The prompt for the assistant's next message as token ids.
function Chat:encode(tokenizer)
    return core.gpt_chat_encode(self:_open_handle(), tokenizer:_open_handle())
end

return errors.protect_all(Chat, {})
