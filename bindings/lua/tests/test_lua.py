#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""lua/tests/test_lua.py: runs test_gpt.lua with each interpreter, and prints all of it as one TAP."""
import os
import subprocess
import sys

import interpreters

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)), "test_gpt.lua")
TIME_LIMIT = 300


def main():
    count = 0
    failed = False
    for name, path, environment in interpreters.found():
        result = subprocess.run([path, PROGRAM], env=environment, capture_output=True, timeout=TIME_LIMIT, check=False)
        lines = result.stdout.decode(errors="replace").splitlines()
        # The last line is the plan: without it the program has not come to its end.
        if result.returncode not in (0, 1) or not lines or not lines[-1].startswith("1.."):
            lines += ["# " + line for line in result.stderr.decode(errors="replace").splitlines()]
            lines.append("not ok - the tests come to their end")
        for line in lines:
            if line.startswith(("ok", "not ok")):
                count += 1
                failed |= line.startswith("not")
                head, _, title = line.partition(" - ")
                print("%s %d - %s: %s" % ("not ok" if head.startswith("not") else "ok", count, name, title))
            elif not line.startswith("1.."):
                print(line)
    print("1..%d" % count if count else "1..0 # SKIP no interpreter of Lua was found")
    return int(failed)


sys.exit(main())
