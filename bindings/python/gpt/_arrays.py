# SPDX-License-Identifier: Apache-2.0
"""gpt/_arrays.py: memory that libgpt writes floats into: a NumPy array where NumPy is there, else lists of floats."""
from __future__ import annotations

import importlib
from typing import Any, List, Sequence, Tuple, Union



def optional(name: str) -> Any:
    """A module, or None when it is not installed."""
    try:
        return importlib.import_module(name)
    except ImportError:
        return None


numpy = optional("numpy")

#: A NumPy array of float32; lists of floats without NumPy.
FloatArray = Any

#: Token ids: a list, or whatever else gives integers, such as an array.
Ids = Sequence[int]

#: A text, or the token ids of one.
Text = Union[str, bytes, Ids]

#: Several of them.
Prompts = Union[List[str], Tuple[str, ...], List[List[int]], List[bytes]]


class Floats:
    """Memory for an array of floats of a shape. libgpt writes straight into what the user gets."""

    def __init__(self, shape: Sequence[int]) -> None:
        self.shape = list(shape)
        if numpy is not None:
            self.memory: Any = numpy.empty(self.shape, numpy.float32)
        else:
            size = 4
            for extent in self.shape:
                size *= extent
            self.memory = bytearray(size)

    def array(self) -> FloatArray:
        """The array, once it is filled."""
        if numpy is not None:
            return self.memory
        return memoryview(self.memory).cast("f", self.shape).tolist() if self.memory else []


def float_view(memory: bytearray) -> FloatArray:
    """The floats in a bytearray, to be read and changed in place."""
    return numpy.frombuffer(memory, numpy.float32) if numpy is not None else memoryview(memory).cast("f")


def is_text(prompt: Any) -> bool:
    """Whether a prompt is one text."""
    return isinstance(prompt, (str, bytes))


def is_one(prompt: Any) -> bool:
    """Whether it is one prompt, a text or ids, and not several."""
    if is_text(prompt):
        return True
    dimensions = getattr(prompt, "ndim", None)
    if dimensions is not None:
        return bool(dimensions == 1)
    return len(prompt) > 0 and hasattr(prompt[0], "__index__")


def id_list(ids: Any) -> List[int]:
    """Ids of any kind of array as a list."""
    return [int(i) for i in (ids.tolist() if hasattr(ids, "tolist") else ids)]
