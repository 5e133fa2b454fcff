#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/dist.sh: a release has no file that a build leaves: whole directories go into it, and builds are made in them.
. "$TEST_SOURCE_DIR/checks/tap.sh"

tree=$scratch/tree

plant() {
    for file in tests/fuzz/fuzz_gguf.c tests/fuzz/fuzz_gguf tests/fuzz/fuzz.o tests/fuzz/.deps/fuzz.Po \
        tests/fuzz/.dirstamp tests/bench/bench_sampler tests/golden/test_models.log tests/golden/test_models.trs \
        tests/install/story.c tests/install/story tests/install/.libs/story bindings/examples/c/batch.c \
        bindings/examples/c/batch bindings/examples/go/batch/main.go bindings/bench/tokens bindings/bench/tokens.c \
        bindings/examples/__pycache__/compare.pyc tests/a.lo tests/a.la; do
        mkdir -p "$tree/$(dirname "$file")" && : >"$tree/$file" || return 1
    done
}

# As make dist does when it has copied all.
clean() {
    make -s -C "$build" dist-hook distdir="$tree"
}

sources_are_left() {
    (cd "$tree" && find . -type f | LC_ALL=C sort) >"$scratch/left"
    printf './%s\n' bindings/bench/tokens.c bindings/examples/c/batch.c bindings/examples/go/batch/main.go \
        tests/fuzz/fuzz_gguf.c tests/install/story.c >"$scratch/sources"
    same "$scratch/sources" "$scratch/left"
}

plant
expect_failure "a build has left more than sources" sources_are_left
expect "make dist takes what a build leaves away" clean
expect "sources are left" sources_are_left
finish
