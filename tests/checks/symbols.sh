#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/symbols.sh: what the shared library exports and what it needs of the system, against headers and lists.
. "$TEST_SOURCE_DIR/checks/tap.sh"

library=$build/lib/.libs/libgpt.so
headers="$top/include/gpt"

# Functions that the headers declare: the word before the first parenthesis of each declaration.
declared() {
    cat "$headers"/*.h "$build/include/gpt/version.h" | tr '\n' ' ' | grep -o 'GPT_API [^;(]*(' |
        grep -o 'gpt_[a-z0-9_]*($' | tr -d '(' | LC_ALL=C sort -u
}

exported() {
    nm -D --defined-only "$1" | awk '$2 != "A" { print $3 }' | sed 's/@.*//' | LC_ALL=C sort -u
}

# Every public name of the headers: functions, types, constants and macros, but for include guards.
public_names() {
    cat "$headers"/*.h "$build/include/gpt/version.h" >"$scratch/all.h"
    {
        declared
        grep -o '^} gpt_[a-z_]*;' "$scratch/all.h" | tr -d '};'
        grep -o '^typedef struct gpt_[a-z_]* gpt_[a-z_]*;' "$scratch/all.h" | awk '{ print $4 }' | tr -d ';'
        grep -o '^typedef [a-z ]*(\*gpt_[a-z_]*)' "$scratch/all.h" | grep -o 'gpt_[a-z_]*'
        grep -o '^    GPT_[A-Z0-9_]* = ' "$scratch/all.h" | awk '{ print $1 }'
        sed -n '/define GPT_STATUS_MAP/,/^$/p' "$scratch/all.h" | grep -o 'X([A-Z_]*,' | sed 's/X(/GPT_E_/; s/,//'
        grep -o '^#define GPT_[A-Z_]*' "$scratch/all.h" | awk '{ print $2 }' | grep -v '_H$\|GPT_STATUS_ENUM'
    } | tr -d ' ' | LC_ALL=C sort -u
}

# docs/symbols.txt: a line "name release" for each public name.
listed() {
    awk '!/^#/ && NF { print $1 }' "$1" | LC_ALL=C sort -u
}

compare() {
    same "$scratch/$1" "$scratch/$2"
}

declared >"$scratch/declared"
public_names >"$scratch/public"
listed "$top/docs/symbols.txt" >"$scratch/listed"
sed 1d "$scratch/declared" >"$scratch/one-less"
expect "the headers declare functions" test "$(wc -l <"$scratch/declared")" -gt 50
expect "docs/symbols.txt lists every public name" compare public listed
expect_failure "a name that is missing from a list is noticed" compare declared one-less

each_is_tested() {
    for name in $(cat "$scratch/declared"); do
        grep -rqw "$name" "$top/tests" --include='*.c' || { echo "no test calls $name"; return 1; }
    done
}
expect "every public function is called by a test" each_is_tested

if test -e "$library"; then
    exported "$library" >"$scratch/exported"
    expect "the library exports what the headers declare, and nothing else" compare declared exported

    # A library must not end, print for, or change the process that it is in.
    forbidden='^(abort|_?exit|_Exit|quick_exit|atexit|on_exit|raise|kill|signal|sigaction|__assert_fail|err|errx|'
    forbidden="$forbidden"'v?f?printf|__v?f?printf_chk|dprintf|puts|fputs|putchar|fputc|fwrite|perror|'
    forbidden="$forbidden"'setlocale|system|popen|fork)$'
    forbidden_symbols() {
        nm -D --undefined-only "$1" | awk '{ print $NF }' | sed 's/@.*//' | grep -E "$forbidden"
    }
    expect_failure "the library calls nothing that ends, prints or forks" forbidden_symbols "$library"
    echo 'void stop(void); void stop(void) { __builtin_abort(); }' >"$scratch/stop.c"
    ${TEST_CC:-cc} -shared -fPIC "$scratch/stop.c" -o "$scratch/stop.so"
    expect "a call of abort would be noticed" forbidden_symbols "$scratch/stop.so"

    soname_is() {
        readelf -d "$library" | grep SONAME | grep -qF "[$1]"
    }
    expect "the SONAME is libgpt.so.1" soname_is libgpt.so.1
    expect_failure "another SONAME would be noticed" soname_is libgpt.so.2

    # The node GPT_1.0 takes every name that no later node names, which a function that is added must have.
    awk '!/^#/ && NF { print $1 "@@GPT_" $2 }' "$top/docs/symbols.txt" | grep '^gpt_' | LC_ALL=C sort >"$scratch/nodes"
    nm -D --defined-only --with-symbol-versions "$library" | awk '$2 != "A" { print $3 }' |
        LC_ALL=C sort >"$scratch/in-nodes"
    # Types stand in the list, too.
    with_declared() {
        awk -F@ 'NR == FNR { functions[$1]; next } $1 in functions' "$scratch/declared" "$1"
    }
    with_declared "$scratch/nodes" >"$scratch/expected-nodes"
    sed '1s/@@GPT_.*/@@GPT_1.99/' "$scratch/expected-nodes" >"$scratch/other-nodes"
    expect "each function has the node of the release that docs/symbols.txt says" compare expected-nodes in-nodes
    expect_failure "a function in another node would be noticed" compare other-nodes in-nodes
else
    skip exports "no shared library was built"
fi
finish
