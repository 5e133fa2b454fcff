# SPDX-License-Identifier: Apache-2.0
"""tests/cli/tap.py: runs gpt-cli and prints one line of TAP (Test Anything Protocol) for each case.

The program comes from $GPT_CLI, its data from $TEST_SOURCE_DIR (the directory tests/). A case is a function that is
marked with @case and calls expect at least once.
"""
import collections
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import traceback

PROGRAM = os.environ.get("GPT_CLI", "gpt-cli")
TESTS = os.environ.get("TEST_SOURCE_DIR", os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
TOP = os.path.join(TESTS, os.pardir)
STORYTELLER = os.path.join(TOP, "models", "storyteller")
TIME_LIMIT = 120

# A shell starts background jobs with Ctrl-C ignored, which programs pass on; tests are about the usual state.
signal.signal(signal.SIGINT, signal.default_int_handler)

Result = collections.namedtuple("Result", "code out err")

cases = []
expectations = 0
directory = None


class Failure(Exception):
    pass


class Skip(Exception):
    pass


def case(function):
    cases.append(function)
    return function


def expect(held, *about):
    global expectations
    expectations += 1
    if not held:
        raise Failure(" ".join(str(part) for part in about))


def expect_equal(found, expected):
    expect(found == expected, "found", repr(found)[:400], "expected", repr(expected)[:400])


def environment(**changes):
    """That of the user, but for the model: names are looked for beside the tests and nowhere else."""
    result = {name: value for name, value in os.environ.items() if name not in ("GPT_MODEL", "HF_HOME", "HF_HUB_CACHE")}
    result["GPT_MODEL_PATH"] = os.environ.get("GPT_MODEL_PATH", os.path.join(TOP, "models"))
    result.update(changes)
    return result


def run(*arguments, input=b"", env=None):
    done = subprocess.run([PROGRAM, *arguments], input=input, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          env=env or environment(), timeout=TIME_LIMIT)
    return Result(done.returncode, done.stdout, done.stderr)


def good(*arguments, **more):
    """The standard output of a run that must end well and say nothing on standard error."""
    result = run(*arguments, **more)
    expect(result.code == 0, arguments, "ended with", result.code, result.err)
    expect(result.err == b"", arguments, "printed on standard error", result.err)
    return result.out


def has_bf16():
    """oneDNN has bf16 products for some processors only; elsewhere asking for them is refused."""
    result = run("info", "--dtype", "bf16")
    expect(result.code == 0 or b"no bf16 products" in result.err, result)
    return result.code == 0


def good_json(*arguments, **more):
    out = good(*arguments, **more)
    expect(out.endswith(b"\n") and out.count(b"\n") == 1, "JSON is not one line:", out[:200])

    def refuse(constant):
        raise Failure("not a JSON number: " + constant)

    return json.loads(out.decode("utf-8", "strict"), parse_constant=refuse)


def bad(code, *arguments, **more):
    """The message of a run that must fail: one line on standard error, and nothing on standard output."""
    result = run(*arguments, **more)
    expect(result.code == code, arguments, "ended with", result.code, "expected", code, result.err)
    expect_equal(result.out, b"")
    message = result.err.decode("utf-8", "strict")
    expect(message.startswith("gpt-cli: ") and message.endswith("\n") and message.count("\n") == 1,
           arguments, "printed", repr(message))
    return message


def file(name, content):
    """Writes a file of the test's own directory, and returns its path."""
    path = os.path.join(directory, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as out:
        out.write(content)
    return path


def model_without(name, *missing):
    """A copy of the storyteller under another name, without some of its files."""
    path = os.path.join(directory, name)
    os.makedirs(path, exist_ok=True)
    for entry in ("config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tasks.json"):
        target = os.path.join(path, entry)
        if entry not in missing and not os.path.exists(target):
            shutil.copyfile(os.path.join(STORYTELLER, entry), target)
    return path


def read_tensors(path):
    """The tensors of a safetensors file: name -> (shape, flat tuple of numbers)."""
    with open(path, "rb") as source:
        data = source.read()
    begin = 8 + struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:begin])
    letters = {"I64": "q", "F32": "f", "I32": "i"}
    tensors = {}
    for name, entry in header.items():
        if name != "__metadata__":
            first, last = entry["data_offsets"]
            letter = letters[entry["dtype"]]
            count = (last - first) // struct.calcsize(letter)
            numbers = struct.unpack("<%d%s" % (count, letter), data[begin + first:begin + last])
            tensors[name] = (entry["shape"], numbers)
    return tensors


def ids_text(ids):
    return ",".join(str(int(i)) for i in ids)


def main():
    global expectations, directory
    failures = 0
    directory = tempfile.mkdtemp(prefix="libgpt-test-")
    try:
        for number, function in enumerate(cases, 1):
            expectations = 0
            line = "ok %d - %s" % (number, function.__name__)
            try:
                function()
                if expectations == 0:
                    raise Failure("no expectation was checked")
            except Skip as reason:
                line += " # SKIP %s" % reason
            except Exception as error:
                failures += 1
                line = "not " + line
                text = str(error) if isinstance(error, Failure) else traceback.format_exc()
                where = traceback.extract_tb(error.__traceback__)
                print("# " + text.replace("\n", "\n# "))
                print("# in " + ", ".join("%s:%d" % (os.path.basename(f.filename), f.lineno) for f in where))
            print(line, flush=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    print("1..%d" % len(cases))
    sys.exit(failures > 0)
