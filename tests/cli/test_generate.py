#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/cli/test_generate.py: generate, summarize, answer and translate, with the storyteller."""
import json
import os
import re
import struct
import sys

sys.dont_write_bytecode = True
import tap
from tap import bad, case, expect, expect_equal, file, good, good_json, has_bf16, ids_text, model_without, run

STORY = "Once upon a time"
SHORT = ["--greedy", "--max-new-tokens", "12"]


def sample(*arguments, **more):
    samples = good_json(*arguments, "--json", **more)["samples"]
    expect_equal(len(samples), 1)
    return samples[0]


@case
def a_prompt_alone_is_enough():
    out = good(STORY)
    expect(len(out) > 20 and out.endswith(b"\n"), out)
    out.decode("utf-8", "strict")


@case
def a_gguf_file_is_a_model():
    path = os.path.join(os.environ["TEST_SOURCE_DIR"], "golden", "gguf", "gpt2-Q4_K_M.gguf")
    expect(b"gpt2" in good("info", "-m", path), "info names the family")
    expect_equal(good("tokenize", "-m", path, "<|endoftext|>").strip(), b"0")
    # The reference's first tokens after its prompt: golden/gguf/gpt2-Q4_K_M.reference.safetensors.
    prompt, greedy = reference_ids(path.replace(".gguf", ".reference.safetensors"))
    out = good("generate", "-m", path, "--dtype", "f32", "--ids", ids_text(prompt), "--greedy", "--ignore-eos",
               "--max-new-tokens", "8", "--output", "ids")
    expect_equal(out.strip().decode(), ids_text(greedy[:8]))


