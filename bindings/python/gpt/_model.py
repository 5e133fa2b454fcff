# SPDX-License-Identifier: Apache-2.0
"""gpt/_model.py: a model, and what can be done with one in a line."""
from __future__ import annotations

import asyncio
import functools
import os
from typing import Any, Callable, List, Optional, Tuple, Union, overload

from . import _gpt
from ._arrays import FloatArray, Prompts, Text
from ._errors import ArgumentError
from ._generator import Event, Generator, Output, Outputs, Stream
from ._handle import Handle
from ._tokenizer import Tokenizer

_DTYPES = {
    "auto": _gpt.GPT_DTYPE_AUTO,
    "f32": _gpt.GPT_DTYPE_F32,
    "float32": _gpt.GPT_DTYPE_F32,
    "bf16": _gpt.GPT_DTYPE_BF16,
    "bfloat16": _gpt.GPT_DTYPE_BF16,
    "int8": _gpt.GPT_DTYPE_INT8,
}


def _options(dtype: str, threads: int) -> Any:
    if dtype not in _DTYPES:
        raise ArgumentError("dtype: %r is none of %s" % (dtype, ", ".join(_DTYPES)))
    options = _gpt.gpt_model_options_new()
    _gpt.gpt_model_options_set_dtype(options, _DTYPES[dtype])
    _gpt.gpt_model_options_set_threads(options, threads)
    return options


class Model(Handle):
    """A model. Any number of threads may use one at the same time.

    >>> model = gpt.Model.from_pretrained("storyteller")
    >>> print(model.generate("Once upon a time", max_new_tokens=50, temperature=0.8))
    """

    _kind = "model"

    def __init__(self, handle: Any, threads: int = 0, arguments: Optional[Tuple[Any, ...]] = None) -> None:
        """For this package; users call from_pretrained."""
        super().__init__(handle)
        self._arguments = arguments
        #: The number of threads that its generators compute with; 0 lets libgpt choose.
        self.threads = threads
        tokenizer = _gpt.gpt_model_tokenizer(handle)
        self._tokenizer = Tokenizer(_gpt.gpt_tokenizer_ref(tokenizer)) if tokenizer is not None else None

    @classmethod
    def from_pretrained(cls, name_or_path: Union[str, "os.PathLike[str]"], *, dtype: str = "auto",
                        threads: int = 0) -> "Model":
        """Opens a model: a directory, a GGUF file, or the name of one that is on this machine.

        dtype is how weights are kept: "auto", "f32", "bf16" or "int8". threads is the number of threads that open the
        model and that generators compute with; 0 lets libgpt choose.
        """
        handle = _gpt.gpt_model_open(name_or_path, _options(dtype, threads))
        return cls(handle, threads, (name_or_path, dtype, threads))

    def __reduce__(self) -> Any:
        """Another process that gets a model opens it again."""
        return _open, self._arguments

    def __repr__(self) -> str:
        if self._handle is None:
            return "<gpt.Model, closed>"
        return "<gpt.Model %s: %s, %d parameters, %s>" % (self.path, self.family, self.parameters, self.dtype)

    @property
    def tokenizer(self) -> Tokenizer:
        """The tokenizer of the model."""
        if self._tokenizer is None:
            raise ArgumentError("model: its files have no tokenizer")
        return self._tokenizer

    @property
    def path(self) -> str:
        """Where it was opened from."""
        return str(_gpt.gpt_model_path(self.handle))

    @property
    def family(self) -> str:
        """The family, as config.json calls it: "gpt2"."""
        return str(_gpt.gpt_model_family(self.handle))

    @property
    def dtype(self) -> str:
        """How the weights are kept: "f32", "bf16" or "int8"."""
        return str(_gpt.gpt_dtype_name(_gpt.gpt_model_dtype(self.handle)))

    @property
    def vocab_size(self) -> int:
        """The number of logits for each token."""
        return int(_gpt.gpt_model_vocab_size(self.handle))

    @property
    def context_length(self) -> int:
        """The largest number of tokens, prompt and new ones together."""
        return int(_gpt.gpt_model_context_length(self.handle))

    @property
    def hidden_size(self) -> int:
        """The number of values in a hidden state."""
        return int(_gpt.gpt_model_width(self.handle))

    @property
    def layers(self) -> int:
        """The number of layers."""
        return int(_gpt.gpt_model_layers(self.handle))

    @property
    def heads(self) -> int:
        """The number of attention heads of a layer."""
        return int(_gpt.gpt_model_heads(self.handle))

    @property
    def kv_heads(self) -> int:
        """The number of heads that keys and values have."""
        return int(_gpt.gpt_model_kv_heads(self.handle))

    @property
    def parameters(self) -> int:
        """The number of different weights."""
        return int(_gpt.gpt_model_parameters(self.handle))

    @property
    def weight_bytes(self) -> int:
        """The memory that the weights take, in bytes."""
        return int(_gpt.gpt_model_weight_bytes(self.handle))

    def generator(self, **settings: Any) -> Generator:
        """A new generator, which keeps the model alive."""
        return Generator(self, **settings)

    @overload
    def generate(self, prompt: Text, *, num_return_sequences: None = None,
                 callback: Optional[Callable[[Event], object]] = None, **settings: Any) -> Output: ...

    @overload
    def generate(self, prompt: Text, *, num_return_sequences: int,
                 callback: Optional[Callable[[Event], object]] = None, **settings: Any) -> List[Output]: ...

    @overload
    def generate(self, prompt: Prompts, *, num_return_sequences: None = None,
                 callback: Optional[Callable[[Event], object]] = None, **settings: Any) -> List[Output]: ...

    @overload
    def generate(self, prompt: Prompts, *, num_return_sequences: int,
                 callback: Optional[Callable[[Event], object]] = None, **settings: Any) -> List[List[Output]]: ...

    def generate(self, prompt: Any, **arguments: Any) -> Outputs:
        """Continues a prompt, or a list of prompts: see Generator.generate. gpt.SETTINGS lists the settings."""
        result: Outputs = Generator(self).generate(prompt, **arguments)
        return result

    async def agenerate(self, prompt: Any, **arguments: Any) -> Any:
        """The same in another thread, while the event loop goes on. Cancelling the task stops the computation."""
        generator = Generator(self)
        work = asyncio.get_running_loop().run_in_executor(
            None, functools.partial(generator.generate, prompt, **arguments))
        try:
            return await work
        except asyncio.CancelledError:
            generator.cancel()
            raise

    def stream(self, prompt: Text, **settings: Any) -> Stream:
        """The pieces of text that continue a prompt, for use with for or async for."""
        return Generator(self).stream(prompt, **settings)

    def logits(self, text: Text) -> FloatArray:
        """The logits after each token of a text or of ids: [tokens, vocab_size]."""
        return Generator(self).logits(text)

    def hidden_states(self, text: Text) -> FloatArray:
        """The hidden state of each token of a text or of ids: [tokens, hidden_size]."""
        return Generator(self).hidden_states(text)

    def score(self, text: Text) -> FloatArray:
        """The log-probability of each token of a text or of ids after those before it; the first is NaN."""
        return Generator(self).score(text)


def _open(name_or_path: Any, dtype: str, threads: int) -> Model:
    return Model.from_pretrained(name_or_path, dtype=dtype, threads=threads)
