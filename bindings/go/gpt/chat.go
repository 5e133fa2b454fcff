// SPDX-License-Identifier: Apache-2.0

package gpt

import (
	"runtime"

	"libgpt/gpt/internal/core"
)

// A Role says who says something in a conversation.
type Role int

// The roles. Developer gives instructions, often called the system prompt.
const (
	Developer Role = iota
	User
	Assistant
)

// A Chat is a conversation in the harmony format, with which gpt-oss was trained. What people write can not pass for
// the format's own tokens.
//
//	chat, err := gpt.NewChat()
//	err = chat.Add(gpt.User, "What is 2 + 2?")
//	ids, err := chat.Encode(model.Tokenizer())
//	outputs, err := model.GenerateManyIDs(ctx, [][]int32{ids})
type Chat struct {
	handle handle[core.Gpt_chat]
}

// NewChat makes an empty conversation.
func NewChat() (*Chat, error) {
	out := make([]uint64, 1)
	if err := call(func() int { return core.Gpt_chat_new(out) }); err != nil {
		return nil, err
	}
	c := &Chat{newHandle[core.Gpt_chat]("chat", core.SwigcptrGpt_chat(out[0]), core.DeleteGpt_chat)}
	runtime.SetFinalizer(c, (*Chat).Close)
	return c, nil
}

// Close gives the memory back. It may be called again.
func (c *Chat) Close() {
	c.handle.close()
	runtime.SetFinalizer(c, nil)
}

// use makes a call of C; a conversation belongs to one thread at a time.
func (c *Chat) use(function func(core.Gpt_chat) int) error {
	return c.handle.useAlone(func(chat core.Gpt_chat) error {
		return call(func() int { return function(chat) })
	})
}

// Add adds a message. That of the assistant is one of the channel final.
func (c *Chat) Add(role Role, text string) error {
	return c.AddTo(role, "", text)
}

// AddTo adds a message of the assistant's to a channel: "analysis", "commentary" or "final".
func (c *Chat) AddTo(role Role, channel, text string) error {
	return c.use(func(chat core.Gpt_chat) int { return core.Gpt_go_chat_add(chat, int(role), channel, text) })
}

// SetReasoning says how much the model thinks before it answers: "low", "medium" or "high".
func (c *Chat) SetReasoning(effort string) error {
	return c.use(func(chat core.Gpt_chat) int { return core.Gpt_chat_set_reasoning(chat, effort) })
}

// SetDate says what date the model is told, such as "2025-06-28"; an empty one is none.
func (c *Chat) SetDate(date string) error {
	return c.use(func(chat core.Gpt_chat) int { return core.Gpt_go_chat_set_date(chat, date) })
}

// Render gives the prompt for the assistant's next message, to be read. Models are given that of Encode.
func (c *Chat) Render() (string, error) {
	out := make([]uint64, 2)
	if err := c.use(func(chat core.Gpt_chat) int { return core.Gpt_chat_render(out, chat) }); err != nil {
		return "", err
	}
	return takeText(out), nil
}

// Encode gives the prompt for the assistant's next message as token ids.
func (c *Chat) Encode(tokenizer *Tokenizer) ([]int32, error) {
	if tokenizer == nil {
		return nil, argumentError("chat: a tokenizer is needed; the model's files may have none")
	}
	out := make([]uint64, 2)
	err := tokenizer.handle.use(func(handle core.Gpt_tokenizer) error {
		return c.use(func(chat core.Gpt_chat) int { return core.Gpt_chat_encode(out, chat, handle) })
	})
	if err != nil {
		return nil, err
	}
	return takeIDs(out), nil
}
