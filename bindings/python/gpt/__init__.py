# SPDX-License-Identifier: Apache-2.0
"""gpt: GPT language models on CPUs, by libgpt.

>>> import gpt
>>> model = gpt.Model.from_pretrained("storyteller")
>>> print(model.generate("Once upon a time", max_new_tokens=50, temperature=0.8))
>>> for piece in model.stream("Once upon a time"):
...     print(piece, end="", flush=True)
"""
from __future__ import annotations

from typing import Callable, Optional

from . import _gpt
from ._errors import (ArgumentError, CancelledError, ContextError, Error, FileError, FormatError, InternalError,
                      NotFoundError, OutOfMemoryError, UnsupportedError)
from ._chat import Chat
from ._generator import Event, Generator, Output, Stream
from ._model import Model
from ._settings import NAMES as SETTINGS
from ._tokenizer import Tokenizer

#: The release of the library that is running.
__version__: str = _gpt.gpt_version()


def backend() -> str:
    """What the library runs on: oneDNN's version, its threading, the best instruction set."""
    return str(_gpt.gpt_backend())


def find_model(name_or_path: str) -> str:
    """The directory or file that the name of a model stands for."""
    return str(_gpt.gpt_python_find(name_or_path))


def set_log_callback(function: Optional[Callable[[int, str], object]], level: int = _gpt.GPT_LOG_INFO) -> None:
    """Calls function(level, line) for each line of the log up to a level (10 warnings, 20 news, 30 details); None ends
    it. It is called on the thread that computes, and must not use this package."""
    _gpt.gpt_python_set_log_callback(function, level)


__all__ = [
    "ArgumentError", "CancelledError", "Chat", "ContextError", "Error", "Event", "FileError", "FormatError",
    "Generator", "InternalError", "Model", "NotFoundError", "Output", "OutOfMemoryError", "SETTINGS", "Stream",
    "Tokenizer", "UnsupportedError", "backend", "find_model", "set_log_callback"
]

# Tracebacks and pickles name these by where users find them.
for _name in __all__:
    if isinstance(globals()[_name], type):
        globals()[_name].__module__ = __name__
