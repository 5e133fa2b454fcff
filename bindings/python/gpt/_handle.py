# SPDX-License-Identifier: Apache-2.0
"""gpt/_handle.py: what all objects that stand for something of libgpt's have in common."""
from __future__ import annotations

from typing import Any, TypeVar

from ._errors import ArgumentError

Own = TypeVar("Own", bound="Handle")


class Handle:
    """Something of libgpt's, which can be closed."""

    #: What errors call it.
    _kind = ""

    def __init__(self, handle: Any) -> None:
        self._handle = handle

    @property
    def handle(self) -> Any:
        """The handle for _gpt."""
        if self._handle is None:
            raise ArgumentError("%s: it is closed" % self._kind)
        return self._handle

    def close(self) -> None:
        """Gives the memory back as soon as nothing else uses it. Otherwise the garbage collector does so."""
        self._handle = None

    def __enter__(self: Own) -> Own:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
