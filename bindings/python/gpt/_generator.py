# SPDX-License-Identifier: Apache-2.0
"""gpt/_generator.py: new text from a model: at once, in a stream, or step by step."""
from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import threading
from typing import (TYPE_CHECKING, Any, AsyncIterator, Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence,
                    Tuple, Union, overload)

from . import _gpt, _settings
from ._arrays import FloatArray, Floats, Ids, Prompts, Text, id_list, is_one, is_text
from ._errors import ArgumentError, CancelledError, NotFoundError
from ._handle import Handle

if TYPE_CHECKING:
    from ._model import Model


class Event(NamedTuple):
    """One token that a step chose for one sequence."""

    #: The number that Generator.add gave.
    sequence: int
    #: The token's id.
    token: int
    #: The text that has become certain with it; often empty while a character is unfinished.
    text: str
    #: Why the sequence has ended: "stop_token", "stop_string", "length", "context"; None while it goes on.
    finish_reason: Optional[str]
    #: The log-probability of the token in nats, when logprobs is 0 or more.
    logprob: Optional[float]
    #: The most probable tokens and their log-probabilities, as many as logprobs says.
    alternatives: Tuple[Tuple[int, float], ...]


#: An event as _gpt gives it.
RawEvent = Tuple[int, int, str, Optional[str], Optional[float], Tuple[Tuple[int, float], ...]]


_BUSY = "generator: sequences of add or of a stream run; they must end first"


class Exclusive:
    """A lock for one thread at a time. A logits processor that uses its own generator gets an error and no deadlock."""

    def __init__(self) -> None:
        self.owner: Optional[int] = None
        # The collector may close a stream on this thread between the two lines that take the lock.
        self._lock = threading.RLock()

    def is_mine(self) -> bool:
        """Whether this thread has it: then a logits processor asks, in the middle of a step."""
        return self.owner == threading.get_ident()

    def __enter__(self) -> None:
        if self.is_mine():
            raise ArgumentError("generator: a function that it calls can not use it")
        self._lock.acquire()
        self.owner = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self.owner = None
        self._lock.release()


class Output(str):
    """The new text of one sequence: a str that also knows how it came to be."""

    #: The text or ids that it continues.
    prompt: Text
    #: The number of tokens of the prompt.
    prompt_tokens: int
    #: The new tokens, the stop token too.
    token_ids: List[int]
    #: Why it ended, as in Event.
    finish_reason: Optional[str]
    #: The log-probability of each new token, when logprobs is 0 or more.
    logprobs: Optional[List[float]]
    #: What a beam search has ranked it by.
    score: Optional[float] = None

    @classmethod
    def of_events(cls, events: Sequence[RawEvent], prompt: Text, prompt_tokens: int) -> "Output":
        """Puts together what the events of one sequence bring."""
        output = cls("".join([text for _, _, text, _, _, _ in events]))
        output.prompt = prompt
        output.prompt_tokens = prompt_tokens
        output.token_ids = [token for _, token, _, _, _, _ in events]
        output.finish_reason = events[-1][3] if events else None
        logprobs = [logprob for _, _, _, _, logprob, _ in events if logprob is not None]
        output.logprobs = logprobs if logprobs else None
        return output

    @classmethod
    def of_result(cls, result: Any, index: int, prompt: Text) -> "Output":
        """An output of a result of _gpt."""
        text, token_ids, logprobs, finish_reason, prompt_tokens, score = _gpt.gpt_python_output(result, index)
        output = cls(text)
        output.prompt = prompt
        output.prompt_tokens = prompt_tokens
        output.token_ids = token_ids
        output.finish_reason = finish_reason
        output.logprobs = logprobs
        output.score = score
        return output


Outputs = Union[Output, List[Output], List[List[Output]]]