def reference_ids(path):
    with open(path, "rb") as stream:
        (length,) = struct.unpack("<Q", stream.read(8))
        header = json.loads(stream.read(length))
        data = stream.read()
    places = [header[name]["data_offsets"] for name in ("prompt.0", "greedy.0")]
    return [list(struct.unpack("<%dq" % ((end - begin) // 8), data[begin:end])) for begin, end in places]


@case
def argument_file_and_input_are_the_same():
    expected = good("generate", STORY, *SHORT)
    path = file("prompt.txt", STORY.encode() + b"\n")
    expect_equal(good(STORY, *SHORT), expected)
    expect_equal(good(*SHORT, input=STORY.encode()), expected)
    expect_equal(good(*SHORT, input=STORY.encode() + b"\n"), expected)
    expect_equal(good("-", *SHORT, input=STORY.encode()), expected)
    expect_equal(good("--file", path, *SHORT), expected)
    expect_equal(good("--file", "-", *SHORT, input=STORY.encode()), expected)
    expect_equal(good(*SHORT, "--", STORY), expected)


@case
def one_newline_is_dropped_unless_kept():
    for given, more, prompt in [(b"A\n\n", [], "A\n"), (b"A\n", ["--keep-newline"], "A\n"), (b"A", [], "A")]:
        expect_equal(good_json("--json", *SHORT, *more, input=given)["prompt"], prompt)
    expect_equal(good_json("--json", *SHORT, "A\n")["prompt"], "A\n")


@case
def json_has_all_members():
    result = good_json(STORY, *SHORT, "--json")
    expect_equal(list(result), ["model", "prompt", "prompt_ids", "seed", "samples"])
    expect_equal(result["model"], "storyteller")
    expect_equal(result["prompt"], STORY)
    expect_equal(result["seed"], None)
    expect_equal(list(result["samples"][0]), ["text", "ids", "finish"])
    expect_equal(result["prompt_ids"], good_json("tokenize", STORY, "--json")["ids"])


@case
def text_ids_and_json_agree():
    ids, text = sample(STORY, *SHORT)["ids"], sample(STORY, *SHORT)["text"]
    expect_equal(good(STORY, *SHORT, "--output", "ids").decode(), ids_text(ids) + "\n")
    expect_equal(good(STORY, *SHORT, "-o", "text").decode(), text + "\n")
    expect_equal(good("detokenize", "--skip-special", ids_text(ids)).decode(), text)
    prompt = good_json("tokenize", STORY, "--json")["ids"]
    expect_equal(sample("--ids", ids_text(prompt), *SHORT)["ids"], ids)
    expect_equal(good_json("--ids", ids_text(prompt), *SHORT, "--json")["prompt"], None)


@case
def echo_puts_the_prompt_first():
    text = sample(STORY, *SHORT)["text"]
    prompt, ids = good_json("tokenize", STORY, "--json")["ids"], sample(STORY, *SHORT)["ids"]
    expect_equal(good(STORY, *SHORT, "--echo").decode(), STORY + text + "\n")
    expect_equal(good(STORY, *SHORT, "--echo", "-o", "ids").decode(), ids_text(prompt + ids) + "\n")
    expect_equal(good("--ids", ids_text(prompt), *SHORT, "--echo").decode(), STORY + text + "\n")


@case
def a_prompt_may_hold_any_bytes():
    path = file("nul.txt", b'A\0"\\\x01\xff\xc3\xa9\n\n')
    result = good_json("--file", path, *SHORT, "--json")
    expect_equal(result["prompt"], 'A\0"\\\x01\ufffd\u00e9\n')
    expect(result["prompt_ids"] != good_json("A", *SHORT, "--json")["prompt_ids"])
    expect_equal(result["prompt_ids"], good_json("tokenize", "--json", input=b'A\0"\\\x01\xff\xc3\xa9\n')["ids"])


@case
def an_empty_prompt_begins_a_text():
    expect(len(good("", *SHORT)) > 1)
    expect_equal(good(*SHORT, input=b""), good("", *SHORT))
    expect_equal(good_json("", *SHORT, "--json")["prompt_ids"], [])


@case
def a_prompt_that_is_too_long_is_one_line():
    message = bad(1, *SHORT, input=b"the fox " * 125000)
    expect("512" in message, message)


@case
def the_same_seed_gives_the_same_text():
    first = good_json(STORY, "--temperature", "1.5", "--max-new-tokens", "20", "--json")
    expect(isinstance(first["seed"], int))
    again = good_json(STORY, "--temperature", "1.5", "--max-new-tokens", "20", "--json", "--seed", str(first["seed"]))
    expect_equal(again, first)
    texts = {good(STORY, "--temperature", "3", "--max-new-tokens", "20", "--seed", str(i)) for i in range(4)}
    expect(len(texts) > 1, texts)


@case
def sampling_options_turn_sampling_on():
    for option in (["--temperature", "0.8"], ["--top-k", "5"], ["--top-p", "0.9"], ["--min-p", "0.1"],
                   ["--typical-p", "0.9"], ["--epsilon-cutoff", "0.01"], ["--eta-cutoff", "0.01"]):
        for command in ("generate", "summarize"):
            expect(good_json(command, STORY, *option, "--max-new-tokens", "4", "--json")["seed"] is not None, option)
    expect(good_json(STORY, "--max-new-tokens", "4", "--json")["seed"] is not None, "generation_config.json samples")
    expect_equal(good_json("summarize", STORY, "--max-new-tokens", "4", "--json")["seed"], None)


@case
def the_limits_of_sampling_are_greedy():
    expected = good(STORY, *SHORT)
    for option in (["--temperature", "0"], ["--top-k", "1"], ["--temperature", "0.001"], ["--top-p", "0"],
                   ["--min-p", "1"], ["--top-k", "40", "--temperature", "0"]):
        expect_equal(good(STORY, *option, "--max-new-tokens", "12"), expected)


@case
def several_samples():
    result = good_json(STORY, "-n", "3", "--temperature", "2", "--seed", "1", "--max-new-tokens", "8", "--json")
    expect_equal(len(result["samples"]), 3)
    expect(len({item["text"] for item in result["samples"]}) > 1, result)
    options = ["-n", "3", "--temperature", "2", "--seed", "1", "--max-new-tokens", "8"]
    lines = good(STORY, *options, "-o", "ids").decode().splitlines()
    expect_equal(lines, [ids_text(item["ids"]) for item in result["samples"]])
    expected = "".join("--- %d of 3 ---\n%s\n" % (i + 1, item["text"]) for i, item in enumerate(result["samples"]))
    expect_equal(good(STORY, *options).decode(), expected)


@case
def logprobs_are_sorted_and_greedy_takes_the_first():
    tokens = sample(STORY, *SHORT, "--logprobs", "3")["tokens"]
    expect_equal([token["id"] for token in tokens], sample(STORY, *SHORT)["ids"])
    for token in tokens:
        logprobs = [top["logprob"] for top in token["top"]]
        expect_equal(len(logprobs), 3)
        expect(logprobs == sorted(logprobs, reverse=True) and logprobs[0] <= 0, logprobs)
        expect_equal((token["top"][0]["id"], token["top"][0]["logprob"]), (token["id"], token["logprob"]))
    expect_equal(sample(STORY, *SHORT, "--logprobs", "0")["tokens"][0]["top"], [])


@case
def beams_have_logprobs_too():
    for found in good_json(STORY, "--json", "--beams", "3", "--samples", "2", "--max-new-tokens", "5", "--logprobs",
                           "2")["samples"]:
        expect_equal([token["id"] for token in found["tokens"]], found["ids"])
        expect(all(token["logprob"] <= 0 and token["top"] == [] for token in found["tokens"]), found)
        expect_equal("".join(token["text"] for token in found["tokens"]), found["text"])


@case
def lengths():
    counted = ["--greedy", "--ignore-eos"]
    expect_equal(len(sample(STORY, *counted, "--max-new-tokens", "7")["ids"]), 7)
    expect_equal(sample(STORY, *counted, "--max-new-tokens", "7")["finish"], "length")
    prompt = len(good_json("tokenize", STORY, "--json")["ids"])
    expect_equal(len(sample(STORY, *counted, "--max-length", "20")["ids"]), 20 - prompt)
    expect_equal(len(sample(STORY, *counted, "--max-length", "20", "--max-new-tokens", "25")["ids"]), 25)
    all_of_it = sample(STORY, *counted, "--max-new-tokens", "0")
    expect_equal(all_of_it["finish"], "context")
    expect(500 <= len(all_of_it["ids"]) + prompt <= 513, len(all_of_it["ids"]))
    expect(0 not in all_of_it["ids"], "an end token in spite of --ignore-eos")
    expect_equal(len(sample(STORY, "--greedy", "--bias", "0=1000", "--max-new-tokens", "9")["ids"]), 1)
    ended = sample(STORY, "--greedy", "--bias", "0=1000", "--max-new-tokens", "9", "--min-new-tokens", "5")
    expect_equal((len(ended["ids"]), ended["finish"], ended["ids"][-1]), (6, "stop_token", 0))


@case
def stops():
    text = sample(STORY, "--greedy", "--max-new-tokens", "60")["text"]
    word = text.split()[5]
    stopped = sample(STORY, "--greedy", "--max-new-tokens", "60", "--stop", "never in it", "--stop", word)
    expect_equal((stopped["text"], stopped["finish"]), (text[:text.index(word)], "stop_string"))
    ids = sample(STORY, *SHORT)["ids"]
    stopped = sample(STORY, *SHORT, "--stop-token", str(ids[4]))
    expect_equal((stopped["ids"], stopped["finish"]), (ids[:ids.index(ids[4]) + 1], "stop_token"))
    newline = sample("TL;DR:", "--greedy", "--bias", "%d=1000" % newline_id(), "--max-new-tokens", "5", "--stop", "\\n")
    expect_equal((newline["text"], newline["finish"]), ("", "stop_string"))


def newline_id():
    return good_json("tokenize", "\n", "--json")["ids"][0]


@case
def bias_and_ban():
    ids = sample(STORY, *SHORT)["ids"]
    expect(ids[0] not in sample(STORY, *SHORT, "--ban", str(ids[0]))["ids"])
    expect_equal(sample(STORY, *SHORT, "--bias", "%d=-1000" % ids[0])["ids"][0] == ids[0], False)
    expect_equal(sample(STORY, *SHORT, "--bias", "300=10000")["ids"], [300] * 12)
    penalised = sample(STORY, *SHORT, "--bias", "300=100", "--presence-penalty", "10000")["ids"]
    expect_equal(penalised.count(300), 1)
    grams = sample(STORY, "--greedy", "--max-new-tokens", "40", "--bias", "300=20", "--no-repeat-ngram", "2")["ids"]
    pairs = list(zip(grams, grams[1:]))
    expect_equal(len(pairs), len(set(pairs)))


@case
def verbose_tells_facts_on_standard_error():
    result = run(STORY, "--temperature", "1", "--seed", "77", "--max-new-tokens", "5", "-v")
    expect_equal(result.code, 0)
    last = result.err.decode().splitlines()[-1]
    expect("5 new" in last and "seed 77" in last, last)


@case
def types_of_weights():
    for dtype in ("auto", "f32", "int8") + (("bf16",) if has_bf16() else ()):
        expect(len(good(STORY, *SHORT, "--dtype", dtype)) > 1)
    expect_equal(good(STORY, *SHORT, "--threads", "1", "--dtype", "f32"), good(STORY, *SHORT, "--dtype", "f32"))


@case
def tasks_take_the_forms_of_the_model():
    with open(os.path.join(tap.STORYTELLER, "tasks.json"), encoding="utf-8") as source:
        tasks = json.load(source)
    for command, more in (("summarize", []), ("answer", ["-q", "Who {is} it?"]), ("translate", [])):
        prompt = good_json(command, "A {text}.", *more, "--json", "--max-new-tokens", "2")["prompt"]
        form = tasks[command]["template"]
        expected = form.replace("{text}", "A \0.").replace("{question}", "Who {is} it?").replace("\0", "{text}")
        expect_equal(prompt, expected)


@case
def tasks_fall_back_to_the_forms_of_the_paper():
    path = model_without("plain", "tasks.json")

    def prompt(*arguments):
        return good_json(*arguments, "-m", path, "--json", "--max-new-tokens", "2")["prompt"]

    expect_equal(prompt("A fox."), "A fox.")
    expect_equal(prompt("summarize", "A fox."), "A fox.\nTL;DR:")
    expect_equal(prompt("answer", "A fox.", "--question", "Who?"), "A fox.\nQ: Who?\nA:")
    expect_equal(prompt("translate", "A fox.", "--example", "One.=Un.", "--example", "Two. = Deux."),
                 "One. = Un.\nTwo. = Deux.\nA fox. =")
    own = prompt("translate", "A fox.")
    lines = own.split("\n")
    expect(len(lines) > 2 and lines[-1] == "A fox. =" and all(" = " in line for line in lines[:-1]), own)


@case
def templates_of_the_user():
    def prompt(*arguments, **more):
        return good_json(*arguments, "--json", "--max-new-tokens", "2", **more)["prompt"]

    expect_equal(prompt("x", "--template", "a{text}b{text}c"), "axbxc")
    expect_equal(prompt("x", "--template", "{{{text}}}\\n\\t\\x41\\\\"), "{x}\n\tA\\")
    expect_equal(prompt("answer", "x", "-q", "y", "--template", "{question}/{text}"), "y/x")
    expect_equal(prompt("answer", "-q", "y", "--template", "Q: {question}"), "Q: y")
    expect_equal(prompt("translate", "x", "--template", "<{text}>", "--example", "a=b"), "<a> b\n<x>")
    expect_equal(prompt("summarize", "--template", "{text}!", input=b"x\n"), "x!")
    for form in ("{foo}", "{text", "{question}", "{}", "{ text}"):
        expect("--template" in bad(2, "x", "--template", form))
    bad(2, "x", "--template", "no field")
    bad(2, "translate", "x", "--example", "no pair")


@case
def tasks_end_at_their_stop_strings():
    newline = ["--bias", "%d=1000" % newline_id(), "--max-new-tokens", "5"]
    expect_equal(sample("summarize", "A fox.", *newline)["finish"], "stop_string")
    expect_equal(sample("summarize", "A fox.", *newline, "--stop", "zzz")["finish"], "length")


@case
def tasks_can_search():
    for command, more in (("summarize", []), ("answer", ["-q", "Who is it?"]), ("translate", [])):
        found = sample(command, "David is afraid.", *more, "--beams", "4")
        expect(found["finish"] in ("stop_string", "stop_token") and "\n\n" not in found["text"], found)
        out = good(command, "David is afraid.", *more, "--beams", "4").decode()
        expect_equal(out, found["text"].strip() + "\n")


@case
def tasks_print_no_blank_first():
    out = good("translate", "David is afraid.").decode()
    expect(out == out.strip() + "\n" and out.count("\n") == 1, repr(out))
    expect_equal(sample("translate", "David is afraid.")["text"].strip() + "\n", out)


def task_of(prompt):
    """The command line whose prompt this is, for prompts in the storyteller's forms of tasks."""
    for pattern, command in ((r"(.*)\n\nTL;DR:", ["summarize"]), (r"(.*)\n\nQuestion: (.*)\nAnswer:", ["answer", "-q"]),
                             (r"English: (.*)\nFrench:", ["translate"])):
        match = re.fullmatch(pattern, prompt, re.S)
        if match:
            return command + list(reversed(match.groups()))
    return None


@case
def tasks_print_the_text_of_the_reference():
    tensors = tap.read_tensors(os.path.join(tap.STORYTELLER, "reference.safetensors"))
    seen = set()
    for i in range(sum(name.startswith("prompt.") for name in tensors)):
        prompt, greedy = (good("detokenize", "--skip-special", ids_text(tensors["%s.%d" % (name, i)][1])).decode()
                          for name in ("prompt", "greedy"))
        task = task_of(prompt)
        if task is not None:
            seen.add(task[0])
            expect_equal(good(*task, "--dtype", "f32").decode(), greedy.split("\n")[0].strip() + "\n")
    expect_equal(seen, {"summarize", "answer", "translate"})


tap.main()
