#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/compare.py: runs the example programs of all languages, and compares what they print byte for byte with
what those in C print.

$EXAMPLES_C, $EXAMPLES_PYTHON, $EXAMPLES_LUA and $EXAMPLES_GO are commands in which {} stands for the name of a program.
A language without a command is skipped: it was not built. For Lua each interpreter runs them.
"""
import os
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "lua", "tests"))
import interpreters  # noqa: E402

PROGRAMS = ["generate", "stream", "batch", "tokenize", "score", "serve"]
# Each program runs with its defaults, and with arguments that hold characters of two to four bytes.
ARGUMENTS = [[], ["storyteller", "The café \U0001f98a was"]]
TIME_LIMIT = 300


def runners(language):
    """(name, command, environment) of each way to run a language's programs; none when it is not built."""
    template = shlex.split(os.environ.get("EXAMPLES_" + language.upper(), ""))
    if not template:
        return []
    if language == "lua":
        return [(name, [program] + template, environment) for name, program, environment in interpreters.found()]
    return [(language, template, os.environ)]


def run(runner, program, arguments):
    """What a program prints, or what it complains of."""
    _, template, environment = runner
    command = [word.replace("{}", program) for word in template] + arguments
    result = subprocess.run(command, capture_output=True, timeout=TIME_LIMIT, check=False, env=environment)
    if result.returncode != 0:
        return None, result.stderr.decode(errors="replace")
    return result.stdout, ""


class Tap:
    """Counts and prints cases."""

    def __init__(self):
        self.count = 0
        self.failed = False

    def case(self, passed, name, notes=""):
        self.count += 1
        self.failed |= not passed
        print("%sok %d - %s" % ("" if passed else "not ", self.count, name), flush=True)
        for line in notes.splitlines() if not passed else []:
            print("# " + line)

    def skip(self, name, reason):
        self.count += 1
        print("ok %d - %s # SKIP %s" % (self.count, name, reason))


def compare(tap, program, arguments, name):
    expected, complaint = run(runners("c")[0], program, arguments)
    tap.case(bool(expected), "c: " + name, complaint)
    for language in ("python", "lua", "go"):
        found = runners(language)
        if not found:
            tap.skip("%s: %s prints what C prints" % (language, name), "the binding for %s is not built" % language)
        for runner in found:
            output, complaint = run(runner, program, arguments)
            notes = complaint or "expected %r\nbut it is %r" % (expected, output)
            title = "%s: %s prints what C prints" % (runner[0], name)
            tap.case(output is not None and output == expected, title, notes)


def main():
    tap = Tap()
    for program in PROGRAMS:
        for arguments in ARGUMENTS:
            compare(tap, program, arguments, program + (" with arguments" if arguments else ""))
    print("1..%d" % tap.count)
    return int(tap.failed)


sys.exit(main())
