#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/cli/test_numbers.py: tokenize, detokenize, score, info, bench, and the numbers of the reference."""
import math
import os
import sys

sys.dont_write_bytecode = True
import tap
from tap import (bad, case, environment, expect, expect_equal, file, good, good_json, has_bf16, ids_text,
                 model_without, run)

GOLDEN = ["gpt2", "gpt2-scaled", "gpt2-hub"]


def golden(name):
    path = os.path.join(tap.TESTS, "golden", "models", name)
    if not os.path.exists(path):
        raise tap.Skip("no golden model " + name)
    return path, tap.read_tensors(os.path.join(path, "reference.safetensors"))


def numbered(tensors, name):
    """name.0, name.1 and so on."""
    return [tensors["%s.%d" % (name, i)] for i in range(len(tensors)) if "%s.%d" % (name, i) in tensors]


def generate_ids(path, prompt, count, *more):
    out = good("generate", "-m", path, "--ids", ids_text(prompt), "--max-new-tokens", str(count), "--min-new-tokens",
               str(count), "--greedy", "--output", "ids", *more)
    return out.decode()


@case
def greedy_tokens_are_those_of_the_reference():
    for name in GOLDEN:
        path, tensors = golden(name)
        for (_, prompt), (_, greedy) in zip(numbered(tensors, "prompt"), numbered(tensors, "greedy")):
            expect_equal(generate_ids(path, prompt, len(greedy), "--dtype", "f32"), ids_text(greedy) + "\n")


@case
def penalised_tokens_are_those_of_the_reference():
    for name in GOLDEN:
        path, tensors = golden(name)
        for (_, prompt), (_, ids) in zip(numbered(tensors, "prompt"), numbered(tensors, "reppen")):
            found = generate_ids(path, prompt, len(ids), "--dtype", "f32", "--repetition-penalty", "1.3",
                                 "--no-repeat-ngram", "3")
            expect_equal(found, ids_text(ids) + "\n")


@case
def ids_are_the_default_without_a_tokenizer():
    path, tensors = golden("gpt2")
    prompt, greedy = tensors["prompt.0"][1], tensors["greedy.0"][1]
    options = ["-m", path, "--ids", ids_text(prompt), "--max-new-tokens", "4", "--min-new-tokens", "4", "--greedy"]
    expect_equal(good(*options).decode(), ids_text(greedy[:4]) + "\n")
    result = good_json(*options, "--json", "--logprobs", "1")["samples"][0]
    expect_equal((result["text"], result["ids"], result["tokens"][0]["text"]), (None, list(greedy[:4]), None))


@case
def storyteller_tokens_are_those_of_the_reference():
    tensors = tap.read_tensors(os.path.join(tap.STORYTELLER, "reference.safetensors"))
    for (_, prompt), (_, greedy) in zip(numbered(tensors, "prompt"), numbered(tensors, "greedy")):
        found = good("-m", tap.STORYTELLER, "--ids", ids_text(prompt), "--max-new-tokens", "48", "--greedy", "--output",
                     "ids", "--dtype", "f32")
        expect_equal(found.decode(), ids_text(greedy) + "\n")


def log_softmax(logits, chosen):
    most = max(logits)
    return logits[chosen] - most - math.log(sum(math.exp(x - most) for x in logits))


@case
def scores_are_those_of_the_reference():
    for name in GOLDEN:
        path, tensors = golden(name)
        for (_, prompt), ((_, V), logits) in zip(numbered(tensors, "prompt"), numbered(tensors, "logits")):
            compare_scores(path, prompt, logits, V)


def compare_scores(path, prompt, logits, V):
    result = good_json("score", "-m", path, "--ids", ids_text(prompt), "--json", "--dtype", "f32")
    expected = [log_softmax(logits[i * V:(i + 1) * V], prompt[i + 1]) for i in range(len(prompt) - 1)]
    found = [token["logprob"] for token in result["tokens"]]
    expect_equal((found[0], result["count"], result["scored"]), (None, len(prompt), len(prompt) - 1))
    for a, b in zip(found[1:], expected):
        expect(abs(a - b) < 1e-3, a, b)
    expect(abs(result["logprob"] - sum(expected)) < 1e-2, result["logprob"], sum(expected))
    if expected:
        perplexity = math.exp(-sum(expected) / len(expected))
        expect(abs(result["perplexity"] / perplexity - 1) < 1e-3, result["perplexity"], perplexity)


