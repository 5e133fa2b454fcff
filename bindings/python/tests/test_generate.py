#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_generate.py: text from the Python package: at once, in streams, step by step, with callbacks."""
import asyncio
import json
import subprocess
import threading

from common import case, expect, expect_equal, golden, gpt, numbered, raises, storyteller, tap

PROMPT = "Once upon a time"


@case
def greedy_tokens_are_those_of_the_reference():
    model, tensors = golden("gpt2")
    for (_, prompt), (_, greedy) in zip(numbered(tensors, "prompt"), numbered(tensors, "greedy")):
        output = model.generate(list(prompt), max_new_tokens=len(greedy), min_new_tokens=len(greedy), do_sample=False)
        expect_equal(output.token_ids, list(greedy))
        expect_equal((output.finish_reason, output.prompt_tokens), ("length", len(prompt)))


@case
def beams_are_those_of_the_reference():
    model, tensors = golden("gpt2")
    for (_, prompt), (_, beam) in zip(numbered(tensors, "prompt"), numbered(tensors, "beam4")):
        output = model.generate(list(prompt), num_beams=4, max_new_tokens=len(beam), min_new_tokens=len(beam))
        expect_equal(output.token_ids, list(beam))
        best = model.generate(list(prompt), num_beams=4, num_return_sequences=3, max_new_tokens=len(beam),
                              min_new_tokens=len(beam))
        expect_equal([len(best), best[0].token_ids], [3, list(beam)])
        expect(best[0].score >= best[1].score >= best[2].score, [text.score for text in best])
    expect_equal(model.generate(list(prompt), max_new_tokens=2).score, None)


# The tool is another program on the same library: it must get the same from the same settings.
@case
def settings_reach_the_library():
    options = {"temperature": 0.9, "top-k": 50, "top-p": 0.95, "repetition-penalty": 1.2, "seed": 11, "threads": 1,
               "max-new-tokens": 30, "samples": 3, "min-p": 0.01, "typical-p": 0.98, "no-repeat-ngram": 4}
    arguments = [part for name, value in options.items() for part in ("--" + name, str(value))]
    expected = [sample["text"] for sample in tap.good_json("--json", *arguments, PROMPT)["samples"]]
    texts = storyteller().generate(PROMPT, temperature=0.9, top_k=50, top_p=0.95, repetition_penalty=1.2, seed=11,
                                   max_new_tokens=30, num_return_sequences=3, min_p=0.01, typical_p=0.98,
                                   no_repeat_ngram_size=4)
    expect_equal([str(text) for text in texts], expected)


@case
def every_setting_comes_back():
    values = {"do_sample": True, "temperature": 0.5, "top_k": 7, "top_p": 0.5, "min_p": 0.25, "typical_p": 0.75,
              "epsilon_cutoff": 0.125, "eta_cutoff": 0.25, "repetition_penalty": 1.5, "presence_penalty": 0.5,
              "frequency_penalty": -0.5, "no_repeat_ngram_size": 3, "min_new_tokens": 2, "max_new_tokens": 9,
              "max_length": 40, "num_return_sequences": 2, "logprobs": 4, "threads": 2, "chunk": 64,
              "cache_tokens": 4096, "seed": 2**64 - 1, "num_beams": 3, "length_penalty": 0.5, "early_stopping": True}
    generator = storyteller().generator(**values)
    expect_equal(generator.settings(), values)
    generator.reset_settings()
    fresh = storyteller().generator().settings()
    expect_equal(generator.settings(), fresh)


@case
def results_have_the_shape_of_the_question():
    model = storyteller()
    one = model.generate(PROMPT, max_new_tokens=3)
    expect(isinstance(one, gpt.Output) and isinstance(one, str) and len(one.token_ids) == 3, one)
    expect_equal(len(model.generate(PROMPT, max_new_tokens=3, num_return_sequences=1)), 1)
    batch = model.generate(["The fox", PROMPT], max_new_tokens=3)
    expect_equal([output.prompt for output in batch], ["The fox", PROMPT])
    shaped = model.generate([[584, 600], [259]], max_new_tokens=3, num_return_sequences=2)
    expect_equal([len(samples) for samples in shaped], [2, 2])
    expect_equal(model.generate([]), [])
    expect_equal(one.prompt_tokens, len(model.tokenizer.encode(PROMPT)))


@case
def streams_give_the_same_text():
    model = storyteller()
    settings = {"seed": 3, "do_sample": True, "max_new_tokens": 40}
    whole = model.generate(PROMPT, **settings)
    stream = model.stream(PROMPT, **settings)
    pieces = list(stream)
    expect(len(pieces) > 10 and all(pieces), pieces)
    expect_equal("".join(pieces), str(whole))
    expect_equal((stream.token_ids, stream.finish_reason), (whole.token_ids, "length"))

    async def read():
        return [piece async for piece in model.stream(PROMPT, **settings)]

    async def several():
        return await asyncio.gather(read(), read(), model.agenerate(PROMPT, **settings))

    first, second, third = asyncio.run(several())
    expect_equal((first, second, str(third)), (pieces, pieces, str(whole)))


