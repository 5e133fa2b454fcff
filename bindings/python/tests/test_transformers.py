#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_transformers.py: programs written for transformers run with one line changed."""
from common import case, expect, expect_equal, golden, gpt, numbered, raises, storyteller, tap

from gpt.transformers import AutoModelForCausalLM, AutoTokenizer, GPT2LMHeadModel, GPT2Tokenizer, pipeline, set_seed


@case
def the_tutorial_runs():
    tokenizer = GPT2Tokenizer.from_pretrained("storyteller")
    model = GPT2LMHeadModel.from_pretrained("storyteller")
    for kind in ("pt", "np"):
        input_ids = tokenizer.encode("Once upon a time", return_tensors=kind)
        output = model.generate(input_ids, max_length=50, num_return_sequences=1)
        text = tokenizer.decode(output[0], skip_special_tokens=True)
        expect(text.startswith("Once upon a time"), text)
        expect(4 < len(output[0]) <= 50, len(output[0]))
        expect_equal(tuple(input_ids.shape), (1, 4))


@case
def greedy_tokens_are_those_of_the_reference():
    _, tensors = golden("gpt2")
    model = GPT2LMHeadModel.from_pretrained(tap.os.path.join(tap.TESTS, "golden", "models", "gpt2"), dtype="f32",
                                            threads=1)
    for (_, prompt), (_, greedy) in zip(numbered(tensors, "prompt"), numbered(tensors, "greedy")):
        output = model.generate([list(prompt)], do_sample=False, num_beams=1, max_new_tokens=len(greedy),
                                min_new_tokens=len(greedy))
        expect_equal([int(token) for token in output[0]], list(prompt) + list(greedy))
    for (_, prompt), (_, beam) in zip(numbered(tensors, "prompt"), numbered(tensors, "beam4")):
        output = model.generate([list(prompt)], num_beams=4, early_stopping=False, max_new_tokens=len(beam),
                                min_new_tokens=len(beam), num_return_sequences=2)
        expect_equal([int(token) for token in output[0]], list(prompt) + list(beam))
    logits = model.eval().to("cpu")([list(prompt)]).logits
    expect_equal((len(logits), len(logits[0])), (1, len(prompt)))


# A batch filled up on the left gives what each prompt gives by itself, after the rows as they were.
@case
def batches_are_filled_up():
    tokenizer = AutoTokenizer.from_pretrained("storyteller")
    model = AutoModelForCausalLM.from_pretrained("storyteller", dtype="f32", threads=1)
    raises(ValueError, lambda: tokenizer(["a"], padding=True), "pad_token")
    tokenizer = AutoTokenizer.from_pretrained("storyteller", padding_side="left", pad_token="<|endoftext|>")
    texts = ["The fox", "Once upon a time there was"]
    inputs = tokenizer(texts, return_tensors="np", padding=True).to("cpu")
    output = model.generate(**inputs, max_new_tokens=8, do_sample=False)
    width = len(inputs.input_ids[0])
    for row, text in zip(output, texts):
        expected = model.model.generate(text, max_new_tokens=8, do_sample=False)
        expect_equal([int(token) for token in row][width:], expected.token_ids)
    expect_equal(tokenizer.batch_decode(inputs["input_ids"], skip_special_tokens=True), texts)
    expect_equal(tokenizer("The fox")["attention_mask"], [1, 1])
    raises(gpt.UnsupportedError, lambda: model(**inputs), "attention_mask")
    expect_equal(len(model(**tokenizer(["The fox"], return_tensors="np")).logits), 1)


@case
def pipelines_continue_texts():
    set_seed(42)
    generator = pipeline("text-generation", model="storyteller")
    first = generator("The fox", max_new_tokens=10, num_return_sequences=2)
    expect_equal(len(first), 2)
    expect(all(entry["generated_text"].startswith("The fox") for entry in first), first)
    expect_equal([len(entry) for entry in generator(["The fox", "The owl"], max_new_tokens=5)], [1, 1])