class Generator(Handle):
    """Settings and running sequences. It keeps its model alive. Threads may share one, and wait for each other then;
    threads that are to compute at the same time take a generator each.

    Settings are keyword arguments with the names of transformers' generate; gpt.SETTINGS lists them.
    """

    _kind = "generator"

    def __init__(self, model: "Model", **settings: Any) -> None:
        super().__init__(_gpt.gpt_generator_new(model.handle))
        self._model = model
        self._alone = Exclusive()
        self._hooks: List[_settings.Hook] = []
        # The sequence of the last stream. It is computed alone: its events are all that its steps give.
        self._streaming = -1
        self.set(**{"threads": model.threads or None, **settings})

    @property
    def model(self) -> "Model":
        """The model."""
        return self._model

    def set(self, **settings: Any) -> None:
        """Changes settings, for sequences that are added afterwards. None leaves one as it is.

        A setting that is none is a TypeError which names it. Settings of sampling, and num_return_sequences, turn
        do_sample on unless it is given.
        """
        given = _settings.with_implied(settings)
        with self._alone:
            self._set(self.handle, given)

    def _set(self, handle: Any, given: Dict[str, Any]) -> None:
        for name, value in given.items():
            if name == "logits_processor":
                self._set_hook(handle, value)
            elif name in _settings.LISTS:
                _settings.LISTS[name](handle, value)
            else:
                _settings.set_number(handle, name, value)

    def _set_hook(self, handle: Any, functions: Any) -> None:
        functions = [functions] if callable(functions) else list(functions)
        if _gpt.gpt_generator_active(handle) == 0:
            self._hooks.clear()
        if functions:
            self._hooks.append(_settings.Hook(functions))
        _gpt.gpt_python_set_logits_hook(handle, self._hooks[-1] if functions else None)

    def settings(self) -> Dict[str, Any]:
        """The settings that are one number or yes and no, by name."""
        return {name: _settings.get_number(self.handle, name) for name in _settings.NUMBERS}

    def reset_settings(self) -> None:
        """Puts every setting back to what the model's files ask for."""
        with self._alone:
            handle = self.handle
            _gpt.gpt_generator_reset_settings(handle)
            _gpt.gpt_python_set_logits_hook(handle, None)
            self._set(handle, _settings.with_implied({"threads": self._model.threads or None}))

    # Step by step.

    def _handle_without_stream(self) -> Any:
        handle = self.handle
        if self._streaming >= 0 and _gpt.gpt_generator_active(handle) > 0:
            raise ArgumentError(_BUSY)
        self._streaming = -1
        return handle

    def _add(self, handle: Any, prompt: Text) -> int:
        add = _gpt.gpt_generator_add if is_text(prompt) else _gpt.gpt_generator_add_ids
        return int(add(handle, prompt))

    def add(self, prompt: Text) -> int:
        """Adds a prompt; returns the number of its first sequence. Further samples have the numbers after it."""
        with self._alone:
            return self._add(self._handle_without_stream(), prompt)

    def _raise_error_of_hook(self) -> None:
        """Raises what a logits processor raised, in place of the error that says that it stopped the computation."""
        for hook in self._hooks:
            if hook.error is not None:
                error, hook.error = hook.error, None
                raise error from None

    def _step(self, handle: Any) -> List[RawEvent]:
        try:
            events: List[RawEvent] = _gpt.gpt_python_step(handle)
            return events
        except CancelledError:
            self._raise_error_of_hook()
            raise

    def _stream_step(self, sequence: int) -> Optional[List[RawEvent]]:
        """A step of a stream; None when its sequence runs no more."""
        with self._alone:
            handle = self.handle
            if self._streaming != sequence or _gpt.gpt_generator_active(handle) == 0:
                return None
            return self._step(handle)

    def step(self) -> List[Event]:
        """Computes a token for each sequence whose prompt has been read, and a part of the prompts that wait."""
        with self._alone:
            events = self._step(self._handle_without_stream())
        return [Event._make(event) for event in events]

    def events(self) -> Iterator[Event]:
        """Steps until all sequences have ended, and gives each event as soon as it is there."""
        while self.active > 0:
            yield from self.step()

    def drop(self, sequence: int) -> None:
        """Drops a sequence that runs."""
        with self._alone:
            handle = self.handle
            _gpt.gpt_generator_drop(handle, sequence)

    @property
    def active(self) -> int:
        """The number of sequences that have not ended."""
        return int(_gpt.gpt_generator_active(self.handle))

    @property
    def pending(self) -> int:
        """The number of prompt tokens that are still to be read."""
        return int(_gpt.gpt_generator_pending(self.handle))

    def cancel(self) -> None:
        """Stops what is being computed, from any thread: it ends with CancelledError."""
        _gpt.gpt_generator_cancel(self.handle)

    def _forget_cancel(self) -> None:
        """Takes a cancel back that came after the end of what it was to stop: a step without sequences hears it."""
        with self._alone:
            self._forget_cancel_of(self.handle)

    def _forget_cancel_of(self, handle: Any) -> None:
        with contextlib.suppress(CancelledError):
            if _gpt.gpt_generator_active(handle) == 0:
                self._step(handle)

    # At once.

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

    def generate(self, prompt: Any, *, num_return_sequences: Optional[int] = None,
                 callback: Optional[Callable[[Event], object]] = None, **settings: Any) -> Outputs:
        """Continues a prompt, or each of a list of prompts, which are computed together.

        For one prompt the Output; with num_return_sequences a list of so many. For a list of prompts a list of these.
        The callback gets each event as soon as it is there, but not those of a beam search; what it raises stops the
        generation and arrives here.
        """
        one = is_one(prompt)
        prompts = [prompt] if one else list(prompt)
        given = _settings.with_implied({"num_return_sequences": num_return_sequences, **settings})
        # The settings are those of this call: another thread that shares the generator must not change them meanwhile.
        with self._alone:
            handle = self._idle_handle()
            self._set(handle, given)
            if _gpt.gpt_generator_beams(handle) > 1:
                outputs = [self._search(handle, prompt) for prompt in prompts]
            else:
                outputs = self._run(handle, prompts, callback)
        shaped: Any = outputs
        if num_return_sequences is None:
            shaped = [samples[0] for samples in outputs]
        result: Outputs = shaped[0] if one else shaped
        return result

    def _idle_handle(self) -> Any:
        """The handle, when no sequence runs that a call of its own would step too."""
        handle = self.handle
        if _gpt.gpt_generator_active(handle) > 0:
            raise ArgumentError(_BUSY)
        return handle

    def _run(self, handle: Any, prompts: Sequence[Text],
             callback: Optional[Callable[[Event], object]]) -> List[List[Output]]:
        events: Dict[int, List[RawEvent]] = {}
        try:
            starts = [self._begin(handle, prompt, events) for prompt in prompts]
            while _gpt.gpt_generator_active(handle) > 0:
                self._take(self._step(handle), events, callback)
        except BaseException:
            self._drop_all(handle, events)
            raise
        samples = _gpt.gpt_generator_samples(handle)
        return [[Output.of_events(events[first + i], prompt, tokens) for i in range(samples)]
                for prompt, (first, tokens) in zip(prompts, starts)]

    def _search(self, handle: Any, prompt: Text) -> List[Output]:
        """A beam search, which is one call. Another thread makes it, so that Ctrl-C can stop it."""
        try:
            return self._search_in_thread(handle, prompt)
        except BaseException:
            self._forget_cancel_of(handle)
            raise

    def _search_in_thread(self, handle: Any, prompt: Text) -> List[Output]:
        with concurrent.futures.ThreadPoolExecutor(max_workers=1) as executor:
            work = executor.submit(self._search_alone, handle, prompt)
            try:
                result = work.result()
            except CancelledError:
                self._raise_error_of_hook()
                raise
            except BaseException:
                if not work.done():
                    _gpt.gpt_generator_cancel(handle)
                raise
            return [Output.of_result(result, i, prompt) for i in range(_gpt.gpt_result_count(result))]

    def _search_alone(self, handle: Any, prompt: Text) -> Any:
        run = _gpt.gpt_generator_run if is_text(prompt) else _gpt.gpt_generator_run_ids
        owner, self._alone.owner = self._alone.owner, threading.get_ident()
        try:
            return run(handle, prompt)
        finally:
            self._alone.owner = owner

    def _begin(self, handle: Any, prompt: Text, events: Dict[int, List[RawEvent]]) -> Tuple[int, int]:
        """Adds a prompt; returns its first sequence and the number of its tokens."""
        before = _gpt.gpt_generator_pending(handle)
        first = self._add(handle, prompt)
        for i in range(_gpt.gpt_generator_samples(handle)):
            events[first + i] = []
        return first, int(_gpt.gpt_generator_pending(handle)) - before

    @staticmethod
    def _take(step: Sequence[RawEvent], events: Dict[int, List[RawEvent]],
              callback: Optional[Callable[[Event], object]]) -> None:
        for event in step:
            events[event[0]].append(event)
            if callback is not None:
                callback(Event._make(event))

    @staticmethod
    def _drop_all(handle: Any, sequences: Any) -> None:
        for sequence in sequences:
            with contextlib.suppress(NotFoundError):
                _gpt.gpt_generator_drop(handle, sequence)

    def stream(self, prompt: Text, **settings: Any) -> "Stream":
        """A stream of the pieces of text that continue a prompt."""
        given = _settings.with_implied(settings)
        with self._alone:
            handle = self._idle_handle()
            self._set(handle, given)
            if _gpt.gpt_generator_samples(handle) != 1:
                raise ArgumentError("num_return_sequences: a stream has one sequence; use Generator.add and events")
            self._streaming = self._add(handle, prompt)
            return Stream(self, self._streaming)

    # Numbers instead of text.

    def _ids(self, text: Text) -> List[int]:
        return self._model.tokenizer.encode(text) if is_text(text) else id_list(text)  # type: ignore[arg-type]

    def _evaluate(self, text: Text, logits: bool, hidden: bool) -> List[FloatArray]:
        ids = self._ids(text)
        # The generator's own: the user may have closed the model.
        model = _gpt.gpt_generator_model(self.handle)
        # A text that is too long is refused before memory for its numbers is asked for.
        rows = len(ids) if len(ids) <= _gpt.gpt_model_context_length(model) else 0
        widths = [_gpt.gpt_model_vocab_size(model) if logits else None, _gpt.gpt_model_width(model) if hidden else None]
        floats = [Floats([rows, width]) if width is not None and rows > 0 else None for width in widths]
        with self._alone:
            handle = self.handle
            _gpt.gpt_python_evaluate(handle, ids, *[f.memory if f is not None else None for f in floats])
        return [f.array() for f in floats if f is not None]

    def logits(self, text: Text) -> FloatArray:
        """The logits after each token of a text: [tokens, vocab_size]. A NumPy array, else lists of floats."""
        return self._evaluate(text, True, False)[0]

    def hidden_states(self, text: Text) -> FloatArray:
        """The hidden state of each token of a text after the last norm: [tokens, hidden_size]."""
        return self._evaluate(text, False, True)[0]

    def score(self, text: Text) -> FloatArray:
        """The log-probability of each token of a text after those before it: [tokens]. The first is NaN.

        The perplexity of the text is exp(-mean) of the others.
        """
        ids = self._ids(text)
        floats = Floats([len(ids)])
        with self._alone:
            handle = self.handle
            _gpt.gpt_python_score(handle, ids, floats.memory)
        return floats.array()

    def process_logits(self, logits: Any, ids: Ids = (), prompt_count: int = 0) -> None:
        """Does to a row of logits, float32 and writable, what the settings do before a token is chosen."""
        with self._alone:
            handle = self.handle
            _gpt.gpt_python_process_logits(handle, ids, prompt_count, logits)

    def cache_bytes(self, tokens: int) -> int:
        """The bytes that the cache takes for so many tokens of one sequence."""
        return int(_gpt.gpt_generator_cache_bytes(self.handle, tokens))


