#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""checks/style.py: what CONTRIBUTING.md asks of the code and a program can see."""
import os
import re
import sys

TOP = os.path.join(os.environ.get("TEST_SOURCE_DIR", "tests"), os.pardir)
FOLDERS = ["base", "format", "tokenizer", "compute", "model", "generate"]
BANNED = ["sprintf", "vsprintf", "strcpy", "strcat", "strtok", "gets", "atoi", "atof", "rand", "setlocale",
          "localtime", "alloca"]
BANNED_IN_LIB = ["printf", "fprintf", "puts", "malloc", "calloc", "realloc", "strdup", "assert", "exit", "abort",
                 "isalpha", "isdigit", "isspace", "tolower", "toupper", "strtod", "strtof", "strtol"]
LONGEST_FILE = 750
LONGEST_TEST = 1500
LONGEST_FUNCTION = 100
COLUMNS = 120
MADE_BY_SWIG = ["gpt_python.c", "gpt_lua.c", "core_wrap.c"]


def without_comments_and_strings(text):
    pattern = re.compile(r'/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.S)
    return pattern.sub(lambda match: re.sub(r"[^\n]", " ", match.group()), text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def check_text(path, lines):
    for number, line in enumerate(lines, 1):
        if len(line) > COLUMNS:
            yield "%s:%d: %d columns" % (path, number, len(line))
        if "\t" in line:
            yield "%s:%d: a tab" % (path, number)
        if line != line.rstrip():
            yield "%s:%d: space at the end" % (path, number)
    if len(lines) > (LONGEST_TEST if path.startswith("tests/") else LONGEST_FILE):
        yield "%s: %d lines" % (path, len(lines))


def check_opening(path, lines):
    if not lines or "SPDX-License-Identifier: Apache-2.0" not in lines[0]:
        yield "%s: the first line is no SPDX line" % path
    opening = "\n".join(lines[1:6])
    if not re.search(r"/\*\s*(\* )?[\w./-]+: \S", opening):
        yield "%s: the second comment does not say what the file is for" % path


def check_calls(path, code):
    banned = [] if path.startswith(("tests/", "bindings/examples/")) else list(BANNED)
    if path.startswith("lib/") and path != "lib/base/memory.c":
        banned += BANNED_IN_LIB
    for match in re.finditer(r"(?<![\w.>])(%s)\s*\(" % "|".join(banned or ["(?!)"]), code):
        yield "%s:%d: %s" % (path, line_of(code, match.start()), match.group(1))
    for match in re.finditer(r"//", code):
        yield "%s:%d: a // comment" % (path, line_of(code, match.start()))


def check_functions(path, lines):
    begin = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            begin = number
        elif line == "}" and begin is not None:
            if number - begin - 1 > LONGEST_FUNCTION:
                yield "%s:%d: a function of %d lines" % (path, begin, number - begin - 1)
            begin = None


def check_layers(path, text):
    parts = path.split("/")
    if parts[0] != "lib" or len(parts) < 3:
        return
    own = FOLDERS.index(parts[1])
    for match in re.finditer(r'#include "(\w+)/', text):
        if match.group(1) in FOLDERS and FOLDERS.index(match.group(1)) > own:
            yield "%s: includes %s, which is above it" % (path, match.group(1))
    if "oneapi/dnnl" in text and path != "lib/compute/onednn_versions.h":
        yield "%s: includes oneDNN, which lib/compute/onednn_versions.h alone may" % path
    if "\"compute/onednn_versions.h\"" in text and path != "lib/compute/onednn.c":
        yield "%s: includes onednn_versions.h, which lib/compute/onednn.c alone may" % path


def check_prefixes(path, code):
    if not path.startswith("lib/") or not path.endswith(".c"):
        return
    definition = r"^(?!static\b|typedef\b|return\b|struct\b|extern\b|else\b)[a-z][\w ]*[ *](\w+)\([^;{]*\)\n\{"
    for match in re.finditer(definition, code, re.M):
        if not match.group(1).startswith("gpt_"):
            yield "%s:%d: %s is neither static nor begins with gpt_" % (path, line_of(code, match.start()),
                                                                        match.group(1))


def check_file(path, text):
    lines = text.split("\n")[:-1]
    code = without_comments_and_strings(text)
    problems = list(check_text(path, lines))
    if path.endswith((".c", ".h", ".h.in")):
        problems += check_opening(path, lines)
        problems += check_calls(path, code)
        problems += check_functions(path, lines)
        problems += check_layers(path, text)
        problems += check_prefixes(path, code)
    return problems


def files():
    for folder in ["include", "lib", "tools", "tests", "bindings"]:
        for directory, folders, names in os.walk(os.path.join(TOP, folder)):
            # Where pip and make leave what they have built, when that is in the source.
            folders[:] = [name for name in folders if name not in ("build", "package", "__pycache__")]
            for name in sorted(names):
                if name.endswith((".c", ".h", ".h.in", ".py", ".sh")) and name not in MADE_BY_SWIG:
                    yield os.path.relpath(os.path.join(directory, name), TOP)


# For each rule the rest of a file that breaks it, and a part of what must be said of it.
OPENING = "/* SPDX-License-Identifier: Apache-2.0 */\n/* base/x.c: a purpose. */\n"
BROKEN = [
    (OPENING + "x" * 121 + "\n", "columns"),
    (OPENING + "\tint x;\n", "tab"),
    (OPENING + "int x; \n", "space at the end"),
    ("int x;\n", "SPDX"),
    ("/* SPDX-License-Identifier: Apache-2.0 */\nint x;\n", "what the file is for"),
    (OPENING + "int x = strcpy(a, b);\n", "strcpy"),
    (OPENING + "int x = malloc(a);\n", "malloc"),
    (OPENING + "int x; // b\n", "//"),
    (OPENING + "#include \"model/m.h\"\n", "above"),
    (OPENING + "#include <oneapi/dnnl/dnnl.h>\n", "oneDNN"),
    (OPENING + "\n" * 749, "751 lines"),
    (OPENING + "int helper(int a)\n{\n}\n", "static"),
    (OPENING + "int gpt__f(int a)\n{\n" + "    a++;\n" * 101 + "}\n", "101 lines"),
]


def main():
    count = 0
    failed = False
    for path in files():
        with open(os.path.join(TOP, path), encoding="utf-8") as file:
            problems = check_file(path, file.read())
        count += 1
        print("%sok %d - %s" % ("not " if problems else "", count, path))
        for problem in problems:
            print("# " + problem)
        failed |= bool(problems)
    for text, expected in BROKEN:
        count += 1
        found = any(expected in problem for problem in check_file("lib/base/x.c", text))
        print("%sok %d - notices: %s" % ("" if found else "not ", count, expected))
        failed |= not found
    print("1..%d" % count)
    return int(failed)


sys.exit(main())
