# SPDX-License-Identifier: Apache-2.0
"""tests/common.py: what the tests of the Python package share: tests/cli/tap.py, the package, and models."""
import os
import sys

sys.path.insert(0, os.path.join(os.environ["TEST_SOURCE_DIR"], "cli"))
import tap  # noqa: E402
from tap import case, expect, expect_equal  # noqa: E402

import gpt  # noqa: E402

__all__ = ["case", "expect", "expect_equal", "golden", "gpt", "numbered", "storyteller", "tap", "raises"]

_models = {}


def storyteller():
    """The shipped model; one thread, so that its numbers are always the same."""
    if "storyteller" not in _models:
        _models["storyteller"] = gpt.Model.from_pretrained("storyteller", threads=1)
    return _models["storyteller"]


def golden(name):
    """A tiny model, and what the reference computes with it."""
    path = os.path.join(tap.TESTS, "golden", "models", name)
    tensors = tap.read_tensors(os.path.join(path, "reference.safetensors"))
    return gpt.Model.from_pretrained(path, dtype="f32", threads=1), tensors


def numbered(tensors, name):
    """name.0, name.1 and so on: (shape, numbers) of each."""
    return [tensors["%s.%d" % (name, i)] for i in range(len(tensors)) if "%s.%d" % (name, i) in tensors]


def raises(kind, function, *parts):
    """The error that a call raises, whose message has these parts."""
    try:
        result = function()
    except kind as error:
        for part in parts:
            expect(part in str(error), "the message", repr(str(error)), "has no", repr(part))
        expect(True)
        return error
    raise tap.Failure("%s was expected, but it gave %r" % (kind.__name__, result))