@case
def score_prints_lines():
    lines = good("score", "Once upon a time").decode().splitlines()
    expect_equal([line.split(":")[0] for line in lines], ["tokens", "scored", "logprob", "perplexity"])
    more = good("score", "Once upon a time", "-v").decode().splitlines()
    count = int(lines[0].split(": ")[1])
    expect_equal(len(more), count + 4)
    expect_equal(more[0].split("\t")[1], "-")
    expect_equal("".join(line.split("\t")[2] for line in more[:count]), "Once upon a time")
    single = good_json("score", "--ids", "5", "--json")
    expect_equal((single["scored"], single["perplexity"], single["logprob"]), (0, None, 0))
    expect("empty" in bad(1, "score", ""))


@case
def score_knows_likely_text():
    likely = good_json("score", "Once upon a time, there was a", "--json")["perplexity"]
    unlikely = good_json("score", "time was upon there a, Once a", "--json")["perplexity"]
    expect(likely < unlikely / 3, likely, unlikely)


@case
def openmp_may_give_fewer_threads():
    """oneDNN would leave out parts of its products; a prompt of 100 tokens is one of those that it multiplies."""
    ids = ids_text([i * 37 % 2000 for i in range(100)])
    for dtype in ("f32", "int8"):
        options = ["score", "--ids", ids, "--json", "--dtype", dtype, "--threads"]
        expected = good_json(*options, "1")
        for name, value in (("OMP_THREAD_LIMIT", "1"), ("OMP_DYNAMIC", "true")):
            found = good_json(*options, "2", env=environment(**{name: value}))
            expect(abs(found["logprob"] - expected["logprob"]) < 1e-2, name, found["logprob"], expected["logprob"])


@case
def heldout_text_is_scored_in_windows():
    with open(os.path.join(tap.STORYTELLER, "heldout.txt"), "rb") as source:
        text = source.read(20000)
    # In training, no newlines stood around the token that separates stories.
    text = text.replace(b"\n<|endoftext|>\n", b"<|endoftext|>")
    result = good_json("score", "--file", file("heldout.txt", text), "--json")
    expect(result["count"] > 1024 and len(result["tokens"]) == result["count"])
    mean = -result["logprob"] / result["scored"]
    # README.md of the model: 0.415 nats per token over all held-out text.
    expect(0.3 < mean < 0.45, mean)


@case
def tokens_and_text_go_both_ways():
    for text in ["", "Once upon a time", "  two  spaces ", "h\u00e9 \u4f60\u597d \U0001f600", "a\n\nb\t", "it's 1234"]:
        data = text.encode()
        ids = good("tokenize", input=data)
        expect(ids.endswith(b"\n"))
        expect_equal(good("detokenize", input=ids), data)
        if text:
            expect_equal(good("tokenize", "--", text), ids)
            expect_equal(good("detokenize", ids.decode().strip()), data)
            expect_equal(good("detokenize", "--ids", ids.decode()), data)
            expect_equal(good("detokenize", "[" + ids.decode().strip().replace(",", ", ") + "]"), data)
        expect_equal(int(good("tokenize", "--count", input=data)), len(ids.decode().replace(",", " ").split()))


@case
def every_byte_counts_for_tokenize():
    result = good_json("tokenize", "--json", input=b"a\0b\n")
    joined = bytes(byte for token in result["tokens"] for byte in token["bytes"])
    expect_equal(joined, b"a\0b\n")
    expect_equal([token["id"] for token in result["tokens"]], result["ids"])
    expect_equal("".join(token["text"] for token in result["tokens"]), "a\0b\n")
    expect_equal(good("detokenize", "--bytes", ids_text(result["ids"])), b"a\0b\n")
    lines = good("tokenize", "-v", input=b"a\n\\").decode().splitlines()
    expect_equal("".join(line.split("\t")[1] for line in lines), "a\\n\\\\")


