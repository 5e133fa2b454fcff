#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/manual.sh: the manual pages are in order, and there is one for each public function and type.
. "$TEST_SOURCE_DIR/checks/tap.sh"

if [ ! -e "$build/tools/man3/stamp" ]; then
    echo "1..0 # SKIP without Python no pages of section 3 are made"
    exit 0
fi

is_in_order() {
    output=$(mandoc -T lint -W warning "$1") && test -z "$output" || { echo "$output"; return 1; }
}

# Each name of docs/symbols.txt that is no macro or constant.
all_are_there() {
    for name in $(awk '/^gpt_[a-z0-9_]* /{print $1}' "$top/docs/symbols.txt") $1; do
        test -e "$build/tools/man3/$name.3" || { echo "there is no page for $name"; return 1; }
        test -s "$build/tools/man3/$(sed -n 's,^\.so man3/,,p' "$build/tools/man3/$name.3")" || return 1
    done
}

# mandoc prints bold letters twice, with a step back between.
has_text() {
    mandoc -T ascii "$build/tools/man3/libgpt_generator.3" | sed "s/.$(printf '\b')//g" | tr -s ' \n' ' ' |
        grep -q "$1"
}

if command -v mandoc >/dev/null; then
    for page in "$top/tools/gpt-cli.1" "$build"/tools/man3/libgpt_*.3; do
        expect "$(basename "$page")" is_in_order "$page"
    done
    printf '.Dd x\n.Sh NAME\n' >"$scratch/bad.3"
    expect_failure "a page that is not in order is noticed" is_in_order "$scratch/bad.3"
    expect "a page has the header's text" has_text "Draws among the k most probable tokens"
fi
expect "each public name has a page" all_are_there ""
expect_failure "a name without a page is noticed" all_are_there gpt_no_such_function
finish
