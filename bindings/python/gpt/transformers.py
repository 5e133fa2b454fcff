# SPDX-License-Identifier: Apache-2.0
"""gpt/transformers.py: the names of Hugging Face transformers that programs around GPT-2 use, on libgpt.

Change one line of such a program:

    from gpt.transformers import GPT2LMHeadModel, GPT2Tokenizer

Works without torch: tensors are torch's when it is there, else NumPy arrays, else lists.
"""
from __future__ import annotations

import itertools
import os
from typing import Any, Dict, Iterator, List, Optional, Sequence, Union

from . import _gpt
from ._arrays import id_list, numpy, optional
from ._errors import ArgumentError, UnsupportedError
from ._generator import Generator
from ._model import Model
from ._tokenizer import Tokenizer

torch = optional("torch")

Path = Union[str, "os.PathLike[str]"]

#: What transformers generates up to when nothing is asked for.
DEFAULT_MAX_LENGTH = 20

# The seed of each call that generates.
_seeds: Iterator[Optional[int]] = itertools.repeat(None)

# Far enough, modulo 2^64, that the calls after one seed are not those after the next: 2^64 over the golden ratio.
_SEED_STEP = 0x9E3779B97F4A7C15


def set_seed(seed: int) -> None:
    """The seed of what is generated afterwards: calls differ from each other, and come again after the same seed."""
    global _seeds
    _seeds = map(lambda call: (seed + call * _SEED_STEP) % 2**64, itertools.count())


class Rows(List[Any]):
    """Rows of numbers with a shape, where there is neither torch nor NumPy."""

    @property
    def shape(self) -> Any:
        """(rows, columns)"""
        return len(self), len(self[0]) if self else 0


def _tensor(rows: Sequence[Sequence[int]], kind: Optional[str] = "pt") -> Any:
    """Rows of ids of equal length as what return_tensors names."""
    if kind not in (None, "pt", "np"):
        raise UnsupportedError("return_tensors: %r is neither \"pt\" nor \"np\"" % kind)
    if kind is None:
        return [list(row) for row in rows]
    if kind == "pt" and torch is not None:
        return torch.tensor(rows, dtype=torch.long)
    if numpy is not None:
        return numpy.array(rows, dtype=numpy.int64)
    return Rows(list(row) for row in rows)


def _rows(tensor: Any) -> List[List[int]]:
    """A tensor of one or two dimensions, or lists, as rows."""
    values = tensor.tolist() if hasattr(tensor, "tolist") else tensor
    if len(values) > 0 and hasattr(values[0], "__index__"):
        values = [values]
    return [id_list(row) for row in values]