@case
def half_a_character():
    ids = good_json("tokenize", "\u4f60", "--json")["ids"]
    expect(len(ids) > 1, "the vocabulary has this character whole")
    first = ids_text(ids[:1])
    expect_equal(good("detokenize", first).decode(), "\ufffd")
    expect_equal(good("detokenize", "--bytes", first), "\u4f60".encode()[:1])
    expect_equal(good_json("detokenize", "--json", first)["text"], "\ufffd")
    expect_equal(good_json("tokenize", "\u4f60", "--json")["tokens"][0]["bytes"], [0xE4])


@case
def special_tokens():
    text = "a<|endoftext|>b"
    ids = good_json("tokenize", text, "--json")["ids"]
    ordinary = good_json("tokenize", "--ordinary", text, "--json")["ids"]
    expect(0 in ids and 0 not in ordinary, ids, ordinary)
    expect_equal(good("detokenize", ids_text(ids)).decode(), text)
    expect_equal(good("detokenize", ids_text(ordinary)).decode(), text)
    expect_equal(good("detokenize", "--skip-special", ids_text(ids)).decode(), "ab")
    expect_equal(good("detokenize", "--skip-special", "--bytes", ids_text(ids)).decode(), "ab")
    expect_equal(good_json("score", text, "--json")["count"], len(ids))
    expect_equal(good_json("score", "--ordinary", text, "--json")["count"], len(ordinary))
    prompt = good_json("generate", "--ordinary", text, "--max-new-tokens", "1", "--json")["prompt_ids"]
    expect_equal(prompt, ordinary)


@case
def ids_out_of_range():
    for arguments in (["detokenize", "999999"], ["detokenize", "--bytes", "999999"], ["--ids", "999999"],
                      ["score", "--ids", "999999"], ["score", "--ids", "5,999999"]):
        expect("999999" in bad(1, *arguments), arguments)
    bad(1, "detokenize", "1;2")
    bad(1, "detokenize", input=b"1\0")
    bad(1, "--ids", "")


@case
def tokenize_needs_no_weights():
    path = model_without("no-weights", "model.safetensors", "config.json")
    expected = good("tokenize", "a fox")
    expect_equal(good("tokenize", "-m", path, "a fox"), expected)
    expect_equal(good("tokenize", "-m", os.path.join(path, "tokenizer.json"), "a fox"), expected)


@case
def info_tells_what_the_model_is():
    result = good_json("info", "--json")
    dtype = "bf16" if has_bf16() else "f32"
    for name, value in [("model", "storyteller"), ("family", "gpt2"), ("dtype", dtype),
                        ("layers", 4), ("heads", 4), ("kv_heads", 4), ("width", 256), ("vocab_size", 2048),
                        ("context_length", 512), ("tokenizer_size", 2048), ("sampling", True),
                        ("temperature", 0.8), ("top_p", 0.95), ("max_new_tokens", 300)]:
        expect_equal((name, result[name]), (name, value))
    # token and position embeddings, 4 layers of 12 D^2 + 13 D, the last norm
    expect_equal(result["parameters"], 2048 * 256 + 512 * 256 + 4 * (12 * 256 * 256 + 13 * 256) + 2 * 256)
    expect(result["weight_bytes"] >= 2 * result["parameters"] * 0.9, result["weight_bytes"])
    # keys and values of each layer, at least 2 bytes each
    expect(result["cache_bytes"] >= 512 * 2 * 4 * 256 * 2, result["cache_bytes"])
    expect("oneDNN" in result["backend"])
    lines = good("info").decode().splitlines()
    expect_equal([line.split()[0] for line in lines], list(result))
    expect_equal(good_json("info", "storyteller", "--json", "--dtype", "int8")["dtype"], "int8")
    path, _ = golden("gpt2")
    expect_equal(good_json("info", path, "--json")["tokenizer_size"], None)


