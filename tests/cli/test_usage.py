#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/cli/test_usage.py: help, wrong calls, files that are not there, exit codes, manual page and completion."""
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
import tap
from tap import bad, case, environment, expect, expect_equal, file, good, model_without, run

COMMANDS = ["generate", "summarize", "answer", "translate", "tokenize", "detokenize", "score", "info", "bench"]


def options_of(command):
    text = good(command, "--help").decode()
    return re.findall(r"^ +(?:-\w, )?--([a-z-]+)", text, re.M)


@case
def overview_lists_all_commands():
    for flag in ("--help", "-h"):
        text = good(flag).decode()
        found = re.findall(r"^  ([a-z]+) ", text, re.M)
        expect_equal(found, COMMANDS)


@case
def each_command_has_help():
    for command in COMMANDS:
        text = good(command, "--help").decode()
        expect(text.startswith("Usage: gpt-cli %s " % command), text[:100])
        expect("--model" in text and "--help" in text, text)
        for line in text.splitlines():
            expect(len(line) <= 80, "longer than a terminal:", line)


@case
def help_says_that_ids_are_the_new_ones_only():
    expect("new tokens only" in re.sub(r"\s+", " ", good("generate", "--help").decode()))


@case
def version_names_program_and_library():
    for arguments in (["--version"], ["-V"], ["info", "--version"]):
        expect(re.match(rb"gpt-cli \d+\.\d+\.\d+\S* \(libgpt \d+\.\d+\S*, .+\)\n$", good(*arguments)), arguments)


@case
def wrong_calls_end_with_2():
    calls = [
        ["--nosuch", "x"], ["-Z", "x"], ["x", "--top"], ["one", "two"], ["info", "one", "two"], ["bench", "x"],
        ["--greedy=1", "x"], ["x", "--top-k"], ["x", "--top-k", "many"], ["x", "--top-k", "1.5"], ["x", "--top-k", ""],
        ["x", "--max-new-tokens", "99999999999"], ["x", "--temperature", "0,8"], ["x", "--temperature", "nan"],
        ["x", "--temperature", "inf"], ["x", "--temperature", "1e99"], ["x", "--temperature", "0.8x"],
        ["x", "--seed", "-1"], ["x", "--seed", "18446744073709551616"], ["x", "--bias", "3"], ["x", "--bias", "=3"],
        ["x", "--bias", "3="], ["x", "--ban", "-1"], ["x", "--stop-token", "end"], ["x", "--dtype", "f64"],
        ["x", "--output", "xml"], ["x", "--threads", "-1"], ["--ids", "1,,x"], ["--ids", "1;2"],
        ["--ids", "2147483648"], ["x", "--ids", "1"], ["--ids", "1", "--template", "{text}"],
        ["summarize", "--ids", "1"], ["x", "--file", "y"],
        ["x", "--greedy", "--top-k", "5"], ["x", "--greedy", "--temperature", "0.8"], ["x", "--logprobs", "2"],
        ["answer", "x"], ["tokenize", "x", "--greedy"], ["detokenize", "1", "--ids", "1"],
        ["detokenize", "1", "--bytes", "--json"], ["bench", "--repeats", "0"], ["bench", "--prompt", "0"],
        ["bench", "--prompt", ""], ["bench", "--context", "0"], ["bench", "--batch", "0"], ["bench", "--batch", "1,x"],
        ["bench", "--generate", "-1"], ["bench", "--generate", "2147483647"], ["bench", "--threads", "2000"],
    ]
    for call in calls:
        message = bad(2, *call)
        expect(len(message) < 400, "long message:", message)


@case
def settings_out_of_range_end_with_2_and_name_the_option():
    for name, value in [("temperature", "-1"), ("top-p", "1.5"), ("top-k", "-1"), ("min-p", "2"), ("typical-p", "0"),
                        ("epsilon-cutoff", "1"), ("eta-cutoff", "-0.1"), ("repetition-penalty", "0"),
                        ("no-repeat-ngram", "-1"), ("min-new-tokens", "-1"), ("max-length", "-5"), ("samples", "0"),
                        ("ban", "999999"), ("bias", "999999=1"), ("stop-token", "999999"), ("threads", "5000"),
                        ("stop", "")]:
        message = bad(2, "x", "--" + name, value)
        expect("--%s:" % name in message, message)
    expect("--logprobs:" in bad(2, "x", "--json", "--logprobs", "-7"))


@case
def missing_files_end_with_1_and_are_named():
    expect("nosuchmodel" in bad(1, "-m", "nosuchmodel", "x"))
    expect("/no/such/model" in bad(1, "info", "/no/such/model"))
    expect("/no/such/file" in bad(1, "--file", "/no/such/file"))
    expect("/no/such/file" in bad(1, "tokenize", "--file", "/no/such/file"))
    expect("/no/such/file" in bad(1, "detokenize", "--file", "/no/such/file"))
    expect("/no/such/file" in bad(1, "score", "--file", "/no/such/file"))
    expect(tap.directory in bad(1, "tokenize", "--file", tap.directory))
    expect("nosuchmodel" in bad(1, "x", env=environment(GPT_MODEL="nosuchmodel")))