# The event loop goes on while the model computes, and a task that is cancelled ends the computation.
@case
def async_work_can_be_cancelled():
    async def main():
        stream = storyteller().stream(PROMPT, max_new_tokens=400, eos_token_id=[])
        task = asyncio.ensure_future(consume(stream))
        await asyncio.sleep(0.05)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return len(stream.token_ids)

    async def consume(stream):
        async for _ in stream:
            pass

    expect(0 < asyncio.run(main()) < 400)


# What goes wrong while a stream is read by async for arrives there as it is.
@case
def async_streams_raise_what_goes_wrong():
    async def consume(stream):
        async for _ in stream:
            pass

    def refuse(ids, logits):
        raise ValueError("from the processor")

    generator = storyteller().generator(max_new_tokens=400, eos_token_id=[])
    stream = generator.stream(PROMPT)
    threading.Timer(0.02, generator.cancel).start()
    raises(gpt.CancelledError, lambda: asyncio.run(consume(stream)))
    tight = storyteller().generator(cache_tokens=128, max_new_tokens=400, eos_token_id=[])
    raises(gpt.ContextError, lambda: asyncio.run(consume(tight.stream(PROMPT))))
    raises(ValueError, lambda: asyncio.run(consume(generator.stream(PROMPT, logits_processor=refuse))), "processor")
    expect_equal((generator.active, tight.active), (0, 0))


# What stopped a stream must not stop what comes after it.
@case
def a_cancel_is_not_left_behind():
    generator = storyteller().generator(max_new_tokens=5)

    async def leave():
        async with generator.stream(PROMPT) as stream:
            await stream.__anext__()

    for _ in range(20):
        asyncio.run(leave())
        expect_equal(len(generator.generate(PROMPT).token_ids), 5)


@case
def a_stream_that_is_left_ends():
    generator = storyteller().generator(max_new_tokens=100)
    for _ in generator.stream(PROMPT):
        break
    expect_equal(generator.active, 0)
    with generator.stream(PROMPT) as stream:
        next(stream)
        raises(gpt.ArgumentError, lambda: generator.stream(PROMPT), "must end first")
        raises(gpt.ArgumentError, lambda: generator.generate(PROMPT), "must end first")
    expect_equal(generator.active, 0)
    expect_equal(list(stream), [])


# What a stream gives is its own text: nothing may run beside it, or take its steps.
@case
def a_stream_runs_alone():
    generator = storyteller().generator(max_new_tokens=20, do_sample=False, eos_token_id=[])
    expected = str(generator.generate(PROMPT))
    stream = generator.stream(PROMPT)
    pieces = [next(stream)]
    raises(gpt.ArgumentError, lambda: generator.add("The fox"), "must end first")
    raises(gpt.ArgumentError, generator.step, "must end first")
    raises(gpt.ArgumentError, lambda: list(generator.events()), "must end first")
    expect_equal("".join(pieces + list(stream)), expected)
    # One whose sequence is dropped has come to its end, and takes nothing from what runs then.
    before = generator.add("The fox")
    generator.drop(before)
    stream = generator.stream(PROMPT)
    generator.drop(before + 1)
    after = generator.add("The fox")
    expect_equal(list(stream), [])
    expect_equal({event.sequence for event in generator.events()}, {after})


@case
def sequences_come_and_go():
    generator = storyteller().generator(max_new_tokens=5, do_sample=False, logprobs=2)
    first = generator.add("The fox")
    events = generator.step()
    second = generator.add([584, 600])
    generator.drop(first)
    raises(gpt.NotFoundError, lambda: generator.drop(first))
    events = list(generator.events())
    expect_equal([event.sequence for event in events], [second] * 5)
    expect_equal(events[-1].finish_reason, "length")
    for event in events:
        expect_equal(len(event.alternatives), 2)
        expect_equal((event.token, event.logprob), event.alternatives[0])


@case
def callbacks_see_each_event_and_may_stop():
    seen = []
    output = storyteller().generate(PROMPT, max_new_tokens=8, callback=seen.append)
    expect_equal([event.token for event in seen], output.token_ids)
    generator = storyteller().generator(max_new_tokens=50)

    def stop(event):
        seen.append(event)
        raise KeyError("enough")

    seen.clear()
    error = raises(KeyError, lambda: generator.generate(PROMPT, callback=stop))
    expect_equal((error.args, len(seen), generator.active), (("enough", ), 1, 0))