class BatchEncoding(Dict[str, Any]):
    """What calling a tokenizer gives: input_ids and attention_mask, as items or attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def to(self, device: Any) -> "BatchEncoding":
        """There is one device."""
        _check_device(device)
        return self


def _check_device(device: Any) -> None:
    if str(device) not in ("cpu", "-1"):
        raise UnsupportedError("device: %s: libgpt computes on the CPU only" % device)


class GPT2Tokenizer:
    """A tokenizer with the methods of transformers' GPT2Tokenizer."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        self.eos_token: Optional[str] = self._end_of_text()
        #: What fills shorter rows of a batch up; programs set it to eos_token.
        self.pad_token: Optional[str] = None
        self.padding_side = "right"

    @classmethod
    def from_pretrained(cls, name_or_path: Path, *, padding_side: str = "right", pad_token: Optional[str] = None,
                        **_: Any) -> "GPT2Tokenizer":
        """Opens the tokenizer of a model."""
        if padding_side not in ("left", "right"):
            raise ValueError("padding_side: %r is neither \"left\" nor \"right\"" % padding_side)
        opened = cls(Tokenizer.from_pretrained(name_or_path))
        opened.padding_side = padding_side
        opened.pad_token = pad_token
        if opened.pad_token_id == -1:
            raise UnsupportedError("pad_token: the tokenizer has no %r, and libgpt adds no tokens" % pad_token)
        return opened

    def _end_of_text(self) -> Optional[str]:
        for text in ("<|endoftext|>", "</s>"):
            if self._tokenizer.token_id(text) >= 0:
                return text
        return None

    def _id(self, token: Optional[str]) -> Optional[int]:
        return self._tokenizer.token_id(token) if token is not None else None

    @property
    def eos_token_id(self) -> Optional[int]:
        """The id of eos_token."""
        return self._id(self.eos_token)

    @property
    def pad_token_id(self) -> Optional[int]:
        """The id of pad_token."""
        return self._id(self.pad_token)

    @property
    def bos_token(self) -> Optional[str]:
        """GPT-2 begins texts with the token that ends them."""
        return self.eos_token

    @property
    def bos_token_id(self) -> Optional[int]:
        """The id of bos_token."""
        return self.eos_token_id

    @property
    def vocab_size(self) -> int:
        """One more than the largest id."""
        return self._tokenizer.vocab_size

    def __len__(self) -> int:
        return self.vocab_size

    def tokenize(self, text: str) -> List[str]:
        """The text of each token. (transformers shows bytes by letters of its own, such as "\u0120" for a space.)"""
        return [self._tokenizer.decode([token]) for token in self._tokenizer.encode(text)]

    def encode(self, text: str, return_tensors: Optional[str] = None, add_special_tokens: bool = True) -> Any:
        """The ids of a text; with return_tensors a tensor [1, tokens]. GPT-2 adds no special tokens."""
        ids = self._tokenizer.encode(text)
        return ids if return_tensors is None else _tensor([ids], return_tensors)

    def __call__(self, text: Union[str, Sequence[str]], return_tensors: Optional[str] = None,
                 padding: bool = False) -> BatchEncoding:
        """input_ids and attention_mask of a text or of several."""
        rows = [self._tokenizer.encode(line) for line in ([text] if isinstance(text, str) else text)]
        longest = max((len(row) for row in rows), default=0)
        if padding and self.pad_token_id is None:
            raise ValueError("padding needs a pad_token: set tokenizer.pad_token = tokenizer.eos_token")
        gaps = [longest - len(row) if padding else 0 for row in rows]
        ids: Any = [self._padded(row, [self.pad_token_id] * gap) for row, gap in zip(rows, gaps)]
        masks: Any = [self._padded([1] * len(row), [0] * gap) for row, gap in zip(rows, gaps)]
        if isinstance(text, str) and return_tensors is None:
            return BatchEncoding(input_ids=ids[0], attention_mask=masks[0])
        return BatchEncoding(input_ids=_tensor(ids, return_tensors), attention_mask=_tensor(masks, return_tensors))

    def _padded(self, row: List[Any], fill: List[Any]) -> List[Any]:
        return fill + row if self.padding_side == "left" else row + fill

    def decode(self, token_ids: Any, skip_special_tokens: bool = False, **_: Any) -> str:
        """The text of ids."""
        ids = [int(token_ids)] if hasattr(token_ids, "__index__") and not hasattr(token_ids, "__len__") else \
            id_list(token_ids)
        return self._tokenizer.decode(ids, skip_special_tokens=skip_special_tokens)

    def batch_decode(self, sequences: Any, skip_special_tokens: bool = False, **_: Any) -> List[str]:
        """The texts of rows of ids."""
        return [self.decode(row, skip_special_tokens) for row in sequences]


class ModelOutput:
    """What calling a model gives."""

    def __init__(self, logits: Any) -> None:
        #: [rows, tokens, vocab_size]
        self.logits = logits


# Arguments of generate that ask for nothing when they have these values; others are refused.
_NOTHING: Dict[str, Sequence[Any]] = {
    "num_beam_groups": (1, ),
    "use_cache": (True, False),
    "return_dict_in_generate": (False, ),
    "output_scores": (False, ),
    "output_attentions": (False, ),
    "output_hidden_states": (False, ),
}


