#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/headers.sh: the public headers compile alone, each by itself, as strict C and C++.
. "$TEST_SOURCE_DIR/checks/tap.sh"

compile() {
    language=$1
    standard=$2
    echo "#include <$3>" >"$scratch/header.c"
    ${TEST_CC:-cc} -x "$language" "-std=$standard" -pedantic -Wall -Wextra -Werror -fsyntax-only \
        -I"$top/include" -I"$build/include" "$scratch/header.c"
}

for header in gpt/gpt.h gpt/status.h gpt/version.h gpt/log.h gpt/tokenizer.h gpt/model.h gpt/generator.h \
    gpt/profile.h gpt/chat.h; do
    expect "$header as C99" compile c c99 $header
    expect "$header as C11" compile c c11 $header
    if echo 'int x;' | ${TEST_CC:-cc} -x c++ -std=c++17 -fsyntax-only - 2>/dev/null; then
        expect "$header as C++17" compile c++ c++17 $header
    else
        skip "$header as C++17" "the compiler has no C++ here"
    fi
done
expect_failure "a header that is not there is noticed" compile c c11 gpt/none.h
finish
