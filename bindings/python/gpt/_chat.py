# SPDX-License-Identifier: Apache-2.0
"""gpt/_chat.py: conversations for gpt-oss."""
from __future__ import annotations

from typing import List, Optional, Union

from . import _gpt
from ._errors import ArgumentError
from ._handle import Handle
from ._tokenizer import Tokenizer

_ROLES = {
    "developer": _gpt.GPT_ROLE_DEVELOPER,
    "user": _gpt.GPT_ROLE_USER,
    "assistant": _gpt.GPT_ROLE_ASSISTANT,
}


class Chat(Handle):
    """A conversation in the harmony format, with which gpt-oss was trained. What people write can not pass for the
    format's own tokens.

    >>> chat = gpt.Chat(reasoning="low")
    >>> chat.add("user", "What is 2 + 2?")
    >>> answer = model.generate(chat.encode(model.tokenizer), max_new_tokens=200)
    """

    _kind = "chat"

    def __init__(self, *, reasoning: str = "medium", date: Optional[str] = None) -> None:
        """reasoning is how much the model thinks before it answers: "low", "medium" or "high". date is that of today as
        the model is told it, such as "2025-06-28"."""
        super().__init__(_gpt.gpt_chat_new())
        _gpt.gpt_chat_set_reasoning(self.handle, reasoning)
        _gpt.gpt_chat_set_date(self.handle, date)

    def add(self, role: str, text: Union[str, bytes], *, channel: Optional[str] = None) -> None:
        """Adds a message. role is "developer" (instructions), "user" or "assistant"; channel is that of the assistant:
        "analysis", "commentary" or "final", which it is without one."""
        if role not in _ROLES:
            raise ArgumentError("role: %r is none of %s" % (role, ", ".join(_ROLES)))
        _gpt.gpt_chat_add(self.handle, _ROLES[role], channel, text)

    def render(self) -> str:
        """The prompt for the assistant's next message, to be read. Models are given that of encode."""
        return str(_gpt.gpt_chat_render(self.handle))

    def encode(self, tokenizer: Tokenizer) -> List[int]:
        """The prompt for the assistant's next message as token ids."""
        ids: List[int] = _gpt.gpt_chat_encode(self.handle, tokenizer.handle)
        return ids