def _without_nothing(arguments: Dict[str, Any]) -> Dict[str, Any]:
    """The arguments that are settings."""
    settings = {}
    for name, value in arguments.items():
        if name not in _NOTHING:
            settings[name] = value
        elif value is not None and value not in _NOTHING[name]:
            raise UnsupportedError("%s=%r is not supported by libgpt" % (name, value))
    return settings


class GPT2LMHeadModel:
    """A model with the methods of transformers' GPT2LMHeadModel. Any family that libgpt knows opens."""

    def __init__(self, model: Model) -> None:
        #: The gpt.Model that it stands on.
        self.model = model
        self.device = "cpu"

    @classmethod
    def from_pretrained(cls, name_or_path: Path, *, pad_token_id: Optional[int] = None, dtype: str = "auto",
                        threads: int = 0) -> "GPT2LMHeadModel":
        """Opens a model."""
        opened = cls(Model.from_pretrained(name_or_path, dtype=dtype, threads=threads))
        opened._pad_token_id = pad_token_id
        return opened

    _pad_token_id: Optional[int] = None

    def eval(self) -> "GPT2LMHeadModel":
        """libgpt never trains."""
        return self

    def to(self, device: Any) -> "GPT2LMHeadModel":
        """There is one device."""
        _check_device(device)
        return self

    def __call__(self, input_ids: Any, attention_mask: Any = None, **_: Any) -> ModelOutput:
        """The logits after each token of rows of ids."""
        rows = _rows(input_ids)
        if _used(rows, attention_mask) != rows:
            raise UnsupportedError("attention_mask: libgpt has no logits for rows that are filled up")
        if len({len(row) for row in rows}) > 1:
            raise ArgumentError("input_ids: rows must be of one length")
        with self.model.generator() as generator:
            logits = [generator.logits(row) for row in rows]
        if numpy is None:
            return ModelOutput(logits)
        stacked = numpy.stack(logits)
        return ModelOutput(torch.from_numpy(stacked) if torch is not None else stacked)

    def generate(self, input_ids: Any = None, *, attention_mask: Any = None, pad_token_id: Optional[int] = None,
                 num_return_sequences: int = 1, do_sample: Optional[bool] = None, **arguments: Any) -> Any:
        """Prompt and new tokens: [rows * num_return_sequences, tokens], shorter ones filled up at their end.

        The arguments are those of transformers' generate. What libgpt does not do is refused.
        """
        settings = _without_nothing(arguments)
        with self.model.generator(seed=next(_seeds)) as generator:
            sampling = generator.settings()["do_sample"] if do_sample is None else do_sample
            beams = settings.get("num_beams", 1)
            if beams != 1 and do_sample:
                raise UnsupportedError("num_beams=%r with do_sample=True is not supported by libgpt" % beams)
            if num_return_sequences != 1 and not sampling and beams == 1:
                raise ValueError("num_return_sequences: without do_sample=True all sequences would be the same")
            generator.set(do_sample=sampling, **settings)
            rows = _rows(input_ids) if input_ids is not None else [[self._begin()]]
            self._limit(generator, max(len(row) for row in rows), settings)
            outputs = generator.generate(_used(rows, attention_mask), num_return_sequences=num_return_sequences,
                                         do_sample=sampling)
        pad = pad_token_id if pad_token_id is not None else self._pad_token_id
        fill = pad if pad is not None else self._end(settings.get("eos_token_id"))
        texts = [row + output.token_ids for row, samples in zip(rows, outputs) for output in samples]
        return _tensor(_filled(texts, fill), _kind(input_ids))

    @staticmethod
    def _limit(generator: Generator, width: int, given: Dict[str, Any]) -> None:
        """max_length counts what rows were filled up with, as in transformers; max_new_tokens goes before it, but not
        when the model's files alone ask for that."""
        lengths = generator.settings()
        if not given.get("max_new_tokens") and (given.get("max_length") or lengths["max_new_tokens"] == 0):
            longest = lengths["max_length"] or DEFAULT_MAX_LENGTH
            if longest <= width:
                raise ArgumentError("max_length: %d leaves no room after %d tokens" % (longest, width))
            generator.set(max_new_tokens=longest - width)

    def _begin(self) -> int:
        """The token that begins texts."""
        token = int(_gpt.gpt_model_bos_token(self.model.handle))
        if token < 0:
            raise ArgumentError("input_ids: they are needed, as the model has no token that begins texts")
        return token

    def _end(self, given: Any) -> int:
        """The first of the tokens that end texts, given or the model's, which fills up texts, too."""
        tokens = _gpt.gpt_model_stop_token(self.model.handle, 0) if given is None else given
        first = tokens if hasattr(tokens, "__index__") else next(iter(tokens), 0)
        return max(int(first), 0)


