#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# checks/readme.sh: the program in README.md is the one that the tests build and run, and it has at most 20 lines.
. "$TEST_SOURCE_DIR/checks/tap.sh"

# block LANGUAGE FILE [NUMBER]: the text of the first block of a language in a Markdown file, or of a later one.
block() {
    awk -v fence="\`\`\`$1" -v wanted="${3:-1}" '
        $0 == fence { inside = ++number == wanted; next }
        /^```/ { inside = 0 }
        inside' "$2"
}

# is_script NUMBER LANGUAGE PROGRAM HEAD: that block of README.md is the program, without so many lines of its head.
is_script() {
    block "$2" "$top/README.md" "$1" >"$scratch/block"
    tail -n "+$(($4 + 1))" "$top/tests/install/$3" >"$scratch/program"
    same "$scratch/block" "$scratch/program"
}

is_program() {
    block c "$1" >"$scratch/block.c"
    grep -v SPDX "$top/tests/install/story.c" | sed '/./,$!d' >"$scratch/story.c"
    same "$scratch/block.c" "$scratch/story.c"
}

short() {
    test "$(block c "$top/README.md" | grep -c .)" -le 20
}

expect "README.md shows tests/install/story.c" is_program "$top/README.md"
expect "README.md shows tests/install/story.py" is_script 1 python story.py 2
expect "README.md shows tests/install/tutorial.py" is_script 2 python tutorial.py 2
expect "README.md shows tests/install/story.lua" is_script 1 lua story.lua 2
expect "README.md shows tests/install/story.go" is_script 1 go story.go 2
expect_failure "one is not the other" is_script 1 python tutorial.py 2
expect "the program has at most 20 lines" short
sed 's/gpt_model_open/gpt_model_load/' "$top/README.md" >"$scratch/README.md"
expect_failure "another program is noticed" is_program "$scratch/README.md"

links_lead_somewhere() {
    for file in README.md CONTRIBUTING.md SECURITY.md $(cd "$top" && ls docs/*.md tests/README.md); do
        for link in $(grep -o '](\([^)#:]*\))' "$top/$file" | sed 's/^](//; s/)$//'); do
            test -e "$top/$(dirname "$file")/$link" || { echo "$file links to $link, which is not there"; return 1; }
        done
    done
}

expect "links between documents lead somewhere" links_lead_somewhere
finish
