# SPDX-License-Identifier: Apache-2.0
"""gpt/_settings.py: the settings of a generator by the names that they have in transformers' generate."""
from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Sequence

from . import _gpt
from ._arrays import float_view, numpy
from ._errors import ArgumentError, UnsupportedError

#: Settings that are one number, and the name of each in the C interface.
NUMBERS = {
    "do_sample": "sampling",
    "temperature": "temperature",
    "top_k": "top_k",
    "top_p": "top_p",
    "min_p": "min_p",
    "typical_p": "typical_p",
    "epsilon_cutoff": "epsilon_cutoff",
    "eta_cutoff": "eta_cutoff",
    "repetition_penalty": "repetition_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
    "no_repeat_ngram_size": "no_repeat_ngram",
    "min_new_tokens": "min_new_tokens",
    "max_new_tokens": "max_new_tokens",
    "max_length": "max_length",
    "num_return_sequences": "samples",
    "num_beams": "beams",
    "length_penalty": "length_penalty",
    "early_stopping": "early_stopping",
    "logprobs": "logprobs",
    "threads": "threads",
    "chunk": "chunk",
    "cache_tokens": "cache_tokens",
    "seed": "seed",
}

#: Settings that make no sense unless tokens are drawn at random: giving one turns sampling on.
OF_SAMPLING = ("temperature", "top_k", "top_p", "min_p", "typical_p", "epsilon_cutoff", "eta_cutoff")

#: A function that gets the ids so far and the logits of the next token, and changes them in place or gives others.
LogitsProcessor = Callable[[List[int], Any], Any]


class Hook:
    """What libgpt calls before each token is chosen. Keeps an exception, since C can not pass it on."""

    def __init__(self, functions: Sequence[LogitsProcessor]) -> None:
        self.functions = functions
        self.error: BaseException | None = None

    def __call__(self, memory: bytearray, ids: List[int], _sequence: int) -> bool:
        """Returns whether to stop."""
        try:
            logits = float_view(memory)
            for function in self.functions:
                answer = function(ids, logits)
                if answer is not None and answer is not logits:
                    self._store(logits, answer)
        except BaseException as error:  # pylint: disable=broad-except
            self.error = error
        return self.error is not None

    @staticmethod
    def _store(logits: Any, answer: Any) -> None:
        if len(answer) != len(logits):
            raise ArgumentError("logits_processor: %d logits were given back, of %d" % (len(answer), len(logits)))
        if numpy is not None:
            logits[:] = answer
            return
        for i, value in enumerate(answer):
            logits[i] = value


def _plain(value: Any) -> Any:
    """A number of Python's own: NumPy's are taken too."""
    if hasattr(value, "__index__"):
        return int(value)
    return float(value) if hasattr(value, "__float__") else value


def set_number(handle: Any, name: str, value: Any) -> None:
    """Sets a setting that is one number."""
    try:
        getattr(_gpt, "gpt_generator_set_" + NUMBERS[name])(handle, _plain(value))
    except OverflowError:
        raise ArgumentError("%s: %r is out of range" % (name, value)) from None
    except TypeError:
        raise TypeError("%s: a number is needed, not %r" % (name, value)) from None


def get_number(handle: Any, name: str) -> Any:
    """The value of a setting that is one number."""
    value = getattr(_gpt, "gpt_generator_" + NUMBERS[name])(handle)
    return bool(value) if name in ("do_sample", "early_stopping") else value


def _set_eos(handle: Any, tokens: Any) -> None:
    wanted = [tokens] if hasattr(tokens, "__index__") else list(tokens)
    for token in _gpt.gpt_python_stop_tokens(handle):
        _gpt.gpt_generator_set_stop_token(handle, token, 0)
    for token in wanted:
        _gpt.gpt_generator_set_stop_token(handle, token, 1)


def _set_stop_strings(handle: Any, strings: Any) -> None:
    _gpt.gpt_generator_clear_stop_strings(handle)
    for string in [strings] if isinstance(strings, (str, bytes)) else strings:
        _gpt.gpt_generator_add_stop_string(handle, string)


def _suppress(handle: Any, tokens: Sequence[int]) -> None:
    for token in tokens:
        _gpt.gpt_generator_set_banned(handle, token, 1)


def _single(name: str, sequence: Any) -> int:
    """The one token of a sequence; libgpt has no bans and biases of longer ones."""
    ids = [sequence] if hasattr(sequence, "__index__") else list(sequence)
    if len(ids) != 1:
        raise UnsupportedError("%s: only sequences of one token are supported, not %r" % (name, sequence))
    return int(ids[0])


def _set_bad_words(handle: Any, words: Sequence[Any]) -> None:
    _suppress(handle, [_single("bad_words_ids", word) for word in words])


def _set_bias(handle: Any, biases: Any) -> None:
    pairs = biases.items() if isinstance(biases, Mapping) else biases
    for sequence, bias in pairs:
        _gpt.gpt_generator_set_bias(handle, _single("sequence_bias", sequence), bias)


LISTS: Dict[str, Callable[[Any, Any], None]] = {
    "eos_token_id": _set_eos,
    "stop_strings": _set_stop_strings,
    "suppress_tokens": _suppress,
    "bad_words_ids": _set_bad_words,
    "sequence_bias": _set_bias,
}

NAMES = sorted([*NUMBERS, *LISTS, "logits_processor"])


def with_implied(settings: Mapping[str, Any]) -> Dict[str, Any]:
    """The settings that are given, and sampling when one of them asks for it."""
    given = {name: value for name, value in settings.items() if value is not None}
    for name in given:
        if name not in NAMES:
            raise TypeError("%r is not a setting; there are %s" % (name, ", ".join(NAMES)))
    many = given.get("num_return_sequences", 1) != 1 and given.get("num_beams", 1) == 1
    if "do_sample" not in given and (many or any(name in given for name in OF_SAMPLING)):
        given["do_sample"] = True
    return given