@case
def bench_measures():
    result = good_json("bench", "--prompt", "4,16", "--generate", "3", "--batch", "1,2", "--repeats", "2", "--json")
    figures = result["figures"]
    expect_equal([(f["kind"], f["tokens"], f["batch"]) for f in figures],
                 [("prompt", 4, 1), ("prompt", 16, 1), ("generate", 3, 1), ("generate", 3, 2)])
    for figure in figures:
        expect(0 < figure["slowest"] <= figure["tokens_per_second"] <= figure["fastest"], figure)
    expect(result["peak_memory_bytes"] >= result["open_memory_bytes"] > result["weight_bytes"] > 0, result)
    expect(result["open_seconds"] > 0, result)
    # As many threads as the model computes with: one for each 8 MB of weights, and these are fewer.
    expect_equal(result["machine"]["threads"], 1)
    expect(1e7 < result["machine"]["read_bytes_per_second"] < 1e14, result["machine"])
    expect(1e6 < result["machine"]["operations_per_second"] < 1e18, result["machine"])
    lines = good("bench", "-p", "4", "-g", "3", "-r", "1", "-c", "5").decode().splitlines()
    expect("opened in" in lines[2] and "GB/s" in lines[3] and "tokens/s" in lines[4], lines)
    expect("linear" in lines[5] and "multiplying" in lines[6] and "context    5" in lines[7], lines)
    expect("512" in bad_line("bench", "-p", "600", "-g", "0", "-r", "1"))


@case
def bench_minds_no_length_of_the_files():
    path = model_without("short", "generation_config.json")
    file("short/generation_config.json", b'{"max_length": 8}')
    lines = good("bench", "-m", path, "-p", "20", "-g", "3", "-r", "1").decode()
    expect("20" in lines, lines)


@case
def bench_profiles():
    """The parts of a step add up to it; what is read and multiplied is what the model's shape says."""
    result = good_json("bench", "-p", "16", "-g", "5", "-b", "1,3", "-r", "1", "--threads", "1", "--dtype", "int8",
                       "--json")
    expect_equal(result["machine"]["threads"], 1)
    # int8: a byte for each weight of the layers and the output layer, and a scale of 4 bytes for each output
    D, V, layers = 256, 2048, 4
    bytes_read = layers * (12 * D * D + 4 * 9 * D) + V * D + 4 * V
    for figure, steps, tokens in zip(result["figures"], (1, 5, 5), (16, 1, 3)):
        parts = figure["part_milliseconds"]
        expect_equal(list(parts), ["linear", "attention", "elementwise", "output", "sampling", "rest"])
        expect(all(value > 0 for value in parts.values()), parts)
        expect(0.5 * figure["step_milliseconds"] < sum(parts.values()) <= figure["step_milliseconds"] * 1.001, figure)
        expect_equal(figure["steps"], steps)
        outputs = 1 if figure["kind"] == "prompt" else tokens
        expect_equal(figure["step_operations"], 2 * (tokens * layers * 12 * D * D + outputs * D * V))
        expect(bytes_read <= figure["step_weight_bytes"] <= 1.1 * bytes_read, figure["step_weight_bytes"], bytes_read)
        second = figure["tokens_per_second"] / tokens  # steps in it
        for share, each, limit in (("reading_share", "step_weight_bytes", "read_bytes_per_second"),
                                   ("multiplying_share", "step_operations", "operations_per_second")):
            expected = second * figure[each] / result["machine"][limit]
            expect(abs(figure[share] - expected) < 1e-4 * expected, share, figure[share], expected)


@case
def bench_generates_with_all_sequences():
    """Prompts that take three steps to read: in each step that is measured, all sequences get a token."""
    D, V, layers = 256, 2048, 4
    figure = good_json("bench", "-p", "4", "-c", "400", "-g", "5", "-b", "3", "-r", "1", "--json")["figures"][1]
    expect_equal((figure["steps"], figure["batch"], figure["context"]), (5, 3, 400))
    expect_equal(figure["step_operations"], 2 * 3 * (layers * 12 * D * D + D * V))
    # 512 tokens fit, and no more.
    good("bench", "-p", "4", "-c", "500", "-g", "11", "-r", "1")
    expect("512" in bad_line("bench", "-p", "4", "-c", "500", "-g", "12", "-r", "1"))


def bad_line(*arguments):
    """Lines of text may have been printed before bench fails."""
    result = run(*arguments)
    expect_equal((result.code, result.err.count(b"\n")), (1, 1))
    return result.err.decode()


tap.main()
