# SPDX-License-Identifier: Apache-2.0
# checks/tap.sh: for checks that are shell scripts: one line of TAP for each thing that must hold.

top=${TEST_SOURCE_DIR:?}/..
build=${TEST_BUILD_DIR:?}
count=0
failed=0
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# expect DESCRIPTION COMMAND...: the command must succeed. What it prints is shown when it does not.
expect() {
    description=$1
    shift
    count=$((count + 1))
    if "$@" >"$scratch/output" 2>&1; then
        echo "ok $count - $description"
    else
        echo "not ok $count - $description"
        sed 's/^/# /' "$scratch/output"
        failed=1
    fi
}

# expect_failure DESCRIPTION COMMAND...: the command must fail: proof that a check can.
expect_failure() {
    description=$1
    shift
    expect "$description" not "$@"
}

# skip DESCRIPTION REASON: what can not be looked at here.
skip() {
    count=$((count + 1))
    echo "ok $count - $1 # SKIP $2"
}

not() {
    ! "$@"
}

# same FILE FILE: equal, or the differences.
same() {
    diff -u "$1" "$2"
}

finish() {
    echo "1..$count"
    exit $failed
}
