#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/sources.sh: each source file is in a list of the build, so that none is forgotten in a release.
. "$TEST_SOURCE_DIR/checks/tap.sh"

# listed FILE FOLDER: the sources of a folder that a list names, and those that are there.
listed() {
    tr -s ' \t\\' '\n' <"$1" | grep "^$2/.*\.[ch]$" | LC_ALL=C sort
}

there() {
    (cd "$top" && find "$1" -name '*.[ch]' | LC_ALL=C sort)
}

compare() {
    listed "$1" "$2" >"$scratch/listed"
    there "$2" >"$scratch/there"
    same "$scratch/listed" "$scratch/there"
}

expect "lib/sources.mk lists the sources of lib" compare "$top/lib/sources.mk" lib
expect "lib/sources.mk lists the sources of tools" compare "$top/lib/sources.mk" tools
sed '/lib\/base\/buffer.c/d' "$top/lib/sources.mk" >"$scratch/broken.mk"
expect_failure "a missing line is found" compare "$scratch/broken.mk" lib

tests_named() {
    for file in $(cd "$top" && find tests -name 'test_*.c' -o -name 'test_*.py' -o -name 'fuzz_*.c' | LC_ALL=C sort); do
        grep -q -- "${file%.c}" "$1" || { echo "$file is not in tests/sources.mk"; return 1; }
    done
}

expect "tests/sources.mk names every test" tests_named "$top/tests/sources.mk"

python_tests_named() {
    for file in $(cd "$top" && ls bindings/python/tests/test_*.py); do
        grep -q -- "$file" "$1" || { echo "$file is not in bindings/sources.mk"; return 1; }
    done
}

expect "bindings/sources.mk names every test in Python" python_tests_named "$top/bindings/sources.mk"
go_named() {
    for file in $(cd "$top" && find bindings/go/gpt bindings/examples/go bindings/bench/go -name '*.go'); do
        grep -q -- "$file" "$1" || { echo "$file is not in bindings/sources.mk"; return 1; }
    done
}

expect "bindings/sources.mk names every source in Go" go_named "$top/bindings/sources.mk"
grep -v 'unit/test_base' "$top/tests/sources.mk" >"$scratch/broken.mk"
expect_failure "a forgotten test is found" tests_named "$scratch/broken.mk"
finish