def _used(rows: List[List[int]], attention_mask: Any) -> List[List[int]]:
    """Rows of ids without what they were filled up with."""
    if attention_mask is None:
        return rows
    return [[token for token, used in zip(row, mask) if used] for row, mask in zip(rows, _rows(attention_mask))]


def _filled(rows: List[List[int]], fill: int) -> List[List[int]]:
    longest = max((len(row) for row in rows), default=0)
    return [row + [fill] * (longest - len(row)) for row in rows]


def _kind(input_ids: Any) -> str:
    """The same kind of tensor as a program gave."""
    return "pt" if torch is not None and isinstance(input_ids, torch.Tensor) else "np"


class TextGenerationPipeline:
    """What pipeline("text-generation") gives: texts in, dictionaries with generated_text out."""

    def __init__(self, model: GPT2LMHeadModel) -> None:
        self.model = model

    def __call__(self, prompts: Any, *, return_full_text: bool = True, num_return_sequences: int = 1,
                 pad_token_id: Optional[int] = None, **arguments: Any) -> Any:
        """Continues a text, or each of a list of texts."""
        settings = _without_nothing(arguments)
        generator: Any = self.model.model.generator(seed=next(_seeds))
        settings.update(_lengths(generator, settings))
        one = isinstance(prompts, str)
        rows = generator.generate([prompts] if one else list(prompts), num_return_sequences=num_return_sequences,
                                  **settings)
        result = [list(_generated(row, return_full_text)) for row in rows]
        return result[0] if one else result


def _lengths(generator: Generator, given: Dict[str, Any]) -> Dict[str, int]:
    """What to set beside the lengths that are given, of which max_new_tokens goes first, or without any."""
    if given.get("max_new_tokens"):
        return {}
    if given.get("max_length"):
        return {"max_new_tokens": 0}
    files = generator.settings()
    return {} if files["max_new_tokens"] or files["max_length"] else {"max_length": DEFAULT_MAX_LENGTH}


def _generated(samples: Any, full: bool) -> Iterator[Dict[str, str]]:
    for text in samples:
        yield {"generated_text": text.prompt + str(text) if full else str(text)}


def pipeline(task: str = "text-generation", model: Any = "openai-community/gpt2", *, device: Any = "cpu",
             **_: Any) -> TextGenerationPipeline:
    """The pipeline of a task, of which there is one: "text-generation"."""
    if task != "text-generation":
        raise UnsupportedError("pipeline: %r is not supported by libgpt; \"text-generation\" is" % task)
    _check_device(device)
    opened = model if isinstance(model, GPT2LMHeadModel) else GPT2LMHeadModel.from_pretrained(model)
    return TextGenerationPipeline(opened)


AutoModelForCausalLM = GPT2LMHeadModel
AutoTokenizer = GPT2TokenizerFast = GPT2Tokenizer

__all__ = [
    "AutoModelForCausalLM", "AutoTokenizer", "BatchEncoding", "GPT2LMHeadModel", "GPT2Tokenizer", "GPT2TokenizerFast",
    "ModelOutput", "TextGenerationPipeline", "pipeline", "set_seed"
]
