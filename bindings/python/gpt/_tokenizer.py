# SPDX-License-Identifier: Apache-2.0
"""gpt/_tokenizer.py: text to token ids and back."""
from __future__ import annotations

import os
from typing import Any, List, Union

from . import _gpt
from ._arrays import Ids
from ._handle import Handle


class Tokenizer(Handle):
    """A tokenizer. Any number of threads may use one at the same time.

    >>> tokenizer = gpt.Tokenizer.from_pretrained("storyteller")
    >>> tokenizer.decode(tokenizer.encode("Once upon a time"))
    'Once upon a time'
    """

    _kind = "tokenizer"

    def __init__(self, handle: Any) -> None:
        """For this package; users call from_pretrained, or take that of a model."""
        super().__init__(handle)

    @classmethod
    def from_pretrained(cls, name_or_path: Union[str, "os.PathLike[str]"]) -> "Tokenizer":
        """Opens the tokenizer of a model's directory, tokenizer.json, GGUF file or name."""
        return cls(_gpt.gpt_tokenizer_open(name_or_path))

    def encode(self, text: Union[str, bytes], *, allow_special: bool = True) -> List[int]:
        """The token ids of a text. allow_special=False reads "<|endoftext|>" and the like as plain text."""
        ids: List[int] = _gpt.gpt_tokenizer_encode(self.handle, text, 0 if allow_special else _gpt.GPT_ENCODE_ORDINARY)
        return ids

    def decode(self, ids: Ids, *, skip_special_tokens: bool = False) -> str:
        """The text of token ids. Bytes that form no character come out as U+FFFD; token_bytes has them raw."""
        flags = _gpt.GPT_DECODE_SKIP_SPECIAL if skip_special_tokens else 0
        text: str = _gpt.gpt_tokenizer_decode(self.handle, ids, flags)
        return text

    def token_bytes(self, token: int) -> bytes:
        """The bytes that one token stands for."""
        value: bytes = _gpt.gpt_python_token_bytes(self.handle, token)
        return value

    def token_id(self, text: Union[str, bytes]) -> int:
        """The id of the token that stands for these bytes; -1 when there is none."""
        return int(_gpt.gpt_tokenizer_token_id(self.handle, text))

    def is_special(self, token: int) -> bool:
        """Whether a token is control and not text."""
        return bool(_gpt.gpt_tokenizer_is_special(self.handle, token))

    @property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return int(_gpt.gpt_tokenizer_vocab_size(self.handle))

    def __len__(self) -> int:
        return self.vocab_size