class Stream:
    """The pieces of text that continue a prompt, each as soon as it is certain. Use it with for, async for, with.

    Leaving the loop early and dropping the stream stops the generation, as close does.
    """

    def __init__(self, generator: Generator, sequence: int) -> None:
        """For this package; users call stream of a model or a generator."""
        self._sequence = sequence
        self._generator = generator
        self._executor: Optional[concurrent.futures.ThreadPoolExecutor] = None
        #: The new tokens so far.
        self.token_ids: List[int] = []
        #: Why it has ended, as in Event; None while it goes on.
        self.finish_reason: Optional[str] = None

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        while self._sequence >= 0:
            text = self._piece()
            if text:
                return text
        raise StopIteration

    def _next(self) -> Optional[str]:
        return next(self, None)

    def _piece(self) -> str:
        try:
            events = self._generator._stream_step(self._sequence)
        except BaseException:
            # Perhaps on the thread of async for, which can not wait for its own end, as close would.
            self._end()
            raise
        if events is None:
            self._sequence = -1
            return ""
        piece = ""
        for _, token, text, finish_reason, _, _ in events:
            self.token_ids.append(token)
            piece += text
            if finish_reason is not None:
                self.finish_reason = finish_reason
                self._sequence = -1
        return piece

    def __aiter__(self) -> AsyncIterator[str]:
        return self

    async def __anext__(self) -> str:
        # One thread for all steps, since each thread that computes brings helpers of its own.
        if self._executor is None:
            self._executor = concurrent.futures.ThreadPoolExecutor(max_workers=1)
        try:
            text = await asyncio.get_running_loop().run_in_executor(self._executor, self._next)
        except BaseException:
            self._stop()
            raise
        if text is None:
            self._stop()
            raise StopAsyncIteration
        return text

    def _stop(self) -> None:
        """Stops a step that runs in the other thread, and ends the stream."""
        stopped = self._sequence >= 0
        if stopped:
            self._generator.cancel()
        self.close()
        if stopped:
            self._generator._forget_cancel()

    def close(self) -> None:
        """Stops the generation. In a logits processor of the generator it does nothing."""
        if self._generator._alone.is_mine():
            return
        executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=True)
        self._end()

    def _end(self) -> None:
        """Drops the sequence, which can not be done in the middle of a step."""
        if self._generator._alone.is_mine():
            return
        sequence, self._sequence = self._sequence, -1
        if sequence >= 0:
            with contextlib.suppress(Exception):
                self._generator.drop(sequence)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> "Stream":
        return self

    async def __aexit__(self, *_: object) -> None:
        self._stop()

    def __del__(self) -> None:
        self.close()
