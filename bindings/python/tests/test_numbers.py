#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_numbers.py: arrays of the Python package against the reference's numbers, and errors."""
import os
import pickle

from common import case, expect, expect_equal, golden, gpt, numbered, raises, storyteller, tap

try:
    import numpy
except ImportError:
    numpy = None


def near(found, shape, expected):
    """Compares an array, or lists, with the reference's numbers."""
    rows = found.tolist() if numpy is not None else found
    expect_equal((len(rows), len(rows[0])), tuple(shape))
    flat = [value for row in rows for value in row]
    worst = max(abs(a - b) for a, b in zip(flat, expected))
    expect(worst < 1e-3, "the numbers differ by", worst)


@case
def numbers_are_those_of_the_reference():
    for name in ["gpt2", "gptj", "gpt_neox"]:
        model, tensors = golden(name)
        for i, (_, prompt) in enumerate(numbered(tensors, "prompt")):
            near(model.logits(list(prompt)), *tensors["logits.%d" % i])
            near(model.hidden_states(list(prompt)), *tensors["hidden.%d" % i])


@case
def scores_follow_from_logits():
    if numpy is None:
        raise tap.Skip("NumPy is not installed")
    model, ids = storyteller(), storyteller().tokenizer.encode("Once upon a time there was a fox.")
    logits = model.logits(ids).astype(numpy.float64)
    expected = logits - numpy.log(numpy.exp(logits - logits.max(1, keepdims=True)).sum(1, keepdims=True)) \
        - logits.max(1, keepdims=True)
    scores = model.score(ids)
    expect(scores.dtype == numpy.float32 and numpy.isnan(scores[0]), scores)
    # The weights are bf16: how many rows are computed together changes the last digits.
    expect(abs(scores[1:] - [expected[i, ids[i + 1]] for i in range(len(ids) - 1)]).max() < 0.05, scores)


# What is returned is the memory that libgpt wrote into, and any object with memory of 32-bit integers is taken as ids.
@case
def arrays_are_not_copied():
    if numpy is None:
        raise tap.Skip("NumPy is not installed")
    model = storyteller()
    logits = model.logits("Once upon a time")
    expect(logits.flags.c_contiguous and logits.flags.writeable and logits.base is None, logits.flags)
    expect_equal(memoryview(logits).shape, (4, model.vocab_size))
    ids = model.tokenizer.encode("Once upon a time")
    for kind in (numpy.int32, numpy.int64, numpy.uint16):
        expect_equal(model.tokenizer.decode(numpy.array(ids, kind)), "Once upon a time")
    expect_equal(str(model.generate(numpy.array(ids), max_new_tokens=3, do_sample=False)),
                 str(model.generate("Once upon a time", max_new_tokens=3, do_sample=False)))
    generator = model.generator(top_k=1, do_sample=True)
    row = logits[-1].copy()
    generator.process_logits(row, ids, len(ids))
    expect_equal(numpy.isfinite(row).sum(), 1)
    raises(ValueError, lambda: generator.process_logits(row[:-1], ids, len(ids)), "bytes are needed")


@case
def errors_have_class_status_and_message():
    model, tokenizer = storyteller(), storyteller().tokenizer
    cases = [
        (gpt.ArgumentError, -1, lambda: model.generate("x", top_p=2), "top_p"),
        (gpt.ArgumentError, -1, lambda: model.generate("x", seed=-1), "seed"),
        (gpt.ArgumentError, -1, lambda: model.generate("x", temperature=float("nan")), "temperature"),
        (gpt.ArgumentError, -1, lambda: tokenizer.decode([2**31]), "32 bits"),
        (gpt.ArgumentError, -1, lambda: tokenizer.decode([-1]), "-1"),
        (gpt.ArgumentError, -1, lambda: gpt.Model.from_pretrained("storyteller", dtype="f64"), "f64"),
        (gpt.FormatError, -4, lambda: gpt.Model.from_pretrained(broken()), "config.json"),
        (gpt.ContextError, -6, lambda: model.logits([1] * 513), "512"),
        (gpt.NotFoundError, -8, lambda: gpt.Model.from_pretrained("no/such"), "no/such"),
        (gpt.NotFoundError, -8, lambda: gpt.Tokenizer.from_pretrained("no/such"), "no/such"),
        (gpt.NotFoundError, -8, lambda: gpt.find_model("no/such"), "no/such"),
    ]
    for kind, status, function, part in cases:
        error = raises(gpt.Error, function, part)
        expect_equal((type(error), error.status, error.message), (kind, status, str(error)))
        again = pickle.loads(pickle.dumps(error))
        expect_equal((type(again), again.status, str(again)), (kind, status, str(error)))
    expect(issubclass(gpt.NotFoundError, FileNotFoundError) and issubclass(gpt.ArgumentError, ValueError))


def broken():
    """A model whose configuration contradicts itself."""
    return os.path.dirname(tap.file("broken/config.json", b'{"model_type": "gpt2", "n_head": 3, "n_embd": 64}'))


@case
def wrong_types_are_type_errors():
    model, tokenizer = storyteller(), storyteller().tokenizer
    raises(TypeError, lambda: model.generate("x", top_q=1), "'top_q'", "top_p")
    raises(TypeError, lambda: model.generate("x", temperature="hot"), "temperature", "'hot'")
    raises(TypeError, lambda: model.generator(max_new_tokens=1.5), "max_new_tokens")
    raises(TypeError, lambda: model.generate(5))
    raises(TypeError, lambda: tokenizer.encode(None), "str or bytes")
    raises(TypeError, lambda: tokenizer.decode("text"), "not a text")
    raises(TypeError, lambda: tokenizer.decode([1.5]))
    raises(TypeError, lambda: gpt.Model.from_pretrained(7))
    raises(ValueError, lambda: gpt.Model.from_pretrained("a\0b"))
    raises(UnicodeEncodeError, lambda: tokenizer.encode("\ud83e"))


@case
def models_say_what_they_are():
    model = storyteller()
    expect_equal((model.family, model.context_length, model.hidden_size), ("gpt2", 512, 256))
    expect_equal(model.vocab_size, len(model.tokenizer))
    expect("storyteller" in repr(model) and "gpt2" in repr(model), repr(model))
    expect_equal(model.tokenizer.token_id("<|endoftext|>"), 0)
    expect_equal((model.tokenizer.is_special(0), model.tokenizer.is_special(584)), (True, False))
    expect_equal(model.tokenizer.token_bytes(584), b"Once")
    without, _ = golden("gpt2")
    raises(gpt.ArgumentError, lambda: without.tokenizer, "no tokenizer")
    raises(gpt.ArgumentError, lambda: without.generate("text"), "tokenizer")
    copy = pickle.loads(pickle.dumps(model))
    expect_equal((copy.path, copy.threads), (model.path, 1))


@case
def the_log_can_be_heard():
    lines = []
    gpt.set_log_callback(lambda level, line: lines.append((level, line)), 30)
    gpt.Model.from_pretrained("storyteller")
    gpt.set_log_callback(None)
    expect(any("storyteller" in line for _, line in lines), lines)
    count = len(lines)
    gpt.Model.from_pretrained("storyteller")
    expect_equal(len(lines), count)


tap.main()