@case
def logits_processors_choose():
    model = storyteller()

    def only_five(ids, logits):
        for i in range(len(logits)):
            logits[i] = 0 if i == 5 else -1e9

    output = model.generate([584, 600], logits_processor=only_five, max_new_tokens=4)
    expect_equal(output.token_ids, [5, 5, 5, 5])
    seen = []

    def other(ids, logits):
        seen.append(list(ids))
        return [0.0 if i == len(ids) else -1e9 for i in range(len(logits))]

    output = model.generate([584, 600], logits_processor=[other], max_new_tokens=2, do_sample=False)
    expect_equal((output.token_ids, seen), ([2, 3], [[584, 600], [584, 600, 2]]))
    generator = model.generator(logits_processor=lambda ids, logits: generator.step())
    raises(gpt.ArgumentError, lambda: generator.generate("The fox"), "can not use it")
    raises(gpt.ArgumentError, lambda: model.generate("x", logits_processor=lambda ids, logits: [1]), "of 2048")

    class Odd(BaseException):
        pass

    def broken(ids, logits):
        raise Odd("arrives")

    raises(Odd, lambda: model.generate("x", logits_processor=broken), "arrives")
    raises(Odd, lambda: model.generate("x", logits_processor=broken, num_beams=2), "arrives")
    raises(gpt.ArgumentError, lambda: generator.generate("The fox", num_beams=2), "can not use it")


# A stream that is used in the middle of its own step goes on, and ends as any other.
@case
def logits_processors_can_not_use_their_own_stream():
    generator = storyteller().generator(max_new_tokens=6, do_sample=False, eos_token_id=[])
    expected = generator.generate(PROMPT).token_ids
    calls = []

    def use(ids, logits):
        calls.append(raises(gpt.ArgumentError, lambda: next(stream), "can not use it"))
        stream.close()

    async def consume():
        async for _ in stream:
            pass

    stream = generator.stream(PROMPT, logits_processor=use)
    expect("".join(stream) != "")
    expect_equal((stream.token_ids, stream.finish_reason, generator.active), (expected, "length", 0))
    stream = generator.stream(PROMPT)
    asyncio.run(consume())
    expect_equal((stream.token_ids, stream.finish_reason, generator.active), (expected, "length", 0))
    expect_equal(len(calls), 12)


@case
def lists_of_tokens_are_settings():
    model = storyteller()
    plain = model.generate(PROMPT, max_new_tokens=10, do_sample=False)
    token = plain.token_ids[0]
    expect(token not in model.generate(PROMPT, max_new_tokens=10, do_sample=False, bad_words_ids=[[token]]).token_ids)
    expect(token not in model.generate(PROMPT, max_new_tokens=10, do_sample=False, suppress_tokens=[token]).token_ids)
    biased = model.generate(PROMPT, do_sample=False, max_new_tokens=3, sequence_bias={(7, ): 1e6})
    expect_equal(biased.token_ids, [7, 7, 7])
    ended = model.generate(PROMPT, max_new_tokens=10, do_sample=False, eos_token_id=plain.token_ids[3])
    expect_equal((ended.token_ids, ended.finish_reason), (plain.token_ids[:4], "stop_token"))
    word = str(plain).split()[2]
    stopped = model.generate(PROMPT, max_new_tokens=50, do_sample=False, stop_strings=[word])
    expect_equal((str(stopped), stopped.finish_reason), (str(plain)[:str(plain).index(word)], "stop_string"))
    raises(gpt.UnsupportedError, lambda: model.generate(PROMPT, bad_words_ids=[[1, 2]]), "one token")


# A character of several tokens comes in one piece, text with NUL is text, and a megabyte is read to its end.
@case
def any_text_crosses():
    model = storyteller()
    tokenizer = model.tokenizer
    for text in ["a\0b\0", "\U0001f98a caf\u00e9 \u65e5\u672c", "", "x" * 1000000, "Once upon a time. " * 60000]:
        expect(tokenizer.decode(tokenizer.encode(text)) == text, "not the same again:", text[:20])
    expect_equal(tokenizer.encode("a\0b"), tokenizer.encode(b"a\0b"))
    fox = tokenizer.encode("\U0001f98a")
    expect(len(fox) > 1, "the fox is one token")
    wanted = iter(fox)

    def spell(ids, logits):
        return [1e9 if i == token else -1e9 for token in [next(wanted)] for i in range(len(logits))]

    expect_equal(list(model.stream("A", logits_processor=spell, max_new_tokens=len(fox), do_sample=False)),
                 ["\U0001f98a"])
    raises(gpt.ContextError, lambda: model.generate("Once upon a time. " * 60000))
    cut = tokenizer.decode(fox[:1])
    expect(set(cut) == {"\ufffd"}, cut)


# The same process that has no NumPy gets lists.
@case
def lists_come_without_numpy():
    program = """
import sys
sys.modules["numpy"] = None
import gpt, json
m = gpt.Model.from_pretrained("storyteller", threads=1)
def hook(ids, logits):
    logits[5] = 1e9
r = m.generate("The fox", max_new_tokens=2, logits_processor=hook, do_sample=False).token_ids
s = m.score("Once upon a time")
l = m.logits("Once upon")
print(json.dumps([r, [len(l), len(l[0])], len(m.hidden_states("Once")[0]), s[1:]]))
"""
    import sys
    out = json.loads(subprocess.run([sys.executable, "-c", program], check=True, capture_output=True).stdout)
    expected = [float(value) for value in storyteller().score(PROMPT)[1:]]
    expect_equal(out, [[5, 5], [2, 2048], 256, expected])


tap.main()
