#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/skips.sh: where a tool is missing, tests that need it say so and are skipped.
. "$TEST_SOURCE_DIR/checks/tap.sh"

runs_python() {
    sh "$TEST_SOURCE_DIR/checks/python.sh" "$@" >"$scratch/tap"
}

is_skipped() {
    runs_python : no_such_test.py && grep -qx '1..0 # SKIP no Python 3' "$scratch/tap"
}

expect "a test in Python is skipped without Python" is_skipped
expect "it is run with Python" runs_python true no_such_test.py
expect_failure "and its failure is one" runs_python false no_such_test.py

# As the race detector is on platforms that have none.
go_has_no_race() {
    printf '#!/bin/sh\ncase "$*" in *-race*) exit 1 ;; esac\n' >"$scratch/go" && chmod +x "$scratch/go" &&
        GO="$scratch/go" GOFMT=: GO_PACKAGE="$scratch" sh "$top/bindings/go/test_go.sh" >"$scratch/tap"
    grep -q 'go test -race # SKIP' "$scratch/tap"
}
expect "Go's race detector is skipped where there is none" go_has_no_race
finish
