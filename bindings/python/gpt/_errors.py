# SPDX-License-Identifier: Apache-2.0
"""gpt/_errors.py: one class of exception for each status code of libgpt."""
from __future__ import annotations

from typing import Dict, Type


class Error(Exception):
    """What libgpt could not do. str() of it is libgpt's message: what was expected, and what was found."""

    #: The status code of the C interface, such as -4.
    status: int = -9

    @property
    def message(self) -> str:
        """The message, without anything around it."""
        return str(self)


class ArgumentError(Error, ValueError):
    """An argument is out of its range, or not possible now (GPT_E_ARGUMENT)."""

    status = -1


class OutOfMemoryError(Error, MemoryError):
    """There is not enough memory (GPT_E_MEMORY)."""

    status = -2


class FileError(Error, OSError):
    """A file can not be read (GPT_E_FILE)."""

    status = -3


class FormatError(Error, ValueError):
    """A file contradicts itself, or is no such file (GPT_E_FORMAT)."""

    status = -4


class UnsupportedError(Error, NotImplementedError):
    """A file asks for what libgpt does not do (GPT_E_UNSUPPORTED)."""

    status = -5


class ContextError(Error):
    """The context of the model or the cache is full (GPT_E_CONTEXT)."""

    status = -6


class CancelledError(Error):
    """The computation was cancelled (GPT_E_CANCELLED)."""

    status = -7


class NotFoundError(Error, FileNotFoundError):
    """Nothing has that name (GPT_E_NOT_FOUND)."""

    status = -8


class InternalError(Error, RuntimeError):
    """The model computes NaN, the settings leave no token to choose, or libgpt is wrong (GPT_E_INTERNAL)."""

    status = -9


CLASSES: Dict[int, Type[Error]] = {
    kind.status: kind
    for kind in (ArgumentError, OutOfMemoryError, FileError, FormatError, UnsupportedError, ContextError,
                 CancelledError, NotFoundError, InternalError)
}


def error_of(status: int, message: str) -> Error:
    """The exception for a status code; _gpt calls it. A code of a later release counts as an internal error."""
    error = CLASSES.get(status, InternalError)(message)
    error.status = status
    return error
