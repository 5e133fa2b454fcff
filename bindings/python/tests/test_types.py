#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tests/test_types.py: mypy finds nothing wrong in the package, and knows the types of what a program gets from it."""
import inspect
import os
import subprocess
import sys

from common import case, expect, expect_equal, gpt, tap

PROGRAM = b"""
import gpt
model = gpt.Model.from_pretrained("storyteller", dtype="bf16")
reveal_type(model.generate("text", max_new_tokens=5))
reveal_type(model.generate("text", num_return_sequences=2))
reveal_type(model.generate(["text"]))
reveal_type(model.generate(["text"], num_return_sequences=2))
reveal_type(model.tokenizer.encode("text"))
for piece in model.stream("text"):
    reveal_type(piece)
"""
TYPES = ["gpt._generator.Output", "builtins.list[gpt._generator.Output]", "builtins.list[gpt._generator.Output]",
         "builtins.list[builtins.list[gpt._generator.Output]]", "builtins.list[builtins.int]", "builtins.str"]


def mypy(*arguments):
    """What mypy prints; the test is skipped where there is none."""
    package = os.path.join(tap.TOP, "bindings", "python")
    result = subprocess.run([sys.executable, "-m", "mypy", "--strict", "--cache-dir", tap.directory, *arguments],
                            capture_output=True, text=True, env=dict(os.environ, MYPYPATH=package))
    if "No module named mypy" in result.stderr:
        raise tap.Skip("mypy is not installed (Debian: mypy)")
    return result


@case
def mypy_finds_nothing_in_the_package():
    result = mypy("-p", "gpt")
    expect(result.returncode == 0, result.stdout)


@case
def mypy_knows_what_calls_give():
    result = mypy(tap.file("program.py", PROGRAM))
    found = [line.split('"')[1] for line in result.stdout.splitlines() if "Revealed type" in line]
    expect_equal(found, TYPES)
    expect(os.path.exists(os.path.join(os.path.dirname(gpt.__file__), "py.typed")))


@case
def everything_public_is_documented():
    for name in gpt.__all__:
        thing = getattr(gpt, name)
        if not inspect.isclass(thing):
            expect(name == "SETTINGS" or inspect.getdoc(thing), name)
            continue
        for method, function in vars(thing).items():
            if not method.startswith("_") and (inspect.isfunction(function) or isinstance(function, property)):
                expect(inspect.getdoc(function), name, method)


tap.main()
