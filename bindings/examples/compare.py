#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""examples/compare.py: runs the example programs of all languages, and compares what they print byte for byte with
what those in C print.

$EXAMPLES_C, $EXAMPLES_PYTHON, $EXAMPLES_LUA and $EXAMPLES_GO are commands in which {} stands for the name of a program.
A language without a command is skipped: it was not built.
"""
import os
import shlex
import subprocess
import sys

PROGRAMS = ["generate", "stream", "batch", "tokenize", "score", "serve"]
LANGUAGES = ["python", "lua", "go"]
# Each program runs with its defaults, and with arguments that hold characters of two to four bytes.
ARGUMENTS = [[], ["storyteller", "The café \U0001f98a was"]]
TIME_LIMIT = 300


def command(language, program):
    """The words of a command, or None when the language is not built."""
    template = os.environ.get("EXAMPLES_" + language.upper(), "")
    return [word.replace("{}", program) for word in shlex.split(template)] or None


def run(language, program, arguments):
    """What a program prints, or what it complains of."""
    result = subprocess.run(command(language, program) + arguments, capture_output=True, timeout=TIME_LIMIT,
                            check=False)
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
    expected, complaint = run("c", program, arguments)
    tap.case(bool(expected), "c: " + name, complaint)
    for language in LANGUAGES:
        title = "%s: %s prints what C prints" % (language, name)
        if command(language, program) is None:
            tap.skip(title, "the binding for %s is not built" % language)
            continue
        output, complaint = run(language, program, arguments)
        notes = complaint or "expected %r\nbut it is %r" % (expected, output)
        tap.case(output is not None and output == expected, title, notes)


def main():
    tap = Tap()
    for program in PROGRAMS:
        for arguments in ARGUMENTS:
            compare(tap, program, arguments, program + (" with arguments" if arguments else ""))
    print("1..%d" % tap.count)
    return int(tap.failed)


sys.exit(main())