# As with torch's random numbers: calls go on from each other, and the same seed begins them again.
@case
def seeds_begin_a_row_of_calls():
    generator = pipeline("text-generation", model="storyteller")
    model, ids = GPT2LMHeadModel(storyteller()), [[584, 600]]

    def calls(seed):
        set_seed(seed)
        return [generator("The fox", max_new_tokens=20)[0]["generated_text"] for _ in range(2)] + \
            [[int(token) for token in model.generate(ids, max_new_tokens=20, do_sample=True)[0]] for _ in range(2)]

    first = calls(42)
    expect(first[0] != first[1] and first[2] != first[3], first)
    expect_equal(calls(42), first)
    expect(calls(43)[0] not in first, first)


# Without a length there are 20 tokens, those of the prompt too, and one that is given goes before the model's files.
@case
def pipelines_have_a_length():
    def expect_new_tokens(count, generator, **settings):
        found = generator("The fox", do_sample=False, eos_token_id=[], return_full_text=False, **settings)
        expected = storyteller().generate("The fox", do_sample=False, eos_token_id=[], max_new_tokens=count)
        expect_equal(found[0]["generated_text"], str(expected))

    bare = pipeline("text-generation", model=tap.model_without("bare", "generation_config.json"))
    expect_new_tokens(18, bare)
    raises(gpt.ContextError, lambda: bare("Once upon a time there was a fox. " * 5), "max_length is 20")
    expect_new_tokens(8, pipeline("text-generation", model="storyteller"), max_length=10)
    expect_new_tokens(10, bare, max_length=5, max_new_tokens=10)


# Without a prompt a text begins with the model's own token; shorter rows are filled up with the first that ends texts.
@case
def texts_begin_and_end_with_the_models_tokens():
    path = tap.model_without("ends", "generation_config.json")
    with open(tap.os.path.join(path, "generation_config.json"), "w", encoding="utf-8") as file:
        file.write('{"bos_token_id": 5, "eos_token_id": [7, 3]}')
    model = GPT2LMHeadModel.from_pretrained(path)
    expect_equal(int(model.generate(max_new_tokens=1)[0][0]), 5)
    rows = [[584], [584, 600]]
    for given, fill in ((None, 7), (9, 9), ([8, 2], 8), ([], 0)):
        output = model.generate(rows, eos_token_id=given, max_new_tokens=1)
        expect_equal(int(output[0][2]), fill)
    expect_equal(int(model.generate(rows, pad_token_id=4, max_new_tokens=1)[0][2]), 4)
    none, _ = golden("openai-gpt")
    raises(gpt.ArgumentError, lambda: GPT2LMHeadModel(none).generate(max_new_tokens=1), "input_ids")


@case
def what_libgpt_does_not_do_is_refused():
    model, ids = GPT2LMHeadModel(storyteller()), [[584, 600]]
    raises(gpt.UnsupportedError, lambda: model.generate(ids, num_beams=4, do_sample=True), "num_beams=4")
    raises(gpt.UnsupportedError, lambda: model.generate(ids, num_beam_groups=2), "num_beam_groups=2")
    raises(gpt.UnsupportedError, lambda: model.to("cuda"), "cuda")
    raises(gpt.UnsupportedError, lambda: pipeline("fill-mask"), "fill-mask")
    raises(gpt.UnsupportedError, lambda: GPT2Tokenizer(storyteller().tokenizer).encode("x", return_tensors="tf"), "tf")
    raises(TypeError, lambda: model.generate(ids, penalty_alpha=0.5), "penalty_alpha")
    raises(ValueError, lambda: model.generate(ids, num_return_sequences=2, do_sample=False), "do_sample")
    raises(gpt.ArgumentError, lambda: model.generate(ids, max_length=2), "no room")
    raises(ValueError, lambda: AutoTokenizer.from_pretrained("storyteller", padding_side="top"), "top")
    raises(gpt.UnsupportedError, lambda: AutoTokenizer.from_pretrained("storyteller", pad_token="[PAD]"), "[PAD]")


tap.main()