@case
def a_model_without_tokenizer_says_so():
    path = model_without("bare", "tokenizer.json", "tasks.json")
    expect("tokenizer" in bad(1, "-m", path, "x"))
    expect("tokenizer" in bad(1, "-m", path, "--ids", "1,2", "--output", "text"))
    expect("tokenizer" in bad(1, "score", "-m", path, "x"))
    expect(bad(1, "tokenize", "-m", path, "x"))


@case
def a_broken_tasks_file_is_named():
    path = model_without("broken", "tasks.json")
    for content in [b"", b"{", b"[]", b'{"generate": 1}', b'{"generate": {"template": 1}}',
                    b'{"generate": {"template": "{text}", "stop": "x"}}',
                    b'{"generate": {"template": "{text}", "stop": [""]}}',
                    b'{"generate": {"template": "{text}", "stop": [1]}}',
                    b'{"generate": {"template": "{foo}"}}', b'{"generate": {"template": "{text"}}', b"\xff\x00\xfe"]:
        file("broken/tasks.json", content)
        expect("tasks.json" in bad(1, "-m", path, "x"), content)
    file("broken/tasks.json", b" " * (1 << 21))
    expect("tasks.json" in bad(1, "-m", path, "x"))


@case
def a_full_disk_is_an_error():
    if not os.path.exists("/dev/full"):
        raise tap.Skip("no /dev/full")
    with open("/dev/full", "wb") as full:
        done = subprocess.run([tap.PROGRAM, "tokenize", "x"], stdout=full, stderr=subprocess.PIPE, env=environment(),
                              timeout=tap.TIME_LIMIT)
    expect_equal(done.returncode, 1)
    expect(done.stderr.startswith(b"gpt-cli: standard output: ") and done.stderr.count(b"\n") == 1, done.stderr)


@case
def the_model_comes_from_the_environment():
    path = model_without("by-name")
    store = os.path.dirname(path)
    found = good("info", "--json", env=environment(GPT_MODEL="by-name", GPT_MODEL_PATH=store))
    expect(b'"by-name"' in found, found)
    data = os.path.join(tap.directory, "data")
    os.makedirs(os.path.join(data, "gpt", "models"))
    os.symlink(path, os.path.join(data, "gpt", "models", "mine"))
    good("tokenize", "-m", "mine", "x", env=environment(XDG_DATA_HOME=data, GPT_MODEL_PATH=""))


@case
def manual_page_has_every_option():
    with open(os.path.join(tap.TOP, "tools", "gpt-cli.1")) as page:
        text = page.read()
    for command in COMMANDS:
        expect(re.search(r"^\.(It )?Cm %s\b" % command, text, re.M), command)
        for option in options_of(command):
            expect(re.search(r"Fl -%s\b" % option, text), command, option)
    documented = set(re.findall(r"^\.It .*?Fl -([a-z-]+)", text, re.M))
    expect(documented <= set(sum((options_of(c) for c in COMMANDS), [])), documented)


@case
def completion_has_every_option():
    script = os.path.join(tap.TOP, "tools", "gpt-cli.bash-completion")
    try:
        for command in COMMANDS:
            done = subprocess.run(["bash", "-c", 'source "$1"; _gpt_cli_options "$2"', "-", script, command],
                                  stdout=subprocess.PIPE, check=True)
            expect_equal(sorted(done.stdout.decode().replace("--", "").split()), sorted(options_of(command)))
    except FileNotFoundError:
        raise tap.Skip("no bash")


def complete(*words):
    script = os.path.join(tap.TOP, "tools", "gpt-cli.bash-completion")
    code = 'source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _gpt_cli; printf "%s\\n" "${COMPREPLY[@]}"'
    done = subprocess.run(["bash", "-c", code, "-", script, "gpt-cli", *words], stdout=subprocess.PIPE, check=True,
                          env=environment())
    return done.stdout.decode().split()


@case
def completion_knows_commands_values_and_models():
    try:
        expect_equal(complete("s"), ["summarize", "score"])
        expect_equal(complete("bench", "--dtype", "b"), ["bf16"])
        expect_equal(complete("bench", "--dtype", "=", "b"), ["bf16"])
        expect("storyteller" in complete("-m", "story"))
        expect("storyteller" in complete("info", ""))
        expect("--top-k" in complete("generate", "--top"))
        expect_equal(complete("tokenize", "--top"), [])
    except FileNotFoundError:
        raise tap.Skip("no bash")


tap.main()
