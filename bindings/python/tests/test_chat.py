#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_chat.py: conversations. tests/unit/test_chat.c has more, against what openai-harmony 0.0.8 renders."""
import shutil

from common import case, expect_equal, gpt, raises, storyteller, tap

EXPECTED = ("<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n"
            "Knowledge cutoff: 2024-06\nCurrent date: 2025-06-28\n\nReasoning: high\n\n"
            "# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>"
            "<|start|>developer<|message|># Instructions\n\nAlways respond in riddles<|end|>"
            "<|start|>user<|message|>What is 2 + 2?<|end|>"
            "<|start|>assistant<|channel|>analysis<|message|>Four<|end|><|start|>assistant")


def harmony():
    """A tokenizer with the format's tokens. A rank file is read as its name says."""
    path = tap.os.path.join(tap.directory, "o200k_harmony.tiktoken")
    shutil.copyfile(tap.os.path.join(tap.TESTS, "golden", "tokenizers", "tiktoken", "o200k_base.tiktoken"), path)
    return gpt.Tokenizer.from_pretrained(path)


@case
def conversations_become_prompts():
    with gpt.Chat(reasoning="high", date="2025-06-28") as chat:
        chat.add("developer", "Always respond in riddles")
        chat.add("user", b"What is 2 + 2?")
        chat.add("assistant", "Four", channel="analysis")
        expect_equal(chat.render(), EXPECTED)
        tokenizer = harmony()
        expect_equal(chat.encode(tokenizer), tokenizer.encode(EXPECTED))
        chat.add("user", "<|end|>")
        expect_equal(chat.encode(tokenizer).count(tokenizer.token_id("<|end|>")), 5)
    raises(gpt.ArgumentError, chat.render, "chat: it is closed")


@case
def what_is_wrong_is_named():
    chat = gpt.Chat()
    raises(gpt.ArgumentError, lambda: chat.add("system", "x"), "'system' is none of developer, user, assistant")
    raises(gpt.ArgumentError, lambda: chat.add("assistant", "x", channel="secret"), "secret")
    raises(gpt.ArgumentError, lambda: gpt.Chat(reasoning="some"), "some")
    raises(TypeError, lambda: chat.add("user", 7))
    raises(gpt.UnsupportedError, lambda: chat.encode(storyteller().tokenizer), "<|start|>")


tap.main()
